/** A worker beside the map's, for what takes long: paths and features. It ends when nothing is wanted. */

import { startWorker } from "../surrogate/start.js";

/** @typedef {{beside: (port: Worker, wish: import("./beside.js").Wish, on: (told: object) => void) => void}} Ask  how workers are asked */

export class Helper {
  #page;
  #ask;
  #worker = null;
  #wish = {};
  #on = {};

  /** @param {import("../more/more.js").Page} page @param {Ask} ask */
  constructor(page, ask) {
    this.#page = page;
    this.#ask = ask;
  }

  /** Wants something, or no more. @param {"path" | "features"} part @param {?object} wish @param {(told: object) => void} [on] */
  want(part, wish, on = () => {}) {
    if (wish === null && !this.#wish[part]) return; // whoever wants the other part would begin again
    const { [part]: _, ...others } = this.#wish;
    this.#wish = wish === null ? others : { ...others, [part]: wish };
    this.#on[part] = on;
    if (Object.keys(this.#wish).length === 0) {
      this.#worker?.terminate();
      this.#worker = null;
      return;
    }
    this.#worker ??= this.#started();
    this.#ask.beside(this.#worker, this.#wish, (told) => this.#told(told));
  }

  #started() {
    const { folder, packed, worker } = this.#page.source;
    const started = startWorker(worker ?? new URL("../surrogate/worker.js", import.meta.url), { open: folder, packed });
    started.opened.then(({ error }) => error && this.#page.inform(error));
    return started.worker;
  }

  #told({ error, ...told }) {
    if (error) this.#page.inform(error);
    for (const part of Object.keys(this.#wish)) if (told[part]) this.#on[part](told[part]);
  }
}
