/**
 * What the worker of a surrogate computes for flow, slabs and plumes. The page has it loaded when it first asks for them. It asks
 * the worker of its map for the velocity on the map's shell, and another worker for features.
 */

import { numbersOf } from "../said.js";
import { derivationOf, derived, lessMean } from "../surrogate/derived.js";
import { Finder } from "./finder.js";
import { planeOf, polygons } from "./outlines.js";

const OUTWARDS = derivationOf([], "v_radial");
const COMPONENTS = OUTWARDS.needs;
/** Shells after which features let other wishes come. */
const AT_ONCE = 8;

/**
 * @typedef {{t: number, r: number, criterion: import("./criterion.js").Criterion, planet: import("./finder.js").Planet}} Sought  the
 *   features of a time, and their outlines on a shell
 * @typedef {{flow?: boolean, features?: ?Sought}} Wish
 */

/** @param {import("../surrogate/surrogate.js").Surrogate} surrogate @param {(told: object, transfer?: Transferable[]) => void} tell */
export const start = (surrogate, tell) => new Beside(surrogate, tell);

export class Beside {
  #surrogate;
  #tell;
  #wish = {};
  #shown = null; // the shell whose velocity was told last
  #isFound = true; // whether the features were
  #found = null; // the features that were found last, and of what

  constructor(surrogate, tell) {
    this.#surrogate = surrogate;
    this.#tell = tell;
  }

  /** @param {Wish} wish */
  set(wish) {
    this.#wish = wish;
    this.#shown = null;
    this.#isFound = !wish.features;
  }

  /** Whether there is more to compute. @param {?{coefficients: object, r: number, t: number, detail: string}} seen the map's frame */
  wants(seen) {
    return this.#wantsFlow(seen) || !this.#isFound;
  }

  /** Computes it. @param {() => Promise<void>} pause awaited between parts; it stops the computation by what is no error */
  async fill(seen, pause) {
    const wish = this.#wish;
    const goesOn = async () => {
      await pause();
      return wish === this.#wish;
    };
    try {
      if (this.#wantsFlow(seen)) this.#tellFlow(seen);
      else await this.#find(wish.features, goesOn);
    } catch (error) {
      if (!(error instanceof Error)) throw error; // a request of the map's comes first
      this.set({});
      this.#tell({ error: error.message });
    }
  }

  #wantsFlow(seen) {
    const isSame = this.#shown?.coefficients === seen?.coefficients && this.#shown?.r === seen?.r;
    return Boolean(this.#wish.flow) && seen?.detail === "refined" && !isSame;
  }

  #tellFlow(seen) {
    this.#shown = seen;
    const values = this.#surrogate.stateOf(seen.coefficients).shells(COMPONENTS, { r: seen.r });
    this.#tell({ flow: { t: seen.t, r: seen.r, values } }, values.map(({ buffer }) => buffer));
  }

  /** Finds features, and tells how far it has come. @param {Sought} sought @param {() => Promise<boolean>} goesOn */
  async #find(sought, goesOn) {
    const { t, r, criterion, planet } = sought;
    const { spec, grid, variables } = this.#surrogate;
    const of = JSON.stringify([t, criterion]);
    if (this.#found?.of !== of) {
      const unit = spec.variables[variables.indexOf(COMPONENTS[0])].unit;
      const finder = new Finder(grid, numbersOf(spec.grid.radii_km), planet, criterion, unit);
      const state = this.#surrogate.stateOf(await this.#surrogate.coefficientsAt(t));
      for (const [i, level] of finder.shells.entries()) {
        if (i % AT_ONCE === 0) {
          this.#tell({ features: { sought, share: i / finder.shells.length } });
          if (!(await goesOn())) return;
        }
        const [temperature, ...velocity] = state.shells(["temperature", ...COMPONENTS], { r: level });
        finder.add(lessMean(temperature, grid), derived(OUTWARDS, velocity, grid));
      }
      this.#found = { of, found: finder.found() };
    }
    const { features, leftOut } = this.#found.found;
    this.#isFound = true;
    this.#tell({ features: { sought, rows: features, left_out: leftOut, outlines: outlinesOf(this.#found.found, grid, r) } });
  }
}

/**
 * The outlines of the features that reach a shell, as objects of GeoJSON without properties.
 * @param {import("./finder.js").Found} found
 */
export function outlinesOf(found, grid, r) {
  const [owners, plane] = [found.onShell(r), planeOf(grid)];
  const columns = grid.longitudes_deg.length;
  const reached = [...new Set(owners)].filter((owner) => owner >= 0).sort((a, b) => a - b);
  return reached.map((owner) => ({
    id: found.features[owner].id,
    geometry: { type: "MultiPolygon", coordinates: polygons((row, column) => owners[row * columns + column] === owner, plane) },
  }));
}
