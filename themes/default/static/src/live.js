/* Live: the server says a topic's name, and what shows that topic is fetched again as its reader sees it. */
import { all } from "./dom.js";

const url = document.body.dataset.liveUrl;
const dots = () => all("[data-live-dot]");
const QUIET_MS = 45000;
const heard = new Set();
let source = null;
let last = Date.now();
let waited = 0;
const due = new Map();

const tell = (state) => { for (const dot of dots()) dot.dataset.state = state; };

function topics() {
  const found = new Set(["counts"]);
  for (const element of all("[data-live], [data-chart-live]")) for (const name of (element.dataset.live || element.dataset.chartLive || "").split(/\s+/)) if (name) found.add(name);
  return found;
}

function listen() {
  if (!source) return;
  for (const name of topics()) {
    if (heard.has(name)) continue;
    heard.add(name);
    source.addEventListener(name, (event) => changed(name, event.data));
  }
}

function connect() {
  heard.clear();
  source = new EventSource(url);
  source.onopen = () => {
    if (waited) for (const name of topics()) changed(name);
    waited = 0;
    last = Date.now();
    tell("on");
  };
  source.onerror = () => {
    tell("lost");
    if (source.readyState === EventSource.CLOSED) {
      waited = Math.min(60000, (waited || 1000) * 2);
      setTimeout(connect, waited + Math.random() * 1000);
    } else waited ||= 1;
  };
  for (const name of ["hello", "quiet"]) source.addEventListener(name, () => { last = Date.now(); tell("on"); });
  source.onmessage = (event) => changed(event.data);
  listen();
}

/* Somebody is at work in there: writes, has written, or has something open that a fresh copy would shut. */
function busy(element) {
  const at = document.activeElement;
  if (at !== element && element.contains(at) && at.matches("form *, input, textarea, select")) return true;
  if (element.querySelector("dialog[open], details[data-menu][open]")) return true;
  return all("form input, form textarea, form select", element).some(written);
}

function written(field) {
  if (field.closest("[data-filters]") || field.type === "hidden") return false;
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  if (field.type === "file") return field.files.length > 0;
  if (field.options) return [...field.options].some((one) => one.selected !== one.defaultSelected) && !([...field.options].every((one) => !one.defaultSelected) && field.selectedIndex <= 0);
  return field.value !== field.defaultValue;
}

/* Several tellings in one moment are one fetch. */
function changed(topic) {
  last = Date.now();
  tell("on");
  for (const chart of all("[data-chart-live]")) if (chart.dataset.chartLive.split(/\s+/).includes(topic)) chart.dispatchEvent(new CustomEvent("chart-refetch"));
  for (const element of all("[data-live]")) {
    if (!element.id || !element.dataset.live.split(/\s+/).includes(topic)) continue;
    clearTimeout(due.get(element.id));
    due.set(element.id, setTimeout(() => refetch(element.id), 120 + Math.random() * 180));
  }
}

/* What a page says, without what differs each time it is drawn. */
const plain = (element) => element.outerHTML.replace(/ name="_once" value="[^"]*"/g, "").replace(/<time\b[\s\S]*?<\/time>/g, "");

/* The state beside a page's title is as new as what stands under it. */
function renew(now, fresh) {
  if (!now || !fresh || busy(now) || plain(now) === plain(fresh)) return;
  now.replaceWith(document.adoptNode(fresh));
  window.htmx?.process(fresh);
  document.dispatchEvent(new CustomEvent("htmx:load", { detail: { elt: fresh } }));
}

async function refetch(id) {
  due.delete(id);
  const element = document.getElementById(id);
  if (!element) return;
  if (document.hidden || busy(element)) { element.dataset.liveStale = "1"; return; }
  const from = element.dataset.liveUrl || location.pathname + location.search;
  let text;
  try {
    const answer = await fetch(from, { headers: { "hx-request": "true", "x-fragment": "live" }, credentials: "same-origin" });
    if (!answer.ok) return;
    text = await answer.text();
  } catch { return; }
  const page = new DOMParser().parseFromString(text.replace(/<style\b[\s\S]*?<\/style>/g, ""), "text/html");
  if (!element.dataset.liveUrl) renew(document.querySelector("main > .page-head"), page.querySelector("main > .page-head"));
  const fresh = page.getElementById(id);
  const now = document.getElementById(id);
  if (!fresh || !now) return;
  if (busy(now)) { now.dataset.liveStale = "1"; return; }
  delete now.dataset.liveStale;
  if (plain(fresh) === plain(now)) return;
  const before = new Map(all("[data-live-part], .money, .num, .state", now).map((part, at) => [at, part.textContent]));
  const kept = all("[data-check]:checked", now).map((box) => box.value);
  const place = now.querySelector(".table-scroll")?.scrollTop;
  now.replaceWith(document.adoptNode(fresh));
  const put = document.getElementById(id);
  window.htmx?.process(put);
  document.dispatchEvent(new CustomEvent("htmx:load", { detail: { elt: put } }));
  for (const box of all("[data-check]", put)) if (kept.includes(box.value)) box.checked = true;
  if (place) put.querySelector(".table-scroll")?.scrollTo({ top: place });
  let marked = false;
  all("[data-live-part], .money, .num, .state", put).forEach((part, at) => { if (before.get(at) !== part.textContent) { marked = true; part.classList.add("is-told"); } });
  if (!marked) put.classList.add("is-told");
}

/* What waited is fetched as soon as nobody is at work in it any more. */
const catchUp = () => { if (!document.hidden) for (const element of all("[data-live-stale]")) if (!busy(element)) refetch(element.id); };
document.addEventListener("visibilitychange", catchUp);
for (const name of ["focusout", "close", "toggle", "reset", "change"]) document.addEventListener(name, () => setTimeout(catchUp, 150), true);
document.addEventListener("animationend", (event) => event.target.classList?.remove("is-told"));
document.addEventListener("htmx:load", listen);
setInterval(() => { if (source && Date.now() - last > QUIET_MS) { tell("lost"); if (Date.now() - last > QUIET_MS * 2) { source.close(); waited ||= 1; last = Date.now(); connect(); } } }, 5000);
window.addEventListener("pagehide", () => source?.close());
window.addEventListener("pageshow", (event) => { if (event.persisted && url) connect(); });
if (url) connect();
