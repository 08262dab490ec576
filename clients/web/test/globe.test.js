import assert from "node:assert/strict";
import { test } from "node:test";
import { axesOfGrid, coarseLevels, placeOn } from "../globe/axes.js";
import { hitAt, placeNear, projected, widthOf } from "../globe/geometry.js";
import { Volume } from "../globe/volume.js";
import { FIRST_VIEW, readGlobe, roundedGlobe, textOfGlobe } from "../globe/view.js";
import { parseHash } from "../permalink-text.js";
import { formatHash } from "../state.js";
import { vectorOf } from "../surrogate/great-circle.js";

const view = { lat: 20, lng: 10, zoom: 1, west: -50, east: 40, floor: 0 };
const shape = { core: 0.55, peel: 0.9 };
const scaled = (vector, radius) => vector.map((part) => part * radius);
/** What is met where a place is on the screen. */
const seenAt = (of, lat, lng, radius, by = shape) => {
  const { x, y } = projected(of, scaled(vectorOf({ lat, lng }), radius));
  return hitAt(of, by, x, y);
};
const near = (a, b) => assert.ok(Math.abs(a - b) < 1e-9, `${a} is not ${b}`);

test("a ray meets what is before all else", () => {
  for (const [lat, lng, radius, surface] of [
    [-30, 20, 0.9, "shell"], [10, 60, 0.9, "shell"], [-89, 20, 0.9, undefined], [40, -50, 0.8, "west"], [40, -50, 0.95, "west"],
    [30, 40, 0.7, "east"], [0, -10, 0.8, "floor"], [20, 0, 0.55, "core"],
  ]) {
    const hit = seenAt(view, lat, lng, radius);
    if (surface === undefined) {
      assert.notEqual(hit?.lat.toFixed(3), lat.toFixed(3)); // behind the rim
      continue;
    }
    assert.equal(hit.surface, surface, `${lat} ${lng}`);
    for (const [found, wanted] of [[hit.lat, lat], [hit.lng, lng], [hit.radius, radius]]) near(found, wanted);
  }
  assert.equal(hitAt(view, shape, 1.01, 0), null);
  assert.equal(hitAt(view, shape, 0, -0.95), null); // what was peeled off
});

test("the cut may be wider than half a turn, cross the date line, and reach the south pole", () => {
  const wide = { ...view, west: 100, east: -20, floor: -90 };
  assert.equal(widthOf(wide), 240);
  assert.equal(seenAt({ ...wide, lng: 40 }, 0, 40, 0.9).surface, "shell");
  assert.equal(seenAt({ ...wide, lng: -70, lat: 0 }, 0, -70, 0.55).surface, "core");
  assert.equal(seenAt({ ...wide, lng: 160 }, -30, 100, 0.8).surface, "west");
  const none = hitAt({ ...wide, lat: 0, lng: 180 }, shape, 0, -0.8); // through the cut and out of it
  assert.ok(none === null || none.surface !== "floor");
});

test("poles are places, and points beside the globe are those of its rim", () => {
  const above = { ...view, lat: 90, lng: 0, west: 100, east: 120 };
  const pole = hitAt(above, shape, 1e-9, 1e-9);
  assert.equal(pole.surface, "shell");
  near(Math.round(pole.lat), 90);
  const { lat, lng } = placeNear({ lat: 0, lng: 0 }, 5, 0);
  near(lat, 0);
  near(lng, 90);
});

test("a view survives the way through an address", () => {
  assert.deepEqual(readGlobe(textOfGlobe(FIRST_VIEW)), FIRST_VIEW);
  assert.deepEqual(readGlobe("1"), FIRST_VIEW);
  assert.equal(readGlobe("north"), undefined);
  assert.equal(readGlobe("1,2,3,4"), undefined);
  assert.deepEqual(readGlobe("95,-190,100"), { ...FIRST_VIEW, lat: 90, lng: 170, zoom: 8 });
  const odd = roundedGlobe({ lat: -0.01, lng: 180, zoom: 1.234, west: 359.96, east: -180.04, floor: 12.34 });
  assert.deepEqual(odd, { lat: 0, lng: -180, zoom: 1.23, west: 0, east: 180, floor: 12.3 });
  const catalog = { variables: ["vx"], steps: [{ t: 1, label: null }], shells: [{ r: 0 }], default: { variable: "vx", t: 1, r: 0 } };
  const state = { ...catalog.default, globe: textOfGlobe({ ...FIRST_VIEW, lat: -12.3 }), view: null };
  assert.deepEqual(parseHash(formatHash(state), catalog), { state, problems: [] });
});

const grid = { latitudes_deg: [60, 0, -60], longitudes_deg: [0, 90, 180, 270] };
const radii = Array.from({ length: 60 }, (_, i) => 0.55 + (0.45 * i) / 59);
const axes = axesOfGrid(grid, radii, 0.55);

test("shells lie in textures from the south, with both poles and the first column once more", () => {
  const values = Float32Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  const out = axes.laidOut(values, { middle: 2, half: 2 });
  assert.equal(out.length, axes.columns * axes.rows);
  const rows = Array.from({ length: axes.rows }, (_, i) => [...out.subarray(i * 5, i * 5 + 5)].map((value) => 2 + 2 * value));
  assert.deepEqual(rows, [[10.5, 10.5, 10.5, 10.5, 10.5], [9, 10, 11, 12, 9], [5, 6, 7, 8, 5], [1, 2, 3, 4, 1], [2.5, 2.5, 2.5, 2.5, 2.5]]);
  assert.equal(placeOn([0, 1, 3], 2), 1.5);
  assert.equal(placeOn([0, 1, 3], -2), 0);
  assert.equal(placeOn([0, 1, 3], 9), 2);
  const row = (i) => axes.table.subarray(i * 1024, (i + 1) * 1024);
  assert.ok(Math.abs(row(0)[512] - (59 * 512) / 1023) < 1e-4);
  assert.equal(row(2)[1023], 4);
  assert.ok(Math.abs(row(3)[512] - (4 * 512) / 1023) < 1e-4);
});

test("a coarse volume is shown first, then all shells, and then those of another time", () => {
  const coarse = coarseLevels(60);
  assert.deepEqual([coarse[0], coarse.at(-1)], [0, 59]);
  assert.ok(coarse.length >= 20 && coarse.length <= 27);
  const filled = [[], [], []];
  const renderer = { makeVolume: (texture) => (filled[texture] = []), fill: (texture, level) => filled[texture].push(level) };
  const volume = new Volume(renderer, axes, grid, radii, () => ({ middle: 0, half: 1 }), () => {});
  const of = { variable: "temperature", t: 1, anomaly: false };
  const shell = (of, level) => volume.take({ of, level, values: new Float32Array(12).fill(level + of.t) });
  const others = Array.from({ length: 60 }, (_, i) => i).filter((i) => !coarse.includes(i));
  for (const level of coarse.slice(0, -1)) shell(of, level);
  assert.equal(volume.drawn, null);
  assert.ok(Number.isNaN(volume.valueAt(0, 0, 0.8)));
  shell(of, 59);
  assert.deepEqual(volume.drawn, { texture: 0, isFine: false });
  near(volume.valueAt(10, 200, radii[30]), 31);
  for (const level of others) shell(of, level);
  assert.deepEqual(volume.drawn, { texture: 2, isFine: true });
  assert.deepEqual([...filled[2]].sort((a, b) => a - b), Array.from({ length: 60 }, (_, i) => i));
  near(volume.valueAt(-90, -170, (radii[30] + radii[31]) / 2), 31.5);
  const later = { ...of, t: 2 };
  for (const level of coarse.slice(0, -1)) shell(later, level);
  assert.deepEqual(volume.shown.of, of); // until the coarse picture is whole
  shell(later, 59);
  assert.deepEqual(volume.drawn, { texture: 1, isFine: false });
  near(volume.valueAt(0, 0, radii[59]), 61);
});
