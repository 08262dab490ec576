/** Keeps the URL's fragment in step with what the page shows. */

import { formatHash, frameKey } from "./state.js";

/** The delay before a write. Browsers refuse more than some hundred writes in half a minute, as a dragged slider makes. */
const SETTLE_MS = 300;

export class Permalink {
  #timer = 0;
  #written = null;

  /** @param {() => void} onNavigate called when the reader goes back, forward, or edits the fragment */
  constructor(onNavigate) {
    window.addEventListener("hashchange", () => {
      clearTimeout(this.#timer);
      onNavigate();
    });
  }

  /** Writes the state once it settles. A new field makes a history entry; a moved map does not. */
  write(state) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const isStep = this.#written !== null && frameKey(this.#written) !== frameKey(state);
      this.#written = state;
      const hash = formatHash(state);
      if (hash === location.hash) return;
      // The full address, because a fragment alone would be relative to the <base> that the gateway sets.
      history[isStep ? "pushState" : "replaceState"](null, "", location.pathname + location.search + hash);
    }, SETTLE_MS);
  }
}
