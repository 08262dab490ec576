/**
 * What the page and the one around it tell each other. The outer page sends `{ earthgan: "show", … }` with any parameters of a
 * permalink, such as `t` or `depth`, once it has got `{ earthgan: "ready" }`. It gets `{ earthgan: "shown", hash, caption }` when
 * a frame is whole on the screen.
 */

/** Parameters that say the same: a new one takes the place of the other. */
const SAME = { depth: "r", r: "depth", variable: "var", var: "variable" };

export class Embedding {
  #page;
  #said = "";

  /** @param {import("./more.js").Page} page */
  constructor(page) {
    this.#page = page;
    window.addEventListener("message", ({ source, data }) => {
      if (source === window.parent && source !== window && data?.earthgan === "show") this.#show(data);
    });
    tell({ earthgan: "ready" });
  }

  /** A frame is on the map. */
  shown() {
    const said = { earthgan: "shown", hash: this.#page.hash(), caption: document.getElementById("caption").textContent };
    const text = JSON.stringify(said);
    if (text !== this.#said) tell(said);
    this.#said = text;
  }

  #show({ earthgan: _, ...asked }) {
    const parameters = new URLSearchParams(this.#page.hash().slice(1));
    for (const [name, value] of Object.entries(asked)) {
      parameters.delete(SAME[name]);
      if (value === null) parameters.delete(name);
      else parameters.set(name, String(value));
    }
    this.#page.go(`#${parameters}`);
  }
}

/** Tells the outer page, whoever that is: no more than what it shows there. */
function tell(what) {
  if (window.parent !== window) window.parent.postMessage(what, "*");
}
