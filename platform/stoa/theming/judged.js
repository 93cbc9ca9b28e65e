/* What a browser can say of a page by itself: contrast, names, landmarks, focus, width. Each list holds what is wrong. */
() => {
  const said = (element) => element.textContent.trim().replace(/\s+/g, " ").slice(0, 40);
  const where = (element) => `${element.tagName.toLowerCase()}${element.id ? "#" + element.id : ""}${element.classList.length ? "." + [...element.classList].join(".") : ""}`;
  const seen = (element) => element.offsetParent !== null && getComputedStyle(element).visibility !== "hidden";
  const light = (c) => { const part = c.map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * part[0] + 0.7152 * part[1] + 0.0722 * part[2]; };
  const brush = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const known = new Map();
  const read = (text) => {
    if (!known.has(text)) { brush.clearRect(0, 0, 1, 1); brush.fillStyle = text; brush.fillRect(0, 0, 1, 1); known.set(text, [...brush.getImageData(0, 0, 1, 1).data]); }
    return known.get(text);
  };
  const over = (top, under) => [0, 1, 2].map((i) => top[i] * (top[3] / 255) + under[i] * (1 - top[3] / 255));
  const ground = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) { const c = read(getComputedStyle(at).backgroundColor); if (c[3]) layers.push(c); if (c[3] === 255) break; }
    return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255]);
  };

  /* Every visible text against the ground it truly stands on (WCAG 1.4.3). */
  const contrast = new Map();
  const texts = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim().replace(/\s+/g, " ");
    const element = walker.currentNode.parentElement;
    if (!text || !element.offsetParent || element.closest("svg, script, style, template, [aria-hidden=true]")) continue;
    if (!element.closest("code, pre, textarea, [lang]:not(html), [translate=no]")) texts.add(text);
    if (element.closest(":disabled, :has(> input:disabled)")) continue;
    const style = getComputedStyle(element);
    const under = ground(element);
    const [high, low] = [light(over(read(style.color), under)), light(under)].sort((a, b) => b - a);
    const ratio = (high + 0.05) / (low + 0.05);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5) - 0.02) contrast.set(`${element.tagName}.${element.className}`, `${ratio.toFixed(2)} ${text.slice(0, 30)}`);
  }

  /* Names, headings, landmarks (WCAG 1.1.1, 1.3.1, 2.4.1, 3.1.1, 4.1.2). */
  const structure = [];
  const name = (element) => element.getAttribute("aria-label") || (element.getAttribute("aria-labelledby") || "").split(" ").map((id) => document.getElementById(id)?.textContent || "").join(" ").trim() || element.title || said(element) || [...element.querySelectorAll("img")].map((image) => image.alt).join(" ").trim();
  for (const field of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
    const label = field.labels?.length ? [...field.labels].some((one) => said(one) || one.getAttribute("aria-label")) : false;
    if (!label && !field.getAttribute("aria-label") && !field.getAttribute("aria-labelledby") && !field.title) structure.push(`no label: ${where(field)} ${field.name}`);
  }
  for (const control of document.querySelectorAll("a[href], button, summary")) if (seen(control) && !name(control)) structure.push(`no name: ${where(control)}`);
  for (const image of document.querySelectorAll("img:not([alt])")) structure.push(`no alt: ${where(image)}`);
  const heads = [...document.querySelectorAll("h1")];
  if (heads.length !== 1) structure.push(`${heads.length} h1`);
  let level = 0;
  for (const head of [...document.querySelectorAll("h1,h2,h3,h4,h5,h6")].filter(seen)) { const at = Number(head.tagName[1]); if (level && at > level + 1) structure.push(`h${level} then h${at}: ${said(head)}`); level = at; }
  if (document.querySelectorAll("main").length !== 1) structure.push(`${document.querySelectorAll("main").length} main`);
  if (!document.documentElement.lang) structure.push("no lang");
  if (!document.title.trim()) structure.push("no title");
  const ids = new Map();
  for (const element of document.querySelectorAll("[id]")) ids.set(element.id, (ids.get(element.id) || 0) + 1);
  for (const [id, count] of ids) if (count > 1) structure.push(`id ${id} stands ${count} times`);
  for (const row of document.querySelectorAll("table")) if (!row.querySelector("th")) structure.push(`table without headings: ${where(row)}`);

  /* Something changes where the keyboard stands (WCAG 2.4.7). */
  const focus = new Map();
  const look = (element) => { const s = getComputedStyle(element); return [s.outlineStyle === "none" ? "" : s.outlineWidth + s.outlineColor, s.boxShadow, s.borderColor, s.backgroundColor, s.textDecorationLine].join("|"); };
  const had = document.activeElement;
  const done = new Set();
  for (const element of document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']")) {
    const kind = `${element.tagName}.${element.className}`;
    if (done.has(kind) || !seen(element) || element.disabled) continue;
    done.add(kind);
    const shown = element.matches("input[type=checkbox], input[type=radio]") ? element.nextElementSibling || element : element;
    const before = look(shown) + look(element.parentElement);
    element.focus({ preventScroll: true, focusVisible: true });
    if (document.activeElement === element && look(shown) + look(element.parentElement) === before) focus.set(kind, where(element));
  }
  document.activeElement?.blur();
  if (had && had !== document.body) had.focus({ preventScroll: true });

  /* Nothing wider than the window; targets a finger hits (WCAG 1.4.10, 2.5.8). */
  const wide = [];
  const room = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > room + 1) {
    for (const element of document.querySelectorAll("body *")) { const box = element.getBoundingClientRect(); if (box.width && (box.right > room + 1 || box.left < -1) && seen(element) && !element.closest(".table-scroll, .tabs, [data-scrolls]")) wide.push(`${where(element)} ${Math.round(box.left)}–${Math.round(box.right)}`); }
    if (!wide.length) wide.push(`page ${document.documentElement.scrollWidth} of ${room}`);
  }
  const small = new Map();
  for (const control of document.querySelectorAll("a[href], button, summary, select, input:not([type=hidden])")) {
    const box = control.getBoundingClientRect();
    if (!seen(control) || !box.width || box.width >= 24 && box.height >= 24 || getComputedStyle(control).display === "inline" || control.closest("label, p, .visually-hidden") || control.matches(".visually-hidden, .skip-link")) continue;
    small.set(where(control), `${where(control)} ${Math.round(box.width)}×${Math.round(box.height)}`);
  }

  const timing = performance.getEntriesByType("navigation")[0];
  const busy = (window.__long || []).reduce((last, one) => Math.max(last, one), 0);
  return {
    contrast: [...contrast].map(([at, what]) => `${at}: ${what}`), structure, focus: [...focus.values()], wide: wide.slice(0, 6), small: [...small.values()],
    texts: [...texts], ready: Math.round(Math.max(timing ? timing.domContentLoadedEventEnd : 0, busy)),
  };
}
