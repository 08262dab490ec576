/** Where coastlines lie, and whether they belong to the data. */

import { isEarth } from "../planet.js";

const UNITS_PER_DEG = 4;

/**
 * What must be known of coastlines over these data: whether places on them are places on the Earth.
 * @param {import("../source.js").Catalog} catalog @returns {?string} null where nothing is known against it
 */
export function doubtOf(catalog) {
  if (!isEarth(catalog)) return "These data are not of the Earth. Its coastlines only show sizes.";
  return catalog.simulated ? "These data are simulated. The Earth's coastlines only show sizes." : null;
}

/** The places of lines, as lines.js writes them. @param {string} text @returns {[number, number][][]} latitudes and longitudes in degrees */
export function placesOf(text) {
  return text.split("\n").map((line) => {
    const numbers = line.split(" ").map(Number);
    for (let i = 2; i < numbers.length; i++) numbers[i] += numbers[i - 2];
    return Array.from({ length: numbers.length / 2 }, (_, i) => [numbers[2 * i + 1] / UNITS_PER_DEG, numbers[2 * i] / UNITS_PER_DEG]);
  });
}
