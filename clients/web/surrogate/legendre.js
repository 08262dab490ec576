/**
 * Normalised associated Legendre functions and their derivatives, which give spherical harmonics on latitudes, like
 * `earthgan.numerics.legendre`. `Y_lm = N_lm P_lm(cos theta) exp(i m phi)` has no Condon-Shortley sign, and the integral
 * of `|Y_lm|^2` over the sphere is 1.
 */

import { Matrix } from "./matrix.js";

/** Smaller values are set to zero. They would matter to no sum, and processors are slow with the smallest float32 numbers. */
const TINY = 1e-18;

/**
 * The recurrence in degree is eq. 11 of Holmes & Featherstone (2002), J. Geodesy 76. For m > 0 it runs on
 * `P / sin(theta)`, so that no derivative divides by a sine that may be zero.
 *
 * @param {number} degree @param {Float64Array} colatitudes in radians, poles included
 * @param {("values"|"slopes"|"eastward")[]} kinds the functions, their derivatives by theta, the functions times m / sin(theta)
 * @returns {Object<string, Matrix[]>} for each kind and each order m, `(degree - m, latitude)` in float32
 */
export function legendre(degree, colatitudes, kinds) {
  const count = colatitudes.length;
  const [cosine, sine] = [colatitudes.map(Math.cos), colatitudes.map(Math.sin)];
  const element = {
    values: (q, m, k, i) => q.values[k * count + i] * (m === 0 ? 1 : sine[i]),
    slopes: (q, m, k, i) => slope(q, m, k, i, cosine[i]),
    eastward: (q, m, k, i) => m * q.values[k * count + i],
  };
  const found = Object.fromEntries(kinds.map((kind) => [kind, []]));
  let sectoral = colatitudes.map(() => Math.sqrt(1 / (4 * Math.PI)));
  for (let m = 0; m <= degree; m++) {
    if (m === 1) sectoral = sectoral.map((value) => value * Math.sqrt(3 / 2)); // divided by the sine
    if (m > 1) sectoral = sectoral.map((value, i) => value * sine[i] * Math.sqrt((2 * m + 1) / (2 * m)));
    const q = ofOrder(degree, m, sectoral, cosine);
    for (const kind of kinds) {
      const of = new Matrix(q.rows, count, new Float32Array(q.rows * count));
      for (let k = 0, at = 0; k < q.rows; k++) {
        for (let i = 0; i < count; i++, at++) {
          const value = element[kind](q, m, k, i);
          of.values[at] = Math.abs(value) < TINY ? 0 : value;
        }
      }
      found[kind].push(of);
    }
    if (m === 1 && found.slopes) {
      // The slopes of order 0 follow from order 1.
      const first = q.map((value, k, i) => -Math.sqrt((k + 1) * (k + 2)) * value * sine[i]);
      found.slopes[0].values.set(first.values, count);
    }
  }
  return found;
}

/** Order m from its function of lowest degree on. @returns {Matrix} `(degree - m, latitude)` */
function ofOrder(degree, m, sectoral, cosine) {
  const q = new Matrix(degree - m + 1, cosine.length);
  q.row(0).set(sectoral);
  for (let n = m + 1; n <= degree; n++) {
    const [before, twoBefore, out] = [q.row(n - m - 1), q.row(Math.max(n - m - 2, 0)), q.row(n - m)];
    const rise = Math.sqrt((4 * n * n - 1) / (n * n - m * m));
    // This is zero for n = m + 1, which has only one predecessor.
    const fall = Math.sqrt(((2 * n + 1) * ((n - 1) ** 2 - m * m)) / ((2 * n - 3) * (n * n - m * m)));
    for (let i = 0; i < out.length; i++) out[i] = rise * cosine[i] * before[i] - fall * twoBefore[i];
  }
  return q;
}

/** sin(theta) dP_nm/dtheta = n cos(theta) P_nm - sqrt((n^2 - m^2)(2n + 1)/(2n - 1)) P_n-1,m */
function slope(q, m, k, i, cosine) {
  if (m === 0) return 0;
  const n = m + k;
  const lower = k && Math.sqrt(((n * n - m * m) * (2 * n + 1)) / (2 * n - 1)) * q.values[(k - 1) * q.columns + i];
  return n * cosine * q.values[k * q.columns + i] - lower;
}

/** Gauss-Legendre quadrature with nodes in descending order. @returns {{nodes: number[], weights: number[]}} */
export function gaussLegendre(count) {
  const [nodes, weights] = [[], []];
  for (let i = 0; i < count; i++) {
    let x = Math.cos((Math.PI * (i + 0.75)) / (count + 0.5));
    let slope = 1;
    for (let newton = 0; newton < 6; newton++) {
      let [value, before] = [x, 1];
      for (let n = 2; n <= count; n++) [value, before] = [((2 * n - 1) * x * value - (n - 1) * before) / n, value];
      slope = (count * (x * value - before)) / (x * x - 1);
      x -= value / slope;
    }
    nodes.push(x);
    weights.push(2 / ((1 - x * x) * slope * slope));
  }
  return { nodes, weights };
}
