/** Quantities in the columns below places, in their units: what profiles, series and sections show. */

import { cornersOf, weighted } from "../shell.js";
import { Columns, Points, Sums } from "./columns.js";
import { meanGridOf } from "./curves.js";
import { angleOf, derivationOf, quantityOf } from "./derived.js";

const VELOCITY = [1, 2, 3];
/** The mean over the sphere is this, times the coefficient of degree 0. */
const MEAN = 1 / Math.sqrt(4 * Math.PI);

/**
 * @typedef {import("./columns.js").Shells} Shells
 * @typedef {{name: string, anomaly?: boolean}} Wanted  a variable or a derived quantity; `anomaly`: less its mean over the shell
 * @typedef {import("./surrogate.js").Surrogate} Surrogate @typedef {import("./coded.js").Coefficients} Coefficients
 */

export class Below {
  #surrogate;
  #parts;
  #columns;
  #sphere = null; // made when a mean is first asked for

  /**
   * @param {Surrogate} surrogate
   * @param {{degree: number, shape: number[], radiiKm: number[], kernels: import("./spectral.js").Kernels,
   *   curves: import("./curves.js").Curves,
   *   everywhere: (coefficients: Coefficients, sphere: object, radiusKm: number) => import("./matrix.js").Matrix}} parts
   */
  constructor(surrogate, parts) {
    this.#surrogate = surrogate;
    this.#parts = parts;
    this.#columns = new Columns(parts.radiiKm, parts.kernels, parts.shape);
  }

  /** The corners of a place on the surrogate's own grid, so that a column has the values that the shells have there. */
  columnAt({ lat, lng }) {
    const { grid } = this.#surrogate;
    const corners = cornersOf(grid, lat, lng);
    const points = this.pointsAt(
      corners.map(({ row }) => grid.latitudes_deg[row]),
      corners.map(({ column }) => grid.longitudes_deg[column]),
    );
    return { corners, points };
  }

  /** Places in pairs of a latitude and a longitude. */
  pointsAt(latitudes_deg, longitudes_deg) {
    const points = new Points(this.#parts.degree, { latitudes_deg, longitudes_deg });
    points.angles = Array.from(latitudes_deg, (latitude, i) => [angleOf(latitude), angleOf(longitudes_deg[i])]);
    return points;
  }

  /**
   * What a quantity's columns need of a step. Later calls with the same sums only add what is missing.
   * @param {Points} points @param {Coefficients} coefficients @param {Wanted} wanted @param {Sums} [sums]
   */
  sums(points, coefficients, { name }, sums = new Sums(points, coefficients)) {
    this.#columns.add(sums, coefficients, this.#kinds(name));
    return sums;
  }

  /** Whether sums hold all that a quantity needs, also at other depths. @param {Sums} sums @param {Wanted} wanted */
  suffice(sums, { name, anomaly }) {
    return !anomaly && !this.#parts.curves.hasMeans(this.#indices(name)) && this.#kinds(name).every((kind) => sums.byKind.has(kind));
  }

  #indices(name) {
    return derivationOf(this.#surrogate.variables, name).needs.map((need) => this.#surrogate.variables.indexOf(need));
  }

  #kinds(name) {
    const computed = this.#parts.curves.needs(this.#indices(name));
    return computed.some((variable) => VELOCITY.includes(variable)) ? ["values", "slopes", "eastward"] : ["values"];
  }

  /**
   * @param {Wanted} wanted @param {Sums} sums @param {?Coefficients} coefficients those of the sums, unless these suffice
   * @param {Shells} shells @param {?number[]} [cells] the cells of the surrogate's grid that the places are, if they are: a
   *   promise of a largest error concerns these only
   * @returns {Float32Array} `(shell, place)` in the quantity's unit
   */
  values(wanted, sums, coefficients, shells, cells = null) {
    const { variables } = this.#surrogate;
    const { needs, at: of, lessMean } = derivationOf(variables, wanted.name);
    const found = this.#variables(needs, sums, coefficients, shells, cells);
    const { angles, count } = sums.points;
    const out = found[0].map((value, at) => (needs.length > 1 ? of(...found.map((each) => each[at]), ...angles[at % count]) : value));
    if (!lessMean && !wanted.anomaly) return out;
    const means = lessMean ? this.means(needs[0], coefficients, shells) : this.means(wanted.name, coefficients, shells);
    return out.map((value, at) => value - means[Math.floor(at / count)]);
  }

  /**
   * The values below one place, which is read from the shells as the map reads it.
   * @param {ReturnType<Below["columnAt"]>} column @returns {Float32Array} `(shell,)`
   */
  valuesAt({ corners }, wanted, sums, coefficients, shells) {
    const width = this.#surrogate.grid.longitudes_deg.length;
    const values = this.values(wanted, sums, coefficients, shells, corners.map(({ row, column }) => row * width + column));
    const count = corners.length;
    return Float32Array.from({ length: shells.count }, (_, at) => weighted(corners, values.subarray(at * count, (at + 1) * count)));
  }

  /** The means of a quantity over shells. @returns {Float64Array} `(shell,)` */
  means(name, coefficients, { first, step, count }) {
    const { radiiKm, degree } = this.#parts;
    const { spec, variables } = this.#surrogate;
    const { needs, lessMean } = derivationOf(variables, name);
    const isTemperature = needs.length === 1 && variables.indexOf(needs[0]) === 0;
    const { offset, scale } = spec.variables[0].normalisation;
    const state = isTemperature ? null : this.#surrogate.stateOf(coefficients);
    this.#sphere ??= meanGridOf(degree);
    const { grid, weights } = this.#sphere;
    return Float64Array.from({ length: count }, (_, at) => {
      const radiusKm = radiiKm[first + at * step];
      if (lessMean) return 0;
      if (isTemperature) return offset + scale * MEAN * this.#columns.lowest("temperature", coefficients, first + at * step);
      const values = quantityOf(this.#surrogate, state, name, { radius_km: radiusKm }, grid);
      const columns = grid.longitudes_deg.length;
      return values.reduce((sum, value, i) => sum + weights[Math.floor(i / columns)] * value, 0);
    });
  }

  /** Variables `(shell, place)` in their units. */
  #variables(names, sums, coefficients, shells, cells) {
    const { spec, variables } = this.#surrogate;
    const { curves, radiiKm, everywhere } = this.#parts;
    const wanted = names.map((name) => variables.indexOf(name));
    const computed = curves.needs(wanted);
    const found = new Map();
    if (computed.includes(0)) found.set(0, this.#columns.at("temperature", sums, "values", shells));
    if (computed.some((variable) => VELOCITY.includes(variable))) {
      this.#velocity(sums, shells).forEach((values, i) => found.set(VELOCITY[i], values));
    }
    return wanted.map((variable) => {
      const { offset, scale } = spec.variables[variable].normalisation;
      const { count } = sums.points;
      const out = (found.get(variable) ?? found.get(0)).slice();
      for (let at = 0; at < shells.count; at++) {
        const shell = shells.first + at * shells.step;
        const everywhereOn = (sphere) => everywhere(coefficients, sphere, radiiKm[shell]);
        const curve = found.has(variable) ? null : curves.at(variable, everywhereOn, radiiKm[shell]);
        for (let i = 0, to = at * count; i < count; i++, to++) {
          out[to] = offset + scale * (curve ? curve(out[to]) : out[to]);
          if (cells && sums.corrections) out[to] += sums.corrections.at(variable, shell, cells[i]);
        }
      }
      return out;
    });
  }

  /** The components of velocity along x, y and z, normalised. */
  #velocity(sums, shells) {
    const { strength, points: { count, sines, cosines } } = sums;
    const of = (field, kind) => this.#columns.at(field, sums, kind, shells);
    const [radial, south, east] = [of("u", "values"), of("v", "slopes"), of("v", "eastward")];
    if (this.#parts.kernels.toroidal) {
      of("w", "eastward").forEach((value, at) => (south[at] -= value));
      of("w", "slopes").forEach((value, at) => (east[at] += value));
    }
    const [x, y, z] = [0, 1, 2].map(() => new Float32Array(radial.length));
    for (let at = 0; at < radial.length; at++) {
      const i = at % count;
      const outward = radial[at] * sines.colatitude[i] + south[at] * cosines.colatitude[i];
      x[at] = strength * (outward * cosines.longitude[i] - east[at] * sines.longitude[i]);
      y[at] = strength * (outward * sines.longitude[i] + east[at] * cosines.longitude[i]);
      z[at] = strength * (radial[at] * cosines.colatitude[i] - south[at] * sines.colatitude[i]);
    }
    return [x, y, z];
  }
}
