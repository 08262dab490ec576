/** Finds the value of a radial shell at a place. */

import { turnedTo } from "./longitude.js";

/**
 * The cells around a place, and what each is worth there: at most four, on the shell's own grid, periodic in longitude.
 * Poleward of the outermost row, they are those of that row. The first one is nearest.
 *
 * @param {{latitudes_deg: number[], longitudes_deg: number[]}} grid latitudes north first, longitudes ascending
 * @param {number} latitudeDeg @param {number} longitudeDeg any multiple of 360 may be added
 * @returns {{row: number, column: number, weight: number}[]}
 */
export function cornersOf(grid, latitudeDeg, longitudeDeg) {
  const [row, rowFraction] = locateLatitude(grid.latitudes_deg, latitudeDeg);
  const [west, east, eastFraction] = locateLongitude(grid.longitudes_deg, longitudeDeg);
  const corners = [
    { row, column: west, weight: (1 - rowFraction) * (1 - eastFraction) },
    { row, column: east, weight: (1 - rowFraction) * eastFraction },
    { row: row + 1, column: west, weight: rowFraction * (1 - eastFraction) },
    { row: row + 1, column: east, weight: rowFraction * eastFraction },
  ];
  const nearest = (rowFraction > 0.5 ? 2 : 0) + (eastFraction > 0.5 ? 1 : 0);
  corners.unshift(...corners.splice(nearest, 1));
  return corners.filter(({ weight }) => weight > 0); // there may be no row beyond the last one
}

/** The value at a place from those at its corners: NaN if the nearest is NaN; other corners that are NaN count for nothing. */
export function weighted(corners, values) {
  if (Number.isNaN(values[0])) return NaN;
  let [sum, total] = [0, 0];
  corners.forEach(({ weight }, i) => {
    if (Number.isNaN(values[i])) return;
    sum += weight * values[i];
    total += weight;
  });
  return sum / total;
}

/**
 * Interpolates bilinearly between the corners of a place.
 * @param {{shape: number[], values: Float32Array}} shell rows are latitudes, columns longitudes
 */
export function sampleShell(shell, grid, latitudeDeg, longitudeDeg) {
  const corners = cornersOf(grid, latitudeDeg, longitudeDeg);
  return weighted(corners, corners.map(({ row, column }) => shell.values[row * shell.shape[1] + column]));
}

/** The row at or north of the latitude, and the fraction of the way to the next row south. */
function locateLatitude(latitudesDeg, latitudeDeg) {
  const last = latitudesDeg.length - 1;
  const next = latitudesDeg.findIndex((row) => row < latitudeDeg);
  if (next === 0) return [0, 0];
  if (next === -1) return [last, 0];
  const north = latitudesDeg[next - 1];
  return [next - 1, (north - latitudeDeg) / (north - latitudesDeg[next])];
}

/** The columns west and east of the longitude, and the fraction of the way between them. The last gap may differ. */
function locateLongitude(longitudesDeg, longitudeDeg) {
  const first = longitudesDeg[0];
  const turned = turnedTo(longitudeDeg, first);
  const next = longitudesDeg.findIndex((column) => column > turned);
  const east = next === -1 ? 0 : next;
  const west = (east + longitudesDeg.length - 1) % longitudesDeg.length;
  const eastDeg = next === -1 ? first + 360 : longitudesDeg[east];
  return [west, east, (turned - longitudesDeg[west]) / (eastDeg - longitudesDeg[west])];
}
