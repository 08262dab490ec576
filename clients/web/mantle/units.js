/** Units of velocity, and round numbers. */

/** What one is in cm/yr. */
const CM_PER_YR = { "m/s": 100 * 86400 * 365.25, "m s-1": 100 * 86400 * 365.25, "cm/yr": 1, "mm/yr": 0.1, "km/Myr": 0.1 };
/** 1 cm/yr is so many km/Myr. */
export const KM_PER_MYR = 10;

/** The factor from a unit to cm/yr, or null if the unit is not known. @param {string} unit */
export const cmPerYear = (unit) => CM_PER_YR[unit.trim()] ?? null;

/** The nearest of 1, 2, 5, 10, 20, ... and their parts. @param {number} number more than 0 */
export function roundish(number) {
  const power = 10 ** Math.floor(Math.log10(number));
  const nearest = [1, 2, 5, 10].reduce((a, b) => (Math.abs(Math.log(b * power) - Math.log(number)) < Math.abs(Math.log(a * power) - Math.log(number)) ? b : a));
  return Number((nearest * power).toPrecision(1));
}
