import assert from "node:assert/strict";
import { test } from "node:test";
import { amountOf, durationOf, formatValue, headingOf, lengthFormat, promiseOf, stepName, unitAfter } from "../format.js";

const VALUES = [
  [0.97, [0, 0.97], "0.9700"],
  [0.5, [0, 1], "0.500"],
  [0, [0, 1], "0.000"],
  [1650.4, [300, 3600], "1650"],
  [-0.85, [-2, 2], "-0.850"],
  [1e-12, [0, 1e-12], "1.000e-12"],
  [0, [0, 1e-12], "0"],
  [-2.5e-11, [-1.2e-10, 1.2e-10], "-2.500e-11"],
  [1.234e22, [1e22, 2e22], "1.234e22"],
  [1e6 + 0.0625, [1e6, 1e6 + 1], "1000000.063"],
  [25000, [0, 1e5], "25000"],
];

for (const [value, range, text] of VALUES) {
  test(`${value} in ${range} reads ${text}`, () => assert.equal(formatValue(value, range), text));
}

test("every value reads back within a thousandth of its range", () => {
  for (let power = -30; power <= 30; power += 1) {
    for (const share of [-1, -0.37, 0, 0.001, 0.5, 0.97, 1]) {
      const value = share * 10 ** power;
      const text = formatValue(value, [-(10 ** power), 10 ** power]);
      assert.ok(Math.abs(Number(text) - value) <= 10 ** (power - 3), text);
      assert.ok(text.length <= 12, text);
    }
  }
});

test("no unit is shown where there is none", () => {
  for (const unit of ["", "1", " 1 "]) {
    assert.equal(unitAfter(unit), "");
    assert.equal(headingOf({ long_name: "Phase", unit }), "Phase");
  }
  assert.equal(unitAfter("%"), " %");
  assert.equal(headingOf({ long_name: "dlnVs", unit: "percent" }), "dlnVs (percent)");
});

test("lengths have the catalog's unit and decimals", () => {
  assert.equal(lengthFormat({})(2891), "2,891 km");
  assert.equal(lengthFormat({ length_unit: "1", length_decimals: 3 })(0.45), "0.450");
  assert.equal(lengthFormat({ length_unit: "km", length_decimals: 1 })(-0), "0.0 km");
});

test("a step has its own label or its number", () => {
  assert.equal(stepName({ t: 3, label: "1e2" }), "1e2");
  assert.equal(stepName({ t: 3, label: null }), "step 3");
  assert.equal(stepName({ t: 3 }), "step 3");
});

test("a promise of a largest error reads with its units, and is never less than it is", () => {
  const variables = [
    { name: "temperature", long_name: "Temperature", unit: "K" },
    { name: "dvs", long_name: "Anomaly", unit: "1" },
    { name: "vx", long_name: "Velocity x", unit: "m/s" },
  ];
  const promised = { temperature: 33.0371, dvs: 0.02, vx: 8.101e-13 };
  const text = "Largest error of any cell: Temperature ± 34 K, Anomaly ± 0.02, Velocity x ± 8.2e-13 m/s";
  assert.equal(promiseOf({ max_error: promised }, variables), text);
  assert.equal(promiseOf({ max_error: null }, variables), "");
  assert.equal(promiseOf({}, variables), "");
});

test("amounts and durations have few digits", () => {
  assert.deepEqual([0, 999, 1000, 11_940, 999_499, 999_500].map(amountOf), ["0 B", "999 B", "1 kB", "12 kB", "999 kB", "1.0 MB"]);
  assert.deepEqual([0.4, 320.2, 9999, 12_400].map(durationOf), ["0 ms", "320 ms", "9999 ms", "12 s"]);
});
