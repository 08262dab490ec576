/**
 * A surrogate as a virtual Zarr store of format 3, in the service worker of a site. Its keys are those of the gateway's
 * `/zarr`. `earthgan site` writes the metadata and the coordinates into one file, and a chunk of a quantity is a radial shell,
 * which is computed when somebody asks for it.
 */

import { quantityOf } from "./surrogate/derived.js";
import { openSurrogate } from "./surrogate/surrogate.js";

const JSON_TYPE = "application/json";
const BYTES_TYPE = "application/octet-stream";
/** The key of a quantity's chunk: a time step and a depth by their indices, and all rows and columns. */
const CHUNK = /^(.+)\/c\/(0|[1-9]\d*)\/(0|[1-9]\d*)\/0\/0$/;

/**
 * @typedef {{surrogate: import("./said.js").Packed, documents: Object<string, object>, chunks: Object<string, string>}} Written
 *   the documents by key, and chunks of coordinates in base64
 * @typedef {(address: string) => Promise<Response>} Read  reads a file from what is kept, or else from the network
 */

/** @type {Map<string, Promise<Store>>} by the address of what is written */
const stores = new Map();

/**
 * Answers a request for a key.
 * @param {{folder: string, written: string, key: string}} asked  the address of the surrogate's folder, and of what is written
 * @param {Read} read @returns {Promise<Response>} 404 for a key that there is not, and 503 for a chunk that cannot be computed
 *   now: clients take a chunk that is missing for cells without a value
 */
export async function answer({ folder, written, key }, read) {
  try {
    if (!stores.has(written)) stores.set(written, Store.open(folder, written, read));
    return (await (await stores.get(written)).at(key)) ?? new Response(null, { status: 404 });
  } catch (error) {
    stores.delete(written);
    return new Response(error.message, { status: 503 });
  }
}

class Store {
  #surrogate;
  #documents;
  #chunks;
  #last = Promise.resolve(); // one chunk is computed at a time, because a surrogate has one workspace

  /** @param {import("./surrogate/surrogate.js").Surrogate} surrogate @param {Written} written */
  constructor(surrogate, { documents, chunks }) {
    this.#surrogate = surrogate;
    this.#documents = documents;
    this.#chunks = chunks;
  }

  /** @param {string} folder @param {string} address @param {Read} read */
  static async open(folder, address, read) {
    const file = async (of) => {
      const found = await read(of);
      if (!found.ok) throw new Error(`${of}: status ${found.status}`);
      return found;
    };
    const written = await (await file(address)).json();
    const given = { get: async (of) => (await file(of)).arrayBuffer(), delete: () => {} };
    return new Store(await openSurrogate(folder, { packed: written.surrogate, given }), written);
  }

  /** @param {string} key @returns {Promise<?Response>} */
  async at(key) {
    if (Object.hasOwn(this.#documents, key)) return content(this.#documents[key], JSON_TYPE);
    if (Object.hasOwn(this.#chunks, key)) return content(bytesOf(this.#chunks[key]), BYTES_TYPE);
    const [, name, i, depth] = CHUNK.exec(key) ?? [];
    const [steps, shells] = this.#shape(name);
    if (!(Number(i) < steps && Number(depth) < shells)) return null;
    const computed = this.#last.then(() => this.#shell(name, this.#surrogate.steps[i].t, shells - 1 - depth));
    this.#last = computed.catch(() => {});
    return content(await computed, BYTES_TYPE);
  }

  /** The shape of a quantity `(time, depth, latitude, longitude)`; nothing for another name. */
  #shape(name) {
    const key = `${name}/zarr.json`;
    const shape = Object.hasOwn(this.#documents, key) ? JSON.parse(this.#documents[key]).shape : [];
    return shape.length === 4 ? shape : [];
  }

  async #shell(name, t, r) {
    const coefficients = await this.#surrogate.coefficients(t, { pause: turn });
    return quantityOf(this.#surrogate, this.#surrogate.stateOf(coefficients), name, { r });
  }
}

const content = (body, type) => new Response(body, { headers: { "content-type": type, "cache-control": "no-cache" } });

const bytesOf = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

/** Lets other requests be answered. */
const turn = () => new Promise((resolve) => setTimeout(resolve));
