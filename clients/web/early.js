/**
 * Runs in the built page before its modules are there: starts the worker, and asks for the files that the first field needs.
 * `client.js` takes what was started.
 */

import { markEmbedded } from "./embed.js";
import { HELD } from "./held.js";
import { remembered } from "./preference.js";
import { absolute, entryOf, READS_PARTS, saidByPage, versioned } from "./said.js";
import { startWorker } from "./surrogate/start.js";

function start() {
  const said = saidByPage();
  const entry = said && !new URLSearchParams(location.search).has("data") && entryOf(said);
  if (!entry?.manifest?.surrogate || !READS_PARTS) return; // another surrogate's manifest is read first
  if (said.gateway !== null && remembered() === "server") return;
  if (entry.folder.startsWith(HELD)) return; // there is no network to wait for
  const { catalog, surrogate } = entry.manifest;
  const folder = absolute(entry.folder);
  const frame = frameOf(new URLSearchParams(location.hash.slice(1)), catalog);
  const step = surrogate.spec.inputs.steps.find(({ t }) => t === frame.t);
  const [weights, first] = [surrogate.parts.coded, step].map((file) => versioned(folder, file));
  const started = startWorker(absolute(said.worker), { open: folder, packed: surrogate, expected: [weights, first] });
  const give = (address, data) => started.worker.postMessage({ arrived: address, data }, data ? [data] : []);
  read(first).then((data) => give(first, data));
  // The end of the page's HTML holds the first part of the weights in base64. They arrive while other files are asked for.
  globalThis.earthganWeights = (text) => give(weights, Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
  const answers = [];
  started.worker.addEventListener("message", ({ data }) => data.id === 0 && answers.push(data));
  started.worker.postMessage({ id: 0, ...frame });
  globalThis.earthganEarly = { folder, ...started, frame, answers };
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

/** @returns {Promise<?ArrayBuffer>} null if it fails: whoever needs the file asks again, and sees why */
async function read(address) {
  try {
    const response = await fetch(address);
    return response.ok ? await response.arrayBuffer() : null;
  } catch {
    return null;
  }
}

markEmbedded();
try {
  start();
} catch {
  // The page's modules try the same, and say what is wrong.
}
