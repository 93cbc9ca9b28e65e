/* Relative times go on being true while the page is open. */
import { all, language } from "./dom.js";

const words = new Intl.RelativeTimeFormat(language, { numeric: "always" });
const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

function tell() {
  for (const element of all("time[data-relative]")) {
    const away = (Date.parse(element.dateTime) - Date.now()) / 1000;
    if (Math.abs(away) > 6 * 86400) continue;
    const [unit, length] = UNITS.find(([, size]) => Math.abs(away) >= size) ?? UNITS[3];
    const text = words.format(Math.trunc(away / length), unit).replace(/[٠-٩]/g, (d) => d.charCodeAt(0) - 1632);
    if (element.textContent !== text) element.textContent = text;
  }
}
setInterval(() => { if (!document.hidden) tell(); }, 15000);
