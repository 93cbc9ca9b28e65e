/* Every visible text against the ground it truly stands on: what falls below WCAG AA. */
() => {
  const light = (c) => { const part = c.map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * part[0] + 0.7152 * part[1] + 0.0722 * part[2]; };
  const brush = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const read = (text) => { brush.clearRect(0, 0, 1, 1); brush.fillStyle = text; brush.fillRect(0, 0, 1, 1); return [...brush.getImageData(0, 0, 1, 1).data]; };
  const over = (top, under) => [0, 1, 2].map((i) => top[i] * (top[3] / 255) + under[i] * (1 - top[3] / 255));
  const ground = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) { const c = read(getComputedStyle(at).backgroundColor); if (c[3]) layers.push(c); if (c[3] === 255) break; }
    return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255]);
  };
  const found = new Map();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim();
    const element = walker.currentNode.parentElement;
    if (!text || !element.offsetParent || element.closest(":disabled, :has(> input:disabled), svg, script, style, template, [aria-hidden=true]")) continue;
    const style = getComputedStyle(element);
    const under = ground(element);
    const [high, low] = [light(over(read(style.color), under)), light(under)].sort((a, b) => b - a);
    const ratio = (high + 0.05) / (low + 0.05);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5) - 0.02) found.set(`${element.tagName}.${element.className}`, `${ratio.toFixed(2)} ${text.slice(0, 30)}`);
  }
  return [...found].map(([where, what]) => `${where}: ${what}`);
}
