/** The gateway as a source of data. */

import { fetchJson, request } from "./http.js";
import { parseNpy } from "./npy.js";
import { framePath } from "./state.js";

/** Plate carrée, the only matrix set of the gateway whose map contains both poles. */
const TILE_MATRIX_SET = "WorldCRS84Quad";

/** The gateway's address. The gateway serves this module in `client/`, so the address includes a proxy's prefix. */
const ROOT = new URL("../", import.meta.url).href;

/** @returns {Promise<import("./source.js").Source>} */
export async function openGateway() {
  const [catalog, { variables }] = await Promise.all([fetchJson(`${ROOT}catalog`), fetchJson(`${ROOT}variables`)]);
  const maxNativeZoom = catalog.tile_matrix_sets[TILE_MATRIX_SET].max_native_zoom;
  return {
    catalog,
    variables,
    folder: `${ROOT}surrogate/`,
    tiling: { tms: TILE_MATRIX_SET, minNativeZoom: 0, maxNativeZoom },
    tiles: (frame) => ({
      template: address(`tiles/${framePath(frame)}/{z}/{x}/{y}.png`, frame.draw, { tms: TILE_MATRIX_SET }),
    }),
    fetchLegend: (variable, draw) => fetchJson(address(`legends/${variable}.json`, draw)),
    fetchShell: (frame, signal) => fetchNpy(address(`shells/${framePath(frame)}.npy`, frame.draw), signal),
  };
}

/** @param {?string} [draw] a seed, or the statistic of several draws */
function address(path, draw, parameters = {}) {
  const query = new URLSearchParams(parameters);
  if (draw) query.set(/^[0-9]/.test(draw) ? "seed" : "statistic", draw);
  return `${ROOT}${path}${query.size ? `?${query}` : ""}`;
}

/** @param {string} address @param {AbortSignal} signal */
export async function fetchNpy(address, signal) {
  const response = await request(address, signal);
  return parseNpy(await response.arrayBuffer());
}
