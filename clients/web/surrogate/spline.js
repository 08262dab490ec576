/** The natural cubic spline, as a matrix. */

import { Matrix, solve } from "./matrix.js";

/**
 * @param {ArrayLike<number>} knots ascending @param {ArrayLike<number>} at
 * @returns {Matrix} `(at, knot)`, from values at the knots to the spline's values at `at`; constant beyond the knots
 */
export function spline(knots, at) {
  const count = knots.length;
  const last = count - 1;
  const step = Float64Array.from({ length: last }, (_, k) => knots[k + 1] - knots[k]);
  // The second derivatives are continuous, and zero at both ends.
  const system = new Matrix(count, count);
  const kinks = new Matrix(count, count);
  system.row(0)[0] = system.row(last)[last] = 1;
  for (let k = 1; k < last; k++) {
    system.row(k).set([step[k - 1], 2 * (step[k - 1] + step[k]), step[k]], k - 1);
    kinks.row(k).set([6 / step[k - 1], -6 / step[k - 1] - 6 / step[k], 6 / step[k]], k - 1);
  }
  const bend = solve(system, kinks);

  const matrix = new Matrix(at.length, count);
  for (let i = 0; i < at.length; i++) {
    const x = Math.min(Math.max(at[i], knots[0]), knots[last]);
    let k = 0;
    while (k < last - 1 && knots[k + 1] <= x) k++;
    const after = (x - knots[k]) / step[k];
    const before = 1 - after;
    const [curveBefore, curveAfter] = [before, after].map((part) => ((part ** 3 - part) * step[k] ** 2) / 6);
    const row = matrix.row(i);
    for (let j = 0; j < count; j++) row[j] = curveBefore * bend.at(k, j) + curveAfter * bend.at(k + 1, j);
    row[k] += before;
    row[k + 1] += after;
  }
  return matrix;
}

/** The spline through `values` at `knots`. @returns {Float64Array} its values at `at` */
export function splined(knots, values, at) {
  return spline(knots, at).times(new Matrix(values.length, 1, Float64Array.from(values))).values;
}
