/**
 * Time steps as coded coefficients, as `earthgan.coded` has them. A number of the code is a coefficient of an
 * orthonormal harmonic and an orthonormal radial mode, divided by its component's step and rounded.
 */

import { EntropyCode, SYMBOLS } from "./entropy.js";
import { SurrogateError } from "./error.js";
import { knotsOf, storedRuns } from "./gate.js";
import { Matrix } from "./matrix.js";

/**
 * @typedef {{shape: number[], values: Float32Array}} Coefficients  normalised, `(degree, order, part, mode)`: orders
 *   from 0 to the degree, real and imaginary part, the modes of all components one after another
 * @typedef {object} Component  a field that is coded
 * @property {string} field  temperature, u, v or w
 * @property {number} step  what its coefficients are rounded to
 * @property {number} first  its first mode among those of all components
 * @property {Matrix[]} modes  of each degree `(node, mode)`, at temperature's nodes or at velocity's knots
 * @property {Float32Array} centre  `(mode,)`: what is added to degree 0
 * @property {Uint8Array} tables  `(degree, mode)`: the table a coefficient follows, from 1 on; 0 is never stored
 */

export class Code {
  #entropy;
  #inward;
  #places; // of each number of a step: which coefficient it is,
  #tables; // the table that it follows,
  #units; // and what 1 stands for

  /**
   * @param {Object<string, import("./safetensors.js").Tensor>} tensors the surrogate's weights
   * @param {object} preset spec.json's arguments of the spectral preset
   */
  constructor(tensors, preset) {
    const array = (name, ...shape) => arrayOf(tensors, name, shape);
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
    const coded = this.components.flatMap((component) => codedOf(component, this.shape));
    this.#places = Int32Array.from(coded, ({ place }) => place);
    this.#tables = Uint8Array.from(coded, ({ table }) => table);
    this.#units = Float64Array.from(coded, ({ unit }) => unit);
    if (this.#tables.some((table) => table >= count)) throw new SurrogateError("A coefficient follows no table.");
  }

  /** @param {ArrayBuffer} data a step's file @returns {Int32Array} its numbers; throws SurrogateError */
  decode(data) {
    return this.#entropy.decode(data, this.#tables);
  }

  /** @param {Int32Array} numbers of a step @returns {Float32Array} the coefficients that they stand for */
  values(numbers) {
    return Float32Array.from(numbers, (number, i) => {
      if (number === 0) return 0;
      const magnitude = Math.abs(number);
      // Nearer to zero than the middle of the interval that was rounded to one step, or to more.
      const inward = this.#inward[2 * this.#tables[i] + (magnitude > 1 ? 1 : 0)];
      return Math.sign(number) * (magnitude - inward) * this.#units[i];
    });
  }

  /** Values of numbers, with what coefficients `(degree, order, part, mode)` there are for them added. */
  added(values, coefficients) {
    return values.map((value, i) => value + coefficients[this.#places[i]]);
  }

  /** @param {Float32Array} values of a step's numbers @returns {Coefficients} */
  coefficients(values) {
    const out = new Float32Array(this.shape.reduce((product, n) => product * n, 1));
    values.forEach((value, i) => (out[this.#places[i]] = value));
    for (const { first, centre } of this.components) {
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
  return { field, step, first, modes, centre, tables };
}

/** The coefficients of a component that are numbers of the code, in its order. */
function codedOf({ step, first, centre, tables }, [degrees, , parts, modes]) {
  const coded = [];
  for (let degree = 0; degree < degrees; degree++) {
    for (let order = 0; order <= degree; order++) {
      const unit = step / (order > 0 ? Math.SQRT2 : 1); // an order m > 0 stands for two, m and -m
      for (let part = 0; part < (order > 0 ? parts : 1); part++) {
        for (let mode = 0; mode < centre.length; mode++) {
          const table = tables[degree * centre.length + mode];
          if (table === 0) continue;
          const place = ((degree * degrees + order) * parts + part) * modes + first + mode;
          coded.push({ place, table: table - 1, unit });
        }
      }
    }
  }
  return coded;
}

function arrayOf(tensors, name, shape) {
  if (!tensors[name] || tensors[name].shape.join() !== shape.join()) {
    throw new SurrogateError(`The weights hold no array ${name} of the shape that spec.json asks for.`);
  }
  return tensors[name].values;
}
