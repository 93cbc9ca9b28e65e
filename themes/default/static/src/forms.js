/* Forms: sent once, nothing lost, faults said beside the field. */
import { all, counted, on, ready, toast } from "./dom.js";

/* A second press changes nothing; the button tells that the first one is on its way. */
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || event.defaultPrevented) return;
  if (form.matches("[data-once]")) {
    if (form.dataset.sent) { event.preventDefault(); event.stopImmediatePropagation(); return; }
    form.dataset.sent = "1";
    const pressed = event.submitter ?? form.querySelector("[type=submit]");
    setTimeout(() => { pressed?.classList.add("is-busy"); pressed?.setAttribute("aria-busy", "true"); }, 120);
    setTimeout(() => free(form), 30000);
  }
  form.classList.remove("is-touched");
}, true);

export function free(form) {
  delete form.dataset.sent;
  for (const button of all(".is-busy", form)) { button.classList.remove("is-busy"); button.removeAttribute("aria-busy"); }
}
window.addEventListener("pageshow", () => { for (const form of all("form[data-sent]")) free(form); });
document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.detail.elt?.closest?.("form");
  if (form && !(event.detail.successful && event.detail.xhr.getResponseHeader("HX-Redirect"))) setTimeout(() => free(form), 150);
});

/* A choice that goes with some answers to another question only: there with those, gone with others. */
function fit(form) {
  for (const choice of all("[data-with]", form)) {
    const [name, ...codes] = choice.dataset.with.split(" ");
    const chosen = form.elements[name]?.value ?? "";
    const fits = chosen === "" || codes.includes(chosen);
    choice.disabled = !fits;
    choice.closest("label").hidden = !fits;
    if (!fits) choice.checked = false;
  }
  for (const name of new Set(all("[data-with]", form).map((choice) => choice.name))) {
    const left = all(`[name="${CSS.escape(name)}"]`, form).filter((choice) => !choice.disabled);
    if (left.length && !left.some((choice) => choice.checked)) left[0].checked = true;
  }
}
ready("form:has([data-with])", fit);
on("change", "form:has([data-with])", function () { fit(this); });

/* A refusal in problem+json is told where the person looks: beside the field, above the form, or in a line. */
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  const kind = xhr.getResponseHeader("content-type") || "";
  if (!kind.includes("problem+json")) return;
  event.detail.shouldSwap = false;
  event.detail.isError = false;
  let problem;
  try { problem = JSON.parse(xhr.responseText); } catch { return; }
  const form = event.detail.requestConfig?.elt?.closest?.("form");
  if (form) refuse(form, problem); else toast({ text: problem.detail, tone: "stopped" });
});
document.addEventListener("htmx:sendError", () => toast({ from: "toast-failed" }));
document.addEventListener("htmx:timeout", () => toast({ from: "toast-failed" }));
document.addEventListener("htmx:responseError", (event) => {
  const kind = event.detail.xhr.getResponseHeader("content-type") || "";
  if (!kind.includes("problem+json")) toast({ from: "toast-failed" });
});

/* A secret that was typed is never drawn again by the server: where the form is drawn anew, it stays in the browser. */
const secrets = new Map();
document.addEventListener("htmx:beforeSwap", () => {
  for (const input of all("[data-secret]")) if (input.value) secrets.set(input.id, input.value);
});
document.addEventListener("htmx:afterSettle", () => {
  for (const [id, value] of secrets) {
    const input = document.getElementById(id);
    if (input?.matches("[data-secret]") && !input.value) input.value = value;
  }
  secrets.clear();
});

function mended(input) {
  const field = input.closest(".field");
  if (!input.hasAttribute("aria-invalid") || !field) return;
  for (const old of all(".error", field)) old.remove();
  field.classList.remove("has-error");
  input.removeAttribute("aria-invalid");
}

/* Without a problem, what was told of an earlier one goes. */
export function refuse(form, problem) {
  for (const old of all(".error, [data-form-problem]", form)) old.remove();
  for (const field of all(".has-error", form)) field.classList.remove("has-error");
  for (const input of all("[aria-invalid]", form)) { input.removeAttribute("aria-invalid"); }
  if (!problem) return;
  const left = [];
  let first = null;
  for (const one of problem.problems ?? []) {
    const input = one.field && form.elements.namedItem(one.field);
    const element = input instanceof RadioNodeList ? input[0] : input;
    const field = element?.closest?.(".field");
    if (!field) { left.push(one.detail); continue; }
    field.classList.add("has-error");
    element.setAttribute("aria-invalid", "true");
    const note = document.createElement("p");
    note.className = "error";
    note.id = `${element.id || one.field}-error`;
    note.textContent = one.detail;
    element.setAttribute("aria-describedby", note.id);
    const help = field.querySelector(".help");
    if (help) help.before(note); else field.append(note);
    first ??= element;
  }
  if (!first || left.length) {
    const note = document.createElement("div");
    note.className = "note tone-stopped";
    note.dataset.formProblem = "";
    note.setAttribute("role", "alert");
    note.tabIndex = -1;
    const text = document.createElement("div");
    text.className = "note-text";
    for (const line of left.length ? left : [problem.detail]) text.append(Object.assign(document.createElement("span"), { textContent: line }));
    if (problem.reference) text.append(Object.assign(document.createElement("small"), { className: "hint", textContent: problem.reference }));
    note.append(text);
    (form.querySelector(".modal-inside") ?? form).prepend(note);
    if (!first) note.focus();
    note.scrollIntoView({ block: "nearest" });
  }
  first?.focus();
}

/* Changes that are not saved are not lost by mistake. */
on("input", "form[data-guard]", function () { this.classList.add("is-touched"); });
window.addEventListener("beforeunload", (event) => { if (document.querySelector("form[data-guard].is-touched")) event.preventDefault(); });

/* Copying. */
on("click", "[data-copy]", async function (event) {
  event.preventDefault();
  try { await navigator.clipboard.writeText(this.dataset.copy); } catch {
    const box = document.createElement("textarea");
    box.value = this.dataset.copy;
    document.body.append(box);
    box.select();
    document.execCommand("copy");
    box.remove();
  }
  toast({ from: "toast-copied" });
});

/* Amounts: a comma becomes a point; "All" fills in the most there is. */
on("input", "[data-amount]", function () {
  const clean = this.value.replace(/[\s\u2009\u00a0']/g, "").replace(/[٠-٩]/g, (d) => d.charCodeAt(0) - 1632).replace(/٫/g, ".").replace(/,(?=\d{0,2}$)/, ".");
  if (clean !== this.value) this.value = clean;
});
on("click", "[data-fill]", function () {
  const input = document.getElementById(this.dataset.fill);
  if (!input) return;
  input.value = this.dataset.value;
  input.dispatchEvent(new Event("input", { bubbles: true }));
  input.dispatchEvent(new Event("change", { bubbles: true }));
  input.focus();
});
on("click", "[data-reveal]", function () {
  const input = document.getElementById(this.dataset.reveal);
  if (input) input.type = input.type === "password" ? "text" : "password";
});
on("input", "[data-code]", function () {
  this.value = this.value.replace(/[٠-٩]/g, (d) => d.charCodeAt(0) - 1632).replace(/\D/g, "").slice(0, Number(this.dataset.code));
  const form = this.form;
  if (form && this.value.length === Number(this.dataset.code) && all("input:not([type=hidden])", form).length === 1) form.requestSubmit();
});
on("input", "input[type=range]", function () {
  const told = this.closest(".range-field")?.querySelector("[data-range]");
  if (told) told.textContent = this.value;
});
on("input", "[data-color] input", function () {
  const pair = this.closest("[data-color]");
  const [picker, text] = pair.querySelectorAll("input");
  if (this === picker) { text.value = picker.value; text.dispatchEvent(new Event("change", { bubbles: true })); }
  else if (/^#[0-9a-f]{6}$/i.test(text.value)) picker.value = text.value;
});

/* Files: shown before they are sent. */
on("dragover", "[data-dropzone]", function (event) { event.preventDefault(); this.classList.add("is-over"); });
on("dragleave", "[data-dropzone]", function () { this.classList.remove("is-over"); });
on("drop", "[data-dropzone]", function (event) {
  event.preventDefault();
  this.classList.remove("is-over");
  const input = this.querySelector("input[type=file]");
  if (event.dataTransfer?.files.length) { input.files = event.dataTransfer.files; input.dispatchEvent(new Event("change", { bubbles: true })); }
});
on("change", "[data-dropzone] input[type=file]", function () {
  const zone = this.closest("[data-dropzone]");
  const told = zone.querySelector("[data-dropzone-name]");
  const preview = zone.querySelector("img");
  const heavy = [...this.files].find((one) => one.size > Number(this.dataset.most));
  if (heavy) { /* Said before it is sent: nobody's plan pays for an upload that is refused. */
    const detail = this.dataset.tooLarge.replace("{size}", Math.ceil(heavy.size / 1048576));
    this.value = "";
    if (this.form) refuse(this.form, { detail, problems: [{ field: this.name, detail }] });
  } else mended(this);
  const [file] = this.files;
  told.dataset.was ??= told.textContent;
  zone.classList.toggle("has-file", Boolean(file));
  told.textContent = file ? `${[...this.files].map((one) => one.name).join(", ")} · ${counted(Math.max(1, Math.round(file.size / 1024)))} kB` : told.dataset.was;
  preview.hidden = true;
  if (file?.type.startsWith("image/")) {
    const reader = new FileReader();
    reader.onload = () => { preview.src = reader.result; preview.hidden = false; };
    reader.readAsDataURL(file);
  }
});

/* Time left. */
ready("[data-countdown]", (element) => {
  const until = Date.parse(element.dataset.countdown);
  const text = element.querySelector(".countdown-text") ?? element;
  const ring = element.querySelector(".countdown-left");
  const total = Number(element.dataset.total) * 1000 || Math.max(1, until - Date.now());
  const tick = () => {
    if (!element.isConnected) return;
    const left = Math.max(0, until - Date.now());
    const seconds = Math.ceil(left / 1000);
    text.textContent = seconds >= 3600 ? `${Math.floor(seconds / 3600)}:${String(Math.floor(seconds / 60) % 60).padStart(2, "0")}:${String(seconds % 60).padStart(2, "0")}` : `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    if (ring) ring.style.strokeDashoffset = String(100 * (1 - left / total));
    element.classList.toggle("is-ending", left < Math.min(10000, total / 4));
    if (left > 0) { setTimeout(tick, 1000 - (Date.now() % 1000)); return; }
    element.classList.add("is-over");
    element.dispatchEvent(new CustomEvent("countdown-over", { bubbles: true }));
    for (const button of all("[data-until-countdown]", element.closest("form") ?? document)) button.disabled = true;
  };
  tick();
});

/* Lines the server asks for. */
document.addEventListener("toast", (event) => toast(event.detail?.value ?? event.detail ?? {}));
