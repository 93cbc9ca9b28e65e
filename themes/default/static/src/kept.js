/* What was typed is kept over a sign-in that comes in between: in this tab, for the same person, once. */
import { all, toast } from "./dom.js";

const LIFE_MS = 30 * 60 * 1000;
const NEVER = "[type=hidden],[type=password],[type=file],[autocomplete=one-time-code],[readonly],[disabled],button,fieldset,output";
const who = () => document.querySelector(".user-menu > summary")?.getAttribute("aria-label") ?? "";
const key = () => `typed:${location.pathname}`;
const fields = (form) => [...form.elements].filter((one) => one.name && !one.matches(NEVER));
const chosen = (one) => one.type === "checkbox" || one.type === "radio";

document.addEventListener("htmx:beforeOnLoad", (event) => {
  const { xhr, requestConfig } = event.detail;
  const form = requestConfig?.elt?.closest?.("form");
  if (xhr.status !== 401 || !xhr.getResponseHeader("HX-Redirect") || !form) return;
  const typed = fields(form).map((one) => [one.name, one.value, chosen(one) ? one.checked : null]);
  try {
    sessionStorage.setItem(key(), JSON.stringify({ who: who(), at: Date.now(), action: form.getAttribute("action"), typed }));
  } catch { /* no room, or none allowed: it is as it was */ }
});

function restore() {
  let kept;
  try {
    kept = JSON.parse(sessionStorage.getItem(key()) ?? "null");
    if (kept && who()) sessionStorage.removeItem(key());
  } catch { return; }
  if (!kept || !who() || kept.who !== who() || Date.now() - kept.at > LIFE_MS) return;
  const form = all("form").find((one) => one.getAttribute("action") === kept.action);
  if (!form) return;
  const left = fields(form);
  for (const [name, value, on] of kept.typed) {
    const at = left.findIndex((one) => one.name === name && (on === null || one.value === value));
    if (at < 0) continue;
    const [one] = left.splice(at, 1);
    if (on === null) one.value = value; else one.checked = on;
    one.dispatchEvent(new Event("change", { bubbles: true }));
  }
  toast({ from: "toast-kept" });
}
restore();
