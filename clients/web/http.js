/** Requests, and their failures in one line that can be shown to the reader as it is. */

export class SourceError extends Error {}

/** @param {string} address @param {AbortSignal} [signal] @returns {Promise<Response>} one that is ok */
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
 * Why an address fails. An <img> only says that it failed, so ask again and read the answer.
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
