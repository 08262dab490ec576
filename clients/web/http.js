/** Makes requests. Each failure becomes one line that the page can show to the reader. */

export class SourceError extends Error {}

/** @param {string} address @param {AbortSignal} [signal] @returns {Promise<Response>} a response whose status is ok */
export async function request(address, signal) {
  let response;
  try {
    response = await fetch(address, { signal });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new SourceError("The server does not answer.");
  }
  if (!response.ok) throw new SourceError(await problemDetail(response));
  return response;
}

/** @param {string} address */
export async function fetchJson(address) {
  const response = await request(address);
  return response.json().catch(() => {
    throw new SourceError(`${address} is not JSON.`);
  });
}

/**
 * Finds out why an address fails. An <img> only says that it failed, so this asks again and reads the answer.
 * @param {string} address
 */
export async function explainFailure(address) {
  try {
    await request(address);
    return "A map tile could not be loaded.";
  } catch (error) {
    return error.message;
  }
}

async function problemDetail(response) {
  const problem = await response.json().catch(() => ({}));
  return problem.detail || problem.title || `The server answered with status ${response.status} for ${response.url}.`;
}
