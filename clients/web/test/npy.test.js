import assert from "node:assert/strict";
import { test } from "node:test";
import { parseNpy } from "../npy.js";

function npyFile(values, { version = 1, descr = "<f4", fortran = "False", shape = "(2, 3)" } = {}) {
  const header = `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }\n`;
  const lengthBytes = version === 1 ? 2 : 4;
  const file = new DataView(new ArrayBuffer(8 + lengthBytes + header.length + 4 * values.length));
  [...`\x93NUMPY${String.fromCharCode(version)}\0`].forEach((char, i) => file.setUint8(i, char.charCodeAt(0)));
  if (version === 1) file.setUint16(8, header.length, true);
  else file.setUint32(8, header.length, true);
  const bytes = new Uint8Array(file.buffer);
  bytes.set(new TextEncoder().encode(header), 8 + lengthBytes);
  values.forEach((value, i) => file.setFloat32(8 + lengthBytes + header.length + 4 * i, value, true));
  return file.buffer;
}

for (const version of [1, 2]) {
  test(`reads version ${version}, whatever the alignment of its data`, () => {
    const { shape, values } = parseNpy(npyFile([1, 2.5, NaN, -4, 5, 6], { version }));
    assert.deepEqual(shape, [2, 3]);
    assert.deepEqual([...values], [1, 2.5, NaN, -4, 5, 6]);
  });
}

test("refuses what it would misread", () => {
  assert.throws(() => parseNpy(new ArrayBuffer(4)), /not an NPY file/);
  assert.throws(() => parseNpy(npyFile([1], { shape: "(1,)", descr: "<f8" })), /float32/);
  assert.throws(() => parseNpy(npyFile([1], { shape: "(1,)", fortran: "True" })), /C order/);
  assert.throws(() => parseNpy(npyFile([1, 2])), /cut short/);
});
