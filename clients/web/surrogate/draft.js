/**
 * Drafts of predicted steps. A step that is predicted from another costs a prediction for each step since the last that is
 * not. A draft predicts the low degrees only, from what is coded, so it takes a tenth of the time. Finer details stay where
 * they were, which blurs what moves. The whole prediction takes a draft's place.
 */

import { Predictor } from "./prediction.js";

/** The number of drafts that are kept: the next step of a drag follows from the one before it. */
const KEPT = 4;

export class Drafts {
  #predictor;
  #kept = new Map(); // coefficients by step, the latest last

  /**
   * @param {Object<string, import("./safetensors.js").Tensor>} tensors the surrogate's weights
   * @param {object} preset spec.json's arguments, with a `prediction`
   * @param {import("./coded.js").Component[]} components @param {number} kelvins that a temperature of 1 stands for
   */
  constructor(tensors, preset, components, kelvins) {
    const { degree, flow_degree, stages } = preset.prediction;
    const low = Math.min(degree, flow_degree);
    const fewer = { degree: low, stages: Math.max(2, Math.ceil((stages * low) / degree)) }; // what is coarser moves in longer steps
    const prediction = { ...preset.prediction, ...fewer };
    this.#predictor = new Predictor(tensors, { ...preset, prediction }, components, kelvins);
  }

  /** Prepares what the first draft would wait for. */
  prepare() {
    this.#predictor.prepare();
  }

  /** Predicts once and forgets it: the first time takes ten times as long. */
  rehearse(coefficients, duration) {
    this.#predictor.predicted(coefficients, duration, coefficients.strength);
  }

  /**
   * @param {object} step of spec.json @param {object} before the step from which it is predicted @param {number} duration
   * @param {{
   *   found: (step: object) => Promise<import("./coded.js").Coefficients>, read: () => Promise<import("./coded.js").CodedStep>,
   *   add: (coded: import("./coded.js").CodedStep, values: Float32Array) => void,
   * }} from  coefficients of the step before, whole or drafted; what is coded of the step; and what adds it to a prediction
   * @returns {Promise<import("./coded.js").Coefficients>}
   */
  async of(step, before, duration, { found, read, add }) {
    const kept = this.#kept.get(step.t);
    if (kept) return kept;
    const reading = read();
    reading.catch(() => {}); // it is awaited below, if nothing else fails first
    const earlier = await found(before);
    const coded = await reading;
    const { shape, values } = this.#predictor.predicted(earlier, duration, before.strength ?? 1);
    add(coded, values);
    const draft = { shape, values, strength: step.strength ?? 1 };
    this.#kept.set(step.t, draft);
    if (this.#kept.size > KEPT) this.#kept.delete(this.#kept.keys().next().value);
    return draft;
  }
}
