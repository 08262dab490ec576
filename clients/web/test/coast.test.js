import assert from "node:assert/strict";
import { test } from "node:test";

import { LINES } from "../coast/lines.js";
import { doubtOf, placesOf } from "../coast/places.js";

const lines = placesOf(LINES);

test("coastlines are places on the Earth, and none runs across the map", () => {
  for (const line of lines) {
    assert.ok(line.length > 1);
    line.forEach(([lat, lng], i) => {
      assert.ok(Math.abs(lat) <= 90 && Math.abs(lng) <= 180);
      if (i > 0) assert.ok(Math.abs(lng - line[i - 1][1]) < 30);
    });
  }
});

test("capes lie on coastlines", () => {
  const capes = { Agulhas: [-34.8, 20], Horn: [-55.9, -67.3], Comorin: [8.1, 77.5], Roca: [38.8, -9.5], York: [-10.7, 142.5], Bon: [37.1, 11] };
  for (const [name, [lat, lng]] of Object.entries(capes)) {
    const nearest = Math.min(...lines.flat().map((place) => Math.hypot(place[0] - lat, (place[1] - lng) * Math.cos((lat * Math.PI) / 180))));
    assert.ok(nearest < 1, `${name}: ${nearest} degrees`); // Cape Horn is 0.9 off at this scale
  }
});

test("what is not the Earth's is said", () => {
  const earth = { surface_radius_km: 6371, length_unit: "km", simulated: false };
  assert.equal(doubtOf(earth), null);
  assert.equal(doubtOf({ ...earth, simulated: null }), null);
  assert.match(doubtOf({ ...earth, simulated: true }), /simulated/);
  assert.match(doubtOf({ ...earth, surface_radius_km: 3390 }), /not of the Earth/);
  assert.match(doubtOf({ ...earth, length_unit: "1", surface_radius_km: 1 }), /not of the Earth/);
});
