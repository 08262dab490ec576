/**
 * The source of the page's data: the gateway that served the page, surrogates beside the page, a folder of tiles, or a folder that
 * a reader has dropped on the page.
 */

import { openGateway } from "./gateway.js";
import { fetchJson, SourceError } from "./http.js";
import { lendFiles } from "./held.js";
import { openPyramid } from "./pyramid.js";
import { saidByPage } from "./said.js";
import { openStaticSite } from "./static-site.js";

/**
 * @typedef {{variable: string, t: number, r: number, draw?: ?string, anomaly?: boolean, range?: import("./range.js").Range}} Frame
 *   one field: a variable at a time step on a shell. `draw` is a seed, or "mean" or "std" of several draws; without it,
 *   the field is the surrogate's own draw. `anomaly`: less the mean of the shell. `range`: what the colours span
 * @typedef {{r: number, radius_km: number, depth_km: number}} Shell
 * @typedef {{t: number, label: ?string, time_myr: ?number}} Step
 * @typedef {{latitudes_deg: number[], longitudes_deg: number[]}} Grid
 * @typedef {{
 *   title: string, notice: string, credit: string, licence: string, simulated: ?boolean, time_scale: ?number,
 *   digest: string, generator: {preset: string}, max_error: ?Object<string, number>,
 *   surface_radius_km: number, core_radius_km: ?number, length_unit: "km" | "1", length_decimals: number,
 *   variables: string[], steps: Step[], shells: Shell[], grid: Grid, default: Frame,
 *   tile_matrix_sets: Object<string, {max_native_zoom: number}>, draws: ?{seed: ?number, usual: number},
 * }} Catalog
 * @typedef {{name: string, long_name: string, unit: string, range: [number, number]}} Variable
 * @typedef {{
 *   variable: string, long_name: string, unit: string, factor: ?number, range: [number, number],
 *   colors: string[], ticks: {value: number, label: string}[],
 * }} Legend
 * @typedef {{tms: string, minNativeZoom: number, maxNativeZoom: number}} Tiling
 * @typedef {{x: number, y: number, z: number}} Coords
 * @typedef {{template: string} | {read: (coords: Coords, signal: AbortSignal) => Promise<Blob>}} Tiles
 *   an address with Leaflet's placeholders, or a function that reads a tile
 * @typedef {{
 *   catalog: Catalog, variables: Variable[], tiling: Tiling, folder: ?string, packed: ?import("./said.js").Packed,
 *   worker: ?string, offline: ?Parameters<typeof import("./offline.js").keepOffline>[0], tiles: ?(frame: Frame, ends: ?[number, number]) => Tiles,
 *   fetchLegend: (variable: string, draw: ?string, anomaly?: boolean) => Promise<Legend>,
 *   pinned?: Source, offer?: (hash: () => string) => void, styles: boolean, fetchExtremes?: (frame: Frame) => Promise<[number, number]>,
 *   fetchShell: ?(frame: Frame, signal: AbortSignal) => Promise<?{shape: number[], values: Float32Array}>,
 * }} Source  `folder` is the address of the surrogate itself, if there is one, `packed` what is known of it, and `worker` the
 *   address of the worker that computes it, if it is not beside the modules. Without `tiles`, only this browser computes.
 *   `styles` says whether anomalies and ranges can be chosen; ends and extremes are in the variable's unit without the
 *   legend's factor. `offline` is what can be kept for times without a network. `pinned` is another surrogate, which the address
 *   names beside this one: a picture of it is pinned. `offer` offers other surrogates. `fetchShell` returns a shell in physical units on the catalog's grid, or null if the source has only pictures
 */

/** @returns {Promise<Source>} */
export async function openSource() {
  const asked = new URLSearchParams(location.search);
  if (asked.has("data")) return openPyramid(folderAddress(asked.get("data"), location.href));
  const said = saidByPage();
  if (asked.has("dropped")) return (await import("./dropped/dropped.js")).openDropped(asked.get("dropped"), { said, fetchJson, lendFiles });
  return said?.gateway === null ? openStaticSite(said) : openGateway(said);
}

/**
 * The folder that `?data=` names, relative to the page. A link must not make this page show another site's data.
 * @param {string} asked @param {string} page the page's address
 */
export function folderAddress(asked, page) {
  const folder = URL.canParse(asked, page) ? new URL(asked, page) : null;
  if (folder?.origin !== new URL(page).origin || !/^https?:$/.test(folder.protocol)) {
    throw new SourceError(`data=${asked} is not a folder of this site.`);
  }
  return folder.origin + folder.pathname.replace(/\/?$/, "/");
}
