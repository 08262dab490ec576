/**
 * Files without an address that browsers know. A reader has dropped them on this page, or somebody else holds them for it, such as
 * a notebook: then the page asks the page around it for each, by a message.
 */

/** The addresses of such files begin with this. */
export const HELD = "held:";

const waiting = new Map(); // by address, who waits for the file
let lent = null; // files that this page has, by their path

/** Says which files the page has itself. @param {Map<string, Blob>} files by their path in the surrogate's folder */
export const lendFiles = (files) => (lent = files);

/**
 * A file of the page's own. Without any, it asks the page around this one for `{ earthgan: "file", file }`, which answers with the
 * same and `data`, or `error`.
 * @param {string} file its address @returns {Promise<{data?: ArrayBuffer, error?: string}>}
 */
export async function heldFile(file) {
  if (lent) {
    const found = lent.get(file.replace(/^held:[^/]*\//, "").replace(/\?.*$/, ""));
    return found ? { data: await found.arrayBuffer() } : { error: `The folder that was dropped has no file ${file}.` };
  }
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
