import assert from "node:assert/strict";
import { test } from "node:test";
import { formatHash, parseHash } from "../state.js";

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

test("half a place is no place", () => {
  assert.equal(parseHash("#lat=10&lng=20", catalog).problems.length, 1);
});
