import assert from "node:assert/strict";
import { test } from "node:test";
import { parseHash } from "../permalink-text.js";
import { formatHash } from "../state.js";

const catalog = {
  variables: ["temperature", "vx", "temperature_anomaly"],
  steps: [{ t: 113, label: null }, { t: 120, label: "1e2" }, { t: 121, label: null }],
  shells: [
    { r: 0, depth_km: 2880, radius_km: 3491 },
    { r: 149, depth_km: 720, radius_km: 5651 },
    { r: 150, depth_km: 700, radius_km: 5671 },
  ],
  default: { variable: "temperature", t: 120, r: 150 },
};
const noisy = { ...catalog, draws: { seed: 2, usual: 8 } };
const whole = { ...catalog.default, view: null };
const at = (lat, lng, zoom) => ({ ...whole, view: { lat, lng, zoom } });

test("a state survives the way through the fragment", () => {
  const state = { variable: "vx", t: 113, r: 0, view: { lat: -12.25, lng: 179.5, zoom: 2.125 } };
  assert.deepEqual(parseHash(formatHash(state), catalog), { state, problems: [] });
  const unmoved = { ...state, view: null };
  assert.deepEqual(parseHash(formatHash(unmoved), catalog), { state: unmoved, problems: [] });
});

test("what the page writes is read and written again byte for byte", () => {
  let seed = 1;
  const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
  const one = (from) => from[Math.floor(random() * from.length)];
  for (let i = 0; i < 500; i += 1) {
    const view = random() < 0.2 ? null : { lat: 180 * random() - 90, lng: 360 * random() - 180, zoom: 8 * random() - 1 };
    const draw = one([null, "0", "12", "mean"]);
    const spot = { lat: 180 * random() - 90, lng: 360 * random() - 180 };
    const place = random() < 0.5 ? null : spot;
    const section = random() < 0.5 ? null : { from: spot, to: { lat: -spot.lat, lng: -179.999 } };
    const compare = random() < 0.5 ? null : { variable: "vx", t: 113, r: 149, ...(random() < 0.5 && { anomaly: true }) };
    const state = { variable: one(catalog.variables), t: one([113, 120, 121]), r: one([0, 149, 150]), draw, place, section, compare, view };
    const text = formatHash(state);
    const { state: read, problems } = parseHash(text, noisy);
    assert.equal(formatHash(read), text);
    assert.deepEqual(problems, []);
  }
  for (const lat of [-1e-9, -0.0004, 89.9999, -89.99999]) {
    const text = formatHash(at(lat, -179.9999, 0));
    assert.equal(formatHash(parseHash(text, catalog).state), text);
  }
});

const UNDERSTOOD = [
  ["", whole],
  ["#", whole],
  ["#t=120.0", whole],
  ["#t=0120", whole],
  ["#t=1e2", whole], // a label
  ["#step=113", { ...whole, t: 113 }],
  ["#var=VX", { ...whole, variable: "vx" }],
  ["#variable=Temperature%20anomaly", { ...whole, variable: "temperature_anomaly" }],
  ["#r=150.0", whole],
  ["#depth=660", whole],
  ["#depth=2891%20km", { ...whole, r: 0 }],
  ["#radius=3480", { ...whole, r: 0 }],
  ["#vx/113/0", { variable: "vx", t: 113, r: 0, view: null }],
  ["#lat=10&lng=190&zoom=2", at(10, -170, 2)],
  ["#lat=10&lon=-540&z=2", at(10, -180, 2)],
  ["#lat=-10.5&lng=180&zoom=2", at(-10.5, 180, 2)],
  ["#lat=12,5&lng=30&zoom=2", at(12.5, 30, 2)],
  ["#lat=10.5°S&lng=20 W&zoom=2", at(-10.5, -20, 2)],
  ["#zoom=3", at(0, 0, 3)],
  ["#lat=10&lng=20", at(10, 20, 3)],
  ["#LAT=10&Lng=20&ZOOM=1", at(10, 20, 1)],
  ["#zoom=%2B3", at(0, 0, 3)],
  ["#place=-12.5,30", { ...whole, place: { lat: -12.5, lng: 30 } }],
  ["#compare=temperature,113,0", { ...whole, compare: { variable: "temperature", t: 113, r: 0 } }],
  ["#compare=temperature/113/0/anomaly", { ...whole, compare: { variable: "temperature", t: 113, r: 0, anomaly: true } }],
  ["#at=12.5 S, 190 E", { ...whole, place: { lat: -12.5, lng: -170 } }],
  ["#section=0,0,10.126 N,20 W", { ...whole, section: { from: { lat: 0, lng: 0 }, to: { lat: 10.13, lng: -20 } } }],
];

for (const [text, state] of UNDERSTOOD) {
  test(`“${text}” is understood`, () => assert.deepEqual(parseHash(text, catalog), { state, problems: [] }));
}

const NOT_UNDERSTOOD = [
  ["#var=nope&t=113", { ...whole, t: 113 }, /var=nope/],
  ["#t=119&var=vx", { ...whole, variable: "vx" }, /t=119; showing t=120/],
  ["#t=soon&r=0", { ...whole, r: 0 }, /t=soon; showing t=120/],
  ["#t=&r=0", { ...whole, r: 0 }, /t=;/],
  ["#r=-1", { ...whole, r: 0 }, /r=-1; showing r=0/],
  ["#depth=deep", whole, /depth=deep/],
  ["#lat=91&lng=20&zoom=2", at(0, 20, 2), /lat=91/],
  ["#lat=10E&lng=20&zoom=2", at(0, 20, 2), /lat=10E/],
  ["#lat=NaN&lng=Infinity&zoom=2", at(0, 0, 2), /lat=NaN.*lng=Infinity/],
  ["#zoom=99", whole, /zoom=99/],
  ["#zoom=", whole, /zoom=/],
  ["#compare=temperature,113", whole, /compare=temperature,113; it is a variable, a step and a shell/],
  ["#compare=temperature,114,0", whole, /compare=temperature,114,0/],
  ["#compare=warmth,113,0", whole, /compare=warmth/],
  ["#place=91,0", whole, /place=91,0; it is a latitude and a longitude/],
  ["#place=10", whole, /place=10/],
  ["#section=0,0,10", whole, /section=0,0,10; it is two of each/],
  ["#t=113.5", { ...whole, t: 113 }, /t=113.5; showing t=113/],
  ["#colour=red&t=113", { ...whole, t: 113 }, /“colour”/],
];

for (const [text, state, said] of NOT_UNDERSTOOD) {
  test(`what is wrong in “${text}” is named, and the rest is kept`, () => {
    const found = parseHash(text, catalog);
    assert.deepEqual(found.state, state);
    assert.match(found.problems.join(" "), said);
    assert.ok(found.problems.every((problem) => /^[^.]*(\.\d[^.]*)*\.$/.test(problem)), "one sentence each");
  });
}

test("a draw is in the fragment only if it is not the surrogate's own", () => {
  for (const draw of ["0", "12", "mean", "std"]) {
    const state = { ...whole, draw };
    assert.deepEqual(parseHash(formatHash(state), noisy), { state, problems: [] });
    assert.match(parseHash(formatHash(state), catalog).problems[0], new RegExp(`draw=${draw};`));
  }
  assert.deepEqual(parseHash("#draw=2", noisy), { state: whole, problems: [] });
  assert.ok(!formatHash(whole).includes("draw"));
  for (const wrong of ["", "01", "-1", "1.5", "median", "1234567890"]) {
    assert.deepEqual(parseHash(`#draw=${wrong}`, noisy).state, whole);
    assert.equal(parseHash(`#draw=${wrong}`, noisy).problems.length, 1);
  }
});

test("times between steps are kept where they exist", () => {
  assert.deepEqual(parseHash("#t=115.25049", catalog, true), { state: { ...whole, t: 115.25 }, problems: [] });
  assert.deepEqual(parseHash("#t=112.5", catalog, true).state, { ...whole, t: 113 });
  assert.deepEqual(parseHash("#t=120.0", catalog, true), { state: whole, problems: [] });
});
