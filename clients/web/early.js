/**
 * Runs in the built page before its modules are there: starts the worker, and asks for the files that the first field needs.
 * `client.js` takes what was started.
 */

import { remembered } from "./preference.js";
import { absolute, entryOf, READS_PARTS, saidByPage, versioned } from "./said.js";
import { startWorker } from "./surrogate/start.js";

function start() {
  const said = saidByPage();
  const entry = said && !new URLSearchParams(location.search).has("data") && entryOf(said);
  if (!entry?.manifest?.surrogate || !READS_PARTS) return; // another surrogate's manifest is read first
  if (said.gateway !== null && remembered() === "server") return;
  const { catalog, surrogate } = entry.manifest;
  const folder = absolute(entry.folder);
  const asked = Number(new URLSearchParams(location.hash.slice(1)).get("t") ?? catalog.default.t);
  const { steps } = surrogate.spec.inputs;
  const step = steps.find(({ t }) => t === asked) ?? steps.find(({ t }) => t === catalog.default.t);
  const addresses = [surrogate.parts.coded, step].map((file) => versioned(folder, file));
  const started = startWorker(absolute(said.worker), { open: folder, packed: surrogate, expected: addresses });
  for (const address of addresses) read(address).then((data) => started.worker.postMessage({ arrived: address, data }, data ? [data] : []));
  globalThis.earthganEarly = { folder, ...started };
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

try {
  start();
} catch {
  // The page's modules try the same, and say what is wrong.
}
