/**
 * Values in the columns below any places, for profiles, series and sections. The sums over orders at a place are the same
 * for all depths, so they come first; what they give at a radius then costs little. A shell would cost more than all of it.
 */

import { padded, Workspace } from "./kernel.js";
import { legendre } from "./legendre.js";

/** The terms of one product of the kernel. */
const MOST_TERMS = 2048;

/**
 * @typedef {"values" | "slopes" | "eastward"} Kind  of functions: `eastward` ones are multiplied by i
 * @typedef {{first: number, step: number, count: number}} Shells  every shell, every second one, and so on
 */

/** Places on the sphere, and the harmonics there. */
export class Points {
  #degree;
  #colatitudes;
  #waves; // of each order: the cosines of all places, and then the sines
  #functions = new Map(); // by kind

  /** @param {number} degree @param {{latitudes_deg: ArrayLike<number>, longitudes_deg: ArrayLike<number>}} places in pairs */
  constructor(degree, { latitudes_deg, longitudes_deg }) {
    const radians = (degrees) => (degrees * Math.PI) / 180;
    this.#degree = degree;
    this.#colatitudes = Float64Array.from(latitudes_deg, (latitude) => radians(90 - latitude));
    const longitudes = Float64Array.from(longitudes_deg, radians);
    this.count = longitudes.length;
    this.sines = { colatitude: this.#colatitudes.map(Math.sin), longitude: longitudes.map(Math.sin) };
    this.cosines = { colatitude: this.#colatitudes.map(Math.cos), longitude: longitudes.map(Math.cos) };
    // In a real field, orders m and -m belong together.
    this.#waves = Array.from({ length: degree + 1 }, (_, order) => {
      const weight = order === 0 ? 1 : 2;
      return [Math.cos, Math.sin].map((wave) => longitudes.map((longitude) => weight * wave(order * longitude)));
    });
  }

  /**
   * Writes the functions of one degree that real and imaginary parts are multiplied with: `(order and part, place)`.
   * @param {Kind} kind @param {Float32Array} out @param {number} first @param {number} step the distance of the rows
   */
  write(kind, degree, out, first, step) {
    if (!this.#functions.has(kind)) this.#functions.set(kind, legendre(this.#degree, this.#colatitudes, [kind])[kind]);
    const functions = this.#functions.get(kind);
    for (let order = 0, real = first; order <= degree; order++, real += 2 * step) {
      const [row, [cosine, sine]] = [functions[order].row(degree - order), this.#waves[order]];
      const imaginary = real + step;
      for (let i = 0; i < this.count; i++) {
        const [even, odd] = [row[i] * cosine[i], row[i] * sine[i]];
        out[real + i] = kind === "eastward" ? -odd : even;
        out[imaginary + i] = kind === "eastward" ? -even : -odd;
      }
    }
  }
}

/** The part of a column's values that does not depend on depth: by kind, `(degree, mode, place)`. */
export class Sums {
  /** @param {Points} points @param {import("./coded.js").Coefficients} coefficients */
  constructor(points, coefficients) {
    this.points = points;
    this.strength = coefficients.strength ?? 1;
    this.corrections = coefficients.corrections ?? null;
    this.byKind = new Map();
  }
}

export class Columns {
  #radiiKm;
  #kernels;
  #degrees;
  #modes;
  #workspace = new Workspace();
  #room = { count: 0 };
  #ofField = new Map(); // by field, where the kernels of all radii are: `(radius, degree and mode)`

  /**
   * @param {number[]} radiiKm @param {import("./spectral.js").Kernels} kernels @param {number[]} shape of coefficients
   */
  constructor(radiiKm, kernels, [degrees, , , modes]) {
    this.#radiiKm = radiiKm;
    this.#kernels = kernels;
    [this.#degrees, this.#modes] = [degrees, modes];
  }

  /**
   * Adds the sums of some kinds to those that are known.
   * @param {Sums} sums @param {import("./coded.js").Coefficients} coefficients @param {Kind[]} kinds
   */
  add(sums, { shape, values }, kinds) {
    const [degrees, orders, parts, modes] = shape;
    const width = padded(sums.points.count);
    const workspace = this.#workspace;
    for (const kind of kinds) {
      if (sums.byKind.has(kind)) continue;
      const { factors, terms, sums: out } = this.#roomFor(width);
      for (let degree = 0; degree < degrees; degree++) {
        const first = degree * orders * parts * modes;
        const inner = parts * (degree + 1);
        workspace.floats.set(values.subarray(first, first + inner * modes), factors);
        sums.points.write(kind, degree, workspace.floats, terms, width);
        workspace.multiply({
          out: out + degree * modes * width, outStep: width,
          factors, rowStep: 1, innerStep: modes, rows: modes,
          terms, termStep: width, inner, columns: width,
        });
      }
      sums.byKind.set(kind, workspace.floats.slice(out, out + degrees * modes * width));
    }
  }

  /**
   * @param {"temperature"|"u"|"v"|"w"} field @param {Sums} sums @param {Kind} kind @param {Shells} shells
   * @returns {Float32Array} normalised, `(shell, place)`
   */
  at(field, sums, kind, { first, step, count }) {
    const [workspace, places] = [this.#workspace, sums.points.count];
    const width = padded(places);
    const { sums: terms, out, part } = this.#roomFor(width);
    const kernels = this.#kernelsOf(field);
    const inner = this.#degrees * this.#modes;
    workspace.floats.set(sums.byKind.get(kind), terms);
    for (let from = 0; from < inner; from += MOST_TERMS) {
      workspace.multiply({
        out: from ? part : out, outStep: width,
        factors: kernels + first * inner + from, rowStep: step * inner, innerStep: 1, rows: count,
        terms: terms + from * width, termStep: width, inner: Math.min(MOST_TERMS, inner - from), columns: width,
      });
      if (from) workspace.sum(out, out, part, count * width, 1);
    }
    const found = new Float32Array(count * places);
    for (let shell = 0, at = out; shell < count; shell++, at += width) {
      found.set(workspace.floats.subarray(at, at + places), shell * places);
    }
    return found;
  }

  /** What a field's coefficients of degree 0 give on a shell, of which that is the mean. */
  lowest(field, { values }, shell) {
    const first = this.#kernelsOf(field) + shell * this.#degrees * this.#modes;
    let sum = 0;
    for (let mode = 0; mode < this.#modes; mode++) sum += this.#workspace.floats[first + mode] * values[mode];
    return sum;
  }

  #kernelsOf(field) {
    if (!this.#ofField.has(field)) {
      const size = this.#degrees * this.#modes;
      const first = this.#workspace.place(this.#radiiKm.length * size);
      this.#radiiKm.forEach((radiusKm, shell) => {
        this.#workspace.floats.set(this.#kernels.at(field, radiusKm).values, first + shell * size);
      });
      this.#ofField.set(field, first);
    }
    return this.#ofField.get(field);
  }

  /** Room for a product, which grows with the number of places. */
  #roomFor(width) {
    if (this.#room.count < width) {
      const [workspace, degrees, modes] = [this.#workspace, this.#degrees, this.#modes];
      this.#room = {
        count: width,
        factors: workspace.place(2 * degrees * modes),
        terms: workspace.place(2 * degrees * width),
        sums: workspace.place(degrees * modes * width),
        out: workspace.place(this.#radiiKm.length * width),
        part: workspace.place(this.#radiiKm.length * width),
      };
    }
    return this.#room;
  }
}
