/**
 * The page within another page: `?embed` shows the picture and its legend, and `?embed=depth,time` these controls too. Whether
 * data are simulated and whose they are stays on the screen.
 */

import { saidByPage } from "./said.js";

/** What an address may name: controls, and `below`, what a click on the map shows. */
const NAMES = ["variable", "draw", "depth", "time", "zoom", "engine", "below"];

/** @param {string} [search] what the address asks for @returns {?string[]} the names that the address has; null if the page stands alone */
export function embedded(search = saidByPage()?.query ?? location.search) {
  const asked = new URLSearchParams(search).get("embed");
  return asked === null ? null : NAMES.filter((name) => asked.toLowerCase().split(/[\s,]+/).includes(name));
}

/** Tells style.css, before anything is drawn. */
export function markEmbedded() {
  const names = embedded();
  if (names !== null) document.documentElement.dataset.embed = names.join(" ");
}

/** Leads to the whole page, as it is at that moment, if it has an address. @param {HTMLAnchorElement} link */
export function linkWholePage(link) {
  if (!location.protocol.startsWith("http")) return;
  link.hidden = false;
  link.target = "_blank";
  link.rel = "noopener";
  const lead = () => {
    const address = new URL(location.href);
    address.searchParams.delete("embed");
    link.href = address.href;
  };
  for (const name of ["pointerdown", "focus", "click"]) link.addEventListener(name, lead);
  lead();
}
