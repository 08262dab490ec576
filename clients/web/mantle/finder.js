/** Finds the slabs and plumes of a time, a shell at a time, like `earthgan.features.find`. */

import { angleOf } from "../surrogate/derived.js";
import { LEAST, MARGIN } from "./criterion.js";
import { Regions } from "./regions.js";
import { cmPerYear } from "./units.js";

/** The depths in the Earth at which fluxes are given. On another planet, they are the same shares of its radius. */
const [CROSSINGS_KM, EARTH_KM] = [[660, 1600], 6371];
/** No step has more features of a kind than this. */
const MOST = 1000;
const KINDS = [["slab", -1], ["plume", 1]];
const CM_PER_KM = 1e5;

/**
 * @typedef {{surface: number, core: ?number, unit: string, decimals: number}} Planet  radii in its unit of length
 * @typedef {{asked_km: number, r: number, depth_km: number, area_km2: number, volume_flux: number, heat_flux: number}} Crossing
 * @typedef {{
 *   id: string, kind: "slab" | "plume", volume_km3: number, top_km: number, bottom_km: number, lat: number, lon: number,
 *   depth_km: number, mean_anomaly: number, extreme_anomaly: number, crossings: Crossing[],
 * }} Feature  as the route `/features` gives it
 */

export class Finder {
  #grid;
  #radii;
  #planet;
  #criterion;
  #perYear; // from the unit of velocity to lengths in a year
  #weights; // of cells by row and by column: products are shares of the sphere
  #vectors;
  #volumes; // of shells
  #edges;
  #found = new Map(); // by kind: regions, and sums of their runs

  /**
   * @param {import("../source.js").Grid} grid @param {number[]} radii of all shells @param {Planet} planet
   * @param {import("./criterion.js").Criterion} criterion @param {string} velocityUnit
   */
  constructor(grid, radii, planet, criterion, velocityUnit) {
    const { latitudes_deg: latitudes, longitudes_deg: longitudes } = grid;
    [this.#grid, this.#radii, this.#planet, this.#criterion] = [grid, radii, planet, criterion];
    const known = planet.unit === "km" ? cmPerYear(velocityUnit) : null;
    this.#perYear = known === null ? 1 : known / CM_PER_KM;
    const rows = [90, ...latitudes.slice(1).map((latitude, i) => (latitudes[i] + latitude) / 2), -90];
    const around = [longitudes.at(-1) - 360, ...longitudes, longitudes[0] + 360];
    this.#weights = {
      rows: latitudes.map((_, i) => (angleOf(rows[i]).sine - angleOf(rows[i + 1]).sine) / 2),
      columns: longitudes.map((_, j) => (around[j + 2] - around[j]) / 720),
    };
    this.#vectors = { rows: latitudes.map(angleOf), columns: longitudes.map(angleOf) };
    this.#edges = edgesOf(radii, planet);
    this.#volumes = radii.map((_, r) => (4 / 3) * Math.PI * (this.#edges[r + 1] ** 3 - this.#edges[r] ** 3));
    const margin = MARGIN * (this.#edges.at(-1) - this.#edges[0]);
    const inside = radii.map((_, r) => r).filter((r) => radii[r] >= this.#edges[0] + margin && radii[r] <= this.#edges.at(-1) - margin);
    /** The shells to add, the lowest first. @type {number[]} */
    this.shells = inside;
    for (const [kind] of KINDS) this.#found.set(kind, { regions: new Regions(latitudes.length, longitudes.length), sums: [] });
  }

  /** Adds the next shell. @param {ArrayLike<number>} anomaly of temperature `(row, column)` @param {ArrayLike<number>} radial velocity */
  add(anomaly, radial) {
    const { threshold, measure, flow } = this.#criterion;
    const slow = flow * this.#rms(radial);
    for (const [kind, sign] of KINDS) {
      const { regions, sums } = this.#found.get(kind);
      const size = measure === "unit" ? 1 : measure === "std" ? this.#rms(anomaly) : anomaly.reduce((most, value) => Math.max(most, sign * value), 0);
      const least = threshold * size;
      regions.add((cell) => sign * anomaly[cell] > least && sign * radial[cell] > slow, (first, length, row) => {
        sums.push(this.#summed(first, length, row, anomaly, radial, sign));
      });
    }
  }

  #rms(values) {
    const { rows, columns } = this.#weights;
    let sum = 0;
    for (let i = 0, at = 0; i < rows.length; i++) {
      let row = 0;
      for (let j = 0; j < columns.length; j++, at++) row += columns[j] * values[at] * values[at];
      sum += rows[i] * row;
    }
    return Math.sqrt(sum);
  }

  /** Sums over a run: weight, anomaly, flow, both, the unit vectors, and the extreme anomaly. */
  #summed(first, length, row, anomaly, radial, sign) {
    const { sine, cosine } = this.#vectors.rows[row];
    const out = [0, 0, 0, 0, 0, 0, 0, -Infinity];
    const column = first - row * this.#grid.longitudes_deg.length;
    for (let i = 0; i < length; i++) {
      const [a, v, lng] = [anomaly[first + i], radial[first + i], this.#vectors.columns[column + i]];
      const w = this.#weights.rows[row] * this.#weights.columns[column + i];
      out[0] += w;
      out[1] += w * a;
      out[2] += w * v;
      out[3] += w * v * a;
      out[4] += w * cosine * lng.cosine;
      out[5] += w * cosine * lng.sine;
      out[6] += w * sine;
      out[7] = Math.max(out[7], sign * a);
    }
    return out;
  }

  /** The features: slabs and then plumes, the largest first. @returns {Found} */
  found() {
    const leastKm3 = LEAST * this.#volumes.reduce((sum, each) => sum + each, 0);
    const features = [];
    const owners = new Map(); // by kind: of each run, the index of its feature or -1
    let leftOut = 0;
    for (const [kind, sign] of KINDS) {
      const { regions, sums } = this.#found.get(kind);
      const parts = new Map(); // by root: sums over the region
      const shellOf = new Int32Array(regions.count);
      this.shells.forEach((r, at) => shellOf.fill(r, ...regions.runsOf(at)));
      sums.forEach((of, run) => {
        const root = regions.root(run);
        if (!parts.has(root)) parts.set(root, { root, runs: [], volume: 0 });
        const part = parts.get(root);
        part.runs.push(run);
        part.volume += of[0] * this.#volumes[shellOf[run]];
      });
      const ordered = [...parts.values()].sort((a, b) => b.volume - a.volume || a.root - b.root).slice(0, MOST);
      const kept = ordered.filter(({ volume }) => volume >= leastKm3);
      leftOut += parts.size - kept.length;
      const of = new Int16Array(regions.count).fill(-1);
      kept.forEach(({ runs, volume }, i) => {
        for (const run of runs) of[run] = features.length;
        features.push(this.#described(`${kind}-${i + 1}`, kind, sign, volume, runs, sums, shellOf));
      });
      owners.set(kind, of);
    }
    return new Found(this.#grid, this.shells, features, leftOut, leastKm3, [...this.#found].map(([kind, { regions }]) => [regions, owners.get(kind)]));
  }

  /** @returns {Feature} */
  #described(id, kind, sign, volume, runs, sums, shellOf) {
    const total = [0, 0, 0, 0, 0, 0, 0];
    let [radius, extreme, lowest, highest] = [0, -Infinity, Infinity, -Infinity];
    for (const run of runs) {
      const [r, of] = [shellOf[run], sums[run]];
      for (let i = 0; i < 7; i++) total[i] += of[i] * this.#volumes[r];
      radius += of[0] * this.#volumes[r] * this.#radii[r];
      extreme = Math.max(extreme, of[7]);
      [lowest, highest] = [Math.min(lowest, r), Math.max(highest, r)];
    }
    const [, a, , , x, y, z] = total;
    const depth = (radiusKm) => this.#planet.surface - radiusKm;
    const degrees = (radians) => Number(((radians * 180) / Math.PI).toFixed(4)) + 0;
    const crossings = this.#asked().map(({ asked, r }) => {
      const area = 4 * Math.PI * this.#radii[r] ** 2;
      const here = runs.filter((run) => shellOf[run] === r);
      const [w, , v, heat] = [0, 1, 2, 3].map((i) => here.reduce((sum, run) => sum + sums[run][i], 0) * area);
      return {
        asked_km: asked, r, depth_km: short(depth(this.#radii[r])), area_km2: short(w), volume_flux: short(v * this.#perYear), heat_flux: short(heat * this.#perYear),
      };
    });
    return {
      id, kind, volume_km3: short(volume), top_km: short(depth(this.#radii[highest])), bottom_km: short(depth(this.#radii[lowest])),
      lat: degrees(Math.atan2(z, Math.hypot(x, y))), lon: degrees(Math.atan2(y, x)), depth_km: short(depth(radius / total[0])),
      mean_anomaly: short(a / total[0]), extreme_anomaly: short(sign * extreme), crossings,
    };
  }

  /** The depths at which fluxes are given, and the shells next to them. */
  #asked() {
    const { surface, decimals } = this.#planet;
    const near = CROSSINGS_KM.map((depth) => {
      const asked = Number(((depth * surface) / EARTH_KM).toFixed(decimals));
      const far = (r) => Math.abs(this.#radii[r] - (surface - asked));
      return { asked, r: this.#radii.reduce((best, _, r) => (far(r) < far(best) ? r : best), 0) };
    });
    return near.filter(({ r }) => this.shells.includes(r));
  }
}

/** All features of a time, and which cells they consist of. */
export class Found {
  #grid;
  #shells;
  #parts;

  constructor(grid, shells, features, leftOut, leastKm3, parts) {
    [this.#grid, this.#shells, this.#parts] = [grid, shells, parts];
    /** @type {Feature[]} */
    this.features = features;
    /** How many regions were left out, and below which volume they are. */
    [this.leftOut, this.leastKm3] = [leftOut, leastKm3];
  }

  /** The feature of each cell `(row, column)` of a shell, as an index; -1 is none. @param {number} r */
  onShell(r) {
    const columns = this.#grid.longitudes_deg.length;
    const out = new Int16Array(this.#grid.latitudes_deg.length * columns).fill(-1);
    const shell = this.#shells.indexOf(r);
    if (shell < 0) return out;
    for (const [regions, owners] of this.#parts) {
      regions.eachOf(shell, (run, row) => {
        const { start, length } = regions.run(run);
        if (owners[run] >= 0) out.fill(owners[run], row * columns + start, row * columns + start + length);
      });
    }
    return out;
  }
}

const short = (value) => Number(value.toPrecision(6));

/** The radii between which the cells of each shell lie: halfway to its neighbours, and not beyond the core or the surface. */
function edgesOf(radii, { core, surface }) {
  const middle = radii.slice(1).map((radius, i) => (radius + radii[i]) / 2);
  let lowest = Math.max(0, 2 * radii[0] - middle[0]);
  let highest = 2 * radii.at(-1) - middle.at(-1);
  if (core !== null && lowest < core && core <= radii[0]) lowest = core;
  if (radii.at(-1) <= surface && surface < highest) highest = surface;
  return [lowest, ...middle, highest];
}
