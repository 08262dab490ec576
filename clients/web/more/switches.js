/** Switches for what is drawn over the map: the flow, and slabs and plumes. What draws them is loaded when it is wanted. */

export class Switches {
  #page;
  #inputs;
  #opening = null;
  #mantle = null;

  /** @param {import("./more.js").Page} page */
  constructor(page) {
    const { flow, features } = document.getElementById("controls").elements;
    this.#page = page;
    this.#inputs = [flow, features];
  }

  /** @param {import("../state.js").State} state */
  show(state) {
    for (const input of this.#inputs) input.checked = Boolean(state[input.name]);
    if (this.#mantle) this.#mantle.show(state);
    else if (this.#inputs.some((input) => state[input.name] && !input.closest("[hidden]"))) this.#open();
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
