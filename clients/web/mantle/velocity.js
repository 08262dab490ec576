/** The velocity of a surrogate at any places, in km/Myr. */

import { VELOCITY } from "../surrogate/derived.js";

/** Shells around a place from which its velocity is interpolated, by the cubic through them. */
const AROUND = 4;
const DEGREES = 180 / Math.PI;

/** The coefficients between two steps. The flow is linear in them, so this is the flow that changes evenly from one to the other. */
export function between(first, last, share) {
  const [a, b] = [(1 - share) * (first.strength ?? 1), share * (last.strength ?? 1)];
  return { shape: first.shape, values: first.values.map((value, i) => a * value + b * last.values[i]), strength: 1 };
}

export class Velocity {
  #surrogate;
  #radii;
  #factor;

  /** @param {import("../surrogate/surrogate.js").Surrogate} surrogate @param {number[]} radii of its shells @param {number} factor from its unit to km/Myr */
  constructor(surrogate, radii, factor) {
    this.#surrogate = surrogate;
    this.#radii = radii;
    this.#factor = factor;
  }

  /**
   * The velocities `(component, point)` at points in km. A point beyond the first or the last shell has the velocity there.
   * @param {import("../surrogate/coded.js").Coefficients} coefficients @param {Float64Array} points
   */
  at(coefficients, points) {
    const { below } = this.#surrogate;
    const count = points.length / 3;
    const found = new Float64Array(points.length);
    const [latitudes, longitudes, radii] = [0, 1, 2].map(() => new Float64Array(count));
    for (let i = 0; i < count; i++) {
      const [x, y, z] = [points[i], points[count + i], points[2 * count + i]];
      radii[i] = Math.hypot(x, y, z);
      latitudes[i] = Math.asin(Math.min(1, Math.max(-1, z / radii[i]))) * DEGREES;
      longitudes[i] = Math.atan2(y, x) * DEGREES;
    }
    const weights = Array.from(radii, (radius) => weightsAt(this.#radii, radius));
    const first = Math.min(...weights.map((each) => each.first));
    const last = Math.max(...weights.map((each) => each.first + each.of.length));
    const shells = { first, step: 1, count: last - first };
    const places = below.pointsAt(latitudes, longitudes);
    const sums = below.sums(places, coefficients, { name: VELOCITY[0] });
    VELOCITY.forEach((name, component) => {
      const values = below.values({ name }, sums, coefficients, shells);
      weights.forEach(({ first: from, of }, i) => {
        const sum = of.reduce((total, weight, k) => total + weight * values[(from - first + k) * count + i], 0);
        found[component * count + i] = sum * this.#factor;
      });
    });
    return found;
  }
}

/** The shells around a radius, and what each is worth there. @param {number[]} radii ascending */
export function weightsAt(radii, radius) {
  const among = Math.min(AROUND, radii.length);
  const at = Math.min(radii.at(-1), Math.max(radii[0], radius));
  const above = radii.findIndex((each) => each >= at);
  const first = Math.min(radii.length - among, Math.max(0, above - among / 2));
  const near = radii.slice(first, first + among);
  const of = near.map((own, i) => near.reduce((weight, other, j) => (i === j ? weight : (weight * (at - other)) / (own - other)), 1));
  return { first, of };
}
