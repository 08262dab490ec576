/** Starts the worker that computes a surrogate. */

import { heldFile } from "../held.js";

/**
 * @param {string | URL} address of worker.js
 * @param {{open: string, packed?: ?import("../said.js").Packed, expected?: string[]}} request the folder's absolute address;
 *   what is known of the surrogate; the addresses of files that will be sent, each as `{ arrived: address, data }`
 * @returns {{worker: Worker, opened: Promise<{bytes: number} | {error: string}>}} throws if the browser refuses workers
 */
export function startWorker(address, request) {
  const worker = new Worker(address, { type: "module" });
  const opened = new Promise((resolve) => {
    worker.addEventListener("message", async ({ data: { opened, wanted } }) => {
      if (opened) resolve(opened);
      if (wanted) worker.postMessage({ arrived: wanted, ...(await heldFile(wanted)) });
    });
    worker.addEventListener("error", () => resolve({ error: "This browser does not start the worker." }), { once: true });
  });
  worker.postMessage(request);
  return { worker, opened };
}
