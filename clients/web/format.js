/** Formats numbers for the reader. */

/**
 * Formats a value with four significant digits of the variable's range, so that the number of decimals is constant.
 * @param {number} value @param {[number, number]} range
 */
export function formatValue(value, range) {
  const span = Math.abs(range[1] - range[0]) || 1;
  const decimals = 3 - Math.floor(Math.log10(span));
  if (decimals > 6 || decimals < -3) return value.toExponential(3);
  return value.toFixed(Math.max(0, decimals));
}

/** @param {number} latitudeDeg @param {number} longitudeDeg from -180 to 180 */
export const formatPlace = (latitudeDeg, longitudeDeg) =>
  `${formatLatitude(latitudeDeg, 1)} ${formatLongitude(longitudeDeg, 1)}`;

/** @param {number} degrees */
export const formatLatitude = (degrees, decimals = 0) => withSide(degrees, decimals, "N", "S", degrees === 0);

/** @param {number} degrees from -180 to 180; neither side of the date line is east or west */
export const formatLongitude = (degrees, decimals = 0) =>
  withSide(degrees, decimals, "E", "W", degrees === 0 || Math.abs(degrees) === 180);

function withSide(degrees, decimals, positive, negative, hasNoSide) {
  const size = `${Math.abs(degrees).toFixed(decimals)}°`;
  return hasNoSide ? size : `${size} ${degrees > 0 ? positive : negative}`;
}
