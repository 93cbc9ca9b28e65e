/* Tabs whose content alone is fetched: the pressed one is marked at once. */
import { all, on } from "./dom.js";

on("click", "[data-tabs] [data-tab]", function () {
  for (const one of all("[data-tab]", this.closest("[data-tabs]"))) {
    one.classList.toggle("is-here", one === this);
    if (one === this) one.setAttribute("aria-current", "page"); else one.removeAttribute("aria-current");
  }
});
