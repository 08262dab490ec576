/**
 * The globe's geometry, which shader.js repeats for every pixel. The planet's surface has the radius 1, the z axis goes through the
 * north pole, and the eye is so far away that its rays are parallel. On the screen, x goes right and y goes up from the middle.
 */

import { turnedTo } from "../longitude.js";
import { placeOf, vectorOf } from "../surrogate/great-circle.js";

/**
 * @typedef {import("./view.js").GlobeView} GlobeView  where the eye is, and what is cut away: north of the floor, a plane
 *   through the parallel at that latitude, all between two meridians
 * @typedef {{core: number, peel: number}} Shape  the radii of the core and of the shell that is on the map
 * @typedef {"shell" | "west" | "east" | "floor" | "core"} Surface
 * @typedef {[number, number, number]} Vector
 */

const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

/** The directions to the right, up, and towards the eye. @param {Pick<GlobeView, "lat" | "lng">} view @returns {[Vector, Vector, Vector]} */
export const axesOf = ({ lat, lng }) => [eastOf(lng), vectorOf({ lat: lat + 90, lng }), vectorOf({ lat, lng })];

/** The direction to the east on a meridian, which is the normal of its plane. @param {number} lng @returns {Vector} */
const eastOf = (lng) => vectorOf({ lat: 0, lng: lng + 90 });

/** Where a vector is on the screen; `depth` is above 0 on the eye's side. @param {Vector} vector @returns {{x: number, y: number, depth: number}} */
export function projected(view, vector) {
  const [x, y, depth] = axesOf(view).map((axis) => dot(axis, vector));
  return { x, y, depth };
}

/** How far apart the meridians of the cut are, in degrees. @param {Pick<GlobeView, "west" | "east">} view */
export const widthOf = ({ west, east }) => turnedTo(east - west, 0);

/** The numbers of the cut that a shader needs. @param {GlobeView} view */
export function cutOf(view) {
  const [, , floor] = vectorOf({ lat: view.floor, lng: 0 });
  return { west: eastOf(view.west), east: eastOf(view.east), floor, isWide: widthOf(view) > 180 };
}

/** Whether a vector lies between the meridians of the cut. */
function isBetween({ west, east, isWide }, p) {
  const [isEastOfWest, isWestOfEast] = [dot(p, west) > 0, dot(p, east) < 0];
  return isWide ? isEastOfWest || isWestOfEast : isEastOfWest && isWestOfEast;
}

/**
 * What a ray meets first.
 * @param {GlobeView} view @param {Shape} shape @param {number} x @param {number} y
 * @returns {?{surface: Surface, lat: number, lng: number, radius: number}} null: nothing
 */
export function hitAt(view, { core, peel }, x, y) {
  const [right, up, forward] = axesOf(view);
  const cut = cutOf(view);
  const start = right.map((component, i) => component * x + up[i] * y);
  const at = (depth) => start.map((component, i) => component + depth * forward[i]);
  const found = [];
  const meet = (surface, depth, isThere) => {
    const p = at(depth);
    if (Number.isFinite(depth) && isThere(p, Math.hypot(...p))) found.push({ surface, depth, p });
  };
  const inMantle = (radius) => radius >= core && radius <= 1;
  const square = x * x + y * y;
  meet("shell", Math.sqrt(peel * peel - square), (p) => !(p[2] > cut.floor && isBetween(cut, p)));
  meet("core", Math.sqrt(core * core - square), () => true);
  for (const side of ["west", "east"]) {
    const normal = cut[side];
    const isThisHalf = (p) => p[0] * normal[1] - p[1] * normal[0] > 0;
    meet(side, -dot(start, normal) / dot(forward, normal), (p, radius) => isThisHalf(p) && p[2] > cut.floor && inMantle(radius));
  }
  meet("floor", (cut.floor - start[2]) / forward[2], (p, radius) => isBetween(cut, p) && inMantle(radius));
  if (found.length === 0) return null;
  const { surface, p } = found.reduce((a, b) => (b.depth > a.depth ? b : a));
  return { surface, radius: Math.hypot(...p), ...placeOf(p) };
}

/** The place of the sphere of radius 1 that is nearest to a point of the screen, which may lie beside the globe. */
export function placeNear(view, x, y) {
  const most = Math.max(1, Math.hypot(x, y));
  const [px, py] = [x / most, y / most];
  const depth = Math.sqrt(Math.max(0, 1 - px * px - py * py));
  const [right, up, forward] = axesOf(view);
  return placeOf(right.map((component, i) => component * px + up[i] * py + forward[i] * depth));
}
