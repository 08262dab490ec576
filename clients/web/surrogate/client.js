/** A surrogate that computes in a worker. */

import { SurrogateError } from "./error.js";
import { startWorker } from "./start.js";

/**
 * @typedef {import("../source.js").Frame} Frame
 * @typedef {{values: Float32Array, detail: "draft" | "coded" | "refined", cost: {bytes: number, ms: number}}} Computed  a shell's
 *   values `(row, column)` in their unit, whether they are whole, what is coded or a draft, and what it cost: the
 *   bytes that were read, and the time from request to answer
 */

/**
 * @param {string} address the folder's absolute address
 * @param {{packed?: ?import("../said.js").Packed, worker?: ?string}} [known] what is known of the surrogate, and the address
 *   of the worker, if it is not beside this module
 * @returns {Promise<SurrogateWorker>} throws SurrogateError if this browser cannot compute the surrogate
 */
export async function openInWorker(address, { packed = null, worker: program = null } = {}) {
  const early = startedEarly(address);
  const { worker, opened } = early ?? start(program ?? new URL("worker.js", import.meta.url), { open: address, packed });
  const { bytes, error } = await opened;
  if (!error) return new SurrogateWorker(worker, bytes, early);
  worker.terminate();
  throw new SurrogateError(error);
}

/** The worker that the page has started for a folder before this module was there. It is taken once. */
function startedEarly(address) {
  const early = globalThis.earthganEarly;
  delete globalThis.earthganEarly;
  return early?.folder === address ? early : null;
}

function start(program, request) {
  try {
    return startWorker(program, request);
  } catch (error) {
    throw new SurrogateError(`This browser does not start the worker: ${error.message}`, { cause: error });
  }
}

export class SurrogateWorker {
  #worker;
  #id = 0;
  #requests = new Map(); // by id, who waits for answers: the latest that was answered and all later ones
  #early;

  /**
   * @param {Worker} worker @param {number} bytes
   * @param {?{frame: Frame, answers: object[]}} [early] the frame that the worker was asked for before, as request 0, and the
   *   answers to that
   */
  constructor(worker, bytes, early = null) {
    this.#worker = worker;
    this.#early = early;
    /** The bytes that were read to open the surrogate. */
    this.bytes = bytes;
    worker.addEventListener("message", ({ data }) => this.#answered(data));
  }

  #answered(data) {
    const on = this.#requests.get(data.id);
    if (!on) return;
    for (const id of this.#requests.keys()) if (id < data.id) this.#requests.delete(id);
    if (data.error) on.failed(new SurrogateError(data.error));
    else on.computed(data);
  }

  /**
   * Computes a frame. While the worker is busy, the latest call replaces those that wait, so most frames of a drag are never
   * computed. Answers come in the order of the calls.
   * @param {Frame} frame @param {{computed: (shell: Computed) => void, failed: (error: SurrogateError) => void}} on
   */
  compute({ variable, t, r }, on) {
    const early = this.#early;
    this.#early = null;
    if (early && early.frame.variable === variable && early.frame.t === t && early.frame.r === r) {
      this.#requests.set(0, on);
      const answers = early.answers.splice(0);
      for (const answer of answers) this.#answered(answer);
      return;
    }
    this.#id += 1;
    this.#requests.set(this.#id, on);
    this.#worker.postMessage({ id: this.#id, variable, t, r });
  }
}
