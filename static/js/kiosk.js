// The kiosk's idle clock and its on-screen keys. Without script a meta refresh ends the visit after the same time.
(() => {
  "use strict";
  const clock = document.querySelector("[data-eq-idle]");
  const left = document.querySelector("[data-eq-idle-left]");
  const box = document.querySelector("[data-eq-countdown]");
  const boxLeft = document.querySelector("[data-eq-countdown-left]");
  const end = document.querySelector("[data-eq-end]");
  const limit = Number(clock?.dataset.eqIdle || 60);
  const warning = Math.min(15, Math.floor(limit / 2));
  let last = performance.now();

  const touched = () => { last = performance.now(); };
  for (const name of ["pointerdown", "keydown", "input", "scroll"]) {
    document.addEventListener(name, () => { if (box.hidden) touched(); }, { passive: true, capture: true });
  }
  document.querySelector("[data-eq-stay]")?.addEventListener("click", () => {
    touched();
    box.hidden = true;
    // The server counts too: a look at it keeps the visit alive.
    fetch("/kiosk/stay").catch(() => {});
  });

  const wipe = () => {
    try { sessionStorage.clear(); localStorage.clear(); } catch { /* storage switched off: nothing to clear */ }
  };
  end?.addEventListener("submit", wipe);
  // htmx notes the address of the page it is on; after the end not even that stays.
  if (document.querySelector(".eq-cleared")) window.addEventListener("load", wipe);

  const tick = setInterval(() => {
    const rest = Math.max(0, Math.ceil(limit - (performance.now() - last) / 1000));
    left.textContent = String(rest);
    boxLeft.textContent = String(rest);
    if (rest <= warning && box.hidden) {
      box.hidden = false;
      document.querySelector("[data-eq-stay]")?.focus();
    }
    if (rest === 0) {
      clearInterval(tick);
      wipe();
      end?.submit();
    }
  }, 250);

  // The file in the frame goes to the printer at a touch; without script the frame's own print sign does it.
  const print = document.querySelector("[data-eq-print]");
  const printed = document.querySelector("[data-eq-printed]");
  if (print && printed) {
    print.hidden = false;
    print.addEventListener("click", () => { printed.contentWindow.focus(); printed.contentWindow.print(); });
  }

  // Keys for codes: what GB 32100 uses (no I, O, S, V, Z), what verification codes use, or digits; erase and clear.
  const KEYS = { digits: "0123456789", code: "0123456789ABCDEFGHJKLMNPQRTUWXY", verify: "23456789ABCDEFGHJKMNPQRSTUVWXYZ" };
  const press = (input, change) => {
    input.value = change(input.value);
    input.dispatchEvent(new Event("input", { bubbles: true }));
    touched();
  };
  document.querySelectorAll("[data-eq-keys]").forEach((input) => {
    const board = document.createElement("div");
    board.className = "eq-keys";
    board.setAttribute("role", "group");
    board.setAttribute("aria-label", "屏幕键盘");
    const add = (text, change, kind = "") => {
      const key = document.createElement("button");
      key.type = "button";
      key.className = `eq-keys__key ${kind}`.trim();
      key.textContent = text;
      key.addEventListener("click", () => press(input, change));
      board.append(key);
    };
    for (const letter of KEYS[input.dataset.eqKeys] || KEYS.code) add(letter, (value) => value + letter);
    add("退格", (value) => value.slice(0, -1), "eq-keys__key--word");
    add("清空", () => "", "eq-keys__key--word eq-keys__key--wide");
    if (input.form) {
      const go = document.createElement("button");
      go.className = "eq-keys__key eq-keys__key--word eq-keys__key--wide eq-keys__key--go";
      go.textContent = "确定";
      board.append(go);
    }
    (input.closest("form, .eq-field") || input).append(board);
  });
  document.addEventListener("contextmenu", (event) => event.preventDefault());
})();
