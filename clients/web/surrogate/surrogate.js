/**
 * Opens a surrogate of the kind `spectral` in the browser. It computes the same numbers as the gateway, without a
 * gateway.
 *
 *     const surrogate = await openSurrogate("model_store/default/");
 *     const state = await surrogate.step(120);
 *     const kelvins = state.shell("temperature", { r: 150 });
 *     const between = await surrogate.state(120.5); // if its steps are predicted from one another
 */

import { numbersOf, READS_PARTS } from "../said.js";
import { Below } from "./below.js";
import { Code } from "./coded.js";
import { Corrections, parted } from "./corrections.js";
import { Curves } from "./curves.js";
import { Drafts } from "./draft.js";
import { SurrogateError } from "./error.js";
import { Folder } from "./folder.js";
import { Predictor } from "./prediction.js";
import { Refinement } from "./refine.js";
import { readSafetensors } from "./safetensors.js";
import { Harmonics, Kernels, synthesise } from "./spectral.js";
import { State } from "./state.js";

/** The variables that temperature drives: the strength of a step's buoyancy multiplies them. */
const DRIVEN = [1, 2, 3];
/** The number of steps whose coefficients are kept, because the next step may be predicted from one of them. */
const KEPT = 9;

/**
 * @typedef {import("../source.js").Grid} Grid
 * @typedef {{r: number} | {radius_km: number}} Place  one of the surrogate's shells, where 0 lies next to the core, or any radius
 */

/**
 * @typedef {{
 *   pause?: () => Promise<void>,
 *   coded?: (coefficients: import("./coded.js").Coefficients, detail: "coded" | "draft") => Promise<void>,
 *   passed?: (t: number, coefficients: import("./coded.js").Coefficients) => void,
 * }} Progress  `pause` is awaited between parts of a long computation, which it stops by an error. `coded` is given what is
 *   coded of a step before that is refined, or a draft of a step that is predicted. `passed` is given the steps from which that draft follows, as far as
 *   they are known.
 */

/**
 * @param {string} address the folder's address, with or without a slash at the end
 * @param {{packed?: ?import("../said.js").Packed, given?: import("./folder.js").Given}} [known] what is known of the
 *   surrogate, and files by address that somebody else reads: null if that fails
 * @returns {Promise<Surrogate>} throws SourceError if a file cannot be fetched, SurrogateError if it cannot be used
 */
export async function openSurrogate(address, { packed = null, given = new Map() } = {}) {
  const folder = new Folder(address.replace(/\/?$/, "/"), packed !== null, given);
  const spec = packed === null ? await folder.spec() : folder.checked(packed.spec);
  if (!packed?.parts || !READS_PARTS) {
    return folder.read(spec.generator.weights, (data) => new Surrogate(folder, spec, readSafetensors(data)));
  }
  const { coded, refinement } = packed.parts;
  const rest = refinement && (() => folder.read(refinement, async (data) => readSafetensors(await unpacked(data))));
  return folder.read(coded, async (data) => new Surrogate(folder, spec, readSafetensors(await unpacked(data)), rest));
}

/** Decompresses a part of the weights. @param {ArrayBuffer} data @returns {Promise<ArrayBuffer>} */
function unpacked(data) {
  return new Response(new Blob([data]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

export class Surrogate {
  #folder;
  #code;
  #kernels;
  #refinement = null; // a function that returns a promise of it
  #curves;
  #predictor = null;
  #drafts = null;
  #whole = new Map(); // coefficients by step that are computed: those of #kept
  #kept = new Map(); // promises of coefficients by step, the latest last
  #harmonics = new WeakMap(); // by grid
  #below = null; // made when it is first asked for
  #carried = null; // a step, and it carried to the time of the next one

  /**
   * @param {import("./folder.js").Folder} folder @param {object} spec the content of spec.json
   * @param {Object<string, import("./safetensors.js").Tensor>} tensors its weights
   * @param {?() => Promise<Object<string, import("./safetensors.js").Tensor>>} [rest] reads those that only a refinement needs
   */
  constructor(folder, spec, tensors, rest = null) {
    const preset = spec.generator.arguments;
    const scales = spec.variables.map(({ normalisation }) => normalisation.scale);
    const computed = scales.length - (preset.curves ?? []).length;
    this.#folder = folder;
    this.#code = new Code(tensors, preset);
    const { components } = this.#code;
    this.#kernels = new Kernels(preset, components, computed > 1 ? scales[0] / scales[1] : scales[0]);
    this.#curves = new Curves(tensors, preset, scales);
    if (preset.refinement) {
      const refinement = (weights) => new Refinement(weights, preset, components[0], this.#kernels);
      this.#refinement = rest ? once(async () => refinement({ ...tensors, ...(await rest()) })) : always(refinement(tensors));
    }
    if (preset.prediction) {
      this.#predictor = new Predictor(tensors, preset, components, scales[0]);
      this.#drafts = new Drafts(tensors, preset, components, scales[0]);
    }
    this.spec = spec;
    /** Whether the files' digests are verified. Browsers can only do this on pages in a secure context. */
    this.verified = folder.verifies;
    /** @type {string[]} */
    this.variables = spec.variables.map(({ name }) => name);
    /** @type {import("../source.js").Step[]} */
    this.steps = spec.inputs.steps.map(({ t, time_myr }) => ({ t, time_myr }));
    /** @type {Grid} */
    this.grid = {
      latitudes_deg: numbersOf(spec.grid.latitudes_deg),
      longitudes_deg: numbersOf(spec.grid.longitudes_deg),
    };
  }

  /** @param {number} t @returns {Promise<State>} throws SurrogateError */
  async step(t) {
    return this.stateOf(await this.coefficients(t));
  }

  /**
   * The state at any time between the first and the last step, in step numbers: 120.25 lies a quarter of the way from
   * step 120 to step 121. @param {number} t @returns {Promise<State>} throws SurrogateError
   */
  async state(t) {
    return this.stateOf(await this.coefficientsAt(t));
  }

  /** Whether there is anything between the steps. */
  get between() {
    return this.#predictor !== null;
  }

  /** The coefficients at such a time. @param {number} t @param {Progress} [progress] */
  async coefficientsAt(t, progress = {}) {
    const [before, later] = this.#around(t);
    if (later === null) return this.coefficients(t, progress);
    if (this.#predictor === null) {
      throw new SurrogateError(`There is nothing between steps ${before.t} and ${later.t}: the surrogate holds its steps only.`);
    }
    const { pause } = progress;
    const [first, last] = [await this.coefficients(before.t, { pause }), await this.coefficients(later.t, { pause })];
    const [share, duration] = [(t - before.t) / (later.t - before.t), this.#duration(before, later)];
    await pause?.();
    // What the later step differs from the earlier one, carried to its time, comes in little by little.
    if (this.#carried?.first !== first) {
      this.#carried = { first, there: this.#predictor.carried(first, duration, first.strength).values };
      await pause?.();
    }
    const { there } = this.#carried;
    const { shape, values } = this.#predictor.carried(first, share * duration, first.strength);
    return {
      shape,
      values: values.map((value, i) => value + share * (last.values[i] - there[i])),
      strength: first.strength + share * (last.strength - first.strength),
    };
  }

  /** The steps before and after a time between two steps; otherwise the step itself, if there is one, and null. */
  #around(t) {
    const { steps } = this.spec.inputs;
    const after = steps.findIndex((step) => step.t >= t);
    if (!(t >= steps[0].t) || after < 0 || steps[after].t === t) return [steps[after], null];
    return [steps[after - 1], steps[after]];
  }

  /**
   * Reads the files of a step and of those from which it is predicted, as far as those are not known, so that they are there
   * when the step is asked for. @param {number} t @returns {Promise<void>} fulfilled in any case: whoever asks sees what is wrong
   */
  async read(t) {
    const { steps } = this.spec.inputs;
    const files = new Set();
    for (const near of this.#around(t)) {
      for (let at = near?.t; at !== undefined && !this.#whole.has(at); ) {
        const step = steps.find((known) => known.t === at);
        if (!step || files.has(step)) break;
        files.add(step);
        at = step.predicted_from ?? undefined;
      }
    }
    await Promise.allSettled([...files].map((step) => this.#folder.read(step, () => null)));
  }

  /** The number of bytes that were read so far. */
  get bytes() {
    return this.#folder.bytes;
  }

  /**
   * @param {number} t @param {Progress} [progress]
   * @returns {Promise<import("./coded.js").Coefficients>} throws SurrogateError
   */
  async coefficients(t, progress = {}) {
    const step = this.spec.inputs.steps.find((known) => known.t === t);
    if (!step) {
      const [first, last] = [this.steps[0].t, this.steps.at(-1).t];
      throw new SurrogateError(`There is no time step ${t}: this surrogate has steps between ${first} and ${last}.`);
    }
    return this.#found(step, progress);
  }

  /** The coefficients of a step, which are kept. */
  async #found(step, progress) {
    const found = this.#kept.get(step.t) ?? this.#decoded(step, progress);
    this.#kept.delete(step.t);
    this.#kept.set(step.t, found);
    if (this.#kept.size > KEPT) {
      const oldest = this.#kept.keys().next().value;
      this.#kept.delete(oldest);
      this.#whole.delete(oldest);
    }
    found.then((whole) => this.#kept.get(step.t) === found && this.#whole.set(step.t, whole), () => this.#kept.delete(step.t));
    return found;
  }

  /**
   * Prepares what the first predicted step of a drag from a step would wait for, and rehearses it without its file.
   * @param {number} t @param {() => Promise<void>} [pause]
   */
  async prepare(t, pause) {
    this.#drafts?.prepare();
    await pause?.();
    const { steps } = this.spec.inputs;
    const [whole, before] = [this.#whole.get(t), steps.find((known) => known.t === t)];
    const next = steps.find((known) => known.predicted_from === t);
    if (whole && next) this.#drafts.rehearse(whole, this.#duration(before, next));
  }

  /** The coefficients of a step as far as they can be had soon: whole, as they are coded, or drafted. */
  async #soon(step, progress) {
    await progress.pause?.();
    const whole = this.#whole.get(step.t);
    if (whole) return whole;
    if (!Number.isInteger(step.predicted_from)) {
      return { ...this.#code.coefficients((await this.#read(step, false)).decoded), strength: step.strength ?? 1 };
    }
    const before = this.#before(step);
    const found = async (earlier) => {
      const soon = await this.#soon(earlier, progress);
      progress.passed?.(earlier.t, soon);
      return soon;
    };
    const add = (decoded, values) => this.#code.addTo(values, decoded);
    return this.#drafts.of(step, before, this.#duration(before, step), {
      found, read: async () => (await this.#read(step, true)).decoded, add,
    });
  }

  /** The step from which a step is predicted. It may be an earlier one or a later one. */
  #before(step) {
    const { steps } = this.spec.inputs;
    const origin = (of) => steps.find((known) => known.t === of.predicted_from);
    let at = step;
    for (let left = steps.length; at && Number.isInteger(at.predicted_from) && left > 0; left--) at = origin(at);
    if (!at || Number.isInteger(at.predicted_from)) {
      throw new SurrogateError(`Step ${step.t} cannot be predicted: no key frame leads to it.`);
    }
    return origin(step);
  }

  /** Decodes a step, after the step from which it is predicted. */
  async #decoded(step, progress) {
    const { pause, coded } = progress;
    const { strength = 1 } = step;
    if (Number.isInteger(step.predicted_from) && this.#predictor) {
      const before = this.#before(step);
      if (coded) await coded(await this.#soon(step, progress), "draft");
      const reading = this.#read(step, true); // while earlier steps are decoded
      const [{ decoded, corrections }, earlier] = await Promise.all([reading, this.#found(before, { pause })]);
      await pause?.();
      const { shape, values } = this.#predictor.predicted(earlier, this.#duration(before, step), before.strength ?? 1);
      this.#code.addTo(values, decoded);
      return { shape, values, corrections, strength };
    }
    const { decoded, corrections } = await this.#read(step, false);
    const coefficients = { ...this.#code.coefficients(decoded), corrections, strength };
    if (this.#refinement === null) return coefficients;
    const reading = this.#refinement();
    reading.catch(() => {}); // whoever waits for it sees what is wrong
    await coded?.({ ...coefficients, corrections: null }, "coded");
    const refinement = await reading;
    const refined = this.#code.added(decoded, await refinement.correction(coefficients, pause));
    return { ...this.#code.coefficients(refined), corrections, strength };
  }

  /** Reads what is coded of a step, and the corrections of its cells, if it has any. */
  #read(step, isPredicted) {
    return this.#folder.read(step, (data) => {
      const { code, corrections } = this.#parted(data);
      return { decoded: this.#code.decode(code, isPredicted), corrections };
    });
  }

  /** Divides a step's file into its code and the corrections of its cells, if it has any. */
  #parted(data) {
    const { max_error: maxError } = this.spec.inputs;
    if (!maxError) return { code: data, corrections: null };
    const { code, block } = parted(data);
    const { latitudes_deg, longitudes_deg } = this.grid;
    const shells = numbersOf(this.spec.grid.radii_km).length;
    return { code, corrections: new Corrections(block, [shells, latitudes_deg.length, longitudes_deg.length], maxError) };
  }

  #duration(before, after) {
    const { clock } = this.spec.generator.arguments.prediction;
    return after[clock] - before[clock];
  }

  /** Profiles, series and sections. @returns {Below} */
  get below() {
    const { degree } = this.spec.generator.arguments;
    const everywhere = (coefficients, sphere, radiusKm) => synthesise(coefficients, this.#kernels, sphere, radiusKm, [0])[0];
    this.#below ??= new Below(this, {
      degree, shape: this.#code.shape, radiiKm: numbersOf(this.spec.grid.radii_km), kernels: this.#kernels, curves: this.#curves, everywhere,
    });
    return this.#below;
  }

  /** Returns the state that coefficients describe. @param {import("./coded.js").Coefficients} coefficients */
  stateOf(coefficients) {
    const evaluated = (radiusKm, wanted, grid) => {
      if (!this.#harmonics.has(grid)) {
        this.#harmonics.set(grid, new Harmonics(this.spec.generator.arguments.degree, grid));
      }
      const computed = this.#curves.needs(wanted);
      const shells = synthesise(coefficients, this.#kernels, this.#harmonics.get(grid), radiusKm, computed);
      const { strength = 1 } = coefficients;
      const driven = (variable, shell) => (DRIVEN.includes(variable) ? shell.map((value) => strength * value) : shell);
      const byVariable = new Map(computed.map((variable, i) => [variable, driven(variable, shells[i])]));
      const everywhere = (sphere) => synthesise(coefficients, this.#kernels, sphere, radiusKm, [0])[0];
      return wanted.map((variable) => byVariable.get(variable) ?? this.#curves.of(variable, byVariable.get(0), everywhere, radiusKm));
    };
    return new State(this, evaluated, coefficients.corrections ?? null);
  }
}

const always = (value) => async () => value;

/** Makes a value when it is first asked for, and again if that fails. @template T @param {() => Promise<T>} make */
function once(make) {
  let made = null;
  return () => {
    made ??= make().catch((error) => {
      made = null;
      throw error;
    });
    return made;
  };
}
