/** Finds the value of a radial shell at a place. */

/**
 * Interpolates bilinearly on the shell's own grid, periodically in longitude. Poleward of the outermost row, it returns
 * the value of that row. It returns NaN if a neighbour is NaN.
 *
 * @param {{shape: number[], values: Float32Array}} shell rows are latitudes, columns longitudes
 * @param {{latitudes_deg: number[], longitudes_deg: number[]}} grid latitudes north first, longitudes ascending
 * @param {number} latitudeDeg @param {number} longitudeDeg any multiple of 360 may be added
 */
export function sampleShell(shell, grid, latitudeDeg, longitudeDeg) {
  const columns = shell.shape[1];
  const [row, rowFraction] = locateLatitude(grid.latitudes_deg, latitudeDeg);
  const [west, east, eastFraction] = locateLongitude(grid.longitudes_deg, longitudeDeg);
  const alongRow = (i) =>
    mix(shell.values[i * columns + west], shell.values[i * columns + east], eastFraction);
  return rowFraction === 0 ? alongRow(row) : mix(alongRow(row), alongRow(row + 1), rowFraction);
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
  const turned = first + ((((longitudeDeg - first) % 360) + 360) % 360);
  const next = longitudesDeg.findIndex((column) => column > turned);
  const east = next === -1 ? 0 : next;
  const west = (east + longitudesDeg.length - 1) % longitudesDeg.length;
  const eastDeg = next === -1 ? first + 360 : longitudesDeg[east];
  return [west, east, (turned - longitudesDeg[west]) / (eastDeg - longitudesDeg[west])];
}

const mix = (a, b, fraction) => a + (b - a) * fraction;
