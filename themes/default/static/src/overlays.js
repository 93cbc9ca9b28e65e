/* Menus, dialogs, the side panel, the off-canvas navigation. Native elements; this opens and closes them. */
import { all, on, ready, wide } from "./dom.js";

/* Menus close when the reader looks elsewhere. */
document.addEventListener("click", (event) => {
  for (const menu of all("details[data-menu][open]")) {
    if (!menu.contains(event.target) || event.target.closest(".menu-item:not(label)")) menu.open = false;
  }
});
document.addEventListener("toggle", (event) => {
  const menu = event.target;
  if (!(menu instanceof HTMLDetailsElement) || !menu.matches("[data-menu]") || !menu.open) return;
  const list = menu.querySelector(".menu-list");
  if (!list) return;
  list.classList.remove("menu-up");
  const box = list.getBoundingClientRect();
  if (box.left < 4 || box.right > innerWidth - 4) {
    const end = list.classList.toggle("menu-end");
    const moved = list.getBoundingClientRect();
    if (moved.left < 4 || moved.right > innerWidth - 4) list.classList.toggle("menu-end", !end);
  }
}, true);

/* Dialogs. */
on("click", "[data-open]", function () {
  const dialog = document.getElementById(this.dataset.open);
  if (!(dialog instanceof HTMLDialogElement) || dialog.open) return;
  dialog.showModal();
  dialog.querySelector("input:not([type=hidden]), select, textarea")?.focus();
});
on("click", "[data-close]", function () { close(this.closest("dialog")); });
on("click", "dialog.modal-box", function (event) {
  if (event.target !== this) return;
  const box = this.getBoundingClientRect();
  const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
  if (!inside && !this.querySelector("form[data-guard].is-touched")) this.close();
});
on("click", "[data-dismiss]", function () { this.closest(".banner, .note")?.remove(); });

/* The side panel: the address changes, back closes, and the list beside it stays alive. */
const panel = () => document.getElementById("panel");
let behind = null;

export function openPanel(href, { push = true } = {}) {
  const dialog = panel();
  if (!dialog || !window.htmx) { location.assign(href); return; }
  document.getElementById("panel-body").replaceChildren(skeleton());
  dialog.querySelector("[data-panel-full]").href = href;
  if (!dialog.open) {
    behind = location.href;
    if (wide.matches) dialog.show(); else dialog.showModal();
  }
  if (push) {
    const state = { panel: href, behind };
    if (history.state?.panel) history.replaceState(state, "", href); else history.pushState(state, "", href);
  }
  window.htmx.ajax("GET", href, { target: "#panel-body", swap: "innerHTML", headers: { "X-Fragment": "panel" } });
}

function skeleton() {
  const box = document.createElement("div");
  box.className = "skeleton";
  for (let line = 0; line < 6; line++) box.append(document.createElement("i"));
  return box;
}

function close(dialog) {
  if (!dialog) return;
  if (dialog.id === "panel" && history.state?.panel) { history.back(); return; }
  dialog.close();
}

window.addEventListener("popstate", (event) => {
  const dialog = panel();
  if (!dialog) return;
  if (event.state?.panel) openPanel(event.state.panel, { push: false });
  else if (dialog.open) dialog.close();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented) return;
  const menu = document.querySelector("details[data-menu][open]");
  if (menu) { menu.open = false; menu.querySelector("summary")?.focus(); return; }
  const dialog = panel();
  if (dialog?.open && !document.querySelector("dialog.modal-box[open]")) { event.preventDefault(); close(dialog); }
});
document.addEventListener("cancel", (event) => {
  if (event.target.id === "panel" && history.state?.panel) { event.preventDefault(); history.back(); }
}, true);
on("click", "[data-panel-href]", function (event) {
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  const inner = event.target.closest("a, button, summary, input, label, form");
  if (inner && inner !== this && !(inner.tagName === "A" && inner.closest("[data-panel-href]") === this)) return;
  event.preventDefault();
  openPanel(this.dataset.panelHref);
});
document.addEventListener("close-panel", () => close(panel()));
document.addEventListener("close-dialogs", () => { for (const dialog of all("dialog.modal-box[open]")) dialog.close(); });

/* Off-canvas navigation on small screens. */
const side = (open) => {
  const element = document.getElementById("side");
  element?.classList.toggle("is-open", open);
  if (open) element?.querySelector("a, button")?.focus();
};
on("click", "[data-side-open]", () => side(true));
on("click", "[data-side-close]", () => side(false));

/* A dialog that arrives already open (an error inside it) is shown as one. */
ready("dialog[data-open-now]", (dialog) => { if (!dialog.open) dialog.showModal(); });
ready("[data-focus]", (element) => element.focus({ preventScroll: false }));

/* A thin line says that a page is on its way. */
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  if (!link || event.defaultPrevented || event.metaKey || event.ctrlKey || event.shiftKey || link.target || link.hasAttribute("download")) return;
  if (link.origin === location.origin && link.pathname + link.search !== location.pathname + location.search && !link.closest("[hx-get]")) document.body.classList.add("is-going");
});
window.addEventListener("pageshow", () => document.body.classList.remove("is-going"));
on("click", "[data-retry]", () => location.reload());
