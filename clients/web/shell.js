/** Finds the value of a radial shell at a place. */

/**
 * Interpolates bilinearly on the shell's own grid, periodically in longitude. Poleward of the outermost row, it returns
 * the value of that row. It returns NaN if the nearest neighbour is NaN, and else leaves out neighbours that are NaN.
 *
 * @param {{shape: number[], values: Float32Array}} shell rows are latitudes, columns longitudes
 * @param {{latitudes_deg: number[], longitudes_deg: number[]}} grid latitudes north first, longitudes ascending
 * @param {number} latitudeDeg @param {number} longitudeDeg any multiple of 360 may be added
 */
export function sampleShell(shell, grid, latitudeDeg, longitudeDeg) {
  const columns = shell.shape[1];
  const [row, rowFraction] = locateLatitude(grid.latitudes_deg, latitudeDeg);
  const [west, east, eastFraction] = locateLongitude(grid.longitudes_deg, longitudeDeg);
  const corners = [
    [row, west, (1 - rowFraction) * (1 - eastFraction)],
    [row, east, (1 - rowFraction) * eastFraction],
    [row + 1, west, rowFraction * (1 - eastFraction)],
    [row + 1, east, rowFraction * eastFraction],
  ].filter(([, , weight]) => weight > 0); // there may be no row beyond the last one
  const valueOf = ([i, j]) => shell.values[i * columns + j];
  if (Number.isNaN(valueOf([rowFraction > 0.5 ? row + 1 : row, eastFraction > 0.5 ? east : west]))) return NaN;
  const known = corners.filter((corner) => !Number.isNaN(valueOf(corner)));
  const total = known.reduce((sum, [, , weight]) => sum + weight, 0);
  return known.reduce((sum, corner) => sum + valueOf(corner) * corner[2], 0) / total;
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
