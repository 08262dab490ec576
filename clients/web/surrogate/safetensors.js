/** Reads safetensors files: a JSON header and arrays in C order, https://github.com/huggingface/safetensors. */

import { SurrogateError } from "./error.js";

const KINDS = {
  U8: Uint8Array,
  I8: Int8Array,
  U16: Uint16Array,
  I32: Int32Array,
  F16: Uint16Array, // as bits, because not every browser has a Float16Array
  F32: Float32Array,
  F64: Float64Array,
};

/**
 * @typedef {{shape: number[], values: Uint8Array|Int8Array|Uint16Array|Int32Array|Float32Array|Float64Array}} Tensor
 * @param {ArrayBuffer} buffer a whole file
 * @returns {Object<string, Tensor>} the arrays by name, float16 as float32; throws SurrogateError
 */
export function readSafetensors(buffer) {
  const view = new DataView(buffer);
  const headerBytes = buffer.byteLength < 8 ? Infinity : Number(view.getBigUint64(0, true));
  if (8 + headerBytes > buffer.byteLength) throw new SurrogateError("The safetensors file is cut short.");
  let header;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array(buffer, 8, headerBytes)));
  } catch {
    throw new SurrogateError("This is not a safetensors file.");
  }
  delete header.__metadata__;
  const data = buffer.slice(8 + headerBytes);
  return Object.fromEntries(Object.entries(header).map(([name, entry]) => [name, tensorOf(name, entry, data)]));
}

/** @returns {Tensor} */
function tensorOf(name, { dtype, shape, data_offsets: [first, end] }, data) {
  const Kind = KINDS[dtype];
  if (!Kind) throw new SurrogateError(`The array ${name} has the unknown type ${dtype}.`);
  const bytes = shape.reduce((product, n) => product * n, Kind.BYTES_PER_ELEMENT);
  if (end - first !== bytes || end > data.byteLength) throw new SurrogateError(`The array ${name} is cut short.`);
  const values = new Kind(data.slice(first, end)); // copied, because the data may be unaligned
  return { shape, values: dtype === "F16" ? Float32Array.from(values, halfOf) : values };
}

/** Returns the number that the bits of an IEEE float16 stand for. @param {number} bits */
function halfOf(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = (bits & 0x3ff) / 1024;
  if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction) : 2 ** -14 * fraction);
}
