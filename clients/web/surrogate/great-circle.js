/** The shortest way between two places of a sphere. */

const RADIANS = Math.PI / 180;

/** @typedef {{lat: number, lng: number}} Place in degrees */

/** @param {Place} place @returns {[number, number, number]} the unit vector that points there */
export function vectorOf({ lat, lng }) {
  const [phi, lambda] = [lat * RADIANS, lng * RADIANS];
  return [Math.cos(phi) * Math.cos(lambda), Math.cos(phi) * Math.sin(lambda), Math.sin(phi)];
}

/** @returns {Place} the longitude is between -180 and 180 */
export const placeOf = ([x, y, z]) => ({ lat: Math.atan2(z, Math.hypot(x, y)) / RADIANS, lng: Math.atan2(y, x) / RADIANS });

const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
const size = (a) => Math.sqrt(dot(a, a));

/** A part of a great circle. Of two opposite places, or of one, it is the one along the meridian. */
export class GreatCircle {
  #start;
  #aside;

  /** @param {Place} from @param {Place} to */
  constructor(from, to) {
    const [a, b] = [vectorOf(from), vectorOf(to)];
    const turn = cross(a, b);
    this.lengthDeg = Math.atan2(size(turn), dot(a, b)) / RADIANS;
    const lambda = from.lng * RADIANS;
    const axis = size(turn) > 1e-9 ? turn.map((each) => each / size(turn)) : [Math.sin(lambda), -Math.cos(lambda), 0];
    this.#start = a;
    this.#aside = cross(axis, a);
  }

  /** The place so many degrees from the first one. @returns {Place} */
  at(angleDeg) {
    const [cosine, sine] = [Math.cos(angleDeg * RADIANS), Math.sin(angleDeg * RADIANS)];
    return placeOf(this.#start.map((each, i) => each * cosine + this.#aside[i] * sine));
  }

  /** So many places at even distances, both ends included. @returns {Place[]} */
  points(count) {
    return Array.from({ length: count }, (_, i) => this.at((this.lengthDeg * i) / Math.max(1, count - 1)));
  }
}

/** The angle between two places in degrees. @param {Place} a @param {Place} b */
export const angleBetween = (a, b) => new GreatCircle(a, b).lengthDeg;
