import assert from "node:assert/strict";
import { test } from "node:test";
import { isOnTheWay } from "../way.js";

const catalog = { steps: [10, 20, 30, 40, 50].map((t) => ({ t })) };
const frame = (t, r = 5, variable = "vx", draw = null) => ({ variable, t, r, draw });

const CASES = [
  ["the wanted one", frame(50), frame(10), frame(50), true],
  ["one between", frame(30), frame(10), frame(50), true],
  ["one behind", frame(10), frame(20), frame(50), false],
  ["one that is shown", frame(20), frame(20), frame(50), false],
  ["one beyond, after the reader has turned back", frame(40), frame(30), frame(10), false],
  ["a depth between", frame(10, 7), frame(10, 5), frame(10, 9), true],
  ["anything, where nothing is shown", frame(30), null, frame(10), true],
  ["another variable", frame(30, 5, "vy"), frame(10), frame(50), false],
  ["another draw", frame(30, 5, "vx", "3"), frame(10), frame(50), false],
  ["the wanted variable elsewhere, in place of another variable", frame(30), frame(50, 5, "vy"), frame(50), true],
];

for (const [what, arrived, shown, wanted, isUseful] of CASES) {
  test(`${what} is ${isUseful ? "" : "not "}shown`, () => assert.equal(isOnTheWay(arrived, shown, wanted, catalog), isUseful));
}
