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

  test(`${name} adds multiples, and computes sums and differences of rows`, () => {
    const workspace = new Workspace(simd);
    const [a, b] = [workspace.put([1, 2, 3, 4, 0, 0, 0, 0]), workspace.put([5, 6, 7, 9, 0, 0, 0, 0])];
    const [out, other] = [workspace.place(16), workspace.place(16)];
    const taken = (place) => [...workspace.floats.subarray(place, place + 8)];
    assert.equal(workspace.sum(out, a, b, 4, 0.5), out);
    assert.deepEqual(taken(out), [3.5, 5, 6.5, 8.5, 0, 0, 0, 0]);
    workspace.cross({ sums: out, differences: other, outStep: 4, a, b, inStep: 0, rows: 2, columns: 4 });
    assert.deepEqual(taken(out), [6, 8, 10, 13, 6, 8, 10, 13]);
    assert.deepEqual(taken(other), [-4, -4, -4, -5, -4, -4, -4, -5]);
  });

  test(`${name} unfolds sums of waves to mirror images, and folds them`, () => {
    const workspace = new Workspace(simd);
    const four = (...values) => values.flatMap((value) => [value, 2 * value, 0, -value]);
    const [sums, weights] = [workspace.put(four(1, 10, 100, 1000)), workspace.put(four(1, 1, 1, 1).map((_, i) => 1 + Math.floor(i / 4)))];
    const out = workspace.put(Array(16).fill(NaN));
    const taken = () => [...workspace.floats.subarray(out, out + 16)];
    const unfold = (isAdded) => workspace.unfold({ out, isAdded, sums, step: 4, weights, weightStep: 4, columns: 4 });
    unfold(false);
    const due = four(1111, 2 * -1089, 3 * 891, 4 * -909);
    assert.deepEqual(taken().map((value) => value + 0), due.map((value) => value + 0));
    unfold(true);
    assert.deepEqual(taken().map((value) => value + 0), due.map((value) => 2 * value + 0));
    workspace.floats.set(four(1, 10, 100, 1000), out);
    workspace.fold(out, 4, 4);
    assert.deepEqual(taken().map((value) => value + 0), four(1111, -1089, 891, -909).map((value) => value + 0));
  });

  test(`${name} keeps its numbers when memory grows`, () => {
    const workspace = new Workspace(simd);
    const first = workspace.put([1, 2, 3]);
    workspace.place(1_000_000);
    assert.deepEqual([...workspace.floats.subarray(first, first + 3)], [1, 2, 3]);
  });
}
