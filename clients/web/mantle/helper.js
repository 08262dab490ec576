/** A worker beside the map's, for features, which take long. It ends when they are not wanted. */

import { startWorker } from "../surrogate/start.js";

/** @typedef {{beside: (port: Worker, wish: import("./beside.js").Wish, on: (told: object) => void) => void}} Ask  how workers are asked */

export class Helper {
  #page;
  #ask;
  #worker = null;

  /** @param {import("../more/more.js").Page} page @param {Ask} ask */
  constructor(page, ask) {
    this.#page = page;
    this.#ask = ask;
  }

  /** @param {import("./beside.js").Sought} features @param {(told: object) => void} on is told how far it has come, and what is found */
  find(features, on) {
    this.#worker ??= this.#started();
    this.#ask.beside(this.#worker, { features }, ({ error, features: told }) => (error ? this.#page.inform(error) : on(told)));
  }

  /** Ends what is under way. */
  stop() {
    this.#worker?.terminate();
    this.#worker = null;
  }

  #started() {
    const { folder, packed, worker } = this.#page.source;
    const started = startWorker(worker ?? new URL("../surrogate/worker.js", import.meta.url), { open: folder, packed });
    started.opened.then(({ error }) => error && this.#page.inform(error));
    return started.worker;
  }
}
