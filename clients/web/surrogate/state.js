/** The mantle at one time, which a surrogate has computed. */

import { numbersOf } from "../said.js";
import { SurrogateError } from "./error.js";

/** @typedef {import("./surrogate.js").Place} Place @typedef {import("./surrogate.js").Grid} Grid */

export class State {
  #surrogate;
  #synthesise;
  #corrections;

  constructor(surrogate, synthesise, corrections) {
    this.#surrogate = surrogate;
    this.#synthesise = synthesise;
    this.#corrections = corrections;
  }

  /**
   * @param {string} variable @param {Place} place @param {Grid} [grid] any rows and columns; the
   *   harmonics on a grid are kept as long as this object
   * @returns {Float32Array} `(row, column)` in the variable's unit; throws SurrogateError
   */
  shell(variable, place, grid) {
    return this.shells([variable], place, grid)[0];
  }

  /**
   * Does the same for several variables, which costs less than one call for each.
   * @param {string[]} variables @returns {Float32Array[]}
   */
  shells(variables, place, grid = this.#surrogate.grid) {
    const wanted = variables.map((name) => this.#index(name));
    const found = this.#synthesise(this.#radiusKm(place), wanted, grid);
    return found.map(({ values }, i) => {
      const { offset, scale } = this.#surrogate.spec.variables[wanted[i]].normalisation;
      const inUnits = new Float32Array(values.map((value) => offset + scale * value));
      // The promise of a largest error concerns the surrogate's own cells.
      const own = place.radius_km === undefined && grid === this.#surrogate.grid;
      if (own) this.#corrections?.add(inUnits, wanted[i], place.r);
      return inUnits;
    });
  }

  #index(name) {
    const index = this.#surrogate.variables.indexOf(name);
    if (index >= 0) return index;
    const known = this.#surrogate.variables.join(", ");
    throw new SurrogateError(`There is no variable ${name}: this surrogate has ${known}.`);
  }

  #radiusKm({ r, radius_km }) {
    const radiiKm = numbersOf(this.#surrogate.spec.grid.radii_km);
    const radiusKm = radius_km ?? radiiKm[r];
    if (radiusKm !== undefined) return radiusKm;
    throw new SurrogateError(`There is no shell ${r}: this surrogate has shells 0 to ${radiiKm.length - 1}.`);
  }
}
