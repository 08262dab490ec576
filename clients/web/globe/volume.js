/**
 * The values of all shells at the time of the map, as they arrive: some shells first, which make a coarse picture, and then all.
 * A picture stays until the coarse one of another time is whole.
 */

import { cornersOf, weighted } from "../shell.js";
import { coarseLevels, placeOn } from "./axes.js";

/** A volume of more values stays coarse: they would take more than 200 MB. */
const MOST_VALUES = 35e6;

/** The textures of the renderer: two for coarse pictures, which take turns, and one for all shells. */
const FINE = 2;

/**
 * @typedef {{variable: string, t: number, draw?: ?string, anomaly?: boolean}} Quantity
 * @typedef {{of: Quantity, norm: import("./axes.js").Norm, shells: Map<number, Float32Array>, texture: number, filled: Set<number>}} Filled
 *   the values of shells in the variable's unit by level, the texture of the coarse picture, and the levels in the texture of all
 */

export class Volume {
  #renderer;
  #axes;
  #grid;
  #radii;
  #normOf;
  #coarse;
  #coming = null;
  #shown = null;
  #changed;

  /**
   * @param {import("./renderer.js").Renderer} renderer @param {ReturnType<typeof import("./axes.js").axesOfGrid>} axes
   * @param {import("../source.js").Grid} grid @param {number[]} radii where the surface has 1
   * @param {(of: Quantity) => import("./axes.js").Norm} normOf @param {() => void} changed called when there is more to see
   */
  constructor(renderer, axes, grid, radii, normOf, changed) {
    this.#renderer = renderer;
    this.#axes = axes;
    this.#grid = grid;
    this.#radii = radii;
    this.#normOf = normOf;
    this.#changed = changed;
    this.#coarse = coarseLevels(radii.length);
    this.#makeRoom();
  }

  /** Whether there is room for all shells. */
  get holdsAll() {
    return this.#axes.columns * this.#axes.rows * this.#radii.length <= MOST_VALUES;
  }

  /** The levels of the coarse picture. */
  get coarse() {
    return this.#coarse;
  }

  /** What is on the screen, and how its values are written in textures. @returns {?{of: Quantity, norm: import("./axes.js").Norm}} */
  get shown() {
    return this.#shown;
  }

  /** The texture to draw. @returns {?{texture: number, isFine: boolean}} */
  get drawn() {
    if (this.#shown === null) return null;
    return this.isWhole ? { texture: FINE, isFine: true } : { texture: this.#shown.texture, isFine: false };
  }

  /** Whether all shells of what is shown are there. */
  get isWhole() {
    return this.#shown?.filled.size === this.#radii.length;
  }

  /** Takes a shell. @param {{of: Quantity, level: number, values: Float32Array}} arrived */
  take({ of, level, values }) {
    const key = keyOf(of);
    if (this.#coming === null || keyOf(this.#coming.of) !== key) {
      const texture = this.#shown?.texture === 0 ? 1 : 0;
      this.#coming = { of, norm: this.#normOf(of), shells: new Map(), texture, filled: new Set() };
    }
    const coming = this.#coming;
    coming.shells.set(level, values);
    const at = this.#coarse.indexOf(level);
    if (at >= 0) this.#renderer.fill(coming.texture, at, this.#laidOut(level, coming));
    if (coming === this.#shown) {
      if (this.holdsAll) this.#fillFine(level);
    } else if (this.#coarse.every((each) => coming.shells.has(each))) {
      this.#shown = coming;
      this.#changed();
    }
  }

  /** Forgets what is there: nothing is shown until more has come. */
  clear() {
    this.#coming = this.#shown = null;
    this.#changed();
  }

  /** Gives the renderer all again, after it has lost it, little by little. */
  async restore() {
    const shown = this.#shown;
    this.#coming = this.#shown = null;
    this.#makeRoom();
    if (shown === null) return;
    const levels = [...this.#coarse, ...[...shown.shells.keys()].filter((level) => !this.#coarse.includes(level))];
    for (const [i, level] of levels.entries()) {
      if (i % 8 === 7) await new Promise((resolve) => setTimeout(resolve));
      if (this.#coming && keyOf(this.#coming.of) !== keyOf(shown.of)) return; // another time is coming
      this.take({ of: shown.of, level, values: shown.shells.get(level) });
    }
  }

  /** The value at a place, interpolated as it is drawn; NaN if it is not there. @param {number} radius where the surface has 1 */
  valueAt(lat, lng, radius) {
    if (this.#shown === null) return NaN;
    const { shells } = this.#shown;
    const levels = this.isWhole ? null : this.#coarse;
    const at = placeOn(levels ? levels.map((level) => this.#radii[level]) : this.#radii, radius);
    const corners = cornersOf(this.#grid, lat, lng);
    const columns = this.#grid.longitudes_deg.length;
    const on = (i) => {
      const values = shells.get(levels ? levels[i] : i);
      return weighted(corners, corners.map(({ row, column }) => values[row * columns + column]));
    };
    const below = Math.floor(at);
    const share = at - below;
    return share === 0 ? on(below) : on(below) * (1 - share) + on(below + 1) * share;
  }

  #makeRoom() {
    this.#renderer.makeVolume(0, this.#coarse.length);
    this.#renderer.makeVolume(1, this.#coarse.length);
    if (this.holdsAll) this.#renderer.makeVolume(FINE, this.#radii.length);
  }

  #laidOut(level, { shells, norm }) {
    return this.#axes.laidOut(shells.get(level), norm);
  }

  /** Puts a shell into the texture of all shells, and one of those that came before there was room for them. */
  #fillFine(level) {
    const shown = this.#shown;
    const earlier = this.#coarse.find((each) => !shown.filled.has(each) && each !== level);
    for (const each of [level, ...(earlier === undefined ? [] : [earlier])]) {
      this.#renderer.fill(FINE, each, this.#laidOut(each, shown));
      shown.filled.add(each);
    }
    if (this.isWhole) this.#changed();
  }
}

const keyOf = ({ variable, t, draw, anomaly }) => `${variable}/${t}@${draw ?? ""}${anomaly ? "~anomaly" : ""}`;
