/** The page's state as a frozen value, and its text in the URL's fragment. */

/**
 * @typedef {Readonly<{lat: number, lng: number, zoom: number}>} View
 * @typedef {Readonly<{variable: string, t: number, r: number, view: ?View}>} State
 *   `view` is null while the map shows the whole globe: such a link fits any screen.
 */

/** A frame's place in addresses, e.g. "temperature/120/150". @param {import("./source.js").Frame} frame */
export const framePath = ({ variable, t, r }) => `${variable}/${t}/${r}`;

/** What identifies a frame. @param {import("./source.js").Frame} frame */
export const frameKey = (frame) => framePath(frame);

/** @param {import("./source.js").Catalog} catalog @returns {State} */
export function defaultState(catalog) {
  const { variable, t, r } = catalog.default;
  return Object.freeze({ variable, t, r, view: null });
}

/** Returns a changed copy. @param {State} state @param {Partial<State>} change @returns {State} */
export const withChange = (state, change) => Object.freeze({ ...state, ...change });

/** @param {State} state @returns {string} e.g. "#var=temperature&t=120&r=150&lat=0.00&lng=0.00&zoom=1.32" */
export function formatHash({ variable, t, r, view }) {
  const parameters = new URLSearchParams({ var: variable, t: String(t), r: String(r) });
  if (view) {
    parameters.set("lat", view.lat.toFixed(3));
    parameters.set("lng", view.lng.toFixed(3));
    parameters.set("zoom", view.zoom.toFixed(3));
  }
  return `#${parameters}`;
}

/**
 * Reads a fragment. The catalog's default replaces everything that is missing in it or does not exist.
 * @param {string} hash @param {import("./source.js").Catalog} catalog
 * @returns {{state: State, problems: string[]}} one short sentence for each value that could not be used
 */
export function parseHash(hash, catalog) {
  const asked = new URLSearchParams(hash.replace(/^#/, ""));
  const problems = [];
  const fallback = defaultState(catalog);

  const choose = (name, allowed, byDefault) => {
    const text = asked.get(name);
    if (text === null) return byDefault;
    const found = allowed.find((value) => String(value) === text);
    if (found === undefined) problems.push(`There is no ${name}=${text}; showing ${name}=${byDefault}.`);
    return found ?? byDefault;
  };

  const variable = choose("var", catalog.variables, fallback.variable);
  const t = choose("t", catalog.steps.map((step) => step.t), fallback.t);
  const r = choose("r", catalog.shells.map((shell) => shell.r), fallback.r);
  const view = readView(asked, problems);
  return { state: Object.freeze({ variable, t, r, view }), problems };
}

function readView(asked, problems) {
  const texts = ["lat", "lng", "zoom"].map((name) => asked.get(name));
  if (texts.every((text) => text === null)) return null;
  const [lat, lng, zoom] = texts.map((text) => (text?.trim() ? Number(text) : NaN));
  // The map itself limits the zoom to what the screen and the tiles allow.
  if (Math.abs(lat) <= 90 && Math.abs(lng) <= 180 && Math.abs(zoom) <= 30) {
    return Object.freeze({ lat, lng, zoom });
  }
  problems.push("The link's lat, lng and zoom name no place; showing the whole globe.");
  return null;
}
