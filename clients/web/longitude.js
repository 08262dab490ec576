/**
 * The same longitude, from `first` up to a turn later. All numbers are degrees.
 * @param {number} lng @param {number} [first]
 */
export const turnedTo = (lng, first = -180) => ((((lng - first) % 360) + 360) % 360) + first;
