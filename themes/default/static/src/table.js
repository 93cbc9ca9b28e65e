/* Tables: open a row beside the list, select and act, choose columns, page without losing the place. */
import { all, counted, on, ready } from "./dom.js";
import { openPanel } from "./overlays.js";

const shell = (element) => element.closest("[data-table]");

on("click", "tr[data-href]", function (event) {
  if (event.target.closest("a:not(.row-link), button, input, label, summary, details") || String(getSelection())) return;
  const link = event.target.closest(".row-link");
  if (event.metaKey || event.ctrlKey || event.shiftKey) { if (!link) window.open(this.dataset.href, "_blank", "noopener"); return; }
  event.preventDefault();
  event.stopPropagation();
  mark(this);
  if (this.closest("[data-rows-go]") || document.documentElement.dataset.audience === "room") location.assign(this.dataset.href);
  else openPanel(this.dataset.href);
});

export function mark(row) {
  for (const other of all(".is-marked", row.closest("[data-board]") ?? row.parentElement)) other.classList.remove("is-marked");
  row.classList.add("is-marked");
}

on("change", "[data-check-all]", function () {
  for (const box of all("[data-check]", shell(this))) box.checked = this.checked;
  told(shell(this));
});
let last = null;
on("click", ".col-check label", function (event) {
  const box = this.querySelector("[data-check]");
  if (!box || !event.shiftKey || event.target === box) return;
  event.preventDefault();
  getSelection()?.removeAllRanges();
  box.checked = !box.checked;
  const boxes = all("[data-check]", shell(box));
  const from = last && boxes.includes(last) ? boxes.indexOf(last) : boxes.indexOf(box);
  const [low, high] = [from, boxes.indexOf(box)].sort((a, b) => a - b);
  for (const other of boxes.slice(low, high + 1)) other.checked = box.checked;
  last = box;
  told(shell(box));
});
on("change", "[data-check]", function () {
  last = this;
  told(shell(this));
});
on("click", "[data-bulk-clear]", function () {
  for (const box of all("[data-check], [data-check-all]", shell(this))) box.checked = false;
  told(shell(this));
});
export function told(table) {
  const bar = table.querySelector("[data-bulk]");
  const boxes = all("[data-check]", table);
  const chosen = boxes.filter((box) => box.checked);
  const head = table.querySelector("[data-check-all]");
  if (head) { head.checked = chosen.length === boxes.length && boxes.length > 0; head.indeterminate = chosen.length > 0 && chosen.length < boxes.length; }
  if (!bar) return;
  bar.hidden = chosen.length === 0;
  bar.querySelector("[data-bulk-count]").textContent = counted(chosen.length);
}

/* A bulk action opens its preview; nothing happens before that is confirmed. */
on("click", "[data-bulk-url]", function () {
  const keys = all("[data-check]:checked", shell(this)).map((box) => box.value);
  const target = document.getElementById("modal-body");
  if (!keys.length || !target) return;
  target.replaceChildren();
  document.getElementById("modal").showModal();
  window.htmx.ajax("POST", this.dataset.bulkUrl, { target: "#modal-body", swap: "innerHTML", values: { keys }, headers: { "X-Fragment": "modal" } });
});

/* Columns: a choice kept per table in this browser. */
const kept = (name) => `columns:${name}`;
ready("[data-table]", (table) => {
  let saved = null;
  try { saved = localStorage[kept(table.dataset.table)]; } catch { return; }
  if (saved) apply(table, new Set(JSON.parse(saved)));
});
function apply(table, off) {
  for (const cell of all("[data-column]", table)) cell.hidden = off.has(cell.dataset.column);
  for (const box of all("[data-column-toggle]", table)) box.checked = !off.has(box.dataset.columnToggle);
}
on("change", "[data-column-toggle]", function () {
  const table = shell(this);
  const off = new Set(all("[data-column-toggle]", table).filter((box) => !box.checked).map((box) => box.dataset.columnToggle));
  try { localStorage[kept(table.dataset.table)] = JSON.stringify([...off]); } catch { /* for this page only */ }
  apply(table, off);
});

/* Sorting, paging and chips swap the table alone; the address changes with it. */
on("click", "a[data-table-link]", function (event) {
  const table = shell(this);
  if (!table || event.metaKey || event.ctrlKey || event.shiftKey || !window.htmx) return;
  event.preventDefault();
  const target = `#${CSS.escape(table.id)}`;
  history.pushState({}, "", this.href);
  table.classList.add("is-loading");
  window.htmx.ajax("GET", this.href, { target, swap: "outerHTML", select: target }).then(() => {
    const fresh = document.getElementById(table.id);
    fresh?.classList.remove("is-loading");
    fresh?.querySelector(".table-scroll")?.scrollTo({ top: 0 });
  });
});
window.addEventListener("popstate", (event) => {
  if (!event.state?.panel && document.querySelector("[data-table]") && !document.getElementById("panel")?.open && event.state !== null && !("panel" in (event.state ?? {}))) location.reload();
});

/* Filters that are empty do not fill the address, but for one that would hold without being asked for. */
document.addEventListener("htmx:configRequest", (event) => {
  const form = event.detail.elt;
  if (!form.matches?.("[data-filters]")) return;
  for (const [name, value] of Object.entries(event.detail.parameters)) if (value === "" && !form.querySelector(`[name="${CSS.escape(name)}"][data-usual]`)) delete event.detail.parameters[name];
});
