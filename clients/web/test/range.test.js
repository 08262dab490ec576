import assert from "node:assert/strict";
import { test } from "node:test";
import { endsAround, endsOf, extremesOf, readRange, ticksOf, withEnds } from "../range.js";

test("a range is read as people write it", () => {
  for (const [text, range] of [
    ["depth", "depth"], ["Depth", "depth"], ["300,3600", "300,3600"], [" -5 ; 5.50 ", "-5,5.5"], ["1e3 to 2e3", "1000,2000"],
    ["3600,300", null], ["1,1", null], ["1", null], [",2", null], ["a,b", null], ["", null], ["1,2,3", null], ["0,Infinity", null],
  ]) {
    assert.equal(readRange(text), range, text);
    if (range) assert.equal(readRange(range), range);
  }
  assert.deepEqual(endsOf("-5,5.5"), [-5, 5.5]);
});

test("a shell's own ends hold its values closely, in few digits, and stay around zero where the legend does", () => {
  for (let i = 0; i < 200; i += 1) {
    const least = Math.sin(i) * 10 ** (i % 9);
    const greatest = least + Math.abs(Math.cos(7 * i)) * 10 ** (i % 7);
    const [low, high] = endsAround(least, greatest, { range: [0, 4000] });
    assert.ok(low <= least && greatest <= high);
    assert.ok(high - low <= 1.35 * (greatest - least), `${least} ${greatest}: ${low} ${high}`);
    const [down, up] = endsAround(least, greatest, { range: [-3, 3] });
    assert.equal(down, -up);
    assert.ok(up >= Math.max(Math.abs(least), Math.abs(greatest)));
  }
  const [low, high] = endsAround(5, 5, { range: [0, 10] });
  assert.ok(low < 5 && high > 5);
  assert.deepEqual(endsAround(NaN, NaN, { range: [0, 10] }), [0, 10]);
});

test("the least and the greatest leave out what has no value", () => {
  assert.deepEqual(extremesOf([NaN, 3, -1, NaN]), [-1, 3]);
  assert.deepEqual(extremesOf([NaN]), [NaN, NaN]);
});

test("ticks are round, lie between the ends, and are two at least", () => {
  for (let i = 0; i < 300; i += 1) {
    const low = Math.sin(i) * 10 ** ((i % 30) - 15);
    const high = low + (0.1 + Math.abs(Math.cos(3 * i))) * 10 ** ((i % 28) - 14);
    if (high - low < 1e-9 * Math.abs(high)) continue; // closer than colours can be told
    const ticks = ticksOf(low, high);
    assert.ok(ticks.length >= 2 && ticks.length <= 8, `${low} ${high}: ${ticks.length}`);
    const slack = 1e-6 * (high - low) + 1e-11 * Math.abs(high);
    assert.ok(ticks.every(({ value }) => value >= low - slack && value <= high + slack));
    assert.equal(new Set(ticks.map(({ label }) => label)).size === ticks.length || Math.abs(low) > 1e4 * (high - low), true);
  }
  assert.deepEqual(ticksOf(300, 3600).map(({ label }) => label), ["500", "1000", "1500", "2000", "2500", "3000", "3500"]);
  assert.deepEqual(ticksOf(-0.25, 0.25).map(({ label }) => label), ["-0.2", "-0.1", "0.0", "0.1", "0.2"]);
});

test("a legend keeps everything else", () => {
  const legend = { long_name: "T", colors: ["#000"], range: [0, 1], ticks: [] };
  assert.deepEqual(withEnds(legend, null), legend);
  assert.deepEqual(withEnds(legend, [2, 4]).range, [2, 4]);
  assert.deepEqual(withEnds(legend, [2, 4]).colors, ["#000"]);
});
