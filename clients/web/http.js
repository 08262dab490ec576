/** Makes requests. A failure that does not pass by itself becomes one line that the page can show to the reader. */

import { Connection } from "./connection.js";
import { absolute, saidByPage } from "./said.js";

export class SourceError extends Error {}

/** The page's one connection: whether the server answers is the same for all that is asked of it. A worker has its own. */
export const connection = new Connection({ probe });

/** Asks whether the server answers. A site that is kept for times without a network answers itself, but only to GET. */
function probe(signal) {
  const said = typeof document === "undefined" ? null : saidByPage();
  const file = typeof document === "undefined" ? location.href : new URL("icon.svg", import.meta.url).href;
  const method = said?.gateway === null ? "GET" : "HEAD";
  return fetch(said ? absolute(said.worker) : file, { method, cache: "no-store", signal });
}

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
