/**
 * Files that somebody else holds for this page, such as a notebook. They have no addresses that a browser knows: the page asks
 * the page around it for each, by a message.
 */

/** The addresses of such files begin with this. */
export const HELD = "held:";

const waiting = new Map(); // by address, who waits for the file

/**
 * Asks the page around this one for `{ earthgan: "file", file }`, which answers with the same and `data`, or `error`.
 * @param {string} file its address @returns {Promise<{data?: ArrayBuffer, error?: string}>}
 */
export function heldFile(file) {
  if (waiting.size === 0) window.addEventListener("message", take);
  return new Promise((resolve) => {
    waiting.set(file, [...(waiting.get(file) ?? []), resolve]);
    window.parent.postMessage({ earthgan: "file", file }, "*");
  });
}

function take({ source, data: { earthgan, file, data, error } }) {
  if (source !== window.parent || earthgan !== "file") return;
  for (const resolve of waiting.get(file) ?? []) resolve({ data, error });
  waiting.delete(file);
  if (waiting.size === 0) window.removeEventListener("message", take);
}
