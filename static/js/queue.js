// Keys of the reviewers' queue and of one request. Everything they do is a link or a button on the page.
(() => {
  const help = document.querySelector(".eq-shortcuts");
  const rows = () => [...document.querySelectorAll("[data-eq-row]")];

  const step = (by) => {
    const all = rows();
    if (!all.length) return;
    const at = all.indexOf(document.activeElement);
    const next = at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1);
    all[next].focus();
    all[next].scrollIntoView({ block: "nearest" });
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.target.closest("input:not([type=checkbox]):not([type=radio]), select, textarea")) return;
    const key = event.key;
    if (key === "j" || key === "k") {
      step(key === "j" ? 1 : -1);
    } else if (key === "?" && help) {
      help.open = !help.open;
      if (help.open) {
        help.querySelector("summary").focus();
        help.scrollIntoView({ block: "nearest" });
      }
    } else {
      if (!/^[a-z]$/.test(key)) return;
      const press = document.querySelector(`[data-eq-press="${key}"]`);
      const focus = document.querySelector(`[data-eq-focus="${key}"]`);
      if (!press && !focus) return;
      if (press) press.click();
      else focus.focus();
    }
    event.preventDefault();
  });
})();
