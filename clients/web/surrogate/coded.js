/**
 * Decodes the coefficients of time steps, like `earthgan.kinds.coded`. Each number of the code is the coefficient of an
 * orthonormal harmonic and an orthonormal radial mode, divided by its component's step and rounded.
 */

import { EntropyCode, SYMBOLS } from "./entropy.js";
import { SurrogateError } from "./error.js";
import { knotsOf, storedRuns } from "./gate.js";
import { Matrix } from "./matrix.js";

/** The version of the code. A surrogate's weights say which version its steps have. */
const VERSION = 2;
/** A step's file begins with the CRC of everything that follows. */
const CRC_BYTES = 2;

/**
 * @typedef {{shape: number[], values: Float32Array}} Coefficients  normalised, `(degree, order, part, mode)`; the orders
 *   run from 0 to the degree, the parts are real and imaginary, and the modes are those of all components in turn. Those
 *   of a step also have its `strength`: its velocity is that many times what follows from them
 * @typedef {object} Component  a coded field
 * @property {string} field  temperature, u, v or w
 * @property {number} step  its coefficients are rounded to multiples of this
 * @property {number} first  the index of its first mode among the modes of all components
 * @property {Matrix[]} modes  for each degree, `(node, mode)` at temperature's nodes or at velocity's knots
 * @property {Float32Array} centre  `(mode,)`, which is added to degree 0
 * @property {Int8Array} tables  `(degree, mode)`: the number, from 1 on, of the table that a coefficient follows in a
 *   step of loudness 0. The loudness of a step is added to it. If the sum is below 1, the coefficient is not stored.
 * @property {Int8Array} [predicted]  the same for steps that are predicted
 * @typedef {{loudness: number, values: Float32Array, predicted: boolean}} CodedStep  a decoded step: its loudness, which says by how many
 *   tables its coefficients are larger than usual, and the coefficients that it stores. Those of a predicted step are
 *   differences from its prediction.
 * @typedef {object} Layout  the numbers that steps of one loudness store
 * @property {Int32Array} places  the index of each number's coefficient
 * @property {Uint8Array} tables  the table that each number follows, from 0 on
 * @property {Float64Array} units  the value of a coefficient whose number is 1
 */

export class Code {
  #entropy;
  #inward;
  #count;
  #coarseness;
  #layouts = new Map();

  /**
   * @param {Object<string, import("./safetensors.js").Tensor>} tensors the surrogate's weights
   * @param {object} preset spec.json's arguments of the spectral kind
   */
  constructor(tensors, preset) {
    const array = (name, ...shape) => arrayOf(tensors, name, shape);
    const version = tensors.version?.values[0] ?? 1;
    if (version !== VERSION) {
      throw new SurrogateError(`The steps are coded by version ${version}, not ${VERSION}: make the surrogate again.`);
    }
    const count = tensors.shifts?.values.length;
    this.#entropy = new EntropyCode(array("frequencies", count, SYMBOLS), array("shifts", count));
    this.#inward = array("inward", count, 2);
    /** @type {Component[]} */
    this.components = [];
    let modes = 0;
    for (const component of preset.components) {
      this.components.push(componentOf(component, modes, tensors, preset));
      modes += this.components.at(-1).centre.length;
    }
    this.shape = [preset.degree + 1, preset.degree + 1, 2, modes];
    this.#count = count;
    this.#coarseness = preset.prediction?.coarseness ?? 1;
  }

  /** @returns {Layout} */
  #layout(loudness, predicted) {
    const name = `${loudness} ${predicted}`;
    if (!this.#layouts.has(name)) {
      const layouts = this.components.map((component) => {
        const { step, predicted: tables } = component;
        const followed = predicted ? { ...component, tables, step: step * this.#coarseness } : component;
        return layoutOf(followed, this.shape, loudness, this.#count);
      });
      this.#layouts.set(name, {
        places: joined(layouts.map(({ places }) => places)),
        tables: joined(layouts.map(({ tables }) => tables)),
        units: joined(layouts.map(({ units }) => units)),
      });
    }
    return this.#layouts.get(name);
  }

  /** @param {ArrayBuffer} data a step's file @returns {CodedStep} throws SurrogateError */
  decode(data, predicted = false) {
    const bytes = new Uint8Array(data);
    const content = bytes.subarray(CRC_BYTES);
    if (!content.length || crcOf(content) !== bytes[0] + 256 * bytes[1]) {
      throw new SurrogateError("The coded step is damaged.");
    }
    const loudness = (content[0] << 24) >> 24; // a signed byte
    const { tables, units } = this.#layout(loudness, predicted);
    const numbers = this.#entropy.decode(content.subarray(1), tables);
    const [inward, values] = [this.#inward, new Float32Array(numbers.length)];
    for (let i = 0; i < numbers.length; i++) {
      if (numbers[i] === 0) continue;
      const magnitude = Math.abs(numbers[i]);
      // The reconstructed value is nearer to zero than the middle of the interval that was rounded to it.
      const less = magnitude - inward[2 * tables[i] + (magnitude > 1 ? 1 : 0)];
      values[i] = Math.sign(numbers[i]) * less * units[i];
    }
    return { loudness, values, predicted };
  }

  /** Returns a step with coefficients `(degree, order, part, mode)` added to the values that it stores. */
  added({ loudness, values, predicted }, coefficients) {
    const { places } = this.#layout(loudness, predicted);
    return { loudness, predicted, values: values.map((value, i) => value + coefficients[places[i]]) };
  }

  /** Adds what a step stores to coefficients `(degree, order, part, mode)`. @param {CodedStep} step @param {Float32Array} coefficients */
  addTo(coefficients, { loudness, values, predicted }) {
    const { places } = this.#layout(loudness, predicted);
    for (let i = 0; i < values.length; i++) coefficients[places[i]] += values[i];
  }

  /** @param {CodedStep} step @returns {Coefficients} */
  coefficients({ loudness, values, predicted }) {
    const { places } = this.#layout(loudness, predicted);
    const out = new Float32Array(this.shape.reduce((product, n) => product * n, 1));
    for (let i = 0; i < values.length; i++) out[places[i]] = values[i];
    for (const { first, centre } of predicted ? [] : this.components) {
      centre.forEach((mean, mode) => (out[first + mode] += mean));
    }
    return { shape: this.shape, values: out };
  }
}

/** @returns {Component} */
function componentOf({ field, step }, first, tensors, preset) {
  const degrees = preset.degree + 1;
  const bands = preset.bands.length;
  const nodes = field === "temperature" ? preset.nodes : knotsOf(storedRuns(preset));
  const count = tensors[`${field}.centre`]?.values.length;
  const centre = arrayOf(tensors, `${field}.centre`, [count]);
  const scales = arrayOf(tensors, `${field}.scales`, [bands, count]);
  const values = arrayOf(tensors, `${field}.modes`, [bands, count, nodes]);
  const tables = arrayOf(tensors, `${field}.tables`, [degrees, count]);
  const ofBand = Array.from({ length: bands }, (_, band) =>
    Matrix.of(nodes, count, (node, mode) => {
      const row = band * count + mode;
      return values[row * nodes + node] * scales[row];
    }),
  );
  const modes = Array.from({ length: degrees }, (_, degree) => ofBand[preset.bands.findLastIndex((l) => l <= degree)]);
  const predicted = preset.prediction && arrayOf(tensors, `prediction.${field}.tables`, [degrees, count]);
  return { field, step, first, modes, centre, tables, predicted };
}

/** The layout of the coefficients of a component, table by table. There are `count` tables. @returns {Layout} */
function layoutOf({ step, first, centre, tables }, [degrees, , parts, modes], loudness, count) {
  const tableOf = (degree, mode) => Math.min(tables[degree * centre.length + mode] + loudness, count);
  const ends = new Int32Array(count + 1); // of each table, from 1 on
  for (let degree = 0; degree < degrees; degree++) {
    for (let mode = 0; mode < centre.length; mode++) {
      const table = tableOf(degree, mode);
      if (table >= 1) ends[table] += parts * degree + 1;
    }
  }
  for (let table = 1; table <= count; table++) ends[table] += ends[table - 1];
  const [next, length] = [ends.slice(), ends[count]]; // the place before a table is the end of the one before it
  const layout = { places: new Int32Array(length), tables: new Uint8Array(length), units: new Float64Array(length) };
  for (let degree = 0; degree < degrees; degree++) {
    for (let order = 0; order <= degree; order++) {
      const unit = step / (order > 0 ? Math.SQRT2 : 1); // an order m > 0 stands for both m and -m
      for (let part = 0; part < (order > 0 ? parts : 1); part++) {
        for (let mode = 0; mode < centre.length; mode++) {
          const table = tableOf(degree, mode);
          if (table < 1) continue;
          const at = next[table - 1]++;
          layout.places[at] = ((degree * degrees + order) * parts + part) * modes + first + mode;
          layout.tables[at] = table - 1;
          layout.units[at] = unit;
        }
      }
    }
  }
  return layout;
}

/** Typed arrays of one type, one after another. */
function joined(arrays) {
  const out = new arrays[0].constructor(arrays.reduce((sum, { length }) => sum + length, 0));
  arrays.reduce((at, array) => (out.set(array, at), at + array.length), 0);
  return out;
}

/** The CRC-16 of the polynomial x^16 + x^12 + x^5 + 1, which starts with ones. @param {Uint8Array} bytes */
export function crcOf(bytes) {
  let crc = 0xffff;
  for (const byte of bytes) {
    let shifted = (crc >> 8) ^ byte; // eight steps of the division at once
    shifted ^= shifted >> 4;
    crc = ((crc << 8) ^ (shifted << 12) ^ (shifted << 5) ^ shifted) & 0xffff;
  }
  return crc;
}

function arrayOf(tensors, name, shape) {
  if (!tensors[name] || tensors[name].shape.join() !== shape.join()) {
    throw new SurrogateError(`The weights hold no array ${name} of the shape that spec.json asks for.`);
  }
  return tensors[name].values;
}
