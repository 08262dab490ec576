/** Keeps the URL's fragment in step with what the page shows, with one entry of the history for each gesture. */

import { Gestures } from "./gestures.js";
import { formatHash } from "./state.js";

/** The delay before a write. Browsers refuse more than some hundred writes in half a minute, as a dragged slider makes. */
const SETTLE_MS = 400;

export class Permalink {
  #timer = 0;
  #pending = null; // the state that is not written yet
  #gestures;

  #isEmbedded;

  /**
   * @param {() => void} onNavigate called when the reader goes back, forward, or edits the fragment
   * @param {boolean} [isEmbedded] whether the history is that of another page, which gets no entries
   */
  constructor(onNavigate, isEmbedded = false) {
    this.#isEmbedded = isEmbedded;
    this.#gestures = new Gestures(() => this.#flush());
    let { search } = location;
    const navigated = () => {
      search = location.search;
      clearTimeout(this.#timer);
      this.#pending = null;
      this.#gestures.end();
      onNavigate();
    };
    window.addEventListener("hashchange", navigated);
    window.addEventListener("popstate", () => {
      if (location.search !== search) navigated(); // then some browsers tell of no other fragment
    });
    window.addEventListener("pagehide", () => this.#flush());
  }

  /** Writes a state that the reader has chosen, once it settles. */
  write(state) {
    clearTimeout(this.#timer);
    this.#pending = state;
    this.#timer = setTimeout(() => this.#flush(), SETTLE_MS);
  }

  /** Writes the state in the place of the one in the address, e.g. because the link was written by hand. */
  correct(state) {
    put("replaceState", state);
  }

  /** Writes what somebody else asks for. @param {string} hash */
  replace(hash) {
    clearTimeout(this.#timer);
    this.#pending = null;
    if (hash !== location.hash) history.replaceState(null, "", location.href.split("#")[0] + hash);
  }

  /** While the page plays, all that it shows is one gesture. */
  set isPlaying(isPlaying) {
    if (isPlaying) this.#gestures.end();
    this.#gestures.isPlaying = isPlaying;
  }

  #flush() {
    clearTimeout(this.#timer);
    if (this.#pending === null) return;
    const state = this.#pending;
    this.#pending = null;
    if (formatHash(state) !== location.hash) put(this.#gestures.isFirstWrite() && !this.#isEmbedded ? "pushState" : "replaceState", state);
  }
}

/**
 * The full address is written, because a fragment alone would be relative to the <base>, which may be another page's. It names
 * another surrogate as long as a picture of that is pinned.
 */
function put(how, state) {
  const hash = formatHash(state);
  if (hash === location.hash) return;
  const address = new URL(location.href.split("#")[0]);
  if (!state.compare?.isOther && address.searchParams.has("pinned")) address.searchParams.delete("pinned");
  history[how](null, "", address.href + hash);
}
