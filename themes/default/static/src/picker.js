/* A field that finds what it means: the server offers, arrows and Enter or a tap choose. Without scripts
   the code is typed. */
import { all, on } from "./dom.js";

const parts = (picker) => ({ field: picker.querySelector("[role=combobox]"), list: picker.querySelector("[role=listbox]") });

function show(picker, open) {
  const { field, list } = parts(picker);
  list.hidden = !open || !list.firstElementChild;
  field.setAttribute("aria-expanded", String(!list.hidden));
  if (list.hidden) field.removeAttribute("aria-activedescendant");
}

function choose(picker, option) {
  const { field } = parts(picker);
  field.value = field.dataset.chosen = option.dataset.pick;
  show(picker, false);
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

function mark(picker, step) {
  const { field, list } = parts(picker);
  const options = all("[role=option]", list);
  if (!options.length) return;
  const at = options.findIndex((one) => one.getAttribute("aria-selected") === "true");
  const next = at < 0 ? (step > 0 ? 0 : options.length - 1) : (at + step + options.length) % options.length;
  options.forEach((one, index) => { one.id ||= `${list.id}-${index}`; one.setAttribute("aria-selected", String(index === next)); });
  field.setAttribute("aria-activedescendant", options[next].id);
  options[next].scrollIntoView({ block: "nearest" });
}

document.addEventListener("htmx:afterSwap", ({ detail: { target } }) => {
  const picker = target.closest?.("[data-picker]");
  if (!picker) return;
  const { field, list } = parts(picker);
  const typed = field.value.trim().toLowerCase();
  /* A code that is written out is a choice: its list would only lie over the button that follows. */
  const chosen = typed && (typed === field.dataset.chosen || all("[data-pick]", list).some((one) => one.dataset.pick === typed));
  show(picker, document.activeElement === field && !chosen);
});
on("keydown", "[data-picker] [role=combobox]", (event, field) => {
  const picker = field.closest("[data-picker]");
  const { list } = parts(picker);
  if (event.key === "ArrowDown" || event.key === "ArrowUp") { event.preventDefault(); show(picker, true); mark(picker, event.key === "ArrowDown" ? 1 : -1); }
  else if (event.key === "Enter" && !list.hidden) {
    const marked = list.querySelector("[aria-selected=true]");
    if (marked) { event.preventDefault(); choose(picker, marked); }
  } else if (event.key === "Escape" && !list.hidden) { event.preventDefault(); event.stopPropagation(); show(picker, false); }
});
/* Pressed, not clicked: a click comes after the field has lost the focus and the list is gone. */
on("pointerdown", "[data-picker] [data-pick]", (event, option) => { event.preventDefault(); choose(option.closest("[data-picker]"), option); });
on("focusout", "[data-picker] [role=combobox]", (event, field) => show(field.closest("[data-picker]"), false));
