/* Charts in the brand's colours, redrawn when the mode changes. The server's SVG stands until then.
   Time runs from left to right in every language: a mirrored rise reads as a fall. */
import { all, language, ready } from "./dom.js";

const drawn = new WeakMap();
let library = null;
const load = () => (library ??= import("./uplot.js").then((module) => module.default));
const token = (element, name) => getComputedStyle(element).getPropertyValue(name).trim();
const TONES = { done: "--success-text", stopped: "--danger-text", needs: "--warning-text", moving: "--moving-text", waiting: "--faint", accent: "--accent-text" };

function shade(colour, alpha) {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  return `rgba(${r},${g},${b},${alpha})`;
}
const figures = (unit) => {
  const plain = new Intl.NumberFormat(language, { maximumFractionDigits: 2, numberingSystem: "latn" });
  return (value) => (value === null || value === undefined ? "–" : plain.format(value).replace("-", "−") + (unit ? `\u2009${unit}` : ""));
};
/* Thousands by the letters the server writes too: words between figures do not fit an axis. */
const SCALES = [[1e9, "B"], [1e6, "M"], [1e3, "K"]];
const short = (digits) => new Intl.NumberFormat(language, { maximumFractionDigits: digits, numberingSystem: "latn" });
const fine = new Intl.NumberFormat(language, { maximumSignificantDigits: 2, numberingSystem: "latn" });

/* A day in the one order of the page around it (`1 Nov 2026`): a language alone would say `Nov 1`. */
const days = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", year: "numeric", timeZone: "UTC", numberingSystem: "latn" });
function day(seconds, ...more) {
  const parts = Object.fromEntries(days.formatToParts(seconds * 1000).map((part) => [part.type, part.value]));
  return ["day", "month", ...more].map((part) => parts[part]).join(" ");
}

async function numbers(figure) {
  if (figure.dataset.chart) return JSON.parse(figure.dataset.chart);
  if (!figure.dataset.chartUrl) return null;
  figure.classList.add("is-loading");
  try {
    const answer = await fetch(figure.dataset.chartUrl, { credentials: "same-origin", headers: { accept: "application/json" } });
    return answer.ok ? await answer.json() : null;
  } catch { return null; } finally { figure.classList.remove("is-loading"); }
}

function moment(value) {
  if (typeof value === "number") return value;
  return Date.parse(value.length === 10 ? `${value}T00:00:00Z` : value) / 1000;
}

async function draw(figure) {
  const [Plot, told] = await Promise.all([load(), numbers(figure)]);
  if (!figure.isConnected) return;
  const room = figure.querySelector(".chart-room");
  drawn.get(figure)?.destroy();
  if (!told || !told.x.length) { room.replaceChildren(); return; }
  // Names (symbols, countries) stand side by side at 0, 1, 2…; anything else is a time or a count.
  const named = typeof told.x[0] === "string" && !/^\d{4}-\d\d/.test(told.x[0]);
  if (named) Object.assign(told, { names: told.x, x: told.x.map((_, at) => at) });
  const dated = !named && (typeof told.x[0] === "string" || told.x[0] > 1e8);
  const data = [told.x.map(moment), ...told.series.map((one) => one.values)];
  const kind = figure.dataset.chartKind;
  const height = Number(figure.dataset.height) || 220;
  room.style.height = `${height}px`;
  room.replaceChildren();
  const options = look(Plot, figure, told, { kind, height, dated, width: Math.max(120, room.clientWidth) });
  drawn.set(figure, new Plot(options, data, room));
}

function look(Plot, figure, told, { kind, height, dated, width }) {
  const bare = "bare" in figure.dataset;
  const ink = token(figure, "--muted");
  const grid = { stroke: token(figure, "--line"), width: 1 };
  const font = `11px ${getComputedStyle(document.body).fontFamily}`;
  const say = figures(figure.dataset.unit);
  const colours = told.series.map((one, at) => token(figure, TONES[one.tone] ?? `--series-${Math.min(5, at + 1)}`));
  const axis = { stroke: ink, font, grid: { show: false }, ticks: { show: false }, gap: 6 };
  const hour = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: document.documentElement.dataset.zone, numberingSystem: "latn" });
  const spread = moment(told.x.at(-1)) - moment(told.x[0]);
  const date = (seconds, ...year) => (spread < 172800 ? hour.format(seconds * 1000) : day(seconds, ...year));
  const turned = told.names && told.names.some((name) => name.length * 7 > (width - 66) / told.names.length);
  const bars = kind === "bars" ? Plot.paths.bars({ size: [0.62, 36], radius: 0.12 }) : undefined;
  const smooth = kind === "bars" ? bars : Plot.paths.spline?.();
  return {
    width, height, padding: bare ? [4, 0, 2, 0] : [10, 20, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 9, width: 2, fill: (u, at) => colours[at - 1] } },
    scales: { x: { time: dated, range: kind === "bars" ? (u, low, high) => { const gap = (high - low) / Math.max(1, told.x.length - 1) / 2 || 1; return [low - gap, high + gap]; } : undefined }, y: { range: (u, low, high) => room(low, high, kind, figure.dataset.unit) } },
    axes: bare ? [{ show: false }, { show: false }] : [
      { ...axis, size: turned ? 58 : 26, space: told.names ? 1 : 64, ...(told.names ? { incrs: [1] } : {}), ...(turned ? { rotate: -50 } : {}), values: dated ? (u, at) => at.map((value) => date(value)) : (u, at) => at.map((value) => (told.names ? told.names[value] ?? "" : tick(value))) },
      { ...axis, size: 46, grid: { ...grid, dash: [2, 4] }, values: (u, at) => at.map((value) => tick(value, at[1] - at[0])) },
    ],
    series: [{}, ...told.series.map((one, at) => ({
      label: one.label, stroke: kind === "bars" ? undefined : colours[at], width: kind === "bars" ? 0 : at ? 1.5 : 2, dash: at && kind !== "bars" ? [4, 4] : undefined,
      paths: smooth, points: { show: false },
      fill: kind === "bars" ? colours[at] : kind === "area" && !at ? (u) => fade(u, colours[at]) : undefined,
    }))],
    hooks: { setCursor: [(u) => tip(u, figure, told, colours, say, dated ? (s) => date(s, "year") : (at) => told.names?.[at] ?? String(at))] },
  };
}

/* As many digits as tell one line from the next: at steps of 50, `3.1K` and `3.1K` were two lines. */
function tick(value, step) {
  const [scale, letter] = SCALES.find(([least]) => Math.abs(value) >= least) ?? [1, ""];
  const digits = step > 0 ? Math.min(4, Math.max(0, Math.ceil(-Math.log10(step / scale) - 1e-9))) : 1;
  const text = value && Math.abs(value) < 1 ? fine.format(value) : short(digits).format(value / scale);
  return `\u200e${text.replace("-", "\u2212")}${letter}`;
}

function room(low, high, kind, unit) {
  if (!low && !high) return [0, 1];
  if (unit === "%" && low >= 0 && high <= 100) return [low > 60 ? 50 : 0, 104];
  if (kind === "bars") { low = Math.min(0, low); high = Math.max(0, high); }
  const gap = (high - low || Math.abs(high) || 1) * 0.12;
  return [kind === "bars" && low === 0 ? 0 : low >= 0 && low - gap < 0 ? 0 : low - gap, high + gap];
}

function fade(u, colour) {
  const { top, height } = u.bbox;
  if (!Number.isFinite(height) || !height) return shade(colour, 0.1);
  const gradient = u.ctx.createLinearGradient(0, top, 0, top + height);
  gradient.addColorStop(0, shade(colour, 0.2));
  gradient.addColorStop(1, shade(colour, 0));
  return gradient;
}

function tip(u, figure, told, colours, say, date) {
  let box = figure.querySelector(".plot-tip");
  const at = u.cursor.idx;
  if (at === null || at === undefined || u.cursor.left < 0) { if (box) box.style.opacity = "0"; return; }
  if (!box) { box = document.createElement("div"); box.className = "plot-tip"; figure.append(box); }
  box.replaceChildren(Object.assign(document.createElement("small"), { textContent: date(u.data[0][at]) }));
  told.series.forEach((one, index) => {
    const line = document.createElement("div");
    const name = document.createElement("span");
    if (told.series.length > 1) { const mark = document.createElement("i"); mark.style.background = colours[index]; name.append(mark); }
    name.append(one.label);
    line.append(name, Object.assign(document.createElement("b"), { dir: "ltr", textContent: say(u.data[index + 1][at]) }));
    box.append(line);
  });
  box.style.opacity = "1";
  const left = u.bbox.left / devicePixelRatio + u.cursor.left;
  const flip = left > figure.clientWidth / 2;
  box.style.left = `${flip ? left - box.offsetWidth - 14 : left + 14}px`;
  box.style.top = "8px";
}

const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) { seen.unobserve(entry.target); draw(entry.target); }
}, { rootMargin: "200px" });
const sized = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const plot = drawn.get(target);
    const room = target.querySelector(".chart-room");
    if (plot && room && Math.abs(plot.width - room.clientWidth) > 1) plot.setSize({ width: Math.max(120, room.clientWidth), height: plot.height });
  }
});
ready("figure[data-chart-kind]", (figure) => {
  if (!figure.dataset.chart && !figure.dataset.chartUrl) return;
  seen.observe(figure);
  sized.observe(figure);
  figure.addEventListener("chart-refetch", () => draw(figure));
});
document.addEventListener("mode", () => { for (const figure of all("figure[data-chart-kind]")) if (drawn.has(figure)) draw(figure); });
