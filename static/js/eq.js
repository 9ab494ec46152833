// Small things the pages do with script: hold a search while an input method composes, keep a form from going twice.
(() => {
  "use strict";
  let isComposing = false;

  // Chinese input methods fire `input` for every Latin letter; those must not become requests.
  document.addEventListener("compositionstart", () => { isComposing = true; });
  document.addEventListener("compositionend", (event) => {
    isComposing = false;
    event.target.dispatchEvent(new Event("input", { bubbles: true }));
  });
  document.addEventListener("input", (event) => {
    if ((isComposing || event.isComposing) && event.target.closest("[data-eq-compose]")) event.stopImmediatePropagation();
  }, true);
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (isComposing && event.detail.elt.querySelector?.("[data-eq-compose]")) event.preventDefault();
  });

  // An error replaced by a good answer must not stay on the page.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const fault = document.getElementById("eq-fault");
    if (fault && event.detail.xhr.status < 400) fault.replaceChildren();
  });

  // The same form sent twice by an impatient finger: the second click does nothing until the page comes back.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || form.matches("[hx-post]")) return;
    if (form.dataset.eqSent) { event.preventDefault(); return; }
    form.dataset.eqSent = "1";
  });
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-eq-sent]").forEach((form) => { delete form.dataset.eqSent; });
  });

  // The error summary of a form that came back is where the reader should be.
  document.getElementById("eq-errors")?.focus();
})();
