import assert from "node:assert/strict";
import { test } from "node:test";
import { anomalyLegend } from "../anomaly.js";
import { marksOf } from "../depth-marks.js";
import { elapsedText } from "../format.js";
import { parseHash } from "../permalink-text.js";
import { withEnds } from "../range.js";
import { formatHash, frameKey, frameOf } from "../state.js";

const shellsBetween = (first, last, count) => Array.from({ length: count }, (_, i) => ({ depth_km: first + (i * (last - first)) / (count - 1) }));

test("the marks stand where their depths are, on the Earth alone", () => {
  const marks = marksOf(shellsBetween(0, 2891, 200), { surface_radius_km: 6371 });
  assert.deepEqual(marks.map(({ depthKm }) => depthKm), [410, 660, 1600, 2891]);
  for (const { depthKm, place } of marks) assert.ok(Math.abs(place * 2891 - depthKm) < 1e-6);
  assert.deepEqual(marksOf(shellsBetween(0, 700, 71), { surface_radius_km: 6371 }).map(({ depthKm }) => depthKm), [410, 660]);
  assert.equal(marksOf(shellsBetween(14, 2879, 199), { surface_radius_km: 6371 }).at(-1).place, 1);
  assert.deepEqual(marksOf(shellsBetween(0, 1700, 100), { surface_radius_km: 1737 }), []);
  assert.deepEqual(marksOf(shellsBetween(0, 2891, 100), { surface_radius_km: 6371, length_unit: "1" }), []);
  assert.deepEqual(marksOf(shellsBetween(0, 2891, 200).slice(0, 1), { surface_radius_km: 6371 }), []);
});

test("times are told from the first step, in words", () => {
  const first = { t: 1, time_myr: 3924.79 };
  assert.equal(elapsedText({ t: 120, time_myr: 4234.91 }, first), "310 Myr after the first");
  assert.equal(elapsedText({ t: 2, time_myr: 3926.88 }, first), "2.1 Myr after the first");
  assert.equal(elapsedText({ t: 2, time_myr: 3924.8026 }, first), "0.013 Myr after the first");
  assert.equal(elapsedText(first, first), "the first");
  assert.equal(elapsedText({ t: 3, time_myr: 3914.79 }, first), "10 Myr before the first");
  assert.equal(elapsedText({ t: 3, time_myr: null }, first), "");
});

const catalog = {
  variables: ["temperature", "temperature_anomaly"],
  steps: [{ t: 1, label: null }],
  shells: [{ r: 0, depth_km: 0, radius_km: 6371 }],
  default: { variable: "temperature", t: 1, r: 0 },
  draws: { seed: 0, usual: 8 },
};

test("anomalies and ranges are in the link, and it is read and written byte for byte", () => {
  for (const anomaly of [false, true]) {
    for (const range of [null, "depth", "300,3600", "-5,5.5"]) {
      const text = formatHash({ ...catalog.default, anomaly, range, view: null });
      const { state, problems } = parseHash(text, catalog);
      assert.deepEqual(problems, []);
      assert.equal(formatHash(state), text);
      assert.equal(Boolean(state.anomaly), anomaly);
      assert.equal(state.range ?? null, range);
    }
  }
  assert.equal(parseHash("#var=temperature_anomaly&anomaly=1", catalog).state.anomaly, undefined);
  assert.equal(parseHash("#anomaly", catalog).state.anomaly, true);
  assert.match(parseHash("#anomaly=maybe", catalog).problems[0], /anomaly=maybe/);
  assert.match(parseHash("#range=3,1", catalog).problems[0], /range=3,1/);
});

test("frames of other colours are other frames, and a spread has no anomaly", () => {
  const state = { ...catalog.default, view: null };
  const keys = [{}, { anomaly: true }, { range: "depth" }, { range: "1,2" }, { anomaly: true, range: "1,2" }].map((more) => frameKey(frameOf({ ...state, ...more })));
  assert.equal(new Set(keys).size, keys.length);
  assert.equal(frameOf({ ...state, anomaly: true, draw: "std" }).anomaly, undefined);
});

test("an anomaly has colours around zero, in the legend's unit", () => {
  const legends = {
    temperature: { long_name: "Temperature", range: [0, 3000], factor: 1, colormap: "inferno", colors: ["#000001"] },
    vx: { long_name: "Velocity", range: [-4, 4], factor: 2, colormap: "other", colors: ["#000002"] },
    vy: { long_name: "Velocity", range: [-4, 4], factor: 2, colormap: "crameri:vik", colors: ["#000003"] },
  };
  const variables = [{ name: "temperature", anomaly_range: [-900, 900] }, { name: "vx", anomaly_range: [-1, 1] }];
  const [temperature, vx] = ["temperature", "vx"].map((name) => anomalyLegend(name, variables, legends, withEnds));
  assert.deepEqual([temperature.range, temperature.colors], [[-900, 900], ["#000003"]]);
  assert.deepEqual([vx.range, vx.colors], [[-2, 2], ["#000002"]]);
});
