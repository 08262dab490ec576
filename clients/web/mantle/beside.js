/**
 * What the worker of a surrogate computes for flow, slabs and plumes. The page has it loaded when it first asks for them. It asks
 * the worker of its map for the velocity on the map's shell, and another worker for paths and features.
 */

import { numbersOf } from "../said.js";
import { derivationOf, derived, lessMean, VELOCITY } from "../surrogate/derived.js";
import { placeOf, vectorOf } from "../surrogate/great-circle.js";
import { stepAt } from "../times.js";
import { carried } from "./carry.js";
import { Finder } from "./finder.js";
import { planeOf, polygons } from "./outlines.js";
import { cmPerYear, KM_PER_MYR } from "./units.js";
import { between, Velocity } from "./velocity.js";

const OUTWARDS = derivationOf([], "v_radial");
/** Parts of the time between two steps for the method of Runge and Kutta. */
const PARTS = 2;
/** Shells after which features let other wishes come. */
const AT_ONCE = 8;

/**
 * @typedef {{place: import("../surrogate/great-circle.js").Place, r: number, t: number, reach: number}} Start  a place on a shell at
 *   a time in step numbers, and how many steps a path goes on, and back
 * @typedef {{t: number, timeMyr: number, lat: number, lng: number, radiusKm: number}} Stop  where a path is at a time
 * @typedef {{t: number, r: number, criterion: import("./criterion.js").Criterion, planet: import("./finder.js").Planet}} Sought  the
 *   features of a time, and their outlines on a shell
 * @typedef {{flow?: boolean, path?: ?Start, features?: ?Sought}} Wish
 */

/** @param {import("../surrogate/surrogate.js").Surrogate} surrogate @param {(told: object, transfer?: Transferable[]) => void} tell */
export const start = (surrogate, tell) => new Beside(surrogate, tell);

export class Beside {
  #surrogate;
  #tell;
  #wish = {};
  #shown = null; // the shell whose velocity was told last
  #isFollowed = true; // whether the path was told
  #isFound = true; // whether the features were
  #found = null; // the features that were found last, and of what

  constructor(surrogate, tell) {
    this.#surrogate = surrogate;
    this.#tell = tell;
  }

  /** @param {Wish} wish */
  set(wish) {
    const before = this.#wish;
    const isNew = (part) => Boolean(wish[part]) && JSON.stringify(wish[part]) !== JSON.stringify(before[part]);
    this.#wish = wish;
    this.#shown = null;
    if (!wish.path || isNew("path")) this.#isFollowed = !wish.path;
    if (!wish.features || isNew("features")) this.#isFound = !wish.features;
  }

  /** Whether there is more to compute. @param {?{coefficients: object, r: number, t: number, detail: string}} seen the map's frame */
  wants(seen) {
    return this.#wantsFlow(seen) || !this.#isFollowed || !this.#isFound;
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
      else if (!this.#isFound) await this.#find(wish.features, goesOn);
      else await this.#follow(wish.path, goesOn);
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
    const values = this.#surrogate.stateOf(seen.coefficients).shells(VELOCITY, { r: seen.r });
    this.#tell({ flow: { t: seen.t, r: seen.r, values } }, values.map(({ buffer }) => buffer));
  }

  /** Finds features, and tells how far it has come. @param {Sought} sought @param {() => Promise<boolean>} goesOn */
  async #find(sought, goesOn) {
    const { t, r, criterion, planet } = sought;
    const { spec, grid, variables } = this.#surrogate;
    const of = JSON.stringify([t, criterion]);
    if (this.#found?.of !== of) {
      const unit = spec.variables[variables.indexOf(VELOCITY[0])].unit;
      const finder = new Finder(grid, numbersOf(spec.grid.radii_km), planet, criterion, unit);
      const state = this.#surrogate.stateOf(await this.#surrogate.coefficientsAt(t));
      for (const [i, level] of finder.shells.entries()) {
        if (i % AT_ONCE === 0) {
          this.#tell({ features: { sought, share: i / finder.shells.length } });
          if (!(await goesOn())) return;
        }
        const [temperature, ...velocity] = state.shells(["temperature", ...VELOCITY], { r: level });
        finder.add(lessMean(temperature, grid), derived(OUTWARDS, velocity, grid));
      }
      this.#found = { of, found: finder.found() };
    }
    const { features, leftOut } = this.#found.found;
    this.#isFound = true;
    this.#tell({ features: { sought, rows: features, left_out: leftOut, outlines: outlinesOf(this.#found.found, grid, r) } });
  }

  /** Follows a path, on and back by turns. @param {Start} from @param {() => Promise<boolean>} goesOn */
  async #follow(from, goesOn) {
    const { place, r, t, reach } = from;
    const radii = numbersOf(this.#surrogate.spec.grid.radii_km);
    const points = Float64Array.from(vectorOf(place), (part) => part * radii[r]);
    const ways = [1, -1].map((sign) => pathOf(this.#surrogate, { t, points, reach, sign }));
    while (ways.length && (await goesOn())) {
      const way = ways.shift();
      const { value, done } = await way.next();
      if (done) continue;
      ways.push(way);
      const [x, y, z] = value.points;
      const stop = { t: value.t, timeMyr: value.timeMyr, ...placeOf([x, y, z]), radiusKm: Math.hypot(x, y, z) };
      this.#tell({ path: { from, sign: value.sign, stop } });
    }
    if (this.#wish.path !== from) return; // another one was asked for
    this.#isFollowed = true;
    this.#tell({ path: { from, isWhole: true } });
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

/**
 * The ways of points through time, one step after another.
 * @param {import("../surrogate/surrogate.js").Surrogate} surrogate
 * @param {{t: number, points: Float64Array, reach: number, sign: 1 | -1, untilMyr?: number, parts?: number}} from points
 *   `(component, point)` in km at a time; on (1) or back; so many steps, and not beyond the time `untilMyr`
 * @yields {{t: number, timeMyr: number, points: Float64Array, sign: number}}
 */
export async function* pathOf(surrogate, { t, points, reach, sign, untilMyr = sign * Infinity, parts = PARTS }) {
  const { spec, steps } = surrogate;
  const radii = numbersOf(spec.grid.radii_km);
  const factor = KM_PER_MYR * cmPerYear(spec.variables.find(({ name }) => name === VELOCITY[0]).unit);
  const velocity = new Velocity(surrogate, radii, factor);
  const ahead = sign > 0 ? steps.filter((step) => step.t > t) : steps.filter((step) => step.t < t).reverse();
  let here = stepAt(steps, t);
  let first = await surrogate.coefficientsAt(t);
  let at = points;
  yield { t, timeMyr: here.time_myr, points: at, sign };
  for (const next of ahead.slice(0, reach)) {
    const last = await surrogate.coefficientsAt(next.t);
    const whole = next.time_myr - here.time_myr;
    const duration = sign * Math.min(Math.abs(whole), Math.max(0, sign * (untilMyr - here.time_myr)));
    if (duration === 0) return;
    const [from, part] = [first, duration / whole];
    at = carried(at, (places, share) => velocity.at(between(from, last, share * part), places), duration, parts, [radii[0], radii.at(-1)]);
    const timeMyr = here.time_myr + duration;
    yield { t: part === 1 ? next.t : here.t + part * (next.t - here.t), timeMyr, points: at, sign };
    [here, first] = [next, last];
  }
}
