/**
 * Spherical harmonics of many shells at once, in float32, like `earthgan.numerics.transform`. A grid of Gauss rows and
 * evenly spaced columns determines harmonics up to its degree exactly.
 *
 * Three measures keep the work small. A northern row and its mirror image share their functions of latitude. A column
 * and its mirror images about longitudes 0 and 90 share their waves: cosines and sines of even and of odd orders differ
 * in signs only. And rows are computed in blocks, in which high orders are left out where their functions vanish: near
 * the poles.
 *
 * A spectrum is an array `(order, degree, part, shell)`. A field is an array `(block, image, column, row, shell)`. The
 * columns are those from longitude 0 to 90. Their images are at longitudes x, -x, 180 - x and x - 180; those of
 * longitudes 0 and 90 coincide. A block has northern rows, from the pole on, and their mirror images.
 */

import { NORTH } from "./gauss.js";
import { padded } from "./kernel.js";

/** The number of rows of a block. */
const ROWS = 2 * NORTH;

/** The transforms of a number of shells on a grid. */
export class Transform {
  #ones;
  #functionSums; // `(parity, row, part, shell)` of a block and of an order
  #lines; // `(part, order, row, shell)` of a block
  #waveSums; // `(part, parity of the order, column, row, shell)` of a block
  #folded; // `(order, parity, row, part, shell)` of the northern rows of all blocks
  #scratch = null; // coefficients of a degree
  #modesScratch = null;

  /** @param {GaussGrid} grid @param {number} shells */
  constructor(grid, shells) {
    const { rows, columns, north, quarter, blocks, workspace } = grid;
    this.grid = grid;
    this.shells = shells;
    /** Shells and zeros, so that a product of matrices has whole vectors. */
    this.width = Math.max(Math.ceil(shells / 4) * 4, 8);
    /** The distances from one order to the next, from a column to the next, from an image to the next, and from a block. */
    this.orderStep = rows * 2 * this.width;
    this.columnStep = ROWS * this.width;
    this.imageStep = quarter * this.columnStep;
    this.blockStep = 4 * this.imageStep;
    /** The grid's column at each image and column of a block. */
    this.columnAt = Int32Array.from({ length: 4 * quarter }, (_, at) => {
      const [image, column] = [Math.floor(at / quarter), at % quarter];
      return [column, columns - column, columns / 2 - column, columns / 2 + column][image] % columns;
    });
    /** The grid's row at each row of all blocks, or -1. */
    this.rowAt = Int32Array.from({ length: blocks * ROWS }, (_, at) => {
      const row = Math.floor(at / ROWS) * NORTH + (at % NORTH);
      return row >= rows / 2 ? -1 : at % ROWS < NORTH ? row : rows - 1 - row;
    });
    this.#functionSums = workspace.place(2 * NORTH * 2 * this.width);
    this.#lines = workspace.place(2 * rows * this.columnStep);
    this.#waveSums = workspace.place(this.blockStep);
    this.#folded = workspace.place(rows * 2 * north * 2 * this.width);
    this.#ones = this.weighting(() => 1);
  }

  /** @returns {number} the place of a new spectrum */
  spectrum() {
    return this.grid.workspace.place(this.spectrumLength);
  }

  get spectrumLength() {
    return this.grid.rows * this.orderStep;
  }

  /** @returns {number} the place of a new field */
  field() {
    return this.grid.workspace.place(this.grid.blocks * this.blockStep);
  }

  /** Where the values of a row and a column are in a field, shell by shell: `rowPlaces[row] + columnPlaces[column]`. */
  get places() {
    const [rowPlaces, columnPlaces] = [new Int32Array(this.grid.rows), new Int32Array(this.grid.columns)];
    this.columnAt.forEach((column, at) => (columnPlaces[column] = at * this.columnStep));
    this.rowAt.forEach((row, at) => {
      if (row >= 0) rowPlaces[row] = Math.floor(at / ROWS) * this.blockStep + (at % ROWS) * this.width;
    });
    return { rowPlaces, columnPlaces };
  }

  /** Stores weights for `values`. @param {(row: number, shell: number) => number} element @returns {number} their place */
  weighting(element) {
    const { width, shells } = this;
    return this.grid.workspace.put(
      Float32Array.from({ length: this.rowAt.length * width }, (_, i) => {
        const [row, shell] = [this.rowAt[Math.floor(i / width)], i % width];
        return row >= 0 && shell < shells ? element(row, shell) : 0;
      }),
    );
  }

  /**
   * Evaluates a spectrum, or its derivative to the south, or to the east.
   * @param {number} [weights] of rows and shells, which multiply the field @returns {number} the field's place
   */
  values(spectrum, kind, field, weights = this.#ones) {
    const { blocks, quarter, workspace } = this.grid;
    const { columnStep, imageStep, blockStep } = this;
    for (let block = 0; block < blocks; block++) {
      const sums = this.#waves(block, spectrum, kind);
      for (let column = 0; column < quarter; column++) {
        const at = column * columnStep;
        workspace.unfold({
          out: field + block * blockStep + at, isAdded: false, sums: sums + at, step: imageStep,
          weights: weights + block * columnStep, weightStep: 0, columns: columnStep,
        });
      }
    }
    return field;
  }

  /**
   * Analyses a field whose rows have been multiplied by the grid's weights, and overwrites it.
   * @returns {number} the spectrum's place
   */
  coefficients(field, spectrum) {
    for (let block = 0; block < this.grid.blocks; block++) this.#analyse(block, field + block * this.blockStep);
    return this.#sums(spectrum);
  }

  /**
   * Analyses a sum of products of fields and of evaluated spectra.
   * @param {{field: number, spectrum: number, kind: "values"|"slopes"|"eastward"}[]} factors @param {number} out a spectrum's place
   */
  coefficientsOfProducts(factors, product, out) {
    const { imageStep } = this;
    for (let block = 0; block < this.grid.blocks; block++) {
      factors.forEach(({ field, spectrum, kind }, i) => {
        this.grid.workspace.unfold({
          out: product, isAdded: i > 0, sums: this.#waves(block, spectrum, kind), step: imageStep,
          weights: field + block * this.blockStep, weightStep: imageStep, columns: imageStep,
        });
      });
      this.#analyse(block, product);
    }
    return this.#sums(out);
  }

  /** Sums waves of a spectrum for a block. @returns {number} the place of the sums */
  #waves(block, spectrum, kind) {
    const { workspace, degree, north, quarter, functions, lastOrders, cosines, minusCosines, minusSines } = this.grid;
    const { width, columnStep } = this;
    const [sums, lines, parts] = [this.#functionSums, this.#lines, this.grid.rows * columnStep];
    const length = NORTH * 2 * width; // of one parity's sums
    // The functions of even degree - order are alike in the north and the south, and their slopes are opposite.
    const alike = kind === "slopes" ? sums + length : sums;
    const opposite = kind === "slopes" ? sums : sums + length;
    const last = lastOrders[block];
    for (let order = 0; order <= last; order++) {
      for (let parity = 0; parity < 2; parity++) {
        const inner = Math.floor((degree - order - parity) / 2) + 1;
        if (inner < 1) workspace.floats.fill(0, sums + length, sums + 2 * length);
        else {
          workspace.multiply({
            out: sums + parity * length, outStep: 2 * width,
            factors: functions[kind][order] + parity * north + block * NORTH, rowStep: 1, innerStep: 2 * north, rows: NORTH,
            terms: spectrum + order * this.orderStep + 2 * (order + parity) * width, termStep: 4 * width, inner, columns: 2 * width,
          });
        }
      }
      for (let part = 0; part < 2; part++) {
        const line = lines + part * parts + order * columnStep;
        workspace.cross({
          sums: line, differences: line + NORTH * width, outStep: width,
          a: alike + part * width, b: opposite + part * width, inStep: 2 * width, rows: NORTH, columns: width,
        });
      }
    }
    const isEastward = kind === "eastward"; // times i, so that the parts change places
    [isEastward ? minusCosines : cosines, minusSines].forEach((waves, i) => {
      const part = isEastward ? 1 - i : i;
      for (let parity = 0; parity < 2; parity++) {
        workspace.multiply({
          out: this.#waveSums + (2 * i + parity) * this.imageStep, outStep: columnStep,
          factors: waves[parity], rowStep: this.grid.orders[parity], innerStep: 1, rows: quarter,
          terms: lines + part * parts + parity * columnStep, termStep: 2 * columnStep,
          inner: Math.floor((last - parity) / 2) + 1, columns: columnStep,
        });
      }
    });
    return this.#waveSums;
  }

  /** Sums a block of a weighted field over its columns, which overwrites it. */
  #analyse(block, field) {
    const { workspace, north, quarter, lastOrders, analysis } = this.grid;
    const { width, columnStep, imageStep } = this;
    const [lines, parts, last] = [this.#lines, this.grid.rows * columnStep, lastOrders[block]];
    workspace.fold(field, imageStep, imageStep);
    for (let part = 0; part < 2; part++) {
      for (let parity = 0; parity < 2; parity++) {
        workspace.multiply({
          out: lines + part * parts + parity * columnStep, outStep: 2 * columnStep,
          factors: analysis[part][parity], rowStep: quarter, innerStep: 1, rows: Math.floor((last - parity) / 2) + 1,
          terms: field + (2 * part + parity) * imageStep, termStep: columnStep, inner: quarter, columns: columnStep,
        });
      }
      for (let order = 0; order <= last; order++) {
        const line = lines + part * parts + order * columnStep;
        const out = this.#folded + (2 * order * north + block * NORTH) * 2 * width + part * width;
        workspace.cross({
          sums: out, differences: out + north * 2 * width, outStep: 2 * width,
          a: line, b: line + NORTH * width, inStep: width, rows: NORTH, columns: width,
        });
      }
    }
  }

  /** Sums what was analysed over the rows. @returns {number} the spectrum's place */
  #sums(spectrum) {
    const { workspace, degree, north, functions, firstBlocks } = this.grid;
    const { width } = this;
    for (let order = 0; order <= degree; order++) {
      const first = firstBlocks[order] * NORTH;
      for (let parity = 0; parity < 2; parity++) {
        const rows = Math.floor((degree - order - parity) / 2) + 1;
        if (rows < 1) continue;
        workspace.multiply({
          out: spectrum + order * this.orderStep + 2 * (order + parity) * width, outStep: 4 * width,
          factors: functions.values[order] + parity * north + first, rowStep: 2 * north, innerStep: 1, rows,
          terms: this.#folded + ((2 * order + parity) * north + first) * 2 * width, termStep: 2 * width,
          inner: north - first, columns: 2 * width,
        });
      }
    }
    return spectrum;
  }

  /** Multiplies each degree by a matrix of its own `(shell before, shell after)`. @param {number[]} matrices places */
  eachDegree(matrices, spectrum, out) {
    const { width, orderStep, shells } = this;
    matrices.forEach((terms, degree) => {
      for (let part = 0; part < 2; part++) {
        const place = (2 * degree + part) * width;
        this.grid.workspace.multiply({
          out: out + place, outStep: orderStep,
          factors: spectrum + place, rowStep: orderStep, innerStep: 1, rows: degree + 1,
          terms, termStep: padded(shells), inner: shells, columns: width,
        });
      }
    });
    return out;
  }

  /** Multiplies all degrees by one matrix `(shell before, shell after)`. @param {number} matrix its place */
  allDegrees(matrix, spectrum, out) {
    const { width, shells } = this;
    this.eachOrder((first, length) =>
      this.grid.workspace.multiply({
        out: out + first, outStep: width,
        factors: spectrum + first, rowStep: width, innerStep: 1, rows: length / width,
        terms: matrix, termStep: padded(shells), inner: shells, columns: width,
      }),
    );
    return out;
  }

  /** Calls a function with each order's place in a spectrum, and its length. @param {(first: number, length: number) => void} visit */
  eachOrder(visit) {
    const { rows } = this.grid;
    for (let order = 0; order < rows; order++) {
      visit(order * this.orderStep + 2 * order * this.width, 2 * (rows - order) * this.width);
    }
  }

  /**
   * The spectrum of coefficients `(degree, order, part, mode)`.
   * @param {import("./coded.js").Coefficients} coefficients @param {number[]} matrices places of `(mode, shell)` for each degree
   * @param {number} modes how many of the coefficients' modes the matrices take, from the first on
   */
  fromModes({ shape: [, orders, , all], values }, matrices, modes, out) {
    const { workspace } = this.grid;
    this.#scratch ??= workspace.place(2 * orders * all);
    matrices.forEach((terms, degree) => {
      const first = degree * orders * 2 * all;
      workspace.floats.set(values.subarray(first, first + 2 * (degree + 1) * all), this.#scratch);
      for (let part = 0; part < 2; part++) {
        workspace.multiply({
          out: out + (2 * degree + part) * this.width, outStep: this.orderStep,
          factors: this.#scratch + part * all, rowStep: 2 * all, innerStep: 1, rows: degree + 1,
          terms, termStep: padded(this.shells), inner: modes, columns: this.width,
        });
      }
    });
    return out;
  }

  /**
   * Adds a spectrum to coefficients `(degree, order, part, mode)`.
   * @param {number} spectrum @param {number[]} matrices places of `(shell, mode)` for each degree, of padded rows
   * @param {number} modes how many modes the matrices give @param {import("./coded.js").Coefficients} coefficients
   */
  addModes(spectrum, matrices, modes, { shape: [, orders, , all], values }) {
    const { workspace } = this.grid;
    const width = padded(modes);
    this.#modesScratch ??= workspace.place(this.grid.rows * width);
    matrices.forEach((terms, degree) => {
      for (let part = 0; part < 2; part++) {
        workspace.multiply({
          out: this.#modesScratch, outStep: width,
          factors: spectrum + (2 * degree + part) * this.width, rowStep: this.orderStep, innerStep: 1, rows: degree + 1,
          terms, termStep: width, inner: this.shells, columns: width,
        });
        const { floats } = workspace;
        for (let order = 0; order <= degree; order++) {
          const [from, to] = [this.#modesScratch + order * width, ((degree * orders + order) * 2 + part) * all];
          for (let mode = 0; mode < modes; mode++) values[to + mode] += floats[from + mode];
        }
      }
    });
  }
}
