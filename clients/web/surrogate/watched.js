/**
 * What a page watches besides the shell on its map: the profile below a place and a section. Both follow the map through
 * time, from the same coefficients as its frames.
 */

import { GreatCircle } from "./great-circle.js";

/** While the map moves on, sections are computed at fewer places and shells. */
const QUICK = { places: 121, shells: 50 };
/** Places of a section are no nearer to each other than the columns of the grid, up to so many. */
const MOST_PLACES = 361;

/**
 * @typedef {{profile: ?import("./great-circle.js").Place, section: ?{from: object, to: object, isMoving?: boolean}}} Watch
 * @typedef {{variable: string, anomaly: boolean, t: number, detail: string}} Seen  what is on the map
 * @typedef {{values: Float32Array, mean: ?Float64Array}} Profile  `(shell,)`; the mean of each shell, where that costs little
 * @typedef {{values: Float32Array, places: number, first: number, step: number, count: number}} Section  `(shell, place)`
 */

export class Watched {
  #surrogate;
  #watch = { profile: null, section: null };
  #column = null;
  #points = new Map(); // of the section, by their number
  #last = null; // what was computed last: the map's depth does not change it

  /** @param {import("./surrogate.js").Surrogate} surrogate */
  constructor(surrogate) {
    this.#surrogate = surrogate;
  }

  /** @param {Watch} watch */
  set(watch) {
    this.#watch = watch;
    this.#column = null;
    this.#points.clear();
    this.#last = null;
  }

  get isEmpty() {
    return !this.#watch.profile && !this.#watch.section;
  }

  /**
   * @param {Seen} seen @param {import("./coded.js").Coefficients} coefficients @param {boolean} isQuick
   * @returns {?(Seen & Watch & {isQuick: boolean, found: {profile: ?Profile, section: ?Section}})} null if that is known
   */
  of({ variable, anomaly, t, detail }, coefficients, isQuick) {
    const { profile, section } = this.#watch;
    const wanted = { name: variable, anomaly };
    const quick = isQuick || Boolean(section?.isMoving);
    const { coefficients: before, wanted: of, quick: wasQuick } = this.#last ?? {};
    if (before === coefficients && of.name === variable && of.anomaly === anomaly && (quick || !wasQuick)) return null;
    this.#last = { coefficients, wanted, quick };
    const found = {
      profile: profile && this.#profile(wanted, coefficients),
      section: section && this.#section(wanted, coefficients, quick),
    };
    return { variable, anomaly, t, detail, profile, section, isQuick: quick, found };
  }

  get #shells() {
    const { radii_km: radii } = this.#surrogate.spec.grid;
    return radii.count ?? radii.length;
  }

  #profile(wanted, coefficients) {
    const { below, variables } = this.#surrogate;
    this.#column ??= below.columnAt(this.#watch.profile);
    const shells = { first: 0, step: 1, count: this.#shells };
    const sums = below.sums(this.#column.points, coefficients, wanted);
    const values = below.valuesAt(this.#column, wanted, sums, coefficients, shells);
    const isTemperature = variables.indexOf(wanted.name) === 0 && !wanted.anomaly;
    return { values, mean: isTemperature ? below.means(wanted.name, coefficients, shells) : null };
  }

  #section(wanted, coefficients, isQuick) {
    const { below, grid } = this.#surrogate;
    const { from, to } = this.#watch.section;
    const arc = new GreatCircle(from, to);
    const fine = Math.ceil((arc.lengthDeg * grid.longitudes_deg.length) / 360) + 1;
    const places = Math.max(2, Math.min(fine, isQuick ? QUICK.places : MOST_PLACES));
    if (!this.#points.has(places)) {
      const along = arc.points(places);
      this.#points.set(places, below.pointsAt(along.map(({ lat }) => lat), along.map(({ lng }) => lng)));
    }
    const step = isQuick ? Math.max(1, Math.floor(this.#shells / QUICK.shells)) : 1;
    const shells = { first: 0, step, count: Math.floor((this.#shells - 1) / step) + 1 };
    const sums = below.sums(this.#points.get(places), coefficients, wanted);
    return { ...shells, places, values: below.values(wanted, sums, coefficients, shells) };
  }
}
