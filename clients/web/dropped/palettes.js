/** The colours that this page has: those of its own data's legends. */

import { absolute } from "../said.js";

/** @typedef {(colormap: string, isAroundZero: boolean) => {colormap: string, colors: string[]}} Palettes */

/** @param {?import("../said.js").Said} said by the page @returns {Promise<Palettes>} */
export async function palettesOf(said, fetchJson) {
  const manifest = said?.surrogates[0]?.manifest;
  if (!manifest) throw new Error("Folders can be dropped on the built page only: run `make bundle`.");
  const { legends } = typeof manifest === "string" ? await fetchJson(absolute(manifest)) : manifest;
  const all = Object.values(legends);
  const aroundZero = ({ range: [low, high] }) => low === -high;
  return (colormap, isAroundZero) =>
    all.find((legend) => legend.colormap === colormap) ?? all.find((legend) => aroundZero(legend) === isAroundZero) ?? all[0];
}
