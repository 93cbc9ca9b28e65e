/* The keyboard: `/` search, `g` and a letter, `j k` in lists, `x` select, `m` move a card, `e` explain, `?` help. */
import { all } from "./dom.js";
import { mark } from "./table.js";

let going = 0;
const typing = (element) => element?.closest?.("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
const shown = (element) => element.offsetParent !== null;
const list = () => all("[data-list] tbody tr, [data-list-items] > *, [data-board] .board-card").filter(shown);

function step(by) {
  const rows = list();
  if (!rows.length) return;
  const at = rows.findIndex((row) => row.classList.contains("is-marked"));
  const next = rows[Math.max(0, Math.min(rows.length - 1, at < 0 ? 0 : at + by))];
  mark(next);
  next.scrollIntoView({ block: "nearest" });
  if (document.getElementById("panel")?.open && (next.dataset.href || next.dataset.panelHref)) next.click();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (typing(event.target)) { if (event.key === "Escape") event.target.blur(); return; }
  if (document.querySelector("dialog.modal-box[open]")) return;
  if (going && Date.now() - going < 1500) {
    going = 0;
    const link = document.querySelector(`a[data-key="${CSS.escape(event.key)}"]`);
    if (link) { event.preventDefault(); link.click(); }
    return;
  }
  const marked = document.querySelector("[data-list] .is-marked, [data-list-items] > .is-marked, [data-board] .is-marked");
  const pressed = all(`[data-key-press="${CSS.escape(event.key)}"]`).find(shown);
  if (pressed) { event.preventDefault(); pressed.click(); return; }
  switch (event.key) {
    case "/": {
      const search = all("[data-search], [data-list-search]").find(shown);
      if (search) { event.preventDefault(); search.focus(); search.select(); }
      break;
    }
    case "g": going = Date.now(); break;
    case "j": step(1); break;
    case "k": step(-1); break;
    case "Enter": if (marked && !event.target.closest("a, button, summary")) { event.preventDefault(); marked.click(); } break;
    case "x": { const box = marked?.querySelector("[data-check]"); if (box) box.click(); break; }
    case "m": {
      const menu = marked?.querySelector(".board-move");
      if (menu) { event.preventDefault(); menu.open = true; menu.querySelector("button")?.focus(); }
      break;
    }
    case "e": {
      const within = document.getElementById("panel")?.open ? document.getElementById("panel") : document;
      (marked?.querySelector("[data-explain]") ?? all("[data-explain]", within).find(shown))?.click();
      break;
    }
    case "?": { const help = document.getElementById("keys"); if (help && !help.open) help.showModal(); break; }
    default:
  }
});

/* Results of the search are walked with the arrows. */
document.addEventListener("keydown", (event) => {
  const box = event.target.closest?.(".search");
  if (!box || (event.key !== "ArrowDown" && event.key !== "ArrowUp")) return;
  const links = all(".search-results a", box);
  if (!links.length) return;
  event.preventDefault();
  const at = links.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
  (links[at] ?? box.querySelector("input")).focus();
});
