/** What is below places: computed by this browser, or by the server, as the reader's switch says. */

/** The server is asked for what the map comes to rest on. */
const SETTLE_MS = 250;

/**
 * @typedef {import("../state.js").Place} Place @typedef {import("../source.js").Frame} Frame
 * @typedef {import("../source.js").Legend} Legend
 * @typedef {{
 *   frame: Pick<Frame, "variable" | "t" | "anomaly">, place: Place, values: ArrayLike<?number>, mean: ?ArrayLike<number>,
 *   legend?: ?Legend,
 * }} Profile  `(shell,)`, the shell next to the core first, in the variable's unit without the legend's factor
 * @typedef {{
 *   frame: Pick<Frame, "variable" | "t" | "anomaly">, from: Place, to: Place, isQuick: boolean,
 *   values: ArrayLike<?number>, places: number, first: number, step: number, count: number, legend?: ?Legend,
 * }} Section  `(shell, place)`: every shell from the first on, or every second one, and so on. `legend`: unless it is the map's
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
    if (this.#engine.chosen !== "browser") return;
    const frame = { variable, anomaly, t };
    if (found.profile) this.#on.profile({ frame, place: profile, ...found.profile });
    if (found.section) this.#on.section({ frame, from: section.from, to: section.to, isQuick, ...found.section });
  }

  async #fetch(frame, place, section) {
    this.#request = new AbortController();
    const { signal } = this.#request;
    try {
      const [profile, below, legend] = await Promise.all([
        place && this.#source.fetchProfile(frame, place, signal),
        section && this.#source.fetchSection(frame, section, signal),
        this.#plainLegend(frame),
      ]);
      if (signal.aborted) return;
      if (profile) this.#on.profile({ frame, place, values: profile.values, mean: null, legend });
      if (below) {
        const { from, to } = section;
        const size = { places: below.lat.length, first: 0, step: 1, count: below.values.length };
        this.#on.section({ frame, from, to, isQuick: false, values: below.values.flat(), ...size, legend });
      }
    } catch (error) {
      if (!signal.aborted) this.#on.failed(error.message);
    }
  }

  /**
   * Tells the values at a place in all steps. The latest call wins.
   * @param {Frame} frame @param {Place} place
   * @param {{
   *   told: (t: number, value: ?number) => void, whole: () => void, failed: (reason: string) => void, legend: (own: Legend) => void,
   * }} on
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
      const [{ t, values }, legend] = await Promise.all([
        this.#source.fetchSeries(frame, place, asked.signal), this.#plainLegend(frame),
      ]);
      if (asked.signal.aborted) return;
      if (legend) on.legend(legend);
      t.forEach((step, i) => on.told(step, values[i]));
      on.whole();
    } catch (error) {
      if (!asked.signal.aborted) on.failed(error.message);
    }
  }

  /** The legend of values from which the server cannot take the mean; otherwise null: the map's is theirs. */
  async #plainLegend({ variable, draw, anomaly }) {
    const isPlain = anomaly && !this.#source.catalog.variables.includes(`${variable}_anomaly`);
    return isPlain ? this.#source.fetchLegend(variable, draw) : null;
  }

  /** Ends a series that is under way. */
  stop() {
    this.#series?.();
    this.#series = null;
  }
}
