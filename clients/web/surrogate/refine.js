/**
 * The refinement of temperature, like `earthgan.kinds.refine`: a small network predicts what the code leaves out.
 * A decoded step is evaluated on the Gauss rows of a few shells. The network sees each shell together with the shells
 * below and above it. Its output is analysed exactly and added to the coded coefficients.
 */

import { SurrogateError } from "./error.js";
import { GaussGrid } from "./gauss.js";
import { Workspace } from "./kernel.js";
import { Matrix, pseudoInverse } from "./matrix.js";
import { Network } from "./network.js";
import { RadialGrid } from "./radial.js";
import { Transform } from "./transform.js";

/** Modes whose singular values are below this share of the greatest count as zero. */
const SMALLEST = 1e-6;

export class Refinement {
  #preset;
  #kernels;
  #temperature;
  #tensors;
  #gains;
  #nodes;
  #shells;
  #running = null;
  #parts = null; // everything slow, computed here so that opening a surrogate does not wait for it

  /**
   * @param {Object<string, import("./safetensors.js").Tensor>} tensors the surrogate's weights
   * @param {object} preset spec.json's arguments, with a `refinement`
   * @param {import("./coded.js").Component} temperature @param {import("./spectral.js").Kernels} kernels
   */
  constructor(tensors, preset, temperature, kernels) {
    const { inner_km, outer_km, nodes, refinement } = preset;
    const thickness = outer_km - inner_km;
    this.#preset = preset;
    this.#kernels = kernels;
    this.#temperature = temperature;
    Network.check(tensors, refinement);
    this.#tensors = tensors;
    this.#gains = gainsOf(tensors, preset.degree);
    this.#nodes = new RadialGrid(nodes, inner_km / thickness, outer_km / thickness);
    this.#shells = new RadialGrid(refinement.shells, this.#nodes.inner, this.#nodes.outer);
  }

  /**
   * @param {import("./coded.js").Coefficients} coefficients
   * @param {() => Promise<void>} [pause] awaited before each shell
   * @returns {Promise<Float32Array>} `(degree, order, part, mode)`, to be added to the coefficients
   */
  async correction(coefficients, pause) {
    const [before, { promise, resolve }] = [this.#running, deferred()];
    this.#running = promise;
    await before; // corrections share their fields, so one ends before the next begins
    try {
      return await this.#correction(coefficients, pause);
    } finally {
      resolve();
    }
  }

  async #correction({ shape, values }, pause) {
    const [, orders, parts, modes] = shape;
    this.#parts ??= this.#prepared(modes);
    const { seen, found, fromModes, toModes, network, fields } = this.#parts;
    const lateral = { shape, values: values.slice().fill(0, 0, orders * parts * modes) }; // without the mean
    seen.values(seen.fromModes(lateral, fromModes, modes, fields.spectrum), "values", fields.seen);
    for (const [shell, radius] of this.#shells.nodes.entries()) {
      await pause?.();
      const depth = (2 * (radius - this.#shells.inner)) / (this.#shells.outer - this.#shells.inner) - 1;
      network.run(fields, shell, depth);
    }
    const added = { shape, values: new Float32Array(values.length) };
    found.addModes(found.coefficients(fields.found, fields.spectrum), toModes, this.#temperature.centre.length, added);
    return added.values;
  }

  #prepared(modes) {
    const { degree, refinement } = this.#preset;
    const workspace = new Workspace();
    const grid = new GaussGrid(degree, workspace, ["values"]);
    const [seen, found] = [new Transform(grid, 3 * refinement.shells), new Transform(grid, refinement.shells)];
    const fields = { seen: seen.field(), found: found.field(), spectrum: seen.spectrum() };
    return {
      seen,
      found,
      fields,
      network: new Network(this.#tensors, refinement, seen, found),
      fromModes: this.#fromModes(modes).map((matrix) => workspace.putRows(matrix)),
      toModes: this.#toModes().map((matrix) => workspace.putRows(matrix)),
    };
  }

  /** For each degree, the matrix `(mode, place)` to the network's places: each shell, and those below and above it. */
  #fromModes(modes) {
    const { inner_km, outer_km, degree, refinement } = this.#preset;
    const kernels = Array.from(this.#shells.nodes).flatMap((radius) =>
      [-1, 0, 1].map((side) => {
        const radiusKm = radius * (outer_km - inner_km) + side * refinement.reach_km;
        return this.#kernels.at("temperature", Math.min(Math.max(radiusKm, inner_km), outer_km));
      }),
    );
    const element = (l) => (mode, place) => kernels[place].at(l, mode) / refinement.field_rms;
    return Array.from({ length: degree + 1 }, (_, l) => Matrix.of(modes, kernels.length, element(l)));
  }

  /**
   * For each degree, the matrix `(shell, mode)` from the network's output to the nearest coefficients of the coded modes.
   * Modes that are not coded are left out, because they would have to cancel others.
   */
  #toModes() {
    const { modes, tables } = this.#temperature;
    const root = this.#nodes.integral().map(Math.sqrt);
    const onNodes = this.#shells.interpolation(this.#nodes.nodes).map((value, node) => root[node] * value);
    const known = new Map(); // most degrees of a band have the same modes coded
    return modes.map((ofDegree, degree) => {
      const coded = tables.subarray(degree * ofDegree.columns, (degree + 1) * ofDegree.columns).map((table) => (table > 0 ? 1 : 0));
      if (!known.has(ofDegree)) known.set(ofDegree, new Map());
      const ofBand = known.get(ofDegree);
      if (!ofBand.has(coded.join())) {
        const weighted = ofDegree.map((value, node, mode) => coded[mode] * root[node] * value);
        ofBand.set(coded.join(), pseudoInverse(weighted, SMALLEST).times(onNodes));
      }
      const matrix = ofBand.get(coded.join());
      const gain = this.#gains[degree] * this.#preset.refinement.error_rms;
      return Matrix.of(matrix.columns, matrix.rows, (shell, mode) => gain * matrix.at(mode, shell));
    });
  }
}

function deferred() {
  let resolve;
  const promise = new Promise((settle) => (resolve = settle));
  return { promise, resolve };
}

/** The gains `(degree,)`, by which the network's output is multiplied. */
function gainsOf(tensors, degree) {
  const gains = tensors["refinement.gains"]?.values;
  if (gains?.length !== degree + 1) throw new SurrogateError("The weights do not hold a gain for each degree.");
  return gains;
}
