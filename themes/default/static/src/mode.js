/* Light or dark, and the desk's rail: the reader's own choice, kept. */
import { csrf, on } from "./dom.js";

const root = document.documentElement;
const system = matchMedia("(prefers-color-scheme: dark)");

function show(mode) {
  root.dataset.mode = mode;
  root.dataset.bsTheme = mode === "auto" ? (system.matches ? "dark" : "light") : mode;
  document.dispatchEvent(new CustomEvent("mode"));
}

system.addEventListener("change", () => root.dataset.mode === "auto" && show("auto"));

on("click", "[data-mode-toggle]", () => {
  const mode = root.dataset.bsTheme === "dark" ? "light" : "dark";
  show(mode);
  const url = document.body.dataset.modeUrl;
  if (url) {
    fetch(url, { method: "POST", credentials: "same-origin", keepalive: true,
      headers: { ...csrf(), "content-type": "application/x-www-form-urlencoded", "hx-request": "true" },
      body: new URLSearchParams({ mode }) }).catch(() => {});
  }
});

on("click", "[data-rail-toggle]", () => {
  const folded = root.dataset.rail === "1";
  if (folded) delete root.dataset.rail; else root.dataset.rail = "1";
  try { localStorage.rail = folded ? "0" : "1"; } catch { /* kept for this page only */ }
  window.dispatchEvent(new Event("resize"));
});
