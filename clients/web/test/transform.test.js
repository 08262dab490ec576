import assert from "node:assert/strict";
import { test } from "node:test";

import { GaussGrid } from "../surrogate/gauss.js";
import { Workspace } from "../surrogate/kernel.js";
import { legendre } from "../surrogate/legendre.js";
import { Transform } from "../surrogate/transform.js";

const KINDS = ["values", "slopes", "eastward"];
let seed = 1;
const random = () => {
  seed = (seed * 48271) % 2147483647;
  return seed / 2147483647 - 0.5;
};

/** A spectrum of random numbers on every shell. */
function filled(transform) {
  const { workspace, degree, rows } = transform.grid;
  const spectrum = transform.spectrum();
  for (let order = 0; order <= degree; order++) {
    for (let n = order; n <= degree; n++) {
      for (let part = 0; part < (order ? 2 : 1); part++) {
        for (let shell = 0; shell < transform.shells; shell++) {
          workspace.floats[spectrum + ((order * rows + n) * 2 + part) * transform.width + shell] = random();
        }
      }
    }
  }
  return spectrum;
}

/** The grid's weights, for `values`. */
const weighting = (transform) => transform.weighting((row) => transform.grid.weights[row]);

const taken = (transform, first, length) => transform.grid.workspace.floats.slice(first, first + length);
const close = (found, due, within) =>
  found.forEach((value, i) => assert.ok(Math.abs(value - due[i]) < within, `${value} is not ${due[i]}`));

for (const simd of [true, false]) {
  for (const degree of [2, 9, 10, 11]) test(`analysis undoes synthesis to degree ${degree}, ${simd ? "WebAssembly" : "JavaScript"}`, () => {
    const transform = new Transform(new GaussGrid(degree, new Workspace(simd), KINDS), 3);
    const spectrum = filled(transform);
    const due = taken(transform, spectrum, transform.spectrumLength);
    const field = transform.values(spectrum, "values", transform.field(), weighting(transform));
    const found = transform.coefficients(field, transform.spectrum());
    close(taken(transform, found, transform.spectrumLength), due, 1e-5);
  });
}

test("the slope eastwards is the derivative by longitude", () => {
  const transform = new Transform(new GaussGrid(6, new Workspace(), KINDS), 1);
  const { grid, places } = transform;
  const spectrum = filled(transform);
  const values = transform.values(spectrum, "values", transform.field());
  const slopes = transform.values(spectrum, "eastward", transform.field());
  const at = (field, row, column) => grid.workspace.floats[field + places.rowPlaces[row] + places.columnPlaces[column]];
  for (let row = 0; row < grid.rows; row++) {
    // The derivative of a series of waves through evenly spaced points.
    const due = (column) =>
      Array.from({ length: grid.columns }, (_, k) => k)
        .filter((k) => k !== column)
        .reduce((sum, k) => {
          const turn = (Math.PI * (column - k)) / grid.columns;
          return sum + (((column - k) % 2 ? -1 : 1) * 0.5 * at(values, row, k)) / Math.tan(turn);
        }, 0) / grid.sine[row];
    for (const column of [0, 3, 9]) {
      assert.ok(Math.abs(at(slopes, row, column) - due(column)) < 2e-4);
    }
  }
});

test("high orders are left out near the poles, and no sum shows it", () => {
  const transform = new Transform(new GaussGrid(63, new Workspace(), KINDS), 1);
  const { grid, places } = transform;
  assert.ok(grid.lastOrders[0] < 50, `${grid.lastOrders[0]} orders in the first rows`);
  assert.equal(grid.lastOrders.at(-1), 63);
  const spectrum = filled(transform);
  const field = transform.values(spectrum, "values", transform.field());
  const { values: functions } = legendre(63, Float64Array.of(Math.asin(grid.sine[3])), ["values"]);
  for (const column of [0, 1, 31, 32, 33, 64, 65, 100, 127]) {
    let due = 0;
    for (let order = 0; order <= 63; order++) {
      const angle = (2 * Math.PI * order * column) / 128;
      for (let n = order; n <= 63; n++) {
        const [real, imaginary] = [0, 1].map((part) => {
          return grid.workspace.floats[spectrum + ((order * 64 + n) * 2 + part) * transform.width];
        });
        due += (order ? 2 : 1) * functions[order].values[n - order] * (real * Math.cos(angle) - imaginary * Math.sin(angle));
      }
    }
    const found = grid.workspace.floats[field + places.rowPlaces[3] + places.columnPlaces[column]];
    assert.ok(Math.abs(found - due) < 1e-5, `${found} is not ${due}`);
  }
});

test("products are analysed as fields are", () => {
  const transform = new Transform(new GaussGrid(20, new Workspace(), KINDS), 2);
  const [a, b] = [filled(transform), filled(transform)];
  const field = transform.values(a, "slopes", transform.field(), weighting(transform));
  const other = transform.values(b, "eastward", transform.field());
  const { workspace } = transform.grid;
  const sum = transform.field();
  const length = transform.grid.blocks * transform.blockStep;
  for (let i = 0; i < length; i++) workspace.floats[sum + i] = 2 * workspace.floats[field + i] * workspace.floats[other + i];
  const due = taken(transform, transform.coefficients(sum, transform.spectrum()), transform.spectrumLength);
  const factor = { field, spectrum: b, kind: "eastward" };
  const product = workspace.place(transform.blockStep);
  const found = transform.coefficientsOfProducts([factor, factor], product, transform.spectrum());
  close(taken(transform, found, transform.spectrumLength), due, 1e-4);
});
