/**
 * A surrogate's folder that a reader drops on the page, or chooses. The browser keeps the latest ones, and this page reads them
 * from there: nothing is sent anywhere.
 */

import { anomalyLegend } from "../anomaly.js";
import { HELD } from "../held.js";
import { withEnds } from "../range.js";
import { absolute } from "../said.js";
import { digestOf } from "../surrogate/digest.js";
import { catalogOf, legendsOf, variablesOf, whyNot } from "./described.js";
import { folderOf } from "./folder.js";
import { keep, kept } from "./kept.js";
import { palettesOf } from "./palettes.js";

/**
 * Keeps a folder, and opens the page that shows it.
 * @param {FileSystemEntry[]} entries what was dropped @returns {Promise<void>} rejected with a line for the reader
 */
export async function show(entries) {
  const folder = await folderOf(entries);
  await described(folder);
  const id = await keep(folder);
  const address = new URL(location.href);
  address.search = new URLSearchParams({ dropped: id });
  address.hash = "";
  location.assign(address);
}

/**
 * The source of a folder that `show` has kept.
 * @param {string} id @param {{said: ?import("../said.js").Said, fetchJson: (address: string) => Promise<object>,
 *   lendFiles: (files: Map<string, Blob>) => void}} page  what it says, and functions that the bundle must not hold twice
 * @returns {Promise<import("../source.js").Source>} rejected with a line for the reader
 */
export async function openDropped(id, { said, fetchJson, lendFiles }) {
  const folder = await kept(id);
  if (folder === null) throw new Error("This browser does not keep that folder any more. Drop it on the page again.");
  const { spec, catalog, variables } = await described(folder);
  const legends = legendsOf(spec, variables, await palettesOf(said, fetchJson));
  lendFiles(folder.files);
  const sizes = spec.inputs.steps.map(({ file }) => folder.files.get(file)?.size ?? 0);
  return {
    catalog,
    variables,
    folder: `${HELD}dropped/`,
    packed: { spec, parts: null, bytes: sizes.reduce((sum, size) => sum + size, 0), first: null },
    worker: said && absolute(said.worker),
    offline: null,
    tiling: { tms: "WorldCRS84Quad", minNativeZoom: 0, maxNativeZoom: catalog.tile_matrix_sets.WorldCRS84Quad.max_native_zoom },
    tiles: null,
    styles: true,
    fetchLegend: async (name, _, anomaly) => (anomaly ? anomalyLegend(name, variables, legends, withEnds) : legends[name]),
    fetchShell: null,
  };
}

/** What spec.json says. @param {import("./folder.js").Folder} folder */
async function described(folder) {
  let spec;
  try {
    spec = JSON.parse(await folder.files.get("spec.json").text());
  } catch {
    throw new Error(`The file spec.json of ${folder.name} is not JSON.`);
  }
  // The surrogate's digest, as everywhere; none on pages without https, where browsers do not compute it.
  const digest = crypto.subtle ? `sha256:${await digestOf(await folder.files.get("spec.json").arrayBuffer())}` : "";
  let reason;
  try {
    reason = whyNot(spec, folder.name);
    if (reason === null) return { spec, catalog: catalogOf(spec, digest), variables: variablesOf(spec) };
  } catch {
    reason = `The file spec.json of ${folder.name} does not describe a surrogate.`; // a part of it is missing
  }
  throw new Error(reason);
}
