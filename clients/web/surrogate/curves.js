/**
 * Variables that follow from temperature by curves, like `earthgan.kinds.curves`: `f(T, r)`, the same less its lateral
 * mean, or temperature less its lateral mean.
 */

import { SurrogateError } from "./error.js";
import { gaussLegendre } from "./legendre.js";
import { Matrix } from "./matrix.js";
import { Harmonics } from "./spectral.js";
import { spline } from "./spline.js";

/** A curve is evaluated by linear interpolation between this many points of its spline. */
const FINE = 1025;
/** The fewest rows, which are Gauss-Legendre's, over which a lateral mean is taken. */
const FEWEST_ROWS = 32;

const evenly = (first, last, count) =>
  Float64Array.from({ length: count }, (_, k) => first + ((last - first) * k) / (count - 1));

export class Curves {
  #computed;
  #curves;
  #degree;
  #sphere = null; // made when a mean is first asked for
  #harmonics = null; // there

  /**
   * @param {Object<string, import("./safetensors.js").Tensor>} tensors the surrogate's weights
   * @param {object} preset spec.json's arguments of the spectral kind @param {number[]} scales the variables' units
   */
  constructor(tensors, preset, scales) {
    const specs = preset.curves ?? [];
    this.#computed = scales.length - specs.length;
    this.#degree = preset.degree;
    this.#curves = specs.map((spec, i) => curveOf(spec, tensors, preset, scales[0] / scales[this.#computed + i]));
  }

  /** The variables that must be computed from coefficients, so that `wanted` ones are known. @param {number[]} wanted */
  needs(wanted) {
    const computed = wanted.filter((variable) => variable < this.#computed);
    return computed.length < wanted.length ? [...new Set([0, ...computed])] : computed;
  }

  /** Whether one of the variables depends on the whole shell. @param {number[]} wanted */
  hasMeans(wanted) {
    return wanted.some((variable) => this.#curves[variable - this.#computed]?.lessMean);
  }

  /**
   * @param {number} variable @param {Matrix} temperature normalised, on a shell
   * @param {(sphere: Harmonics) => Matrix} everywhere gives the normalised temperature of the shell at other points
   * @param {number} radiusKm @returns {Matrix} the normalised variable
   */
  of(variable, temperature, everywhere, radiusKm) {
    return temperature.map(this.at(variable, everywhere, radiusKm));
  }

  /** The function of the normalised temperature that gives a normalised variable on a shell. @returns {(temperature: number) => number} */
  at(variable, everywhere, radiusKm) {
    const { lessMean, at } = this.#curves[variable - this.#computed];
    const f = at(radiusKm);
    if (!lessMean) return f;
    this.#sphere ??= meanGridOf(this.#degree);
    this.#harmonics ??= new Harmonics(this.#degree, this.#sphere.grid);
    const [harmonics, { weights }] = [this.#harmonics, this.#sphere];
    const mean = everywhere(harmonics).map((value, row) => f(value) * weights[row]).values.reduce((a, b) => a + b, 0);
    return (temperature) => f(temperature) - mean;
  }
}

/** The grid over which means are taken, and the share of the sphere that a point of each row has. */
export function meanGridOf(degree) {
  const rows = Math.max(FEWEST_ROWS, Math.floor(degree / 2) + 1); // the mean of temperature itself is then exact
  const columns = 2 * rows;
  const { nodes, weights } = gaussLegendre(rows);
  const grid = {
    latitudes_deg: nodes.map((x) => (Math.asin(x) * 180) / Math.PI),
    longitudes_deg: Array.from({ length: columns }, (_, column) => (column * 360) / columns),
  };
  return { grid, weights: weights.map((weight) => weight / (2 * columns)) };
}

/** A variable's curves: whether its mean is subtracted, and the function of the normalised temperature at a radius. */
function curveOf({ variable, form }, tensors, preset, factor) {
  if (form === "less mean") return { lessMean: true, at: () => (temperature) => temperature * factor };
  const table = tensors[`curves.${variable}`];
  if (table?.shape.length !== 2 || !["curve", "curve less mean"].includes(form)) {
    throw new SurrogateError(`The weights hold no curves of ${variable}.`);
  }
  const [rows, columns] = table.shape;
  const ranges = tensors.curve_ranges;
  if (ranges?.shape.join() !== [rows, 2].join()) throw new SurrogateError("The weights hold no ranges of curves.");
  const values = new Matrix(rows, columns, Float64Array.from(table.values));
  const finely = spline(evenly(0, 1, columns), evenly(0, 1, FINE));
  const radiiKm = evenly(preset.inner_km, preset.outer_km, rows);
  const at = (radiusKm) => {
    const ofKnots = spline(radiiKm, [radiusKm]).times(values).values;
    const fine = finely.times(new Matrix(columns, 1, ofKnots)).values;
    const [low, high] = rangeAt(ranges.values, radiiKm, radiusKm);
    return (temperature) => interpolated(fine, (temperature - low) / (high - low));
  };
  return { lessMean: form === "curve less mean", at };
}

/** The temperatures of the first and the last knot at a radius, linear between the knots in radius. */
function rangeAt(ranges, radiiKm, radiusKm) {
  const last = radiiKm.length - 1;
  const place = Math.min(Math.max((radiusKm - radiiKm[0]) / (radiiKm[1] - radiiKm[0]), 0), last);
  const before = Math.min(Math.floor(place), last - 1);
  const share = place - before;
  return [0, 1].map((end) => ranges[2 * before + end] * (1 - share) + ranges[2 * before + 2 + end] * share);
}

/** The value of a curve at a place between 0 and 1, its first and its last point. */
function interpolated(fine, at) {
  const place = at * (FINE - 1);
  const before = Math.floor(Math.min(Math.max(place, 0), FINE - 2));
  const share = place - before;
  return fine[before] * (1 - share) + fine[before + 1] * share;
}
