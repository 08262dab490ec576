/** Folders that this browser keeps for the page, by a number that the page's address names. */

import { hexOf } from "../surrogate/digest.js";

const [DATABASE, STORE] = ["earthgan", "dropped"];
/** Older ones are forgotten. */
const MOST = 4;

/** @param {import("./folder.js").Folder} folder @returns {Promise<string>} what the address names */
export async function keep({ name, files }) {
  const id = hexOf(crypto.getRandomValues(new Uint8Array(4)));
  // A copy: the reader may change or remove the files.
  const copies = new Map(await Promise.all([...files].map(async ([path, file]) => [path, new Blob([await file.arrayBuffer()])])));
  await inStore("readwrite", (store) => {
    store.put({ id, name, files: copies, at: Date.now() });
    const all = store.getAll();
    all.onsuccess = () => {
      const oldest = all.result.sort((a, b) => b.at - a.at).slice(MOST);
      for (const each of oldest) store.delete(each.id);
    };
  });
  return id;
}

/** @param {string} id @returns {Promise<?import("./folder.js").Folder>} null if it is not kept */
export async function kept(id) {
  const request = await inStore("readonly", (store) => store.get(id));
  return request.result ?? null;
}

/**
 * Does something with the store, and waits until all of it is done.
 * @template T @param {IDBTransactionMode} mode @param {(store: IDBObjectStore) => T} what @returns {Promise<T>}
 */
async function inStore(mode, what) {
  try {
    const database = await new Promise((resolve, reject) => {
      const opening = indexedDB.open(DATABASE, 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { keyPath: "id" });
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = () => reject(opening.error);
    });
    const transaction = database.transaction(STORE, mode);
    const found = what(transaction.objectStore(STORE));
    await new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = transaction.onerror = () => reject(transaction.error);
    });
    database.close();
    return found;
  } catch (error) {
    throw new Error(`This browser keeps no files for the page (${error?.message ?? error}).`);
  }
}
