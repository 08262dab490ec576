/** Keeps the URL's fragment in step with what the page shows. */

import { formatHash, frameKey } from "./state.js";

/** Browsers refuse more than some hundred history writes in half a minute; a dragged slider makes that many. */
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

  /** Writes the state once it settles. Another field is a step to go back to; a moved map is not. */
  write(state) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const isStep = this.#written !== null && frameKey(this.#written) !== frameKey(state);
      this.#written = state;
      const hash = formatHash(state);
      if (hash === location.hash) return;
      // In full, for a fragment alone would be one of the page's <base>, which the gateway sets.
      history[isStep ? "pushState" : "replaceState"](null, "", location.pathname + location.search + hash);
    }, SETTLE_MS);
  }
}
