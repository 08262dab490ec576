/** What counts as a slab or a plume, like `earthgan.features.criterion`, and its text in an address. */

/**
 * @typedef {"std" | "unit" | "largest"} Measure
 * @typedef {Readonly<{threshold: number, measure: Measure, flow: number}>} Criterion  the least anomaly of a cell, in multiples of its
 *   shell's standard deviation, in the unit of temperature, or as a share of the shell's largest one; the least radial speed, in
 *   multiples of the shell's root mean square
 */

/** @type {Measure[]} */
export const MEASURES = ["std", "unit", "largest"];
/** @type {Criterion} */
export const USUAL = Object.freeze({ threshold: 2, measure: "std", flow: 0 });
/** Shells are left out next to the core and to the surface, and regions that are small. */
export const [MARGIN, LEAST] = [0.1, 1e-5];

/** @param {?string} text such as "1", which is the usual one, "2.5,std" or "300,unit,0.5" @returns {?Criterion} null: there is none such */
export function readCriterion(text) {
  if (text === "1") return USUAL;
  const [threshold, measure = USUAL.measure, flow = "0"] = text.split(",").map((part) => part.trim());
  const read = { threshold: Number(threshold), measure, flow: Number(flow) };
  const isOne = threshold !== "" && read.threshold > 0 && read.threshold <= 1e6 && MEASURES.includes(measure) && read.flow >= 0 && read.flow <= 1e6;
  return isOne ? Object.freeze(read) : null;
}

/** @param {Criterion} criterion */
export function textOfCriterion({ threshold, measure, flow }) {
  if (threshold === USUAL.threshold && measure === USUAL.measure && flow === USUAL.flow) return "1";
  return [threshold, measure, ...(flow ? [flow] : [])].join();
}
