import assert from "node:assert/strict";
import { test } from "node:test";
import { drift, Lateral } from "../mantle/lateral.js";
import { roundish } from "../mantle/units.js";

const near = (found, expected, tolerance = 1e-9) => assert.ok(Math.abs(found - expected) <= tolerance, `${found} is not ${expected}`);
const grid = {
  latitudes_deg: Array.from({ length: 90 }, (_, i) => 89 - 2 * i), longitudes_deg: Array.from({ length: 180 }, (_, j) => 2 * j),
};
const RADIANS = Math.PI / 180;

/** A sphere that turns about the axis through the poles, once in 2 pi. */
function turning() {
  const components = [0, 1, 2].map(() => new Float32Array(90 * 180));
  grid.latitudes_deg.forEach((lat, i) => grid.longitudes_deg.forEach((lng, j) => {
    components[0][i * 180 + j] = -Math.cos(lat * RADIANS) * Math.sin(lng * RADIANS);
    components[1][i * 180 + j] = Math.cos(lat * RADIANS) * Math.cos(lng * RADIANS);
  }));
  return new Lateral(grid, components);
}

test("a particle turns with the sphere, over the date line, and stays on its parallel", () => {
  const place = { lat: 40, lng: 170 };
  const flow = turning();
  for (let i = 0; i < 100; i++) assert.ok(drift(flow, place, 0.01, [0, 0, 0]));
  near(place.lng, 170 + 1 / RADIANS, 0.1);
  near(place.lat, 40, 0.01);
  assert.equal(drift(flow, { lat: 89.9, lng: 0 }, 0.01, [0, 0, 0]), false);
  const { north, east, up } = flow.localAt(30, -75);
  near(east, Math.cos(30 * RADIANS), 1e-3);
  near(north, 0, 1e-3);
  near(up, 0, 1e-3);
  const { rms, most } = flow.speeds();
  near(rms, Math.sqrt(2 / 3), 2e-3);
  near(most, 1, 1e-3);
});

test("a second is a round number of years", () => {
  assert.deepEqual([0.034, 0.75, 1.3, 37, 41, 180].map(roundish), [0.05, 1, 1, 50, 50, 200]);
});
