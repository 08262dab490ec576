import assert from "node:assert/strict";
import { test } from "node:test";

import { padded, Workspace } from "../surrogate/kernel.js";
import { Matrix } from "../surrogate/matrix.js";

let seed = 1;
const random = () => {
  seed = (seed * 48271) % 2147483647;
  return seed / 2147483647 - 0.5;
};
const matrix = (rows, columns) => Matrix.of(rows, columns, random);

/** A product by a workspace; `turned` stores the factors column by column. */
function product(workspace, a, b, turned) {
  const factors = turned ? Matrix.of(a.columns, a.rows, (i, j) => a.at(j, i)) : a;
  const width = padded(b.columns);
  const [at, terms] = [workspace.put(factors.values), workspace.putRows(b)];
  const [rowStep, innerStep] = turned ? [1, a.rows] : [a.columns, 1];
  const out = workspace.place(a.rows * width);
  workspace.multiply({
    out, outStep: width, factors: at, rowStep, innerStep, rows: a.rows, terms, termStep: width, inner: a.columns, columns: width,
  });
  return Matrix.of(a.rows, b.columns, (i, j) => workspace.floats[out + i * width + j]);
}

for (const simd of [true, false]) {
  const name = simd ? "WebAssembly" : "JavaScript";

  test(`${name} multiplies matrices of any size`, () => {
    for (const [rows, inner, columns] of [[1, 1, 1], [2, 3, 8], [4, 9, 17], [5, 144, 40], [13, 31, 3]]) {
      const [a, b] = [matrix(rows, inner), matrix(inner, columns)];
      const due = a.times(b);
      for (const turned of [false, true]) {
        const found = product(new Workspace(simd), a, b, turned);
        found.values.forEach((value, i) => assert.ok(Math.abs(value - due.values[i]) < 1e-5));
      }
    }
  });

  test(`${name} leaves what lies beside a product as it was`, () => {
    const workspace = new Workspace(simd);
    product(workspace, matrix(6, 4), matrix(4, 8), false);
    const after = workspace.put([7, 7, 7, 7, 7, 7, 7, 7]);
    product(workspace, matrix(5, 4), matrix(4, 8), false);
    assert.deepEqual([...workspace.floats.subarray(after, after + 8)], Array(8).fill(7));
  });

  test(`${name} activates`, () => {
    const workspace = new Workspace(simd);
    const out = workspace.put([-3, -1, 0, 1, 2, 3, 4, 5]);
    const added = workspace.put([1, 1, 1, 1, 2, 2, 2, 2]);
    workspace.activate({ out, added, columns: 8, bias: -1, slope: 0.25 });
    assert.deepEqual([...workspace.floats.subarray(out, out + 8)], [0, 0.5, 0.75, 1, 3, 4, 5, 6]);
  });

  test(`${name} adds products and multiples`, () => {
    const workspace = new Workspace(simd);
    const put = (...values) => workspace.put([...values, 0, 0, 0, 0]);
    const [a, b, c, d] = [put(1, 2, 3, 4), put(5, 6, 7, 8), put(1, 0, -1, 2), put(2, 2, 2, 2)];
    const out = put(NaN, Infinity, 1, 1);
    const taken = () => [...workspace.floats.subarray(out, out + 8)];
    workspace.products(out, false, a, b, c, d, 4);
    assert.deepEqual(taken(), [7, 12, 19, 36, 0, 0, 0, 0]);
    workspace.products(out, true, a, a, d, d, 4);
    assert.deepEqual(taken(), [12, 20, 32, 56, 0, 0, 0, 0]);
    assert.equal(workspace.sum(out, a, b, 4, 0.5), out);
    assert.deepEqual(taken(), [3.5, 5, 6.5, 8, 0, 0, 0, 0]);
  });

  test(`${name} keeps its numbers when memory grows`, () => {
    const workspace = new Workspace(simd);
    const first = workspace.put([1, 2, 3]);
    workspace.place(1_000_000);
    assert.deepEqual([...workspace.floats.subarray(first, first + 3)], [1, 2, 3]);
  });
}
