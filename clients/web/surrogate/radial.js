/**
 * Chebyshev collocation in radius, like `earthgan.numerics.radial`. Sources: Trefethen, *Spectral Methods in MATLAB* (2000),
 * chapter 6, and Berrut & Trefethen, SIAM Review 46 (2004). Lengths are in shell thicknesses.
 */

import { Matrix } from "./matrix.js";

export class RadialGrid {
  #weights;

  /** Chebyshev-Lobatto nodes in ascending order, including both ends. */
  constructor(count, inner, outer) {
    this.count = count;
    this.inner = inner;
    this.outer = outer;
    /** `(node,)`. Unlike a cosine, the sine is exactly antisymmetric about the middle. */
    this.nodes = Float64Array.from({ length: count }, (_, k) => {
      const x = Math.sin((Math.PI * (2 * k - (count - 1))) / (2 * (count - 1)));
      return inner + ((outer - inner) * (1 + x)) / 2;
    });
    this.nodes[0] = inner;
    this.nodes[count - 1] = outer;
    this.#weights = Float64Array.from(this.nodes, (_, k) => (-1) ** k * (k === 0 || k === count - 1 ? 0.5 : 1));
  }

  /** @returns {Matrix} `(node, node)`, which maps values at the nodes to their derivatives d/dr there */
  derivative() {
    const [r, w] = [this.nodes, this.#weights];
    const matrix = Matrix.of(this.count, this.count, (i, j) => (i === j ? 0 : w[j] / w[i] / (r[i] - r[j])));
    // The derivative of a constant is zero. This gives the diagonal with smaller rounding errors than its closed form.
    for (let i = 0; i < this.count; i++) matrix.row(i)[i] = -matrix.row(i).reduce((sum, value) => sum + value, 0);
    return matrix;
  }

  /** The Clenshaw-Curtis weights `(node,)` of the integral over r from `inner` to `outer`. */
  integral() {
    const last = this.count - 1;
    return this.nodes.map((_, k) => {
      let sum = 0; // over the Chebyshev polynomials of even degree, because the integrals of the others are zero
      for (let n = 0; n <= last; n += 2) {
        const ofPolynomial = (2 / (1 - n * n)) * Math.cos((Math.PI * n * (last - k)) / last);
        sum += n === 0 || n === last ? ofPolynomial / 2 : ofPolynomial;
      }
      return (((k === 0 || k === last ? 1 : 2) / last) * sum * (this.outer - this.inner)) / 2;
    });
  }

  /**
   * @param {ArrayLike<number>} radii
   * @returns {Matrix} `(radius, node)`, which maps values at the nodes to values at `radii`
   */
  interpolation(radii) {
    const matrix = new Matrix(radii.length, this.count);
    for (let i = 0; i < radii.length; i++) {
      const row = matrix.row(i);
      const hit = this.nodes.findIndex((node) => Math.abs(radii[i] - node) < 1e-13 * this.outer);
      if (hit >= 0) {
        row[hit] = 1;
        continue;
      }
      row.forEach((_, k) => (row[k] = this.#weights[k] / (radii[i] - this.nodes[k])));
      const sum = row.reduce((total, value) => total + value, 0);
      row.forEach((value, k) => (row[k] = value / sum));
    }
    return matrix;
  }
}
