/** Which of the frames that arrive are worth showing while the reader is on the way to another. */

import { frameKey } from "./state.js";

/** @typedef {import("./source.js").Frame} Frame */

/**
 * Whether a frame that has arrived lies on the way from the frame on the map to the wanted one, so that a drag shows what
 * comes for its direction, and never goes back.
 * @param {Frame} frame @param {?Frame} shown @param {Frame} wanted @param {import("./source.js").Catalog} catalog
 */
export function isOnTheWay(frame, shown, wanted, catalog) {
  if (shown === null || frameKey(frame) === frameKey(wanted)) return true;
  if (kindOf(frame) !== kindOf(wanted)) return false;
  if (kindOf(shown) !== kindOf(wanted)) return true;
  return distance(frame, wanted, catalog) < distance(shown, wanted, catalog);
}

/** What a frame shows, wherever and whenever it shows it. */
const kindOf = (frame) => frameKey({ ...frame, t: 0, r: 0 });

/** How many places of the sliders lie between two frames. */
function distance(a, b, { steps }) {
  const place = (t) => steps.findIndex((step) => step.t === t);
  return Math.abs(place(a.t) - place(b.t)) + Math.abs(a.r - b.r);
}
