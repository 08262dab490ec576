/**
 * Spherical harmonics of many shells at once, in float32, like `earthgan.numerics.transform`. A grid of Gauss rows and
 * evenly spaced columns determines harmonics up to its degree exactly.
 *
 * A spectrum is an array `(order, degree, part, shell)`. A field is an array `(parity, column, row, shell)` over the columns
 * from longitude 0 to 180. A column and its mirror image west of longitude 0 have the even part plus and minus the odd
 * part. Shells are padded with zeros, so that each product of matrices has whole blocks of columns.
 */

import { padded } from "./kernel.js";
import { gaussLegendre, legendre } from "./legendre.js";

/** Gauss rows and evenly spaced columns, and the harmonics there. */
export class GaussGrid {
  /**
   * @param {number} degree @param {import("./kernel.js").Workspace} workspace
   * @param {("values"|"slopes"|"eastward")[]} kinds which functions of latitude are needed
   */
  constructor(degree, workspace, kinds) {
    const { nodes, weights } = gaussLegendre(degree + 1);
    this.degree = degree;
    this.workspace = workspace;
    this.rows = degree + 1;
    this.columns = 2 * (degree + 1);
    /** The number of columns from longitude 0 to 180. */
    this.half = degree + 2;
    /** `(row,)`: the sine of the colatitude */
    this.sine = Float64Array.from(nodes, (x) => Math.sqrt(1 - x * x));
    /** `(row,)`: a row's share of the integral over the sphere, for each of its columns */
    this.weights = weights.map((weight) => (weight * 2 * Math.PI) / this.columns);
    const functions = legendre(degree, Float64Array.from(nodes, Math.acos), kinds);
    /** For each kind and order, the place of an array `(degree - order, row)`. */
    this.functions = Object.fromEntries(kinds.map((kind) => [kind, functions[kind].map(({ values }) => workspace.put(values))]));
    this.#putWaves();
  }

  #putWaves() {
    const { rows, half, columns, workspace } = this;
    const table = (count, inner, element) =>
      workspace.put(Float32Array.from({ length: count * inner }, (_, i) => element(Math.floor(i / inner), i % inner)));
    const angle = (order, column) => (2 * Math.PI * ((order * column) % columns)) / columns;
    const both = (order) => (order === 0 ? 1 : 2); // a field is real, so orders -m and m contribute the same
    const mirrored = (column) => (column === 0 || column === half - 1 ? 1 : 2);
    /** `(column, order)` */
    this.cosines = table(half, rows, (column, order) => both(order) * Math.cos(angle(order, column)));
    this.minusCosines = table(half, rows, (column, order) => -both(order) * Math.cos(angle(order, column)));
    this.minusSines = table(half, rows, (column, order) => -both(order) * Math.sin(angle(order, column)));
    /** `(order, column)` for both parts */
    this.analysis = [
      table(rows, half, (order, column) => mirrored(column) * Math.cos(angle(order, column))),
      table(rows, half, (order, column) => -mirrored(column) * Math.sin(angle(order, column))),
    ];
  }
}

/** The transforms of a number of shells on a grid. */
export class Transform {
  #lines;
  #scratch = null; // coefficients of a degree
  #modesScratch = null;

  /** @param {GaussGrid} grid @param {number} shells */
  constructor(grid, shells) {
    const { rows, half, workspace } = grid;
    this.grid = grid;
    this.shells = shells;
    this.width = padded(shells);
    /** The distances from one order, and from one parity, to the next. */
    this.orderStep = rows * 2 * this.width;
    this.parityStep = half * rows * this.width;
    this.#lines = workspace.place(2 * rows * rows * this.width); // `(order, part, row, shell)`
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
    return this.grid.workspace.place(2 * this.parityStep);
  }

  /** Evaluates a spectrum, or its derivative to the south, or to the east. @returns {number} the field's place */
  values(spectrum, kind, field) {
    const { workspace, rows, half, degree, functions, cosines, minusCosines, minusSines } = this.grid;
    const { width } = this;
    for (let order = 0; order <= degree; order++) {
      for (let part = 0; part < 2; part++) {
        workspace.multiply({
          out: this.#lines + (2 * order + part) * rows * width, outStep: width,
          factors: functions[kind][order], rowStep: 1, innerStep: rows, rows,
          terms: spectrum + order * this.orderStep + (2 * order + part) * width, termStep: 2 * width,
          inner: rows - order, columns: width,
        });
      }
    }
    const isEastward = kind === "eastward"; // times i, so that the parts change places
    const waves = [isEastward ? minusCosines : cosines, minusSines];
    waves.forEach((wave, parity) => {
      const part = isEastward ? 1 - parity : parity;
      workspace.multiply({
        out: field + parity * this.parityStep, outStep: rows * width,
        factors: wave, rowStep: rows, innerStep: 1, rows: half,
        terms: this.#lines + part * rows * width, termStep: 2 * rows * width,
        inner: rows, columns: rows * width,
      });
    });
    return field;
  }

  /** Analyses a field whose rows have been multiplied by the grid's weights. @returns {number} the spectrum's place */
  coefficients(field, spectrum) {
    const { workspace, rows, half, degree, functions, analysis } = this.grid;
    const { width } = this;
    analysis.forEach((wave, part) => {
      workspace.multiply({
        out: this.#lines + part * rows * width, outStep: 2 * rows * width,
        factors: wave, rowStep: half, innerStep: 1, rows,
        terms: field + part * this.parityStep, termStep: rows * width,
        inner: half, columns: rows * width,
      });
    });
    for (let order = 0; order <= degree; order++) {
      for (let part = 0; part < 2; part++) {
        workspace.multiply({
          out: spectrum + order * this.orderStep + (2 * order + part) * width, outStep: 2 * width,
          factors: functions.values[order], rowStep: rows, innerStep: 1, rows: rows - order,
          terms: this.#lines + (2 * order + part) * rows * width, termStep: width,
          inner: rows, columns: width,
        });
      }
    }
    return spectrum;
  }

  /** Multiplies each degree by a matrix of its own `(shell before, shell after)`. @param {number[]} matrices places */
  eachDegree(matrices, spectrum, out) {
    const { width, orderStep } = this;
    matrices.forEach((terms, degree) => {
      for (let part = 0; part < 2; part++) {
        const place = (2 * degree + part) * width;
        this.grid.workspace.multiply({
          out: out + place, outStep: orderStep,
          factors: spectrum + place, rowStep: orderStep, innerStep: 1, rows: degree + 1,
          terms, termStep: width, inner: this.shells, columns: width,
        });
      }
    });
    return out;
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
          terms, termStep: this.width, inner: modes, columns: this.width,
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
