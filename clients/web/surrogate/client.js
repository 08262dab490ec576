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
  const { error, ...about } = await opened;
  if (!error) return new SurrogateWorker(worker, about, early);
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
  #onWatched = () => {};
  #onShell = () => {};

  /**
   * @param {Worker} worker @param {{bytes: number, chains: number[][]}} about
   * @param {?{frame: Frame, answers: object[]}} [early] the frame that the worker was asked for before, as request 0, and the
   *   answers to that
   */
  constructor(worker, { bytes, chains }, early = null) {
    this.#worker = worker;
    this.#early = early;
    /** For programs beside the worker's own. */
    this.port = worker;
    /** The bytes that were read to open the surrogate. */
    this.bytes = bytes;
    /** The steps in groups that do not depend on each other: see chains.js. */
    this.chains = chains;
    worker.addEventListener("message", ({ data }) => this.#answered(data));
  }

  #answered(data) {
    if (data.watched) this.#onWatched(data.watched);
    if (data.shell) this.#onShell(data.shell);
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
  compute({ variable, t, r, anomaly = false }, on) {
    const early = this.#early;
    this.#early = null;
    if (early && !anomaly && early.frame.variable === variable && early.frame.t === t && early.frame.r === r) {
      this.#requests.set(0, on);
      const answers = early.answers.splice(0);
      for (const answer of answers) this.#answered(answer);
      return;
    }
    this.#id += 1;
    this.#requests.set(this.#id, on);
    this.#worker.postMessage({ id: this.#id, variable, t, r, anomaly });
  }

  /**
   * Computes what is watched of the frame that was answered last, and of each one to come.
   * @param {import("./watched.js").Watch} watch @param {(watched: object) => void} [on] see watched.js
   */
  watch(watch, on = this.#onWatched) {
    this.#onWatched = on;
    this.#worker.postMessage({ watch });
  }
  /**
   * Computes all shells of the frame that was answered last, and of each one to come.
   * @param {?{first: number[], all: boolean}} wish the shells that are computed first, and whether the others follow; null: no more
   * @param {(shell: {of: object, level: number, values: Float32Array} | {error: string}) => void} [on]
   */
  fill(wish, on = () => {}) {
    this.#onShell = on;
    this.#worker.postMessage({ volume: wish });
  }
}
