/** What is below places: computed by this browser, or by the server, as the reader's switch says. */

import { GreatCircle } from "../surrogate/great-circle.js";

/** The server is asked for what the map comes to rest on. */
const SETTLE_MS = 250;

/**
 * @typedef {import("../state.js").Place} Place @typedef {import("../source.js").Frame} Frame
 * @typedef {{
 *   frame: Pick<Frame, "variable" | "t" | "anomaly">, place: Place, values: ArrayLike<?number>, mean: ?ArrayLike<number>,
 * }} Profile  `(shell,)`, the shell next to the core first, in the variable's unit without the legend's factor
 * @typedef {{
 *   frame: Pick<Frame, "variable" | "t" | "anomaly">, from: Place, to: Place, isQuick: boolean,
 *   values: ArrayLike<?number>, places: number, first: number, step: number, count: number,
 * }} Section  `(shell, place)`: every shell from the first on, or every second one, and so on
 */

export class Numbers {
  #source;
  #engine;
  #on;
  #wish = { profile: null, section: null };
  #watcher = null; // the computer that knows the wish
  #timer = 0;
  #request = null;
  #series = null;

  /**
   * @param {import("../source.js").Source} source @param {import("../engine.js").Engine} engine
   * @param {{profile: (found: Profile) => void, section: (found: Section) => void, failed: (reason: string) => void}} on
   */
  constructor(source, engine, on) {
    this.#source = source;
    this.#engine = engine;
    this.#on = on;
  }

  /** Whether there is anything to show. */
  get exist() {
    return this.#engine.chosen === "browser" || Boolean(this.#source.fetchProfile);
  }

  /** @param {?Place} profile @param {?{from: Place, to: Place, isMoving?: boolean}} section @param {?Frame} frame the one on the map */
  watch(profile, section, frame) {
    this.#wish = { profile, section };
    this.#watcher = null;
    this.shown(frame);
  }

  /** Another frame is on the map. @param {?Frame} frame */
  shown(frame) {
    if (this.#engine.chosen === "browser") {
      const { computer } = this.#engine;
      if (computer === null || this.#watcher === computer) return; // it answers by itself
      this.#watcher = computer;
      computer.watch(this.#wish, (watched) => this.#watched(watched));
      return;
    }
    this.#watcher = null;
    clearTimeout(this.#timer);
    this.#request?.abort();
    const { profile, section } = this.#wish;
    if (frame && this.#source.fetchProfile && (profile || section)) {
      this.#timer = setTimeout(() => this.#fetch(frame, profile, section), section?.isMoving ? 2 * SETTLE_MS : SETTLE_MS);
    }
  }

  #watched({ variable, anomaly, t, profile, section, isQuick, found }) {
    const frame = { variable, anomaly, t };
    if (found.profile) this.#on.profile({ frame, place: profile, ...found.profile });
    if (found.section) this.#on.section({ frame, from: section.from, to: section.to, isQuick, ...found.section });
  }

  async #fetch(frame, place, section) {
    this.#request = new AbortController();
    const { signal } = this.#request;
    try {
      const [profile, below] = await Promise.all([
        place && this.#source.fetchProfile(frame, place, signal),
        section && this.#source.fetchSection(frame, section, signal),
      ]);
      if (signal.aborted) return;
      const of = (found) => ({ variable: frame.variable, t: frame.t, anomaly: found.variable !== frame.variable });
      if (profile) this.#on.profile({ frame: of(profile), place, values: profile.values, mean: null });
      if (below) {
        const { from, to } = section;
        const size = { places: below.lat.length, first: 0, step: 1, count: below.values.length };
        this.#on.section({ frame: of(below), from, to, isQuick: false, values: below.values.flat(), ...size });
      }
    } catch (error) {
      if (!signal.aborted) this.#on.failed(error.message);
    }
  }

  /**
   * Tells the values at a place in all steps. The latest call wins.
   * @param {Frame} frame @param {Place} place
   * @param {{told: (t: number, value: ?number) => void, whole: () => void, failed: (reason: string) => void}} on
   */
  async series(frame, place, on) {
    this.stop();
    if (this.#engine.chosen === "browser") {
      const { computer } = this.#engine;
      const { variable, anomaly = false, r, t } = frame;
      computer.series({ variable, anomaly, r, t, place }, on);
      this.#series = () => computer.stop();
      return;
    }
    if (!this.#source.fetchSeries) return;
    const asked = new AbortController();
    this.#series = () => asked.abort();
    try {
      const { t, values } = await this.#source.fetchSeries(frame, place, asked.signal);
      if (asked.signal.aborted) return;
      t.forEach((step, i) => on.told(step, values[i]));
      on.whole();
    } catch (error) {
      if (!asked.signal.aborted) on.failed(error.message);
    }
  }

  /** Ends a series that is under way. */
  stop() {
    this.#series?.();
    this.#series = null;
  }
}

/** The length of a section in degrees. @param {{from: Place, to: Place}} section */
export const lengthOf = ({ from, to }) => new GreatCircle(from, to).lengthDeg;
