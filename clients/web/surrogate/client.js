/** A surrogate that computes in a worker. */

import { SurrogateError } from "./error.js";

/**
 * @typedef {import("../source.js").Frame} Frame
 * @typedef {{values: Float32Array, detail: "coded" | "refined", cost: {bytes: number, ms: number}}} Computed  a shell's
 *   values `(row, column)` in their unit, whether a refinement has been added to what is coded, and what it cost: the
 *   bytes that were read, and the time from request to answer
 */

/**
 * @param {string} address the folder's absolute address
 * @returns {Promise<SurrogateWorker>} throws SurrogateError if this browser cannot compute the surrogate
 */
export async function openInWorker(address) {
  const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
  worker.postMessage({ open: address });
  const opened = await new Promise((resolve) => {
    worker.addEventListener("message", ({ data }) => resolve(data.opened), { once: true });
    worker.addEventListener("error", () => resolve({ error: "This browser does not start the worker." }), { once: true });
  });
  if (!opened.error) return new SurrogateWorker(worker, opened.bytes);
  worker.terminate();
  throw new SurrogateError(opened.error);
}

export class SurrogateWorker {
  #worker;
  #id = 0;
  #requests = new Map(); // by id, who waits for answers: the latest that was answered and all later ones

  constructor(worker, bytes) {
    this.#worker = worker;
    /** The bytes that were read to open the surrogate. */
    this.bytes = bytes;
    worker.addEventListener("message", ({ data }) => {
      const on = this.#requests.get(data.id);
      if (!on) return;
      for (const id of this.#requests.keys()) if (id < data.id) this.#requests.delete(id);
      if (data.error) on.failed(new SurrogateError(data.error));
      else on.computed(data);
    });
  }

  /**
   * Computes a frame. While the worker is busy, the latest call replaces those that wait, so most frames of a drag are never
   * computed. Answers come in the order of the calls.
   * @param {Frame} frame @param {{computed: (shell: Computed) => void, failed: (error: SurrogateError) => void}} on
   */
  compute({ variable, t, r }, on) {
    this.#id += 1;
    this.#requests.set(this.#id, on);
    this.#worker.postMessage({ id: this.#id, variable, t, r });
  }
}
