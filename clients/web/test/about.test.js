import assert from "node:assert/strict";
import { test } from "node:test";
import { answersOf } from "../more/about.js";

const CATALOG = {
  notice: "A simulation, not the Earth", simulated: true, time_scale: 7.7, max_error: null, length_unit: "km", length_decimals: 0,
  variables: ["temperature", "v_radial"],
  steps: [{ t: 3, label: null, time_myr: 10 }, { t: 5, label: null, time_myr: 42 }],
  shells: [{ r: 0, radius_km: 3485, depth_km: 2886 }, { r: 1, radius_km: 5711, depth_km: 660 }],
  grid: { latitudes_deg: [60, 0, -60], longitudes_deg: [0, 90, 180, 270] },
};
const LEGEND = { long_name: "Temperature", unit: "K", range: [300, 3500], ticks: [] };
const SOURCE = { catalog: CATALOG, variables: [], packed: { bytes: 1_400_000, spec: { variables: [{}] } }, folder: "surrogate" };
const HOW = { isComputedHere: true, isWholeGlobe: true };
const FRAME = { variable: "temperature", t: 5, r: 1 };

/** The answers in one text. */
const said = (source = {}, catalog = {}, frame = {}, how = {}) =>
  answersOf({ ...SOURCE, ...source, catalog: { ...CATALOG, ...catalog } }, { ...FRAME, ...frame }, LEGEND, { ...HOW, ...how })
    .map(([question, sentences]) => [question, ...sentences].join(" ")).join("\n");

test("it tells the picture, its origin, its size and who computes it", () => {
  const text = said();
  for (const part of [
    "Temperature, 660 km below the surface, at step 5, 32 Myr after the first.",
    "The colours go from 300 K to 3500 K.", "No. A computer simulated it. A simulation, not the Earth. Times and speeds are scaled",
    "2 shells of 3 × 4 places, 1 variable and 2 steps: 192 B of numbers. A surrogate of 1.4 MB stands in for them. Your browser computes",
  ]) assert.ok(text.includes(part), `${part}\n${text}`);
});

test("it says nothing that the source does not say", () => {
  const cases = [
    [said({}, { simulated: false }), /It was measured\./, /simulated it/],
    [said({}, { simulated: null }), /The data do not say it\./, /measured\.|simulated it/],
    [said({}, { time_scale: null }), /A computer/, /scaled/],
    [said({}, { steps: CATALOG.steps.slice(1) }), /below the surface\./, /at step/],
    [said({}, { shells: [{ r: 1, radius_km: 6400, depth_km: -29 }] }), /29 km above the surface/, /below/],
    [said({ packed: null, folder: null }, {}, {}, { isComputedHere: false }), /made beforehand/, /stands in|computes/],
    [said({ packed: null }, {}, {}, { isComputedHere: false }), /A surrogate stands in for them\. A server/, /browser/],
    [said({}, {}, {}, { isWholeGlobe: false }), /the poles are cut off/, /whole shell/],
    [said({}, { max_error: { temperature: 33 } }), /Largest error of any cell: temperature ± 33\./, /not exact/],
  ];
  for (const [text, says, saysNot] of cases) {
    assert.match(text, says);
    assert.doesNotMatch(text, saysNot);
    assert.doesNotMatch(text, /undefined|null|NaN/);
  }
});
