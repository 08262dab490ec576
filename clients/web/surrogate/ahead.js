/** Starts the worker for a frame, and asks for what that needs before the worker does. client.js takes what was started. */

import { versioned } from "../said.js";
import { startWorker } from "./start.js";

/**
 * @param {{folder: string, packed: import("../said.js").Packed, worker: string}} of absolute addresses of the folder and of
 *   the worker, and what is known of the surrogate
 * @param {import("../source.js").Frame} frame
 */
export function startAhead({ folder, packed, worker: program }, frame) {
  if (globalThis.earthganEarly || !/^https?:/.test(folder)) return; // other files are not asked for by their addresses
  const step = packed.spec.inputs.steps.find(({ t }) => t === frame.t);
  const expected = [packed.parts.coded, step].map((file) => versioned(folder, file));
  let started;
  try {
    started = startWorker(program, { open: folder, packed, expected });
  } catch {
    return; // client.js tries the same, and says what is wrong
  }
  for (const address of expected) {
    read(address).then((data) => started.worker.postMessage({ arrived: address, data }, data ? [data] : []));
  }
  const answers = [];
  started.worker.addEventListener("message", ({ data }) => data.id === 0 && answers.push(data));
  started.worker.postMessage({ id: 0, ...frame });
  globalThis.earthganEarly = { folder, ...started, frame, answers };
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
