/**
 * Runs in the built page before its modules are there. If the address asks for another field than the one that the page holds,
 * it starts the worker, and asks for the files that this field needs. `client.js` takes what was started.
 */

import { markEmbedded } from "./embed.js";
import { holdsFirst } from "./first.js";
import { remembered } from "./preference.js";
import { absolute, asksForOther, entryOf, READS_PARTS, saidByPage } from "./said.js";
import { startAhead } from "./surrogate/ahead.js";

/** The parts of an address for which the field that the page holds is enough. */
const NAMES = ["var", "t", "r", "lat", "lng", "zoom"];

function start() {
  const said = saidByPage();
  const entry = said && !asksForOther() && entryOf(said);
  if (!entry?.manifest?.surrogate || !READS_PARTS) return; // another surrogate's manifest is read first
  if (said.gateway !== null && remembered() === "server") return;
  const { catalog, surrogate } = entry.manifest;
  const asked = new URLSearchParams(location.hash.slice(1));
  const frame = frameOf(asked, catalog);
  const isPlain = [...asked].every(([name, text]) => NAMES.includes(name) && text === String(frame[name] ?? text));
  if (isPlain && holdsFirst(surrogate, frame)) return; // a slow network then carries what shows that field
  startAhead({ folder: absolute(entry.folder), packed: surrogate, worker: absolute(said.worker) }, frame);
}

/** The frame that the address asks for, as far as there is such a one. @returns {import("./source.js").Frame} */
function frameOf(asked, { variables, steps, shells, default: usual }) {
  const [variable, t, r] = ["var", "t", "r"].map((name) => asked.get(name));
  return {
    variable: variables.includes(variable) ? variable : usual.variable,
    t: steps.some((step) => String(step.t) === t) ? Number(t) : usual.t,
    r: shells.radius_km.some((_, index) => String(index) === r) ? Number(r) : usual.r,
  };
}

markEmbedded();
try {
  start();
} catch {
  // The page's modules try the same, and say what is wrong.
}
