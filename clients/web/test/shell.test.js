import assert from "node:assert/strict";
import { test } from "node:test";
import { sampleShell } from "../shell.js";

// The last gap, from 300 back to 0, is narrower than the others.
const grid = { latitudes_deg: [45, 0, -45], longitudes_deg: [0, 100, 200, 300] };
const shell = { shape: [3, 4], values: Float32Array.from([0, 10, 20, 30, 0, 100, 200, 300, 8, 8, 8, NaN]) };
const at = (lat, lng) => sampleShell(shell, grid, lat, lng);

test("is exact on the grid and linear between", () => {
  assert.equal(at(0, 100), 100);
  assert.equal(at(0, 150), 150);
  assert.equal(at(22.5, 100), 55);
});

test("is periodic in longitude, over a gap of its own width", () => {
  assert.equal(at(0, 330), 150);
  assert.equal(at(0, -30), 150);
  assert.equal(at(0, 690), 150);
  assert.equal(at(0, 360), 0);
});

test("holds the outermost row up to the pole", () => {
  assert.equal(at(90, 100), 10);
  assert.equal(at(-90, 100), 8);
});

test("does not invent a value in a missing cell", () => {
  assert.ok(Number.isNaN(at(-40, 290)));
  assert.ok(Number.isNaN(at(-23, 300)));
  assert.ok(Number.isNaN(at(-45, 251)));
});

test("a missing cell makes no hole that is larger than itself", () => {
  assert.equal(at(-45, 249), 8);
  assert.equal(at(-22, 300), 300);
  const beside = at(-22.5 + 1e-9, 250 - 1e-9); // three known corners, each with a quarter
  assert.ok(Math.abs(beside - (200 + 300 + 8) / 3) < 1e-3);
});
