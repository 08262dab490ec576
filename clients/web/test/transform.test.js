import assert from "node:assert/strict";
import { test } from "node:test";

import { Workspace } from "../surrogate/kernel.js";
import { GaussGrid, Transform } from "../surrogate/transform.js";

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

/** Multiplies the rows of a field by the grid's weights. */
function weigh({ width, grid }, field) {
  for (let i = 0; i < 2 * grid.half * grid.rows * width; i++) {
    grid.workspace.floats[field + i] *= grid.weights[Math.floor(i / width) % grid.rows];
  }
}

const taken = (transform, first, length) => transform.grid.workspace.floats.slice(first, first + length);
const close = (found, due, within) =>
  found.forEach((value, i) => assert.ok(Math.abs(value - due[i]) < within, `${value} is not ${due[i]}`));

for (const simd of [true, false]) {
  test(`analysis undoes synthesis, ${simd ? "WebAssembly" : "JavaScript"}`, () => {
    const transform = new Transform(new GaussGrid(9, new Workspace(simd), KINDS), 3);
    const spectrum = filled(transform);
    const due = taken(transform, spectrum, transform.spectrumLength);
    const field = transform.values(spectrum, "values", transform.field());
    weigh(transform, field);
    const found = transform.coefficients(field, transform.spectrum());
    close(taken(transform, found, transform.spectrumLength), due, 1e-5);
  });
}

test("the slope eastwards is the derivative by longitude", () => {
  const transform = new Transform(new GaussGrid(6, new Workspace(), KINDS), 1);
  const { grid, width, parityStep } = transform;
  const spectrum = filled(transform);
  const values = transform.values(spectrum, "values", transform.field());
  const slopes = transform.values(spectrum, "eastward", transform.field());
  const at = (field, row, column) => {
    const [east, sign] = column < grid.half ? [column, 1] : [grid.columns - column, -1];
    const place = field + (east * grid.rows + row) * width;
    return grid.workspace.floats[place] + sign * grid.workspace.floats[place + parityStep];
  };
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
