/** Surrogates in files beside the page as a source of data: `earthgan site` writes them, and this browser computes them. */

import { anomalyLegend } from "./anomaly.js";
import { offerChoice } from "./choice.js";
import { fetchJson, SourceError } from "./http.js";
import { keptWith } from "./offline.js";
import { withEnds } from "./range.js";
import { absolute, catalogOf, entryOf } from "./said.js";

/** Pictures are painted as finely as the finest tiles of a gateway, which has this tile matrix set. */
const TILE_MATRIX_SET = "WorldCRS84Quad";

/** @param {import("./said.js").Said} said by the page @returns {Promise<import("./source.js").Source>} */
export async function openStaticSite(said) {
  const entry = entryOf(said);
  if (entry === null) {
    const name = new URLSearchParams(location.search).get("surrogate");
    throw new SourceError(`There is no surrogate ${name} here. There are ${said.surrogates.map((each) => each.name).join(", ")}.`);
  }
  const source = await sourceOf(said, entry);
  const name = new URLSearchParams(location.search).get("pinned");
  const pinned = said.surrogates.find((each) => each.name === name);
  if (name !== null && !pinned) throw new SourceError(`There is no surrogate ${name} here, of which a picture is pinned.`);
  return {
    ...source,
    offline: said.offline === null ? null : keptWith(said, entry, source.catalog, source.packed),
    ...(pinned && { pinned: await sourceOf(said, pinned) }),
    offer: (hash) => offerChoice(said.surrogates, entry.name, source.catalog.shells, hash),
  };
}

/** @param {import("./said.js").Said} said @param {import("./said.js").Entry} entry one of its surrogates */
async function sourceOf(said, entry) {
  const manifest = typeof entry.manifest === "string" ? await fetchJson(absolute(entry.manifest)) : entry.manifest;
  const { variables, legends, surrogate } = manifest;
  const catalog = catalogOf(manifest);
  return {
    catalog,
    variables,
    folder: absolute(entry.folder),
    packed: surrogate,
    worker: absolute(said.worker),
    offline: null,
    tiling: { tms: TILE_MATRIX_SET, minNativeZoom: 0, maxNativeZoom: catalog.tile_matrix_sets[TILE_MATRIX_SET].max_native_zoom },
    tiles: null,
    styles: true,
    fetchLegend: async (variable, _, anomaly) =>
      anomaly ? anomalyLegend(variable, variables, legends, withEnds) : legends[variable],
    fetchShell: null,
  };
}
