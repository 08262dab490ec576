/**
 * What the page and the one around it tell each other. The outer page sends `{ earthgan: "show", … }` with any parameters of a
 * permalink, such as `t` or `depth`, once it has got `{ earthgan: "ready" }`. It gets
 *
 * - `{ earthgan: "shown", hash, caption }` when a frame is whole on the screen,
 * - `{ earthgan: "chosen", hash, variable, t, depth_km, anomaly, globe, view, place }` when something is chosen, before it is on
 *   the screen,
 * - `{ earthgan: "read", value, at }` when another value is read, in the variable's unit: null where there is none.
 *
 * An `id` of the last `show` is in all of them, so that answers can be told from what was on its way.
 */

/** Parameters that say the same: a new one takes the place of the other. */
const SAME = { depth: "r", r: "depth", variable: "var", var: "variable" };

export class Embedding {
  #page;
  #told = {}; // by kind, the last message as text
  #id; // of the last `show`

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
    this.#tell("shown", { hash: this.#page.hash(), caption: document.getElementById("caption").textContent });
  }

  /** Something is chosen. @param {import("../state.js").State} state */
  chosen({ variable, t, r, anomaly = false, globe, view, place = null }) {
    const { depth_km } = this.#page.source.catalog.shells[r];
    this.#tell("chosen", { hash: this.#page.hash(), variable, t, depth_km, anomaly, globe: Boolean(globe), view, place });
  }

  /** Another value is read. @param {number} value in the variable's unit @param {?{lat: number, lng: number}} at its place, if it is on the map */
  read(value, at) {
    this.#tell("read", { value: Number.isFinite(value) ? value : null, at });
  }

  /** Tells what is new. */
  #tell(kind, what) {
    const said = { earthgan: kind, ...what, ...(this.#id !== undefined && { id: this.#id }) };
    const text = JSON.stringify(said);
    if (text !== this.#told[kind]) tell(said);
    this.#told[kind] = text;
  }

  #show({ earthgan: _, id, ...asked }) {
    this.#id = id;
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
