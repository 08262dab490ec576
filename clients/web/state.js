/** The page's state as a frozen value, and its text in the URL's fragment. `permalink-text.js` reads what people write. */

/**
 * @typedef {Readonly<{lat: number, lng: number, zoom: number}>} View
 * @typedef {Readonly<{lat: number, lng: number}>} Place
 * @typedef {Readonly<{from: Place, to: Place}>} Section  the great circle from one place to another
 * @typedef {Readonly<{variable: string, t: number, r: number, anomaly?: boolean, isOther?: boolean}>} Pinned  a frame to compare
 *   with; `isOther`: of the other surrogate that the address names
 * @typedef {Readonly<import("./source.js").Frame & {view: ?View, place?: ?Place, section?: ?Section, compare?: ?Pinned,
 *   globe?: ?string, coast?: ?string, flow?: ?string, features?: ?string}>} State
 *   `view` is null while the map shows the globe as it is first seen: such a link fits any screen. The page shows what is below
 *   a place, and below a section, a globe, whose text globe/view.js reads, coastlines, the flow, and features, whose text mantle/wish.js reads
 */

/** A frame's place in addresses, e.g. "temperature/120/150". @param {import("./source.js").Frame} frame */
export const framePath = ({ variable, t, r }) => `${variable}/${t}/${r}`;

/** What identifies a frame: its place and its draw. @param {import("./source.js").Frame} frame */
export const frameKey = (frame) =>
  framePath(frame) + (frame.draw ? `@${frame.draw}` : "") + (frame.anomaly ? "~anomaly" : "") + (frame.range ? `~${frame.range}` : "");

/** The frame of a state. @param {State} state @returns {import("./source.js").Frame} */
export const frameOf = ({ variable, t, r, draw, anomaly, range }) => ({
  variable,
  t,
  r,
  draw,
  ...(anomaly && draw !== "std" && { anomaly }), // a spread has no mean to take away
  ...(range && { range }),
});

/** @param {import("./source.js").Catalog} catalog @returns {State} */
export function defaultState(catalog) {
  const { variable, t, r } = catalog.default;
  return Object.freeze({ variable, t, r, view: null });
}

/** Returns a changed copy. @param {State} state @param {Partial<State>} change @returns {State} */
export const withChange = (state, change) => Object.freeze({ ...state, ...change });

/**
 * The text that has this state alone: reading it and writing it again gives the same bytes.
 * @param {State} state @returns {string} e.g. "#var=temperature&t=120&r=150&lat=0.000&lng=0.000&zoom=1.320"
 */
export function formatHash({ variable, t, r, draw, anomaly, range, place, section, compare, globe, coast, flow, features, view }) {
  const parameters = new URLSearchParams({ var: variable, t: String(t), r: String(r) });
  if (draw) parameters.set("draw", draw);
  if (anomaly) parameters.set("anomaly", "1");
  if (range) parameters.set("range", range);
  if (place) parameters.set("place", textOf(place));
  if (section) parameters.set("section", [section.from, section.to].map(textOf).join());
  if (compare) parameters.set("compare", textOfPinned(compare));
  for (const [name, text] of Object.entries({ globe, coast, flow, features })) if (text) parameters.set(name, text);
  if (view) for (const [name, number] of Object.entries(rounded(view))) parameters.set(name, number.toFixed(3));
  return `#${parameters}`;
}

const textOfPinned = ({ variable, t, r, anomaly }) => [variable, t, r, ...(anomaly ? ["anomaly"] : [])].join();

const textOf = ({ lat, lng }) => `${lat.toFixed(2)},${lng.toFixed(2)}`;

/** A place as an address holds it: 0.01 degrees are a kilometre. @param {Place} place @returns {Place} */
export function roundedPlace({ lat, lng }) {
  const round = (number) => Math.round(number * 100) / 100 + 0; // never -0
  return Object.freeze({ lat: round(lat), lng: round(lng) });
}

/** A view as an address holds it. @param {View} view @returns {View} */
export function rounded({ lat, lng, zoom }) {
  const round = (number) => Math.round(number * 1000) / 1000 + 0; // never -0
  return Object.freeze({ lat: round(lat), lng: round(lng), zoom: round(zoom) });
}
