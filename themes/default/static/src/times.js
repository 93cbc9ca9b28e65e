/* Relative times go on being true while the page is open. */
import { all, language } from "./dom.js";

const words = new Intl.RelativeTimeFormat(language, { numeric: "always" });
const now = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

function tell() {
  for (const element of all("time[data-relative]")) {
    const away = (Date.parse(element.dateTime) - Date.now()) / 1000;
    if (Math.abs(away) > 6 * 86400) continue;
    const [unit, length] = UNITS.find(([, size]) => Math.abs(away) >= size) ?? UNITS[3];
    const text = (Math.abs(away) < 5 ? now : words).format(Math.abs(away) < 5 ? 0 : Math.trunc(away / length), unit).replace(/[٠-٩]/g, (d) => d.charCodeAt(0) - 1632);
    if (element.textContent !== text) element.textContent = text;
  }
}
setInterval(() => { if (!document.hidden) tell(); }, 15000);

/* Clocks and market sessions, each by its own city's time. */
const local = (zone) => Object.fromEntries(new Intl.DateTimeFormat("en", { timeZone: zone, weekday: "short", hour: "numeric", hourCycle: "h23" }).formatToParts(new Date()).map((part) => [part.type, part.value]));
function sessions() {
  for (const element of all("[data-session]")) {
    const now = local(element.dataset.session);
    const hour = Number(now.hour);
    element.classList.toggle("is-open", !["Sat", "Sun"].includes(now.weekday) && hour >= Number(element.dataset.opens) && hour < Number(element.dataset.closes));
  }
}
if (document.querySelector("[data-session]")) { sessions(); setInterval(sessions, 30000); }
if (document.querySelector("[data-clock]")) setInterval(() => { const now = new Date().toISOString().slice(11, 19); for (const element of all("[data-clock]")) element.textContent = now; }, 1000);
