/** Small dense matrices. */

import { Workspace } from "./kernel.js";

/** Unit columns are far from dependent if the inverse of their products is smaller than this. So few digits are lost. */
const INDEPENDENT = 1000;

export class Matrix {
  /** @param {number} rows @param {number} columns @param {Float64Array} [values] in C order */
  constructor(rows, columns, values = new Float64Array(rows * columns)) {
    this.rows = rows;
    this.columns = columns;
    this.values = values;
  }

  /** @param {number} rows @param {number} columns @param {(row: number, column: number) => number} element */
  static of(rows, columns, element) {
    const matrix = new Matrix(rows, columns);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) matrix.values[i * columns + j] = element(i, j);
    }
    return matrix;
  }

  /** @param {(value: number, row: number, column: number) => number} element @returns {Matrix} */
  map(element) {
    return Matrix.of(this.rows, this.columns, (row, column) => element(this.at(row, column), row, column));
  }

  at(row, column) {
    return this.values[row * this.columns + column];
  }

  /** Returns a view of a row. */
  row(i) {
    return this.values.subarray(i * this.columns, (i + 1) * this.columns);
  }

  /**
   * Multiplies by another matrix, four of its rows at a time, because reading and writing sums is most of the work.
   * @param {Matrix} other @returns {Matrix}
   */
  times(other) {
    const product = new Matrix(this.rows, other.columns);
    const [factors, terms, sums] = [this.values, other.values, product.values];
    const [inner, width] = [this.columns, other.columns];
    for (let i = 0; i < this.rows; i++) {
      const [first, last] = [i * width, (i + 1) * width];
      let k = 0;
      for (; k + 4 <= inner; k += 4) {
        const at = i * inner + k;
        const [a, b, c, d] = [factors[at], factors[at + 1], factors[at + 2], factors[at + 3]];
        for (let j = first, n = k * width; j < last; j++, n++) {
          sums[j] += a * terms[n] + b * terms[n + width] + c * terms[n + 2 * width] + d * terms[n + 3 * width];
        }
      }
      for (; k < inner; k++) {
        const a = factors[i * inner + k];
        for (let j = first, n = k * width; j < last; j++, n++) sums[j] += a * terms[n];
      }
    }
    return product;
  }
}

/**
 * Solves `matrix X = right` by elimination with row pivots.
 * @param {Matrix} matrix square @param {Matrix} right @returns {Matrix} X
 */
export function solve(matrix, right) {
  const [n, all] = [matrix.rows, matrix.rows + right.columns];
  const width = all + (all % 2);
  const { workspace, place, numbers } = roomFor(n * width);
  const row = (i) => numbers.subarray(i * width, (i + 1) * width);
  for (let i = 0; i < n; i++) {
    row(i).fill(0).set(matrix.row(i));
    row(i).set(right.row(i), n);
  }
  const eliminate = (first, rows, k, from) =>
    workspace.eliminate({
      row: place + first * width, rowStep: width, rows, pivot: place + k * width, column: k, from, columns: width - from,
    });
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k + 1; i < n; i++) {
      if (Math.abs(numbers[i * width + k]) > Math.abs(numbers[pivot * width + k])) pivot = i;
    }
    if (pivot !== k) {
      const kept = row(k).slice();
      row(k).set(row(pivot));
      row(pivot).set(kept);
    }
    eliminate(k + 1, n - k - 1, k, k - (k % 2));
  }
  for (let k = n - 1; k >= 0; k--) eliminate(0, k, k, n - (n % 2));
  return Matrix.of(n, right.columns, (i, j) => numbers[i * width + n + j] / numbers[i * width + i]);
}

let room = null;

/** Room for float64 numbers, which all solutions share. */
function roomFor(count) {
  if (!(room?.numbers.length >= count)) {
    const workspace = new Workspace();
    room = { workspace, ...workspace.doubles(count) };
  }
  return room;
}

/**
 * Returns the pseudoinverse (least squares) of a matrix, from rotations that make its columns orthogonal (Hestenes).
 * @param {Matrix} matrix `(row, column)`
 * @param {number} smallest singular values below this share of the greatest count as zero
 * @returns {Matrix} `(column, row)`
 */
export function pseudoInverse(matrix, smallest) {
  return inverseOfIndependent(matrix, smallest) ?? inverseByRotations(matrix, smallest);
}

/** The same for columns that are zero or far from dependent, as radial modes are. Others give null. */
function inverseOfIndependent(matrix, smallest) {
  const turned = Matrix.of(matrix.columns, matrix.rows, (i, j) => matrix.at(j, i));
  const norms = squaresOf(turned).map(Math.sqrt);
  const used = Array.from(norms.keys()).filter((i) => norms[i] > 0);
  const units = Matrix.of(used.length, matrix.rows, (i, j) => turned.at(used[i], j) / norms[used[i]]);
  const products = Matrix.of(used.length, used.length, (i, j) => dot(units, i, j));
  const inverse = solve(products, products.map((_, i, j) => (i === j ? 1 : 0)));
  const size = Math.max(...used.map((_, i) => inverse.row(i).reduce((sum, value) => sum + Math.abs(value), 0)));
  const least = Math.min(...used.map((i) => norms[i])) / Math.sqrt(size); // no singular value is smaller
  if (!(size < INDEPENDENT) || least < 10 * smallest * Math.max(...norms)) return null;
  const found = inverse.times(units);
  const out = new Matrix(matrix.columns, matrix.rows);
  used.forEach((to, i) => out.row(to).set(found.row(i).map((value) => value / norms[to])));
  return out;
}

/** The same for any columns. */
function inverseByRotations(matrix, smallest) {
  const columns = Matrix.of(matrix.columns, matrix.rows, (i, j) => matrix.at(j, i));
  const turns = Matrix.of(matrix.columns, matrix.columns, (i, j) => (i === j ? 1 : 0));
  for (let turned = true; turned; ) {
    turned = false;
    const squares = squaresOf(columns);
    for (let p = 0; p < columns.rows; p++) {
      for (let q = p + 1; q < columns.rows; q++) turned = makeOrthogonal(columns, turns, squares, p, q) || turned;
    }
  }
  const squares = squaresOf(columns);
  const least = smallest ** 2 * Math.max(...squares);
  const scaled = columns.map((value, i) => (squares[i] > least ? value / squares[i] : 0));
  return Matrix.of(turns.columns, turns.rows, (i, j) => turns.at(j, i)).times(scaled);
}

/** Rotates two rows of both matrices, unless those of the first, whose squares are known, are orthogonal or zero. */
function makeOrthogonal(matrix, turns, squares, p, q) {
  const [ofA, ofB, both] = [squares[p], squares[q], dot(matrix, p, q)];
  if (both === 0 || Math.abs(both) < 1e-14 * Math.sqrt(ofA * ofB)) return false;
  const zeta = (ofB - ofA) / (2 * both);
  const tangent = Math.sign(zeta || 1) / (Math.abs(zeta) + Math.hypot(1, zeta));
  const cosine = 1 / Math.hypot(1, tangent);
  turn(matrix, p, q, cosine, tangent);
  turn(turns, p, q, cosine, tangent);
  squares[p] -= tangent * both;
  squares[q] += tangent * both;
  return true;
}

function turn({ values, columns }, p, q, cosine, tangent) {
  for (let j = p * columns, k = q * columns; j < (p + 1) * columns; j++, k++) {
    const [before, after] = [values[j], values[k]];
    values[j] = cosine * (before - tangent * after);
    values[k] = cosine * (tangent * before + after);
  }
}

const squaresOf = (matrix) => Float64Array.from({ length: matrix.rows }, (_, i) => dot(matrix, i, i));

function dot({ values, columns }, p, q) {
  let sum = 0;
  for (let j = p * columns, k = q * columns; j < (p + 1) * columns; j++, k++) sum += values[j] * values[k];
  return sum;
}
