/** Makes requests. A failure that does not pass by itself becomes one line that the page can show to the reader. */

import { Connection } from "./connection.js";

export class SourceError extends Error {}

/** The page's one connection: whether the server answers is the same for all that is asked of it. */
export const connection = new Connection({ probeAddress: new URL("icon.svg", import.meta.url).href });

/**
 * @param {string} address @param {AbortSignal} [signal]
 * @returns {Promise<Response>} a response whose status is ok and whose body has arrived
 */
export async function request(address, signal) {
  const response = await connection.request(address, signal);
  if (!response.ok) throw new SourceError(await problemDetail(response, address));
  return response;
}

/** @param {string} address @param {AbortSignal} [signal] */
export async function fetchJson(address, signal) {
  const response = await request(address, signal);
  return response.json().catch(() => {
    throw new SourceError(`${address} is not JSON.`);
  });
}

async function problemDetail(response, address) {
  const problem = await response.json().catch(() => ({}));
  return problem.detail || problem.title || `The server answered with status ${response.status} for ${address}.`;
}
