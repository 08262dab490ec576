/**
 * All shells of the frame that a page was answered last, for its globe: some first, which make a coarse picture, and then the
 * rest as far as nothing else is wanted.
 */

import { lessMean, quantityOf } from "./derived.js";

/** The coarse picture is not interrupted for so long, so that a page that plays also shows it. */
const UNASKED_MS = 1500;
/** Of a draft, there is a coarse picture only if the last one was made so long ago. */
const DRAFT_MS = 500;

export class Volume {
  #surrogate;
  #tell;
  #first = null; // the levels of the coarse picture
  #all = true; // whether the others follow
  #of = null; // the coefficients and the quantity that are under way
  #left = []; // levels
  #begun = 0; // when the last coarse picture was there, in ms

  /** @param {import("./surrogate.js").Surrogate} surrogate @param {(shell: object, transfer: Transferable[]) => void} tell */
  constructor(surrogate, tell) {
    this.#surrogate = surrogate;
    this.#tell = tell;
  }

  /** @param {?{first: number[], all: boolean}} wish the levels of the coarse picture, and whether the others follow; null: there is no globe */
  set(wish) {
    this.#first = wish?.first ?? null;
    this.#all = wish?.all ?? true;
    this.#of = null;
  }

  /** Whether there is more to compute. @param {?import("./watched.js").Seen & {coefficients: object}} seen */
  wants(seen) {
    return this.#first !== null && seen?.detail === "refined" && (!this.#isSame(seen) || this.#left.length > 0);
  }

  /** Computes the coarse picture. */
  begin(seen) {
    const now = performance.now();
    if (this.#first === null || (seen.detail !== "refined" && now - this.#begun < DRAFT_MS)) return;
    this.#start(seen);
    const first = new Set(this.#first);
    while (first.has(this.#left[0]) && performance.now() < now + UNASKED_MS) this.#next(seen);
    this.#begun = performance.now();
  }

  /** Computes all. @param {() => Promise<void>} pause awaited between shells; it stops the computation by an error */
  async fill(seen, pause) {
    while (this.wants(seen)) {
      this.#start(seen);
      this.#next(seen);
      await pause();
    }
  }

  get #count() {
    const { radii_km: radii } = this.#surrogate.spec.grid;
    return radii.count ?? radii.length;
  }

  #isSame({ coefficients, variable, anomaly }) {
    return this.#of?.coefficients === coefficients && this.#of.variable === variable && this.#of.anomaly === anomaly;
  }

  #start(seen) {
    if (this.#isSame(seen)) return;
    this.#of = seen;
    const others = Array.from({ length: this.#count }, (_, level) => level).filter((level) => !this.#first.includes(level));
    this.#left = this.#all ? [...this.#first, ...others] : [...this.#first];
  }

  #next({ coefficients, variable, anomaly, t }) {
    const r = this.#left.shift();
    const surrogate = this.#surrogate;
    const values = quantityOf(surrogate, surrogate.stateOf(coefficients), variable, { r });
    const told = anomaly ? lessMean(values, surrogate.grid) : values;
    this.#tell({ of: { variable, t, anomaly }, level: r, values: told }, [told.buffer]);
  }
}
