import assert from "node:assert/strict";
import { test } from "node:test";
import { partsOf } from "../player.js";
import { nextTime, stepAt } from "../times.js";

const steps = [{ t: 1, label: "first", time_myr: 0 }, { t: 2, time_myr: 10 }, { t: 5, time_myr: 40 }];

test("a time between steps is a step of its own", () => {
  assert.equal(stepAt(steps, 2), steps[1]);
  assert.deepEqual(stepAt(steps, 3.5), { t: 3.5, label: null, time_myr: 25 });
  assert.equal(stepAt([{ t: 1 }, { t: 2 }], 1.5).time_myr, null);
});

test("parts lead from each step to the next, and never past one", () => {
  const seen = [];
  for (let t = 1; t !== null; t = nextTime(steps, t, 4)) seen.push(t);
  assert.deepEqual(seen, [1, 1.25, 1.5, 1.75, 2, 2.75, 3.5, 4.25, 5]);
  assert.equal(nextTime(steps, 3.1, 1), 5); // whole steps again
  assert.equal(nextTime(steps, 1.4, 2), 1.5);
  const thirds = [];
  for (let t = 1; t < 2; t = nextTime(steps, t, 3)) thirds.push(t);
  assert.deepEqual(thirds, [1, 1.333, 1.667]); // rounded, and none twice
});

test("a time is divided into as many parts as can be shown in time", () => {
  assert.equal(partsOf(1000, null), 1); // nothing is known yet
  assert.equal(partsOf(1000, 100), 8);
  assert.equal(partsOf(1000, 400), 2);
  assert.equal(partsOf(250, 200), 1);
});
