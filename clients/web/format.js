/** Formats numbers for the reader. */

/**
 * Formats a value with four significant digits of the variable's range, so that the number of decimals is constant.
 * @param {number} value @param {[number, number]} range
 * @returns {string} e.g. "0.970", "-1.230e-12", "1000000.063"
 */
export function formatValue(value, range) {
  const span = Math.abs(range[1] - range[0]) || 1;
  const last = Math.floor(Math.log10(span)) - 3; // the power of ten of the last digit that is shown
  const first = Math.floor(Math.log10(Math.max(Math.abs(range[0]), Math.abs(range[1]), Math.abs(value))));
  if (first > 9 || first < -4) {
    const digits = Math.min(MOST_DIGITS, Math.max(3, Math.floor(Math.log10(Math.abs(value) || 1)) - last));
    return value === 0 ? "0" : value.toExponential(digits).replace("e+", "e");
  }
  return value.toFixed(Math.min(MOST_DIGITS, Math.max(0, -last)));
}

/** A value is a float32 number, which has no more digits. */
const MOST_DIGITS = 8;

/** Returns the space and the unit that follow a number, or nothing if the numbers have no unit. @param {string} unit */
export const unitAfter = (unit) => (hasUnit(unit) ? ` ${unit.trim()}` : "");

/** Returns the heading of a scale: "Temperature (K)", or the name alone if the numbers have no unit. */
export const headingOf = ({ long_name, unit }) => (hasUnit(unit) ? `${long_name} (${unit.trim()})` : long_name);

const hasUnit = (unit) => !["", "1"].includes(unit.trim());

/**
 * Returns a function that formats radii and depths with as many decimals as the catalog's shells need.
 * @param {import("./source.js").Catalog} catalog
 */
export function lengthFormat({ length_unit = "km", length_decimals = 0 }) {
  const digits = { minimumFractionDigits: length_decimals, maximumFractionDigits: length_decimals };
  const number = new Intl.NumberFormat("en", digits);
  return (length) => number.format(length === 0 ? 0 : length) + unitAfter(length_unit);
}

/**
 * Returns what a surrogate promises of every cell of its grid, or nothing if it promises nothing.
 * @param {import("./source.js").Catalog} catalog @param {import("./source.js").Variable[]} variables
 */
export function promiseOf({ max_error: maxError }, variables) {
  const said = Object.entries(maxError ?? {}).map(([name, bound]) => {
    const { long_name = name, unit = "" } = variables.find((variable) => variable.name === name) ?? {};
    return `${long_name} ± ${upTo(bound)}${unitAfter(unit)}`;
  });
  return said.length ? `Largest error of any cell: ${said.join(", ")}` : "";
}

/** A number with two significant digits that is not less. @param {number} bound */
function upTo(bound) {
  const digit = 10 ** (Math.floor(Math.log10(bound)) - 1);
  return `${Number((Math.ceil(bound / digit - 1e-9) * digit).toPrecision(2))}`.replace("e+", "e");
}

/** Returns an amount of data. @param {number} bytes @returns {string} e.g. "0 B", "11 kB", "0.3 MB" */
export function amountOf(bytes) {
  if (bytes < 1000) return `${Math.round(bytes)} B`;
  return bytes < 999_500 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Returns a duration. @param {number} ms @returns {string} e.g. "320 ms", "12 s" */
export const durationOf = (ms) => (ms < 9999.5 ? `${Math.round(ms)} ms` : `${Math.round(ms / 1000)} s`);

/** Returns a time step's own label, or its number. @param {import("./source.js").Step} step */
export const stepName = ({ t, label }) => label ?? `step ${t}`;

/**
 * The time of a step since the first one, in words; nothing if the steps have no times.
 * @param {import("./source.js").Step} step @param {import("./source.js").Step} first
 */
export function elapsedText({ t, time_myr: time }, first) {
  if (time === null || time === undefined || first.time_myr === null) return "";
  if (t === first.t) return "the first";
  const elapsed = Math.abs(time - first.time_myr);
  const decimals = elapsed >= 100 ? 0 : elapsed >= 1 ? 1 : 3;
  return `${elapsed.toLocaleString("en", { maximumFractionDigits: decimals })} Myr ${time >= first.time_myr ? "after" : "before"} the first`;
}

/** @param {number} latitudeDeg @param {number} longitudeDeg from -180 to 180 */
export const formatPlace = (latitudeDeg, longitudeDeg, decimals = 1) =>
  `${formatLatitude(latitudeDeg, decimals)} ${formatLongitude(longitudeDeg, decimals)}`;

/** @param {number} degrees */
export const formatLatitude = (degrees, decimals = 0) => withSide(degrees, decimals, "N", "S", degrees === 0);

/** @param {number} degrees from -180 to 180; neither side of the date line is east or west */
export const formatLongitude = (degrees, decimals = 0) =>
  withSide(degrees, decimals, "E", "W", degrees === 0 || Math.abs(degrees) === 180);

function withSide(degrees, decimals, positive, negative, hasNoSide) {
  const size = `${Math.abs(degrees).toFixed(decimals)}°`;
  return hasNoSide ? size : `${size} ${degrees > 0 ? positive : negative}`;
}
