/** The values at the ends of the colours: those of the variable over all depths, of the shell on the map, or the reader's own. */

/**
 * @typedef {"depth" | `${number},${number}`} Range  "depth" is the shell's own; the reader's own two numbers are in the legend's
 *   unit. Without a range, it is the variable's over all depths and steps.
 * @typedef {[number, number]} Ends
 */

/** @param {string} text as people write it @returns {?Range} its only form, or null if it names no range */
export function readRange(text) {
  const plain = text.trim().toLowerCase();
  if (plain === "depth") return plain;
  const parts = plain.split(/[,;]|\s+to\s+/).map((part) => (part.trim() === "" ? NaN : Number(part)));
  return parts.length === 2 && parts.every(Number.isFinite) && parts[0] < parts[1] ? parts.join(",") : null;
}

/** @param {Range} range one of the reader's own @returns {Ends} */
export const endsOf = (range) => range.split(",").map(Number);

/**
 * The ends of a shell's own colours: round numbers around its values; those of a legend around zero stay around zero.
 * @param {number} least @param {number} greatest in the legend's unit @param {import("./source.js").Legend} legend
 * @returns {Ends}
 */
export function endsAround(least, greatest, { range: [low, high] }) {
  if (!(least <= greatest)) return [low, high]; // no cell has a value
  if (low === -high) {
    const most = Math.max(-least, greatest) || high;
    return around(-most, most);
  }
  return least < greatest ? around(least, greatest) : around(least - (high - low) / 100, greatest + (high - low) / 100);
}

/** Ends with as many digits as a hundredth of the span has. */
function around(low, high) {
  const unit = 10 ** (Math.floor(Math.log10(high - low)) - 1);
  const round = (number) => Number(number.toPrecision(12));
  return [round(Math.floor(low / unit) * unit), round(Math.ceil(high / unit) * unit)];
}

/** @param {ArrayLike<number>} values @returns {[number, number]} the least and the greatest; NaN and NaN if there is none */
export function extremesOf(values) {
  let [least, greatest] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    if (values[i] < least) least = values[i];
    if (values[i] > greatest) greatest = values[i];
  }
  return least <= greatest ? [least, greatest] : [NaN, NaN];
}

/** A legend with other values at its ends. @param {import("./source.js").Legend} legend @param {?Ends} ends */
export const withEnds = (legend, ends) => (ends ? { ...legend, range: ends, ticks: ticksOf(...ends) } : legend);

/** Round numbers between two ends: at most seven. @param {number} low @param {number} high */
export function ticksOf(low, high, atMost = 7) {
  const power = 10 ** Math.floor(Math.log10((high - low) / atMost));
  const step = [1, 2, 5, 10].map((part) => part * power).find((size) => (high - low) / size < atMost);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i++) {
    const value = Number((i * step).toPrecision(12)) + 0;
    const size = Math.max(Math.abs(low), Math.abs(high));
    const isPlain = size < 1e6 && decimals <= 4;
    ticks.push({ value, label: isPlain ? value.toFixed(decimals) : Number(value.toPrecision(6)).toExponential().replace("e+", "e") });
  }
  return ticks;
}
