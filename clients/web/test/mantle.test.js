import assert from "node:assert/strict";
import { test } from "node:test";
import { pathOf } from "../mantle/beside.js";
import { drift, Lateral, unbroken } from "../mantle/lateral.js";
import { roundish } from "../mantle/units.js";
import { weightsAt } from "../mantle/velocity.js";

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

test("a cubic between shells is found exactly, at their ends too", () => {
  const radii = [1, 2, 4, 5, 7, 8];
  const cubic = (x) => 3 - x + 0.5 * x ** 2 - 0.1 * x ** 3;
  for (const radius of [1, 1.5, 3, 4, 6.2, 7.9, 8]) {
    const { first, of } = weightsAt(radii, radius);
    near(of.reduce((sum, weight, i) => sum + weight * cubic(radii[first + i]), 0), cubic(radius));
  }
  near(weightsAt(radii, 9).of.reduce((sum, weight, i) => sum + weight * cubic(radii[weightsAt(radii, 9).first + i]), 0), cubic(8));
});

test("a path that crosses the date line is one line", () => {
  assert.deepEqual(unbroken([{ lat: 0, lng: 175 }, { lat: 1, lng: -178 }, { lat: 2, lng: -170 }]).map(({ lng }) => lng), [175, 182, 190]);
});

test("a second is a round number of years", () => {
  assert.deepEqual([0.034, 0.75, 1.3, 37, 41, 180].map(roundish), [0.05, 1, 1, 50, 50, 200]);
});

test("a path goes on and back through the steps, and ends at a time", async () => {
  // Everything turns with the step, half as fast in each one after.
  const surrogate = {
    spec: { grid: { radii_km: [3500, 4500, 5500, 6300] }, variables: [{ name: "vx", unit: "cm/yr" }] },
    steps: [1, 2, 3].map((t) => ({ t, time_myr: 2 * t })),
    coefficientsAt: async (t) => ({ shape: [1], values: Float64Array.of(10 / 2 ** (t - 1)), strength: 1 }),
    below: {
      pointsAt: (latitudes, longitudes) => ({ latitudes, longitudes }),
      sums: (points, { values }) => ({ points, speed: values[0] }),
      values: ({ name }, { points, speed }, _, { count }) => {
        const one = Array.from(points.latitudes, (lat, i) => {
          const [cos, lng] = [Math.cos(lat * RADIANS), points.longitudes[i] * RADIANS];
          return speed * cos * { vx: -Math.sin(lng), vy: Math.cos(lng), vz: 0 }[name];
        });
        return Float64Array.from(Array.from({ length: count }, () => one).flat());
      },
    },
  };
  const stops = [];
  for await (const stop of pathOf(surrogate, { t: 1, points: Float64Array.of(5000, 0, 0), reach: 9, sign: 1, untilMyr: 5 })) stops.push(stop);
  assert.deepEqual(stops.map(({ t, timeMyr }) => [t, timeMyr]), [[1, 2], [2, 4], [2.5, 5]]);
  // 100 km/Myr that fall to 50 in 2 Myr, and to 37.5 in one more.
  near(Math.atan2(stops[2].points[1], stops[2].points[0]) * 5000, 150 + 43.75, 0.1);
  const back = [];
  for await (const stop of pathOf(surrogate, { t: 2.5, points: stops[2].points, reach: 9, sign: -1 })) back.push(stop);
  assert.deepEqual(back.map(({ t }) => t), [2.5, 2, 1]);
});
