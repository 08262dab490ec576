/**
 * Talks to the gateway the page came from. Every address is relative to the page, so the client also works
 * behind a proxy that serves the gateway under a prefix.
 */

import { parseNpy } from "./npy.js";

/**
 * @typedef {{variable: string, t: number, r: number}} Frame  one field: a variable at a time step on a shell
 * @typedef {{r: number, radius_km: number, depth_km: number}} Shell
 * @typedef {{t: number, time_myr: ?number}} Step
 * @typedef {{latitudes_deg: number[], longitudes_deg: number[]}} Grid
 * @typedef {{
 *   title: string, notice: string, licence: string, digest: string, generator: {preset: string},
 *   variables: string[], steps: Step[], shells: Shell[], grid: Grid, default: Frame,
 *   tile_matrix_sets: Object<string, {max_native_zoom: number}>,
 * }} Catalog
 * @typedef {{name: string, long_name: string, unit: string, range: [number, number]}} Variable
 * @typedef {{
 *   variable: string, long_name: string, unit: string, range: [number, number],
 *   colors: string[], ticks: {value: number, label: string}[],
 * }} Legend
 */

/** Plate carrée: the only one of the gateway's matrix sets in which both poles are on the map. */
export const TILE_MATRIX_SET = "WorldCRS84Quad";

/** A failure told in one line that can be shown to the reader as it is. */
export class GatewayError extends Error {}

/** @returns {Promise<Catalog>} */
export const fetchCatalog = () => getJson("catalog");

/** @returns {Promise<Variable[]>} */
export const fetchVariables = async () => (await getJson("variables")).variables;

/** @param {string} variable @returns {Promise<Legend>} */
export const fetchLegend = (variable) => getJson(`legends/${variable}.json`);

/**
 * The whole shell in physical units, on the catalog's grid.
 * @param {Frame} frame @param {AbortSignal} signal
 */
export async function fetchShell(frame, signal) {
  const response = await get(`shells/${frameKey(frame)}.npy`, signal);
  return parseNpy(await response.arrayBuffer());
}

/** Address of a frame's tiles, with Leaflet's placeholders. @param {Frame} frame */
export const tileTemplate = (frame) => `tiles/${frameKey(frame)}/{z}/{x}/{y}.png?tms=${TILE_MATRIX_SET}`;

/** A frame as it stands in addresses, e.g. "temperature/120/150". @param {Frame} frame */
export const frameKey = ({ variable, t, r }) => `${variable}/${t}/${r}`;

/**
 * Why an address fails. An <img> only says that it failed, so ask again and read the answer.
 * @param {string} address
 */
export async function explainFailure(address) {
  try {
    await get(address);
    return "A map tile could not be loaded.";
  } catch (error) {
    return error.message;
  }
}

async function getJson(address) {
  return (await get(address)).json();
}

async function get(address, signal) {
  let response;
  try {
    response = await fetch(address, { signal });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new GatewayError("The gateway does not answer.");
  }
  if (!response.ok) throw new GatewayError(await problemDetail(response));
  return response;
}

async function problemDetail(response) {
  const problem = await response.json().catch(() => ({}));
  return problem.detail || problem.title || `The gateway answered with status ${response.status}.`;
}
