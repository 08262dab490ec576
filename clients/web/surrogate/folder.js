/** Reads a surrogate's files, and verifies them. */

import { request, SourceError } from "../http.js";
import { versioned } from "../said.js";
import { digestOf } from "./digest.js";
import { SurrogateError } from "./error.js";

/** The keys that spec.json may have for the generator. An unknown key might change the numbers. */
const KNOWN = {
  generator: ["arguments", "weights", "onnx"],
  preset: [
    ...["preset", "degree", "nodes", "inner_km", "outer_km", "bands", "components", "stokes", "gate", "refinement"],
    ...["curves", "prediction"],
  ],
  inputs: ["steps", "coded", "max_error"],
  refinement: ["shells", "reach_km", "channels", "layers", "field_rms", "error_rms"],
  prediction: [
    ...["degree", "shells", "flow_degree", "stages", "interval", "clock", "advection", "diffusivity", "heating"],
    ...["coarseness", "key_every"],
  ],
};

/** A digest may be cut to so many digits. */
const FEWEST_DIGITS = 32;

/** @typedef {{get: (address: string) => Promise<?ArrayBuffer> | undefined, delete: (address: string) => void}} Given  files by address */

/** Reads a folder's files and compares them with the digests that spec.json states. */
export class Folder {
  #address;
  #hasVersions;
  #given;
  #read = new Map(); // promises of files by address: they are small, and a step may be decoded again
  /** The number of bytes that were read. */
  bytes = 0;

  /** @param {boolean} hasVersions whether its addresses name the files' versions @param {Given} given */
  constructor(address, hasVersions, given) {
    this.#address = address;
    this.#hasVersions = hasVersions;
    this.#given = given;
    this.verifies = globalThis.crypto?.subtle !== undefined;
    if (!this.verifies) {
      console.warn(`${address} is not verified: browsers compute digests only on https and on localhost.`);
    }
  }

  /** Reads spec.json. */
  async spec() {
    const address = `${this.#address}spec.json`;
    const text = await (await request(address)).text();
    this.bytes += text.length;
    return this.checked(parsed(text));
  }

  /** Returns the content of spec.json if a browser can compute what it describes. Throws SurrogateError. */
  checked(spec) {
    const address = `${this.#address}spec.json`;
    const preset = spec?.generator?.arguments;
    if (spec?.format !== 1 || !preset) throw new SurrogateError(`${address} does not describe a surrogate.`);
    if (spec.mask || spec.inputs?.steps?.some((step) => step.mask)) {
      throw new SurrogateError(`${address}: some of its cells have no value, which a browser cannot tell yet.`);
    }
    if (preset.preset !== "spectral") {
      throw new SurrogateError(`${address}: a browser runs surrogates of the kind spectral only, and this one is ${preset.preset}.`);
    }
    const said = { generator: spec.generator, preset, inputs: spec.inputs, refinement: preset.refinement ?? {}, prediction: preset.prediction ?? {} };
    const unknown = Object.entries(said).flatMap(([part, values]) =>
      Object.keys(values).filter((name) => values[name] !== null && !KNOWN[part].includes(name)),
    );
    if (unknown.length) throw new SurrogateError(`${address}: this version does not know ${unknown.join(", ")}.`);
    return spec;
  }

  /**
   * @template T
   * @param {{file: string, sha256: string}} entry @param {(data: ArrayBuffer) => T | Promise<T>} use
   * @returns {Promise<T>} the result of `use`; throws SurrogateError, which names the file
   */
  async read(entry, use) {
    const address = this.#hasVersions ? versioned(this.#address, entry) : this.#address + entry.file;
    this.#read.set(address, this.#read.get(address) ?? this.#verified(address, entry.sha256));
    try {
      return await use(await this.#read.get(address));
    } catch (error) {
      this.#read.delete(address);
      if (error instanceof SourceError && !(error instanceof SurrogateError)) throw error; // the server's own words
      throw new SurrogateError(`${address}: ${error.message}`, { cause: error });
    }
  }

  async #verified(address, sha256) {
    const given = await this.#given.get(address);
    this.#given.delete(address);
    const data = given ?? (await (await request(address)).arrayBuffer());
    this.bytes += data.byteLength;
    if (this.verifies && !(sha256.length >= FEWEST_DIGITS && (await digestOf(data)).startsWith(sha256))) {
      throw new SurrogateError("The file does not have the digest that spec.json states: it is truncated or altered.");
    }
    return data;
  }
}

/** Returns what a text says, or null if it is not JSON. @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
