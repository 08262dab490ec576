import assert from "node:assert/strict";
import { test } from "node:test";
import { formatHash, frameKey, framePath, parseHash } from "../state.js";

const catalog = {
  variables: ["temperature", "vx"],
  steps: [{ t: 113 }, { t: 120 }],
  shells: [{ r: 0 }, { r: 150 }],
  default: { variable: "temperature", t: 120, r: 150 },
};

test("a state survives the way through the fragment", () => {
  const state = { variable: "vx", t: 113, r: 0, view: { lat: -12.25, lng: 179.5, zoom: 2.125 } };
  assert.deepEqual(parseHash(formatHash(state), catalog), { state, problems: [] });
  const whole = { ...state, view: null };
  assert.deepEqual(parseHash(formatHash(whole), catalog), { state: whole, problems: [] });
});

test("an empty fragment is the default, without complaint", () => {
  assert.deepEqual(parseHash("", catalog), { state: { ...catalog.default, view: null }, problems: [] });
});

test("what cannot be shown falls back to the default and is named", () => {
  const { state, problems } = parseHash("#var=nope&t=0120&r=-1&lat=91&lng=0&zoom=1", catalog);
  assert.deepEqual(state, { ...catalog.default, view: null });
  assert.equal(problems.length, 4);
  assert.match(problems[0], /var=nope/);
});

test("a draw is in the fragment only if it is not the surrogate's own", () => {
  const noisy = { ...catalog, draws: { seed: 2, usual: 8 } };
  const whole = { ...catalog.default, view: null };
  for (const draw of ["0", "12", "mean", "std"]) {
    const state = { ...whole, draw };
    assert.deepEqual(parseHash(formatHash(state), noisy), { state, problems: [] });
    assert.match(parseHash(formatHash(state), catalog).problems[0], new RegExp(`draw=${draw};`));
  }
  assert.deepEqual(parseHash("#draw=2", noisy), { state: whole, problems: [] });
  assert.ok(!formatHash(whole).includes("draw"));
  for (const wrong of ["", "01", "-1", "1.5", "median", "1234567890"]) {
    assert.deepEqual(parseHash(`#draw=${wrong}`, noisy).state, whole);
    assert.equal(parseHash(`#draw=${wrong}`, noisy).problems.length, 1);
  }
});

test("frames differ by their draws, and their places do not", () => {
  const frames = [undefined, null, "1", "mean", "std"].map((draw) => ({ ...catalog.default, draw }));
  assert.equal(new Set(frames.map(frameKey)).size, 4);
  assert.equal(new Set(frames.map(framePath)).size, 1);
});

test("half a place is no place", () => {
  assert.equal(parseHash("#lat=10&lng=20", catalog).problems.length, 1);
});
