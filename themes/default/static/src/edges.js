/* Strips that scroll sideways say so: which side holds more is told to the style, and what one is at
   is brought into view. */
import { all, ready } from "./dom.js";

const STRIPS = ".tabs, .views, .filters, .table-scroll, .board, .matrix-room";

function tell(strip) {
  const past = Math.abs(strip.scrollLeft);
  const rest = strip.scrollWidth - strip.clientWidth - past;
  strip.dataset.more = `${past > 4 ? "before" : ""} ${rest > 4 ? "after" : ""}`.trim();
}

function show(strip) {
  const here = strip.querySelector(":scope > .is-here");
  if (!here || strip.scrollWidth <= strip.clientWidth) return;
  const [one, room] = [here.getBoundingClientRect(), strip.getBoundingClientRect()];
  strip.scrollLeft += one.left + one.width / 2 - room.left - room.width / 2;
}

const sized = new ResizeObserver((entries) => { for (const { target } of entries) { show(target); tell(target); } });
ready(STRIPS, (strip) => {
  show(strip);
  tell(strip);
  strip.addEventListener("scroll", () => tell(strip), { passive: true });
  sized.observe(strip);
});
document.fonts?.ready.then(() => { for (const strip of all(STRIPS)) { show(strip); tell(strip); } });
