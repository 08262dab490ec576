/** Starts the worker that computes a surrogate. */

/**
 * @param {string | URL} address of worker.js
 * @param {{open: string, packed?: ?import("../said.js").Packed, expected?: string[]}} request the folder's absolute address;
 *   what is known of the surrogate; the addresses of files that will be sent, each as `{ arrived: address, data }`
 * @returns {{worker: Worker, opened: Promise<{bytes: number} | {error: string}>}} throws if the browser refuses workers
 */
export function startWorker(address, request) {
  const worker = new Worker(address, { type: "module" });
  const opened = new Promise((resolve) => {
    worker.addEventListener("message", ({ data }) => resolve(data.opened), { once: true });
    worker.addEventListener("error", () => resolve({ error: "This browser does not start the worker." }), { once: true });
  });
  worker.postMessage(request);
  return { worker, opened };
}
