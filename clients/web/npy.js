/** Reads the only kind of NPY file that the gateway sends: little-endian float32 in C order. */

/**
 * @param {ArrayBuffer} buffer a whole file, format version 1 to 3
 * @returns {{shape: number[], values: Float32Array}}
 */
export function parseNpy(buffer) {
  const view = new DataView(buffer);
  const magic = buffer.byteLength < 12 ? "" : latin1(buffer, 0, 6);
  if (magic !== "\x93NUMPY") throw new Error("This is not an NPY file.");

  // Version 1 stores the header's length in two bytes, later versions in four.
  const [lengthBytes, headerBytes] = view.getUint8(6) === 1 ? [2, view.getUint16(8, true)] : [4, view.getUint32(8, true)];
  const dataStart = 8 + lengthBytes + headerBytes;
  const header = latin1(buffer, 8 + lengthBytes, headerBytes);

  const shape = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1].match(/\d+/g)?.map(Number);
  if (!shape || !/'descr':\s*'<f4'/.test(header) || !/'fortran_order':\s*False/.test(header)) {
    throw new Error(`Expected little-endian float32 in C order, not ${header.trim()}`);
  }
  const count = shape.reduce((product, n) => product * n, 1);
  if (buffer.byteLength < dataStart + 4 * count) throw new Error("The NPY file is cut short.");
  // Copied, because a Float32Array over the file itself would need the data aligned to four bytes.
  return { shape, values: new Float32Array(buffer.slice(dataStart, dataStart + 4 * count)) };
}

// TextDecoder's "latin1" is really windows-1252, which maps the magic byte 0x93 to a quotation mark.
function latin1(buffer, start, length) {
  return String.fromCharCode(...new Uint8Array(buffer, start, length));
}
