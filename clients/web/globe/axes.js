/** How the values of shells lie in textures, and the table that leads from radius, latitude and longitude to texels. */

import { TABLE } from "./shader.js";

/** About so many shells make the first picture of a volume. */
const COARSE = 26;

/** The shells that are computed first: the lowest, the highest, and some between. @param {number} count of all shells */
export function coarseLevels(count) {
  const step = Math.max(1, Math.ceil((count - 1) / (COARSE - 1)));
  return Array.from({ length: count }, (_, i) => i).filter((i) => i % step === 0 || i === count - 1);
}

/**
 * @param {import("../source.js").Grid} grid @param {number[]} radii of all shells, where the surface has 1
 * @param {number} core the radius of the core, in the same unit
 * @returns {{
 *   columns: number, rows: number, levels: number, table: Float32Array, firstLng: number,
 *   laidOut: (values: ArrayLike<number>, norm: Norm) => Float32Array,
 * }} `laidOut` returns the values `(row, column)` of a shell from the south, with a row for each pole and the first column once
 *   more after the last one
 * @typedef {{middle: number, half: number}} Norm  the value that becomes 0, and what lies above that and becomes 1: textures hold
 *   11 bits, and no numbers below 1e-7
 */
export function axesOfGrid({ latitudes_deg: latitudes, longitudes_deg: longitudes }, radii, core) {
  const [hasNorth, hasSouth] = [latitudes[0] >= 90, latitudes.at(-1) <= -90];
  const fromSouth = [...(hasSouth ? [] : [-90]), ...[...latitudes].reverse(), ...(hasNorth ? [] : [90])];
  const around = [...longitudes, longitudes[0] + 360];
  const [columns, rows, count] = [around.length, fromSouth.length, longitudes.length];
  const coarse = coarseLevels(radii.length).map((level) => radii[level]);
  const axes = [
    [radii, (share) => core + share * (1 - core)],
    [coarse, (share) => core + share * (1 - core)],
    [fromSouth, (share) => -90 + 180 * share],
    [around, (share) => longitudes[0] + 360 * share],
  ];
  const table = Float32Array.from(axes.flatMap(([axis, at]) => Array.from({ length: TABLE }, (_, k) => placeOn(axis, at(k / (TABLE - 1))))));
  const laidOut = (values, { middle, half }) => {
    const out = new Float32Array(columns * rows);
    const first = hasSouth ? 0 : 1;
    latitudes.forEach((_, i) => {
      const at = (first + latitudes.length - 1 - i) * columns;
      for (let j = 0; j < count; j++) out[at + j] = (values[i * count + j] - middle) / half;
      out[at + count] = out[at];
    });
    if (!hasSouth) out.fill(mean(out, columns, count), 0, columns);
    if (!hasNorth) out.fill(mean(out, (rows - 2) * columns, count), (rows - 1) * columns);
    return out;
  };
  return { columns, rows, levels: radii.length, table, firstLng: longitudes[0], laidOut };
}

function mean(values, from, count) {
  let sum = 0;
  for (let i = from; i < from + count; i++) sum += values[i];
  return sum / count;
}

/** Where a position lies on an ascending axis, in points of it. */
export function placeOn(axis, position) {
  const next = axis.findIndex((point) => point >= position);
  if (next === 0) return 0;
  if (next < 0) return axis.length - 1;
  return next - 1 + (position - axis[next - 1]) / (axis[next] - axis[next - 1]);
}
