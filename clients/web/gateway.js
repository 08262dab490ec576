/** The gateway as a source of data. */

import { fetchJson, request } from "./http.js";
import { parseNpy } from "./npy.js";
import { absolute, catalogOf } from "./said.js";
import { framePath } from "./state.js";

/** Plate carrée, the only matrix set of the gateway whose map contains both poles. */
const TILE_MATRIX_SET = "WorldCRS84Quad";

/**
 * The gateway's address, which includes a proxy's prefix. A built page says where it is; the gateway serves this module in
 * `client/`.
 */
const addressOf = (said) => (said ? absolute(said.gateway) : new URL("../", import.meta.url).href);

/** @param {?import("./said.js").Said} said by the page @returns {Promise<import("./source.js").Source>} */
export async function openGateway(said = null) {
  const root = addressOf(said);
  const { catalog, variables, legends, surrogate } = said ? told(said.surrogates[0].manifest) : await read(root);
  const maxNativeZoom = catalog.tile_matrix_sets[TILE_MATRIX_SET].max_native_zoom;
  const address = (path, draw, parameters) => `${root}${path}${queryOf(draw, parameters)}`;
  return {
    catalog,
    variables,
    folder: `${root}surrogate/`,
    packed: surrogate ?? null,
    worker: said && absolute(said.worker),
    offline: null,
    tiling: { tms: TILE_MATRIX_SET, minNativeZoom: 0, maxNativeZoom },
    styles: true,
    tiles: (frame, ends) => ({
      template: address(`tiles/${framePath(frame)}/{z}/{x}/{y}.png`, frame.draw, {
        tms: TILE_MATRIX_SET,
        ...anomalyOf(frame),
        ...(ends && { rescale: ends.join() }),
      }),
    }),
    fetchLegend: async (variable, draw, anomaly = false) =>
      (!draw && !anomaly && legends?.[variable]) || fetchJson(address(`legends/${variable}.json`, draw, anomalyOf({ anomaly }))),
    fetchShell: (frame, signal) => fetchNpy(address(`shells/${framePath(frame)}.npy`, frame.draw, anomalyOf(frame)), signal),
    ...numbersOf(address, catalog),
    fetchExtremes: async (frame) => {
      const { min, max, mean } = await fetchJson(address(`statistics/${framePath(frame)}`, frame.draw));
      return frame.anomaly ? [min - mean, max - mean] : [min, max];
    },
  };
}

/** What is below places, as the gateway computes it: values in units, and null where there are none. */
function numbersOf(address, { variables }) {
  const at = ({ lat, lng }) => ({ lat, lon: lng });
  // The gateway takes means away in a variable of its own, or leaves it to whoever asks.
  const lessMean = ({ variable, anomaly }) => (anomaly && variables.includes(`${variable}_anomaly`) ? `${variable}_anomaly` : variable);
  return {
    fetchProfile: (frame, place, signal) =>
      fetchJson(address(`profiles/${lessMean(frame)}/${frame.t}`, frame.draw, at(place)), signal),
    fetchSeries: (frame, place, signal) => fetchJson(address(`series/${lessMean(frame)}/${frame.r}`, frame.draw, at(place)), signal),
    fetchSection: (frame, { from, to }, signal) => {
      const ends = { from: `${from.lat},${from.lng}`, to: `${to.lat},${to.lng}` };
      return fetchJson(address(`sections/${lessMean(frame)}/${frame.t}`, frame.draw, ends), signal);
    },
  };
}

const told = (manifest) => ({ ...manifest, catalog: catalogOf(manifest) });

async function read(root) {
  const [catalog, { variables }] = await Promise.all([fetchJson(`${root}catalog`), fetchJson(`${root}variables`)]);
  return { catalog, variables };
}

const anomalyOf = ({ anomaly }) => (anomaly ? { anomaly: "true" } : {});

/** @param {?string} [draw] a seed, or the statistic of several draws */
function queryOf(draw, parameters = {}) {
  const query = new URLSearchParams(parameters);
  if (draw) query.set(/^[0-9]/.test(draw) ? "seed" : "statistic", draw);
  return query.size ? `?${query}` : "";
}

/** @param {string} address @param {AbortSignal} signal */
export async function fetchNpy(address, signal) {
  const response = await request(address, signal);
  return parseNpy(await response.arrayBuffer());
}
