/* Trees to walk, boards to move cards on, documents to look at. */
import { all, csrf, on, ready, toast } from "./dom.js";

/* Trees: zoom, grab, fold. */
const scales = new WeakMap();
function zoom(tree, scale) {
  const canvas = tree.querySelector("[data-tree-canvas]");
  const bounded = Math.max(0.35, Math.min(1.6, scale));
  scales.set(tree, bounded);
  canvas.style.zoom = String(bounded);
}
on("click", "[data-zoom]", function () {
  const tree = this.closest("[data-tree]");
  const now = scales.get(tree) ?? 1;
  if (this.dataset.zoom === "fit") {
    zoom(tree, 1);
    const room = tree.querySelector(".tree-room");
    zoom(tree, Math.min(1, (room.clientWidth - 32) / tree.querySelector("[data-tree-canvas]").scrollWidth));
  } else zoom(tree, now * (this.dataset.zoom === "in" ? 1.2 : 1 / 1.2));
});
ready("[data-tree]", (tree) => {
  const room = tree.querySelector(".tree-room");
  const wide = tree.querySelector("[data-tree-canvas]").scrollWidth;
  if (room.clientWidth > 0 && wide > room.clientWidth) zoom(tree, Math.max(0.7, (room.clientWidth - 32) / wide));
});
on("click", "[data-fold]", function () {
  const branch = this.closest(".tree-branch");
  const folded = branch.classList.toggle("is-folded");
  this.setAttribute("aria-expanded", String(!folded));
});
ready(".tree-room", (room) => {
  let from = null;
  room.addEventListener("pointerdown", (event) => {
    if (event.target.closest("a, button") || event.pointerType === "touch") return;
    from = { x: event.clientX, y: event.clientY, left: room.scrollLeft, top: room.scrollTop };
    room.classList.add("is-grabbed");
    room.setPointerCapture(event.pointerId);
  });
  room.addEventListener("pointermove", (event) => {
    if (!from) return;
    room.scrollLeft = from.left - (event.clientX - from.x);
    room.scrollTop = from.top - (event.clientY - from.y);
  });
  const let_go = () => { from = null; room.classList.remove("is-grabbed"); };
  room.addEventListener("pointerup", let_go);
  room.addEventListener("pointercancel", let_go);
});

/* Boards: by hand, by menu; a refused move goes back where it was. */
let dragged = null;
on("dragstart", ".board-card", function (event) {
  dragged = this;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", this.dataset.cardKey);
  requestAnimationFrame(() => this.classList.add("is-dragged"));
});
on("dragend", ".board-card", function () {
  this.classList.remove("is-dragged");
  for (const room of all(".board-cards.is-over")) room.classList.remove("is-over");
  dragged = null;
});
on("dragover", "[data-board-drop]", function (event) {
  if (!dragged) return;
  event.preventDefault();
  for (const room of all(".board-cards.is-over")) if (room !== this) room.classList.remove("is-over");
  this.classList.add("is-over");
});
on("drop", "[data-board-drop]", function (event) {
  event.preventDefault();
  if (dragged) move(dragged, this);
});
on("click", "[data-move-to]", function () {
  const card = this.closest(".board-card");
  const column = this.closest("[data-board]").querySelector(`[data-column-key="${CSS.escape(this.dataset.moveTo)}"]`);
  move(card, column.querySelector("[data-board-drop]"));
});
async function move(card, room) {
  const was = { parent: card.parentElement, next: card.nextElementSibling };
  if (was.parent === room) return;
  const board = room.closest("[data-board]");
  room.querySelector(".board-empty")?.remove();
  room.prepend(card);
  count(board);
  const back = () => { was.parent.insertBefore(card, was.next); count(board); };
  try {
    const answer = await fetch(board.dataset.moveUrl, {
      method: "POST", credentials: "same-origin", headers: { ...csrf(), "hx-request": "true", accept: "application/problem+json, text/html" },
      body: new URLSearchParams({ card: card.dataset.cardKey, column: room.closest("[data-column-key]").dataset.columnKey }),
    });
    if (answer.ok) return;
    back();
    const told = await answer.json().catch(() => null);
    toast(told?.detail ? { text: told.detail, tone: "stopped" } : { from: "toast-failed" });
  } catch { back(); toast({ from: "toast-failed" }); }
}
function count(board) {
  for (const column of all(".board-column", board)) column.querySelector(".tab-count").textContent = all(".board-card", column).length;
}

/* Documents: closer, turned, the next page. */
const views = new WeakMap();
on("click", "[data-doc]", function () {
  const image = this.closest("[data-document]").querySelector("[data-doc-image]");
  if (!image) return;
  const view = views.get(image) ?? { scale: 1, turn: 0 };
  if (this.dataset.doc === "in") view.scale = Math.min(4, view.scale * 1.3);
  if (this.dataset.doc === "out") view.scale = Math.max(0.5, view.scale / 1.3);
  if (this.dataset.doc === "turn") view.turn = (view.turn + 90) % 360;
  views.set(image, view);
  image.style.transform = `rotate(${view.turn}deg)`;
  image.style.zoom = String(view.scale);
  image.style.maxWidth = view.scale > 1 ? "none" : "";
});
on("click", "[data-doc-page]", function () {
  const image = this.closest("[data-document]").querySelector("[data-doc-image]");
  image.src = this.dataset.docPage;
  for (const other of all("[data-doc-page]", this.parentElement)) other.removeAttribute("aria-current");
  this.setAttribute("aria-current", "true");
});
