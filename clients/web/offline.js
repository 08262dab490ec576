/** Keeps a page from files, and the surrogate that it shows, for times without a network. sw.js does the keeping. */

import { absolute, versioned } from "./said.js";

/**
 * `<html data-offline="kept">` says when all is kept. Browsers do so on https and on localhost only.
 * @param {{program: string, folder: string, digest: string, packed: import("./said.js").Packed, more: string[]}} what  the
 *   addresses of the service worker and the surrogate's folder, the surrogate's digest, and addresses of other files to keep
 */
export async function keepOffline({ program, folder, digest, packed, more }) {
  if (!navigator.serviceWorker || navigator.connection?.saveData) return;
  const { parts, spec } = packed;
  const files = [parts.coded, parts.refinement, ...spec.inputs.steps].filter(Boolean);
  const addresses = [...more, ...files.map((file) => versioned(folder, file))];
  try {
    await navigator.serviceWorker.register(program);
    const { active } = await navigator.serviceWorker.ready;
    const { port1, port2 } = new MessageChannel();
    const kept = new Promise((resolve) => (port1.onmessage = ({ data }) => resolve(data.kept)));
    active.postMessage({ keep: addresses, digest }, [port2]);
    if (await kept) tell();
  } catch {
    // The browser forbids it or has no room. The page goes on with a network.
  }
}

function tell() {
  document.documentElement.dataset.offline = "kept";
  const words = document.createElement("span");
  words.textContent = "Kept in this browser for offline use";
  document.querySelector("footer")?.append(words);
}

/** @param {import("./said.js").Said} said @param {import("./said.js").Entry} entry */
export const keptWith = ({ offline }, { folder, manifest }, { digest }, packed) => ({
  program: absolute(offline),
  folder: absolute(folder),
  digest,
  packed,
  more: typeof manifest === "string" ? [absolute(manifest)] : [],
});
