/** The velocity on a shell, at any place of it. */

import { angleOf } from "../surrogate/derived.js";
import { turnedTo } from "../longitude.js";

/** Rows and columns are looked up in tables with so many entries a degree. */
const PER_DEGREE = 4;
const RADIANS = Math.PI / 180;

/** @typedef {{north: number, east: number, up: number}} Local */

export class Lateral {
  #components;
  #columns;
  #rowAt;
  #columnAt;

  /**
   * @param {import("../source.js").Grid} grid @param {ArrayLike<number>[]} components of the velocity along x, y and z, each
   *   `(row, column)`
   */
  constructor({ latitudes_deg: latitudes, longitudes_deg: longitudes }, components) {
    this.#components = components;
    this.#columns = longitudes.length;
    const [south, around] = [latitudes.map((latitude) => -latitude), [...longitudes, longitudes[0] + 360]];
    this.#rowAt = Float32Array.from({ length: 180 * PER_DEGREE + 1 }, (_, i) => positionIn(south, i / PER_DEGREE - 90));
    this.#columnAt = Float32Array.from({ length: 360 * PER_DEGREE + 1 }, (_, i) => positionIn(around, longitudes[0] + i / PER_DEGREE));
    this.west = longitudes[0];
  }

  /** The Cartesian velocity, interpolated bilinearly. @param {number[]} out where it is written */
  at(lat, lng, out) {
    const row = looked(this.#rowAt, (90 - lat) * PER_DEGREE);
    const column = looked(this.#columnAt, (turnedTo(lng, this.west) - this.west) * PER_DEGREE);
    const [north, left] = [Math.floor(row), Math.floor(column)];
    const [down, right] = [row - north, column - left];
    const upper = north * this.#columns;
    const lower = down > 0 ? upper + this.#columns : upper;
    const [west, east] = [left % this.#columns, (left + 1) % this.#columns];
    for (let i = 0; i < 3; i++) {
      const of = this.#components[i];
      out[i] = (of[upper + west] * (1 - right) + of[upper + east] * right) * (1 - down) + (of[lower + west] * (1 - right) + of[lower + east] * right) * down;
    }
    return out;
  }

  /** The velocity to the north, to the east and outwards. @returns {Local} */
  localAt(lat, lng) {
    const [x, y, z] = this.at(lat, lng, [0, 0, 0]);
    const [phi, lambda] = [angleOf(lat), angleOf(lng)];
    const level = x * lambda.cosine + y * lambda.sine;
    return {
      north: z * phi.cosine - level * phi.sine, east: y * lambda.cosine - x * lambda.sine, up: level * phi.cosine + z * phi.sine,
    };
  }

  /** The root mean square of the lateral speed over the sphere, and the largest one. */
  speeds() {
    let [sum, total, most] = [0, 0, 0];
    for (let lat = -89; lat < 90; lat += 2) {
      for (let lng = 0; lng < 360; lng += 2) {
        const { north, east } = this.localAt(lat, lng);
        const square = north * north + east * east;
        sum += Math.cos(lat * RADIANS) * square;
        total += Math.cos(lat * RADIANS);
        most = Math.max(most, square);
      }
    }
    return { rms: Math.sqrt(sum / total), most: Math.sqrt(most) };
  }
}

/** Where a number lies among ascending ones: 1.5 is halfway from the second to the third. */
function positionIn(ascending, number) {
  const last = ascending.length - 1;
  const next = ascending.findIndex((each) => each > number);
  if (next === 0) return 0;
  if (next < 0) return last;
  return next - 1 + (number - ascending[next - 1]) / (ascending[next] - ascending[next - 1]);
}

function looked(table, at) {
  const inside = Math.min(table.length - 1, Math.max(0, at));
  const first = Math.min(table.length - 2, Math.floor(inside));
  return table[first] + (inside - first) * (table[first + 1] - table[first]);
}

/**
 * Where a place has moved to when the flow has turned it by an angle: its lateral velocity times a factor, in radians.
 * @param {Lateral} flow @param {{lat: number, lng: number}} place changed @param {number[]} room for three numbers
 * @returns {boolean} false if it is at a pole, where the map ends
 */
export function drift(flow, place, factor, room) {
  const [x, y, z] = flow.at(place.lat, place.lng, room);
  const [lat, lng] = [place.lat * RADIANS, place.lng * RADIANS];
  const [cosLat, sinLat, cosLng, sinLng] = [Math.cos(lat), Math.sin(lat), Math.cos(lng), Math.sin(lng)];
  if (cosLat < 0.02) return false;
  const north = z * cosLat - (x * cosLng + y * sinLng) * sinLat;
  const east = y * cosLng - x * sinLng;
  place.lat += (north * factor) / RADIANS;
  place.lng += (east * factor) / cosLat / RADIANS;
  return Math.abs(place.lat) < 89;
}

/** The places of a way with longitudes that go on over the date line. @param {{lat: number, lng: number}[]} way */
export function unbroken(way) {
  let before = null;
  return way.map(({ lat, lng }) => {
    before = before === null ? lng : turnedTo(lng, before - 180);
    return { lat, lng: before };
  });
}
