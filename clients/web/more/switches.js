/** Switches for what is drawn over the map: the flow, and slabs and plumes. What draws them is loaded when it is wanted. */

import { element } from "./dom.js";

const FLOW = ["vx", "vy", "vz"];

export class Switches {
  #page;
  #inputs;
  #opening = null;
  #mantle = null;

  /** @param {import("./more.js").Page} page */
  constructor(page) {
    const { variables } = page.source.catalog;
    this.#page = page;
    const hasFlow = page.source.folder !== null && FLOW.every((name) => variables.includes(name));
    this.#inputs = {
      flow: this.#switchFor("flow", "Flow", "What moves, and where to", hasFlow),
      features: this.#switchFor("features", "Slabs, plumes", "What is cold and sinks, and what is hot and rises", hasFlow && variables.includes("temperature")),
    };
  }

  #switchFor(name, words, title, isOffered) {
    const input = element("input", { type: "checkbox", name });
    input.addEventListener("change", () => {
      this.#page.look({ [name]: input.checked ? "1" : null });
      this.#page.shownAgain();
    });
    if (!isOffered) return null;
    const box = document.querySelector("#variable-control .switches");
    box.append(element("label", { class: "switch", title, style: "white-space: nowrap" }, input, ` ${words}`));
    Object.assign(box.style, { flexWrap: "wrap", rowGap: "2px" });
    return input;
  }

  /** @param {import("../state.js").State} state */
  show(state) {
    for (const [name, input] of Object.entries(this.#inputs)) if (input) input.checked = Boolean(state[name]);
    if (this.#mantle) this.#mantle.show(state);
    else if (Object.entries(this.#inputs).some(([name, input]) => input && state[name])) this.#open();
  }

  /** A frame is on the map. */
  shown() {
    this.#mantle?.shown();
  }

  async #open() {
    this.#opening ??= import("../mantle/mantle.js");
    try {
      const { Mantle } = await this.#opening;
      this.#mantle ??= new Mantle(this.#page);
      this.#mantle.show(this.#page.state());
    } catch {
      this.#opening = null;
      this.#page.look({ flow: null, features: null });
      this.#page.shownAgain();
      this.#page.inform("A part of the page could not be loaded.");
    }
  }
}
