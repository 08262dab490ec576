/** Reads a URL's fragment as people write them: numbers in any form, units, other names. What is not understood is named. */

import { isAnomaly } from "./anomaly.js";
import { turnedTo } from "./longitude.js";
import { readRange } from "./range.js";
import { defaultState, rounded, roundedPlace } from "./state.js";
import { roundedTime } from "./times.js";

/** The names that a parameter may have, in small letters. The first is the one that the page writes. */
const NAMES = {
  var: ["var", "variable"],
  t: ["t", "step", "time"],
  r: ["r", "shell"],
  depth: ["depth", "depth_km"],
  radius: ["radius", "radius_km"],
  draw: ["draw", "seed"],
  anomaly: ["anomaly"],
  range: ["range", "rescale"],
  place: ["place", "at"],
  section: ["section"],
  compare: ["compare"],
  globe: ["globe"],
  coast: ["coast", "coastlines"],
  flow: ["flow"],
  features: ["features"],
  lat: ["lat", "latitude"],
  lng: ["lng", "lon", "long", "longitude"],
  zoom: ["zoom", "z"],
};

/** Parts of the state that are texts. Whoever shows them reads them. */
const TEXTS = ["globe", "coast", "flow", "features"];

const FURTHEST_ZOOM = 30;

/**
 * The catalog's default replaces what is missing. What does not exist is replaced by what is nearest to it, where there is
 * such a thing.
 * @param {string} hash @param {import("./source.js").Catalog} catalog @param {boolean} [hasBetween] whether times between steps exist
 * @param {?import("./source.js").Catalog} [pinned] that of another surrogate, of which a picture is pinned
 * @returns {{state: import("./state.js").State, problems: string[]}} one short sentence for each value that could not be used
 */
export function parseHash(hash, catalog, hasBetween = false, pinned = null) {
  const problems = [];
  const asked = namedValues(hash.replace(/^#/, ""), problems);
  const fallback = defaultState(catalog);
  const variable = readVariable(asked.var, catalog, fallback.variable, problems);
  const t = readStep(asked.t, catalog, fallback.t, hasBetween, problems);
  const r = readShell(asked, catalog, fallback.r, problems);
  const draw = readDraw(asked.draw ?? null, catalog, problems);
  const anomaly = readAnomaly(asked.anomaly, variable, problems);
  const range = asked.range === undefined ? null : readRange(asked.range);
  if (asked.range !== undefined && range === null) problems.push(`There is no range=${asked.range}; it is depth, or two numbers.`);
  const view = readView(asked, problems);
  const [place] = readPlaces(asked, "place", 1, problems);
  const ends = readPlaces(asked, "section", 2, problems);
  const section = ends.length ? Object.freeze({ from: ends[0], to: ends[1] }) : null;
  const compare = readPinned(asked.compare, pinned ?? catalog, hasBetween, problems);
  const isOther = compare !== null && pinned !== null;
  const chosen = {
    ...(draw && { draw }), ...(anomaly && { anomaly }), ...(range && { range }), ...(place && { place }), ...(section && { section }),
    ...(compare && { compare: isOther ? Object.freeze({ ...compare, isOther }) : compare }), ...Object.fromEntries(TEXTS.filter((name) => asked[name]).map((name) => [name, asked[name]])),
  };
  return { state: Object.freeze({ variable, t, r, ...chosen, view }), problems };
}

/** @returns {Object<string, string>} texts by the names that the page writes */
function namedValues(fragment, problems) {
  const path = /^\/?([^=&/]+)\/([^=&/]+)\/([^=&/]+)$/.exec(fragment); // as addresses of tiles have it
  if (path) return { var: decoded(path[1]), t: path[2], r: path[3] };
  const found = {};
  for (const [name, text] of new URLSearchParams(fragment)) {
    const known = Object.keys(NAMES).find((key) => NAMES[key].includes(name.trim().toLowerCase()));
    if (known) found[known] ??= text.trim();
    else problems.push(`A link's “${name}” means nothing here.`);
  }
  return found;
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a lone percent sign
  }
}

function readVariable(text, { variables }, byDefault, problems) {
  if (text === undefined) return byDefault;
  const plain = (name) => name.toLowerCase().replace(/[\s_-]+/g, "_");
  const found = variables.find((name) => name === text) ?? variables.find((name) => plain(name) === plain(text));
  if (found === undefined) problems.push(`There is no var=${text}; showing var=${byDefault}.`);
  return found ?? byDefault;
}

function readStep(text, { steps }, byDefault, hasBetween, problems) {
  if (text === undefined) return byDefault;
  const named = steps.find(({ label }) => label === text);
  if (named) return named.t;
  const number = numberOf(text);
  const times = steps.map(({ t }) => t);
  if (hasBetween && number > Math.min(...times) && number < Math.max(...times)) return roundedTime(number);
  const found = Number.isNaN(number) ? byDefault : nearest(steps, ({ t }) => t, number).t;
  if (found !== number) problems.push(`There is no t=${text}; showing t=${found}.`);
  return found;
}

/** A shell has an index; people know its depth or its radius, and mean the nearest. */
function readShell({ r, depth, radius }, { shells }, byDefault, problems) {
  const lengths = [[depth, "depth"], [radius, "radius"]];
  for (const [text, name] of r === undefined ? lengths : []) {
    if (text === undefined) continue;
    const length = numberOf(text.replace(/\s*km$/i, ""));
    if (!Number.isNaN(length)) return nearest(shells, (shell) => shell[`${name}_km`], length).r;
    problems.push(`There is no ${name}=${text}; showing r=${byDefault}.`);
  }
  if (r === undefined) return byDefault;
  const number = numberOf(r);
  const found = Number.isNaN(number) ? byDefault : nearest(shells, (shell) => shell.r, number).r;
  if (found !== number) problems.push(`There is no r=${r}; showing r=${found}.`);
  return found;
}

function readAnomaly(text, variable, problems) {
  if (text === undefined || /^(0|false|no|off)$/i.test(text)) return false;
  const isSwitch = /^(|1|true|yes|on)$/i.test(text);
  if (isSwitch && !isAnomaly(variable)) return true;
  if (!isSwitch) problems.push(`There is no anomaly=${text}; it is 1 or 0.`);
  return false; // the variable itself is one
}

/** Returns the canonical text of a draw, which is null for the surrogate's own. */
export function readDraw(text, { draws }, problems = []) {
  if (text === null || text === String(draws?.seed ?? "")) return null;
  if (draws && /^(mean|std|0|[1-9][0-9]{0,8})$/.test(text)) return text;
  problems.push(`There is no draw=${text}; showing the surrogate's own.`);
  return null;
}

/** A place without a zoom is shown at a zoom of its own, and a zoom alone in the middle of the map. */
function readView(asked, problems) {
  const { lat, lng, zoom } = asked;
  if ([lat, lng, zoom].every((text) => text === undefined)) return null;
  const read = (name, sides, isPossible) => {
    const text = asked[name];
    if (text === undefined) return null;
    const number = degreesOf(text, sides);
    if (isPossible(number)) return number;
    problems.push(`There is no ${name}=${text}.`);
    return null;
  };
  const view = {
    lat: read("lat", "NS", (number) => Math.abs(number) <= 90),
    lng: read("lng", "EW", (number) => Number.isFinite(number)),
    zoom: read("zoom", "", (number) => Math.abs(number) <= FURTHEST_ZOOM), // the map itself limits it to what the screen allows
  };
  if (Object.values(view).every((number) => number === null)) return null;
  return rounded({ lat: view.lat ?? 0, lng: wrapped(view.lng ?? 0), zoom: view.zoom ?? PLACE_ZOOM });
}

/** Places of latitudes and longitudes, such as "12.5 S, 30 E". @returns {import("./state.js").Place[]} none if they are not all there */
function readPlaces(asked, name, count, problems) {
  if (asked[name] === undefined) return [];
  const parts = asked[name].split(/[,;]/);
  const numbers = parts.map((part, i) => degreesOf(part.trim(), i % 2 ? "EW" : "NS"));
  const isOne = (number, i) => (i % 2 ? Number.isFinite(number) : Math.abs(number) <= 90);
  if (parts.length === 2 * count && numbers.every(isOne)) {
    return Array.from({ length: count }, (_, i) => roundedPlace({ lat: numbers[2 * i], lng: wrapped(numbers[2 * i + 1]) }));
  }
  problems.push(`There is no ${name}=${asked[name]}; it is ${count === 1 ? "a latitude and a longitude" : "two of each"}.`);
  return [];
}

/** A frame to compare with, such as "temperature,120,150". @returns {?import("./state.js").Pinned} */
function readPinned(text, catalog, hasBetween, problems) {
  if (text === undefined) return null;
  const [name, t, r, anomaly] = text.split(/[,/]/).map((part) => part.trim());
  const wrong = [];
  const frame = {
    variable: readVariable(name, catalog, "", wrong), t: readStep(t, catalog, NaN, hasBetween, wrong), r: readShell({ r }, catalog, NaN, wrong),
  };
  const isWhole = wrong.length === 0 && t !== undefined && r !== undefined;
  if (isWhole && (anomaly === undefined || anomaly === "anomaly")) return Object.freeze({ ...frame, ...(anomaly && { anomaly: true }) });
  problems.push(`There is no compare=${text}; it is a variable, a step and a shell.`);
  return null;
}

/** The zoom for a link that names a place alone. */
const PLACE_ZOOM = 3;

/** From -180 up to 180, which itself stays as it is. */
const wrapped = (lng) => (Math.abs(lng) <= 180 ? lng : turnedTo(lng));

/** "12.5", "12,5", "12.5°", and "12.5 S" or "S 12.5" if sides are given. @param {string} sides those of plus and minus */
function degreesOf(text, sides) {
  const [plain, side] = sides ? [text.replace(/[°\s]/g, "").replace(/[A-Z]$|^[A-Z]/i, ""), /^[A-Z]|[A-Z]$/i.exec(text.replace(/[°\s]/g, ""))?.[0]] : [text];
  if (side === undefined) return numberOf(plain);
  const place = sides.indexOf(side.toUpperCase());
  return place < 0 ? NaN : numberOf(plain) * (place ? -1 : 1);
}

/** A number as people write it. NaN for all else, also for none. */
function numberOf(text) {
  const plain = text.trim().replace(/^([+-]?\d+),(\d+)$/, "$1.$2");
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain) ? Number(plain) : NaN;
}

/** @template T @param {T[]} from @param {(one: T) => number} of @param {number} number @returns {T} */
const nearest = (from, of, number) => from.reduce((best, one) => (Math.abs(of(one) - number) < Math.abs(of(best) - number) ? one : best));
