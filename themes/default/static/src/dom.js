/* Small words the other modules share. */
export const all = (selector, within = document) => [...within.querySelectorAll(selector)];

/* A listener for every present and future element that fits; `this` is the element. */
export function on(type, selector, handle, options) {
  document.addEventListener(type, (event) => {
    const found = event.target instanceof Element && event.target.closest(selector);
    if (found) handle.call(found, event, found);
  }, options);
}

/* Once now, and once for whatever htmx brings in later. */
export function ready(selector, handle) {
  const run = (within) => {
    if (within instanceof Element && within.matches(selector)) handle(within);
    for (const found of all(selector, within)) handle(found);
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => run(document));
  else run(document);
  document.addEventListener("htmx:load", (event) => run(event.detail.elt));
}

export const language = document.documentElement.lang || "en";
export const counted = new Intl.NumberFormat(language, { numberingSystem: "latn" }).format;

export const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
export const wide = matchMedia("(min-width: 62rem)");
export const csrf = () => {
  try { return JSON.parse(document.body.getAttribute("hx-headers") || "{}"); } catch { return {}; }
};

/* A short line at the foot of the page. `from` names a template; `text` says it plainly. */
export function toast({ text, tone = "done", from }) {
  const room = document.getElementById("toasts");
  if (!room) return;
  let note;
  if (from) note = document.getElementById(from)?.content.firstElementChild?.cloneNode(true);
  else {
    note = document.createElement("div");
    note.className = `toast-note tone-${tone}`;
    note.append(Object.assign(document.createElement("span"), { textContent: text }));
  }
  if (!note) return;
  room.append(note);
  setTimeout(() => note.remove(), 5000);
}
