/** Small dense matrices. */

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
 * Solves `matrix X = right` by elimination with row pivots. Both arguments are overwritten; `right` becomes X.
 * @param {Matrix} matrix square @param {Matrix} right
 */
export function solve(matrix, right) {
  const n = matrix.rows;
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(matrix.at(i, k)) > Math.abs(matrix.at(pivot, k))) pivot = i;
    swapRows(matrix, k, pivot);
    swapRows(right, k, pivot);
    for (let i = k + 1; i < n; i++) {
      const factor = -matrix.at(i, k) / matrix.at(k, k);
      if (factor === 0) continue;
      addMultiple(matrix, i, k, factor, k);
      addMultiple(right, i, k, factor, 0);
    }
  }
  for (let k = n - 1; k >= 0; k--) {
    for (let i = k + 1; i < n; i++) addMultiple(right, k, i, -matrix.at(k, i), 0);
    const [solved, diagonal] = [right.row(k), matrix.at(k, k)];
    for (let j = 0; j < solved.length; j++) solved[j] /= diagonal;
  }
  return right;
}

/**
 * Returns the pseudoinverse (least squares) of a matrix, from rotations that make its columns orthogonal (Hestenes).
 * @param {Matrix} matrix `(row, column)`
 * @param {number} smallest singular values below this share of the greatest count as zero
 * @returns {Matrix} `(column, row)`
 */
export function pseudoInverse(matrix, smallest) {
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

function swapRows(matrix, i, j) {
  if (i === j) return;
  const kept = matrix.row(i).slice();
  matrix.row(i).set(matrix.row(j));
  matrix.row(j).set(kept);
}

/** Adds a multiple of row k to row i, from the column `first` on. */
function addMultiple({ values, columns }, i, k, factor, first) {
  for (let to = i * columns + first, from = k * columns + first; to < (i + 1) * columns; to++, from++) {
    values[to] += factor * values[from];
  }
}
