import assert from "node:assert/strict";
import { test } from "node:test";
import { csvOf } from "../more/csv.js";
import { layoutOf, paintSlice, pixelAt, positionAt } from "../more/slice.js";
import { chainsOf, nearestFirst } from "../surrogate/chains.js";
import { GreatCircle } from "../surrogate/great-circle.js";
import { helpersOf, Pool } from "../surrogate/pool.js";
import { Watched } from "../surrogate/watched.js";

const near = (found, expected, tolerance = 1e-9) => assert.ok(Math.abs(found - expected) <= tolerance, `${found} is not ${expected}`);

test("a great circle leads over the pole, and its points are evenly apart", () => {
  const arc = new GreatCircle({ lat: 60, lng: 0 }, { lat: 60, lng: 180 });
  near(arc.lengthDeg, 60);
  near(arc.at(30).lat, 90);
  const points = new GreatCircle({ lat: -20, lng: 170 }, { lat: 35, lng: -120 }).points(5);
  near(points[0].lng, 170);
  near(points[4].lat, 35);
  const pieces = points.slice(1).map((point, i) => new GreatCircle(points[i], point).lengthDeg);
  for (const piece of pieces) near(piece, pieces[0], 1e-6);
  assert.ok(points.every(({ lng }) => lng >= -180 && lng <= 180));
});

test("opposite places have a way along the meridian", () => {
  const arc = new GreatCircle({ lat: 0, lng: 20 }, { lat: 0, lng: -160 });
  near(arc.lengthDeg, 180);
  near(arc.at(90).lat, 90);
});

const shape = { inner: 3480, outer: 6371, angle: Math.PI / 2 };

test("a pixel of a slice is where it was drawn, and all of it is in sight", () => {
  const layout = layoutOf(shape, 400, 250);
  for (const [share, radius] of [[0, 3480], [0.5, 5000], [1, 6371], [0.2, 6371]]) {
    const [x, y] = pixelAt(layout, share, radius);
    assert.ok(x >= 0 && x <= layout.width && y >= 0 && y <= layout.height);
    const found = positionAt(layout, x, y);
    near(found.share, share);
    near(found.radius, radius, 1e-6);
  }
});

test("a slice has the legend's colours, and none outside or without values", () => {
  const layout = layoutOf(shape, 300, 200);
  const [width, height] = [layout.width, layout.height];
  let drawn = null;
  const context = {
    createImageData: () => ({ data: new Uint8ClampedArray(4 * width * height) }),
    putImageData: ({ data }) => (drawn = data),
  };
  const colors = Array.from({ length: 255 }, (_, i) => `#${i.toString(16).padStart(2, "0")}0000`);
  // Values rise along the section from 0 to 254.
  const values = Float32Array.from({ length: 9 }, (_, i) => [0, 127, 254][i % 3]);
  paintSlice(context, { ...layout, width, height }, { values, places: 3, radii: [3480, 5000, 6371] }, { colors, range: [0, 508], factor: 2 });
  const at = (share, radius) => {
    const [x, y] = pixelAt(layout, share, radius).map(Math.floor);
    return [...drawn.subarray(4 * (y * width + x), 4 * (y * width + x) + 4)];
  };
  for (const share of [0.1, 0.5, 0.8]) {
    const [red, , , alpha] = at(share, 5200);
    near(red, 254 * share, 3);
    assert.equal(alpha, 255);
  }
  assert.equal(at(0.5, 3000)[3], 0);
  paintSlice(context, layout, { values: values.fill(NaN), places: 3, radii: [3480, 5000, 6371] }, { colors, range: [0, 1] });
  assert.equal(at(0.5, 5200)[3], 0);
});

test("chains follow predictions, and the one around a step comes first", () => {
  const steps = [{ t: 1 }, { t: 2, predicted_from: 1 }, { t: 3, predicted_from: 4 }, { t: 4 }, { t: 5, predicted_from: 4 }];
  const chains = chainsOf(steps);
  assert.deepEqual(chains, [[1, 2], [4, 3, 5]]);
  assert.deepEqual(nearestFirst(chains, 5), [[4, 3, 5], [1, 2]]);
});

test("one core is left for the map, and a phone has one worker more", () => {
  assert.equal(helpersOf({ hardwareConcurrency: 2, deviceMemory: 8 }), 1);
  assert.equal(helpersOf({ hardwareConcurrency: 16, deviceMemory: 8 }), 3);
  assert.equal(helpersOf({ hardwareConcurrency: 8, deviceMemory: 2 }), 1);
  assert.equal(helpersOf({}), 1);
});

/** Workers that answer at once, and what they were asked for. */
function withWorkers(asked) {
  const made = [];
  globalThis.Worker = class extends EventTarget {
    constructor() {
      super();
      this.number = made.push(this) - 1;
    }
    postMessage({ open, series }) {
      const say = (data) => queueMicrotask(() => this.dispatchEvent(new MessageEvent("message", { data })));
      if (open) say({ opened: { bytes: 0 } });
      if (!series) return;
      asked.push([this.number, series.steps]);
      for (const t of series.steps) say({ told: series.id, t, value: 10 * t });
      say({ told: series.id, isWhole: true });
    }
    terminate() {}
  };
}

test("a pool tells every step once, and a worker keeps its chains", async () => {
  const asked = [];
  withWorkers(asked);
  Object.defineProperty(globalThis, "navigator", { value: { hardwareConcurrency: 3 }, configurable: true });
  const pool = new Pool("worker.js", { open: "folder/" }, [[1, 2], [3, 4], [5], [6]]);
  const run = (r) =>
    new Promise((whole, failed) => {
      const told = new Map();
      pool.series({ variable: "temperature", anomaly: false, r, t: 6, place: { lat: 0, lng: 0 } }, {
        told: (t, value) => told.set(t, value), whole: () => whole(told), failed,
      });
    });
  assert.deepEqual([...(await run(7))].sort(([a], [b]) => a - b), [1, 2, 3, 4, 5, 6].map((t) => [t, 10 * t]));
  assert.deepEqual(asked[0][1], [6]);
  const first = new Map(asked.splice(0).map(([worker, steps]) => [String(steps), worker]));
  await run(8);
  assert.equal(asked.length, 4);
  for (const [worker, steps] of asked) assert.equal(worker, first.get(String(steps)));
});

test("what is watched is computed again for another time, not for another depth", () => {
  const below = {
    columnAt: () => ({ points: null }), pointsAt: () => ({}), sums: () => ({}),
    valuesAt: () => new Float32Array(3), values: () => new Float32Array(3), means: () => new Float64Array(3),
  };
  const grid = { longitudes_deg: { length: 360 } };
  const watched = new Watched({ below, grid, variables: ["temperature"], spec: { grid: { radii_km: [1, 2, 3] } } });
  const [place, section] = [{ lat: 1, lng: 2 }, { from: { lat: 0, lng: 0 }, to: { lat: 0, lng: 90 } }];
  watched.set({ profile: place, section });
  const [seen, coefficients] = [{ variable: "temperature", anomaly: false, t: 1, detail: "refined" }, {}];
  const quick = watched.of(seen, coefficients, true);
  assert.equal(quick.found.section.places, 91);
  assert.equal(quick.isQuick, true);
  assert.equal(watched.of(seen, coefficients, true), null);
  assert.equal(watched.of(seen, coefficients, false).isQuick, false);
  assert.equal(watched.of(seen, coefficients, true), null); // what is shown is better
  assert.ok(watched.of({ ...seen, anomaly: true }, coefficients, true));
  assert.ok(watched.of({ ...seen, anomaly: true }, {}, true));
  watched.set({ profile: place, section: null });
  assert.equal(watched.of(seen, coefficients, false).found.section, null);
});

test("numbers are a text that spreadsheets read", () => {
  const text = csvOf("What, where", [
    [{ name: "depth (km)", values: [0, 10] }, { name: 'a "name", quoted', values: [1.5, null] }],
    [{ name: "step", values: [] }],
  ]);
  assert.equal(text, '# What, where\ndepth (km),"a ""name"", quoted"\n0,1.5\n10,\n');
});
