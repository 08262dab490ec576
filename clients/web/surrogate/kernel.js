/**
 * Operations on matrices, on which a surrogate spends its time, in WebAssembly with SIMD (`clients/kernel`).
 * Browsers without it compute the same, slower, in JavaScript.
 */

import { KERNEL, RELAXED } from "./kernel-code.js";

const PAGE_BYTES = 65536;
/** The kernel's blocks are so wide. Arrays begin at multiples of this. */
const BLOCK = 8;
/** The first places of a workspace hold the addresses of the terms of a product, at most so many. */
const MOST_TERMS = 2048;

/** Rounds a number of columns up to whole blocks. @param {number} columns */
export const padded = (columns) => Math.ceil(columns / BLOCK) * BLOCK;

/** @param {string} code @returns {?WebAssembly.Module} null if the browser cannot run it */
function compiled(code) {
  try {
    return new WebAssembly.Module(Uint8Array.from(atob(code), (letter) => letter.charCodeAt(0)));
  } catch {
    return null;
  }
}

const MODULE = compiled(RELAXED) ?? compiled(KERNEL);

/** Float32 numbers at places 0, 1, 2 and so on, and the products of matrices among them. */
export class Workspace {
  #memory;
  #run;
  #floats;
  #addresses;
  #end = MOST_TERMS;

  /** @param {boolean} [simd] whether to use WebAssembly where the browser can */
  constructor(simd = true) {
    if (simd && MODULE) {
      this.#memory = new WebAssembly.Memory({ initial: 1 });
      this.#run = new WebAssembly.Instance(MODULE, { page: { memory: this.#memory } }).exports;
    } else {
      this.#memory = new PlainMemory(new ArrayBuffer(PAGE_BYTES));
      this.#run = plain(this.#memory);
    }
    this.#view();
  }

  /** All numbers. Ask again after `place`, because memory that grows moves. @returns {Float32Array} */
  get floats() {
    return this.#floats;
  }

  #view() {
    this.#floats = new Float32Array(this.#memory.buffer);
    this.#addresses = new Int32Array(this.#memory.buffer, 0, MOST_TERMS);
  }

  /** Finds room for numbers, which are zero at first. @param {number} count @returns {number} the place of the first */
  place(count) {
    const first = this.#end;
    this.#end = first + padded(count);
    const missing = 4 * this.#end - this.#memory.buffer.byteLength;
    if (missing > 0) {
      // By half at least, because many small steps take long.
      this.#memory.grow(Math.ceil(Math.max(missing, this.#memory.buffer.byteLength / 2) / PAGE_BYTES));
      this.#view();
    }
    return first;
  }

  /** Stores numbers. @param {ArrayLike<number>} values @returns {number} the place of the first */
  put(values) {
    const first = this.place(values.length);
    this.floats.set(values, first);
    return first;
  }

  /** Stores a matrix with rows that are padded to whole blocks. @param {import("./matrix.js").Matrix} matrix */
  putRows(matrix) {
    const width = padded(matrix.columns);
    const first = this.place(matrix.rows * width);
    const { floats } = this;
    for (let row = 0; row < matrix.rows; row++) floats.set(matrix.row(row), first + row * width);
    return first;
  }

  /**
   * Finds room for float64 numbers.
   * @param {number} count @returns {{place: number, numbers: Float64Array}} the place counts float64 numbers
   */
  doubles(count) {
    const place = this.place(2 * count) / 2;
    return { place, numbers: new Float64Array(this.#memory.buffer, 8 * place, count) };
  }

  /** Stores the addresses of terms. @param {number[]} places @returns {number} where they are */
  putAddresses(places) {
    const first = this.place(places.length);
    new Int32Array(this.#memory.buffer).set(places.map((place) => 4 * place), first);
    return first;
  }

  /**
   * Computes `out[i][j] = sum over k of factors[i][k] terms[k][j]`. All places and steps count numbers.
   * @param {{
   *   out: number, outStep: number, factors: number, rowStep: number, innerStep: number, rows: number,
   *   terms: number, termStep: number, inner: number, columns: number,
   * }} product  a step is the distance of one row to the next; `innerStep` is that of a factor to the next of its row.
   *   The number of columns is a multiple of 4, and 8 at least.
   */
  multiply({ out, outStep, factors, rowStep, innerStep, rows, terms, termStep, inner, columns }) {
    for (let k = 0; k < inner; k++) this.#addresses[k] = 4 * (terms + k * termStep);
    this.#run.multiply(4 * out, 4 * outStep, 4 * factors, 4 * rowStep, 4 * innerStep, rows, 0, inner, 4 * columns);
  }

  /** Does the same with terms whose addresses `putAddresses` has stored. */
  multiplyListed({ out, outStep, factors, rowStep, innerStep, rows, addresses, inner, columns }) {
    this.#run.multiply(4 * out, 4 * outStep, 4 * factors, 4 * rowStep, 4 * innerStep, rows, 4 * addresses, inner, 4 * columns);
  }

  /**
   * Adds a bias, makes negative numbers smaller by a slope of at most 1, and adds other numbers.
   * @param {{out: number, added: number, columns: number, bias: number, slope: number}} numbers
   */
  activate({ out, added, columns, bias, slope }) {
    this.#run.activate(4 * out, 4 * added, 4 * columns, bias, slope);
  }

  /**
   * Computes the sums and the differences of two arrays of rows. All places and steps count numbers.
   * @param {{
   *   sums: number, differences: number, outStep: number, a: number, b: number, inStep: number, rows: number, columns: number,
   * }} arrays  The number of columns is a multiple of 4.
   */
  cross({ sums, differences, outStep, a, b, inStep, rows, columns }) {
    this.#run.cross(4 * sums, 4 * differences, 4 * outStep, 4 * a, 4 * b, 4 * inStep, rows, 4 * columns);
  }

  /**
   * Computes points of four mirror images from sums of waves, multiplies them by weights, and stores or adds them.
   * @param {{
   *   out: number, isAdded: boolean, sums: number, step: number, weights: number, weightStep: number, columns: number,
   * }} arrays  The sums are of cosines of even and of odd orders, and of sines of both, `step` apart. The images at longitudes x,
   *   -x, 180 - x and x - 180 are `step` apart, and their weights `weightStep`. The number of columns is a multiple of 4.
   */
  unfold({ out, isAdded, sums, step, weights, weightStep, columns }) {
    this.#run.unfold(4 * out, isAdded ? -1 : 0, 4 * sums, 4 * step, 4 * weights, 4 * weightStep, 4 * columns);
  }

  /** Puts what sums over waves need in the place of four mirror images: the transpose of `unfold`. */
  fold(images, step, columns) {
    this.#run.fold(4 * images, 4 * step, 4 * columns);
  }

  /**
   * Adds multiples of a row to others, so that their numbers in one column become zero. All numbers are float64, and all
   * places and steps count those.
   * @param {{row: number, rowStep: number, rows: number, pivot: number, column: number, from: number, columns: number}} matrix
   *   the first of the other rows; the column; the columns to compute: an even number, from one of an even index on
   */
  eliminate({ row, rowStep, rows, pivot, column, from, columns }) {
    if (rows > 0) this.#run.eliminate(8 * row, 8 * rowStep, rows, 8 * pivot, 8 * column, 8 * from, 8 * columns);
  }

  /** Computes `out[j] = a[j] + factor b[j]` for a number of columns that is a multiple of 4. @returns {number} out */
  sum(out, a, b, columns, factor) {
    this.#run.sum(4 * out, 4 * a, 4 * b, 4 * columns, factor);
    return out;
  }
}

class PlainMemory {
  constructor(buffer) {
    this.buffer = buffer;
  }

  grow(pages) {
    const larger = new Uint8Array(this.buffer.byteLength + pages * PAGE_BYTES);
    larger.set(new Uint8Array(this.buffer));
    this.buffer = larger.buffer;
  }
}

/** The kernel's functions in JavaScript. @param {PlainMemory} memory */
const plain = (memory) => ({
  multiply(out, outStep, factors, rowStep, innerStep, rows, places, inner, width) {
    const [floats, addresses] = [new Float32Array(memory.buffer), new Int32Array(memory.buffer, places, inner)];
    const sums = new Float64Array(width / 4);
    for (let i = 0; i < rows; i++) {
      sums.fill(0);
      let at = (factors + i * rowStep) / 4;
      for (let k = 0; k < inner; k++, at += innerStep / 4) {
        const [factor, first] = [floats[at], addresses[k] / 4];
        for (let j = 0; j < sums.length; j++) sums[j] += factor * floats[first + j];
      }
      floats.set(sums, (out + i * outStep) / 4);
    }
  },
  activate(out, added, width, bias, slope) {
    const floats = new Float32Array(memory.buffer);
    for (let j = out / 4, from = added / 4; j < (out + width) / 4; j++, from++) {
      const value = floats[j] + bias;
      floats[j] = Math.max(value, slope * value) + floats[from];
    }
  },
  cross(sums, differences, outStep, a, b, inStep, rows, width) {
    const floats = new Float32Array(memory.buffer);
    for (let i = 0; i < rows; i++) {
      const [from, to] = [(i * inStep) / 4, (i * outStep) / 4];
      for (let j = 0; j < width / 4; j++) {
        const [x, y] = [floats[a / 4 + from + j], floats[b / 4 + from + j]];
        floats[sums / 4 + to + j] = x + y;
        floats[differences / 4 + to + j] = x - y;
      }
    }
  },
  unfold(out, keep, sums, step, weights, weightStep, width) {
    const floats = new Float32Array(memory.buffer);
    for (let j = 0; j < width / 4; j++) {
      const [a, b, c, d] = [0, 1, 2, 3].map((k) => floats[(sums + k * step) / 4 + j]);
      [a + b + (c + d), a + b - (c + d), a - b + (d - c), a - b - (d - c)].forEach((value, q) => {
        const at = (out + q * step) / 4 + j;
        floats[at] = (keep && floats[at]) + value * floats[(weights + q * weightStep) / 4 + j];
      });
    }
  },
  fold(images, step, width) {
    const floats = new Float32Array(memory.buffer);
    for (let j = 0; j < width / 4; j++) {
      const [a, b, c, d] = [0, 1, 2, 3].map((q) => floats[(images + q * step) / 4 + j]);
      [a + b + (c + d), a + b - (c + d), a - b - (c - d), a - b + (c - d)].forEach((value, k) => {
        floats[(images + k * step) / 4 + j] = value;
      });
    }
  },
  eliminate(row, rowStep, rows, pivot, at, from, width) {
    const numbers = new Float64Array(memory.buffer);
    for (let i = 0; i < rows; i++) {
      const first = (row + i * rowStep) / 8;
      const factor = -numbers[first + at / 8] / numbers[(pivot + at) / 8];
      for (let j = from / 8; j < (from + width) / 8; j++) numbers[first + j] += factor * numbers[pivot / 8 + j];
    }
  },
  sum(out, a, b, width, factor) {
    const floats = new Float32Array(memory.buffer);
    [out, a, b] = [out, a, b].map((at) => at / 4);
    for (let j = 0; j < width / 4; j++) floats[out + j] = floats[a + j] + factor * floats[b + j];
  },
});
