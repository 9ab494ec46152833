// Keys of the viewer and the place of its strip. Every step is a link on the page, so nothing is lost without script.
(() => {
  const viewer = document.querySelector("[data-eq-viewer]");
  if (!viewer) return;
  const stage = viewer.querySelector(".eq-viewer__stage");
  const strip = viewer.querySelector(".eq-viewer__strip");
  const sameKey = { "=": "+", _: "-", PageUp: "ArrowLeft", PageDown: "ArrowRight" };

  // Enlarged, the arrow keys first move the picture inside its frame, as everywhere else.
  const movesPicture = (event, key) =>
    event.target === stage && key.startsWith("Arrow") && stage.scrollWidth > stage.clientWidth + 1;

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
    const key = sameKey[event.key] ?? event.key;
    if (movesPicture(event, key)) return;
    const link = [...viewer.querySelectorAll("[data-eq-key]")].find((each) => each.dataset.eqKey === key);
    if (!link) return;
    // A key that is a character acts only while the viewer has the focus (WCAG 2.1.4), and leaves it there.
    if (key.length === 1) {
      if (!viewer.contains(event.target)) return;
      event.preventDefault();
      location.assign(`${link.href}#page`);
      return;
    }
    event.preventDefault();
    link.click();
  });

  const current = strip.querySelector('[aria-current="page"]');
  if (current) {
    strip.scrollTop = current.offsetTop - strip.clientHeight / 3;
    strip.scrollLeft = current.offsetLeft - strip.clientWidth / 3;
  }

  // A mouse drags the enlarged picture; touch and keyboard scroll it anyway.
  stage.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "mouse" || event.button !== 0) return;
    event.preventDefault();
    stage.focus({ preventScroll: true });
    stage.setPointerCapture(event.pointerId);
    const move = (moved) => stage.scrollBy(-moved.movementX, -moved.movementY);
    stage.addEventListener("pointermove", move);
    stage.addEventListener("lostpointercapture", () => stage.removeEventListener("pointermove", move), { once: true });
  });
})();
