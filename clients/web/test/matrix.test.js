import assert from "node:assert/strict";
import { test } from "node:test";

import { Matrix, pseudoInverse, solve } from "../surrogate/matrix.js";

let seed = 7;
const random = () => {
  seed = (seed * 48271) % 2147483647;
  return seed / 2147483647 - 0.5;
};
const close = (found, due, within) => {
  assert.deepEqual([found.rows, found.columns], [due.rows, due.columns]);
  found.values.forEach((value, i) => assert.ok(Math.abs(value - due.values[i]) < within, `${value} is not ${due.values[i]}`));
};

test("equations are solved, whatever pivots they need", () => {
  for (const [size, columns] of [[1, 1], [2, 3], [7, 2], [24, 5]]) {
    const matrix = Matrix.of(size, size, (i, j) => (i === j ? 0 : random()));
    if (size === 1) matrix.values[0] = -3;
    const due = Matrix.of(size, columns, random);
    close(solve(matrix, matrix.times(due)), due, 1e-9);
  }
});

test("a pseudoinverse fits best, also where columns are zero, dependent or next to nothing", () => {
  const matrix = Matrix.of(9, 4, random);
  const empty = matrix.map((value, i, j) => (j === 2 ? 0 : value));
  const twice = matrix.map((value, i, j) => (j === 2 ? matrix.at(i, 0) : value));
  const small = matrix.map((value, i, j) => (j === 2 ? 1e-9 * value : value));
  for (const each of [matrix, empty, twice]) {
    const inverse = pseudoInverse(each, 1e-6);
    close(each.times(inverse).times(each), each, 1e-9);
    close(inverse.times(each).times(inverse), inverse, 1e-9);
    const onto = each.times(inverse);
    close(onto, Matrix.of(9, 9, (i, j) => onto.at(j, i)), 1e-9);
  }
  assert.ok(pseudoInverse(small, 1e-6).row(2).every((value) => Math.abs(value) < 1e-3)); // it counts as zero
});
