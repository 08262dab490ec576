/** A folder written by `earthgan seed` as a source of data: plain files, which any web server serves. */

import { fetchNpy } from "./gateway.js";
import { fetchJson, SourceError } from "./http.js";
import { frameKey } from "./state.js";

/** @param {string} folder its address, with a slash at the end @returns {Promise<import("./source.js").Source>} */
export async function openPyramid(folder) {
  const [manifest, catalog, { variables }] = await Promise.all(
    ["seed", "catalog", "variables"].map((name) => fetchJson(`${folder}${name}.json`)),
  );
  const files = (frame) => ({ template: `${folder}tiles/${frameKey(frame)}/{z}/{x}/{y}.png` });
  const archives = (frame) => ({ read: archiveReader(folder, `pmtiles/${frameKey(frame)}.pmtiles`) });
  const values = (frame, signal) =>
    fetchNpy(`${folder}shells/${frameKey(frame)}.npy`, signal).catch((error) => {
      if (error instanceof SourceError) return null; // this shell was written without values
      throw error;
    });
  return {
    catalog,
    variables,
    folder: null,
    packed: null,
    worker: null,
    offline: null,
    tiling: tilingOf(manifest),
    styles: false, // the pictures are drawn
    tiles: manifest.format === "pmtiles" ? archives : files,
    fetchLegend: (variable) => fetchJson(`${folder}legends/${variable}.json`),
    fetchShell: catalog.values ? values : null,
  };
}

/**
 * The zooms to ask for. Leaflet asks for every zoom between the first and the last, so only the unbroken run that ends
 * at the last zoom counts.
 */
export function tilingOf({ tms, zooms }) {
  const maxNativeZoom = Math.max(...zooms);
  let minNativeZoom = maxNativeZoom;
  while (zooms.includes(minNativeZoom - 1)) minNativeZoom -= 1;
  return { tms, minNativeZoom, maxNativeZoom };
}

/** Reads tiles from one PMTiles archive by requesting ranges of bytes. */
function archiveReader(folder, name) {
  let archive = null; // opened by the first tile
  return async ({ x, y, z }, signal) => {
    try {
      archive ??= loadLibrary().then(({ PMTiles }) => new PMTiles(folder + name));
      const tile = await (await archive).getZxy(z, x, y, signal);
      if (tile) return new Blob([tile.data], { type: "image/png" });
    } catch (error) {
      throw new SourceError(`${name} cannot be read: ${error.message}`);
    }
    throw new SourceError(`${name} has no tile ${z}/${x}/${y}.`);
  };
}

let library = null;

/** The vendored build is a classic script. */
function loadLibrary() {
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL("./vendor/pmtiles/pmtiles.js", import.meta.url).href;
    script.addEventListener("load", () => resolve(window.pmtiles));
    script.addEventListener("error", () => {
      library = null;
      reject(new Error("the PMTiles library did not load"));
    });
    document.head.append(script);
  });
  return library;
}
