/** Flow, slabs and plumes on the page. It is a file of its own, which is loaded when one of them is switched on. */

import { addStyle } from "../add-style.js";
import { Features } from "./features.js";
import { Flow } from "./flow.js";
import { Helper } from "./helper.js";
import { STYLE } from "./style.js";

/** What workers are asked to load. The built page has it beside this file, under this name. */
const PROGRAM = new URL("./beside.js", import.meta.url).href;

/** Asks a worker of a surrogate for something, and for nothing else any more. @type {import("./helper.js").Ask} */
const ask = {
  beside(port, wish, on) {
    if (!listeners.has(port)) port.addEventListener("message", ({ data }) => data.beside === PROGRAM && listeners.get(port)(data));
    listeners.set(port, on);
    port.postMessage({ beside: PROGRAM, wish });
  },
};
const listeners = new WeakMap();

export class Mantle {
  #parts;

  /** @param {import("../more/more.js").Page} page */
  constructor(page) {
    addStyle(STYLE);
    const helper = new Helper(page, ask);
    this.#parts = [new Flow(page, ask, helper), new Features(page, helper)];
  }

  /** @param {import("../state.js").State} state */
  show(state) {
    for (const part of this.#parts) part.show(state);
  }

  /** A frame is on the map. */
  shown() {
    for (const part of this.#parts) part.shown();
  }
}
