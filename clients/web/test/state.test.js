import assert from "node:assert/strict";
import { test } from "node:test";
import { frameKey, framePath } from "../state.js";

test("frames differ by their draws, and their places do not", () => {
  const frames = [undefined, null, "1", "mean", "std"].map((draw) => ({ variable: "vx", t: 120, r: 150, draw }));
  assert.equal(new Set(frames.map(frameKey)).size, 4);
  assert.equal(new Set(frames.map(framePath)).size, 1);
});
