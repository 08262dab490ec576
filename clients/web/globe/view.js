/** How the cut-away globe is seen, and its text in addresses. */

import { turnedTo } from "../longitude.js";

/**
 * @typedef {Readonly<{lat: number, lng: number, zoom: number, west: number, east: number, floor: number}>} GlobeView
 *   the place that faces the eye and how large the globe is; all between the meridians `west` and `east` and north of the parallel
 *   `floor` is cut away
 */

/** @type {GlobeView} */
export const FIRST_VIEW = Object.freeze({ lat: 22, lng: 0, zoom: 1, west: -58, east: 42, floor: 0 });

const [LEAST_ZOOM, MOST_ZOOM] = [0.5, 8];
/** The meridians of the cut stay so far apart, in degrees. */
export const LEAST_WIDTH = 5;

const between = (low, high, number) => Math.min(high, Math.max(low, number));

/** A view as an address holds it. @param {GlobeView} view @returns {GlobeView} */
export function roundedGlobe({ lat, lng, zoom, west, east, floor }) {
  const round = (number, digits = 10) => Math.round(number * digits) / digits + 0; // never -0
  return Object.freeze({
    lat: round(between(-90, 90, lat)), lng: round(turnedTo(lng)), zoom: round(between(LEAST_ZOOM, MOST_ZOOM, zoom), 100),
    west: round(turnedTo(west)), east: round(turnedTo(east)), floor: round(between(-90, 90, floor)),
  });
}

/** @param {GlobeView} view */
export const textOfGlobe = ({ lat, lng, zoom, west, east, floor }) => [lat, lng, zoom, west, east, floor].join();

/** @param {string} text @returns {GlobeView | undefined} undefined: the text means nothing */
export function readGlobe(text) {
  if (/^(|1|true|yes|on)$/i.test(text)) return FIRST_VIEW;
  const numbers = text.split(/[,;]/).map((part) => (part.trim() === "" ? NaN : Number(part)));
  if (![2, 3, 6].includes(numbers.length) || !numbers.every(Number.isFinite)) return undefined;
  const names = ["lat", "lng", "zoom", "west", "east", "floor"];
  return roundedGlobe({ ...FIRST_VIEW, ...Object.fromEntries(numbers.map((number, i) => [names[i], number])) });
}
