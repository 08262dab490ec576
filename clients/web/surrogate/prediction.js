/**
 * The prediction of a step from the decoded step before it, like `earthgan.kinds.prediction`: temperature is carried by
 * the flow that it drives, diffused and heated for the time between two steps.
 *
 * A field on shells is an array over degrees of matrices `(shell, order and part)`. Numbers are float64 here and float32
 * there, so results differ by rounding only.
 */

import { SurrogateError } from "./error.js";
import { gaussLegendre, legendre } from "./legendre.js";
import { Matrix, pseudoInverse } from "./matrix.js";
import { RadialGrid } from "./radial.js";
import { flowOf } from "./stokes.js";

/** A duration may exceed a whole number of intervals by this share of an interval. */
const SLACK = 0.01;
/** Modes whose singular values are below this share of the greatest count as zero. */
const SMALLEST = 1e-6;
/** This number stands for a gain of 1. */
const GAIN_STEPS = 255;

/** @typedef {Matrix[]} Shells for each degree, `(shell, order and part)` */

export class Predictor {
  #preset;
  #arguments;
  #temperature;
  #kelvins;
  #nodes;
  #shells;
  #gains;
  #parts = null; // everything slow, computed when a step is first predicted
  #diffusions = new Map(); // by duration

  /**
   * @param {Object<string, import("./safetensors.js").Tensor>} tensors the surrogate's weights
   * @param {object} preset spec.json's arguments, with a `prediction`
   * @param {import("./coded.js").Component[]} components @param {number} kelvins that a temperature of 1 stands for
   */
  constructor(tensors, preset, components, kelvins) {
    const thickness = preset.outer_km - preset.inner_km;
    this.#preset = preset;
    this.#arguments = preset.prediction;
    this.#temperature = components[0];
    this.#kelvins = kelvins;
    this.#nodes = new RadialGrid(preset.nodes, preset.inner_km / thickness, preset.outer_km / thickness);
    this.#shells = new RadialGrid(preset.prediction.shells, this.#nodes.inner, this.#nodes.outer);
    this.#gains = components.map(({ field, centre }) => {
      const gains = tensors[`prediction.${field}.gains`];
      if (gains?.shape.join() !== [preset.degree + 1, centre.length].join()) {
        throw new SurrogateError("The weights do not hold a gain for each degree and mode.");
      }
      return gains.values;
    });
  }

  /**
   * Returns the prediction of coefficients a `duration` later.
   * @param {import("./coded.js").Coefficients} coefficients @param {number} strength of the step's buoyancy
   */
  predicted(coefficients, duration, strength) {
    const { shape, values } = this.carried(coefficients, duration, strength);
    const [degrees, orders, parts, modes] = shape;
    for (let degree = 0, place = 0; degree < degrees; degree++) {
      const gains = this.#gains.flatMap((of) => Array.from(of.subarray((degree * of.length) / degrees, ((degree + 1) * of.length) / degrees)));
      for (const end = place + orders * parts * modes; place < end; place++) values[place] *= gains[place % modes] / GAIN_STEPS;
    }
    return { shape, values };
  }

  /** Returns the coefficients a `duration` later. Degrees above the prediction's own stay as they are. */
  carried({ shape, values }, duration, strength) {
    const { advection, diffusivity, heating, interval } = this.#arguments;
    const carried = { shape, values: values.slice() };
    if ((advection === 0 && diffusivity === 0 && heating === 0) || !(duration > 0)) return carried;
    this.#parts ??= this.#prepared();
    const [, orders, parts, modes] = shape;
    const places = (degree, use) => {
      for (let column = 0; column < parts * (degree + 1); column++) use(column, (degree * orders * parts + column) * modes);
    };
    const before = this.#parts.toShells.map((matrix, degree) => {
      const x = new Matrix(matrix.columns, parts * (degree + 1));
      places(degree, (column, first) => {
        for (let mode = 0; mode < x.rows; mode++) x.values[mode * x.columns + column] = values[first + mode];
      });
      return matrix.times(x);
    });
    const passes = Math.max(1, Math.ceil((Math.max(strength, 1) * duration) / interval - SLACK));
    let after = before;
    for (let pass = 0; pass < passes; pass++) after = this.#passed(after, duration / passes, strength);
    this.#parts.toModes.forEach((matrix, degree) => {
      const change = matrix.times(sum(after[degree], before[degree], -1));
      places(degree, (column, first) => {
        for (let mode = 0; mode < change.rows; mode++) carried.values[first + mode] += change.at(mode, column);
      });
    });
    return carried;
  }

  /** @param {Shells} temperature @returns {Shells} one pass later */
  #passed(temperature, duration, strength) {
    const { sphere, low } = this.#parts;
    const diffusion = this.#diffusion(duration);
    const start = this.#heated(each(diffusion, temperature), duration / 2);
    // The flow in the middle of the pass; its change is taken from low degrees.
    const few = start.slice(0, low.degree + 1);
    const change = this.#advection(low, this.#flow(low, few), few);
    const middle = start.map((x, degree) => (change[degree] ? sum(x, change[degree], (strength * duration) / 2) : x));
    const flow = this.#flow(sphere, middle);
    const last = this.#arguments.stages - 1;
    const scaled = (x, factor) => x.map((matrix) => scale(matrix, factor));
    let [older, old] = [start, scaled(this.#advection(sphere, flow, start), (strength * duration) / last)];
    let oldest = older;
    for (let stage = 0; stage < last; stage++) {
      const moved = this.#advection(sphere, flow, old);
      [oldest, older, old] = [older, old, older.map((x, degree) => sum(x, moved[degree], (2 * strength * duration) / last))];
    }
    const moved = older.map((x, degree) => sum(x, sum(oldest[degree], old[degree], 1), 0.5));
    return each(diffusion, this.#heated(moved, duration / 2));
  }

  /** Returns the velocity outwards, southwards and eastwards, the last two divided by the radius. */
  #flow(sphere, temperature) {
    const [radial, lateral] = this.#parts.maps.map((maps) => each(maps, temperature));
    return [sphere.values(radial, "values"), sphere.values(lateral, "slopes"), sphere.values(lateral, "eastward")];
  }

  /** Returns the coefficients of `-u . grad T`. The temperature of both boundaries is fixed. @returns {Shells} */
  #advection(sphere, [outward, south, east], temperature) {
    const slopes = temperature.map((x) => this.#parts.derivative.times(x));
    const products = sphere.values(slopes, "values");
    const [southward, eastward] = [sphere.values(temperature, "slopes"), sphere.values(temperature, "eastward")];
    products.forEach((product, shell) => {
      const [a, b, c] = [outward[shell].values, south[shell].values, east[shell].values];
      const [p, q] = [southward[shell].values, eastward[shell].values];
      for (let i = 0; i < a.length; i++) product.values[i] = -(a[i] * product.values[i] + b[i] * p[i] + c[i] * q[i]);
    });
    const found = sphere.coefficients(products);
    for (const ofDegree of found) for (const boundary of [0, products.length - 1]) ofDegree.row(boundary).fill(0);
    return found;
  }

  #heated(temperature, duration) {
    const mean = temperature[0].map((value, shell, column) => {
      const inside = column === 0 && shell > 0 && shell < this.#shells.count - 1;
      return inside ? value + this.#arguments.heating * duration * Math.sqrt(4 * Math.PI) : value;
    });
    return [mean, ...temperature.slice(1)];
  }

  /** For each degree, the diffusion for half of a duration. @returns {Matrix[]} */
  #diffusion(duration) {
    if (!this.#diffusions.has(duration)) {
      const { nodes, count } = this.#shells;
      const { derivative } = this.#parts;
      const second = derivative.times(derivative);
      const factor = (this.#arguments.diffusivity * duration) / 2;
      const ofDegree = (degree) =>
        Matrix.of(count, count, (i, j) => {
          if (i === 0 || i === count - 1) return 0;
          const lateral = i === j ? (degree * (degree + 1)) / nodes[i] ** 2 : 0;
          return factor * (second.at(i, j) + (2 / nodes[i]) * derivative.at(i, j) - lateral);
        });
      if (this.#diffusions.size >= 4) this.#diffusions.clear();
      const degrees = Array.from({ length: this.#arguments.degree + 1 }, (_, degree) => exponential(ofDegree(degree)));
      this.#diffusions.set(duration, degrees);
    }
    return this.#diffusions.get(duration);
  }

  #prepared() {
    const { degree, flow_degree, advection } = this.#arguments;
    const [nodes, shells] = [this.#nodes, this.#shells];
    const fromNodes = fewerNodes(nodes, shells);
    const back = shells.interpolation(nodes.nodes);
    const modes = this.#temperature.modes.slice(0, degree + 1);
    const root = nodes.integral().map(Math.sqrt);
    const weighted = back.map((value, node) => root[node] * value);
    const known = new Map(); // the degrees of a band share their modes
    const perBand = (use) => modes.map((ofDegree) => known.get(use)?.get(ofDegree) ?? remember(known, use, ofDegree));
    const toShells = (ofDegree) => fromNodes.times(ofDegree);
    const toModes = (ofDegree) => pseudoInverse(ofDegree.map((value, node) => root[node] * value), SMALLEST).times(weighted);
    const still = modes.map(() => new Matrix(shells.count, shells.count));
    let maps = [still, still];
    if (this.#preset.stokes && advection !== 0) {
      const flow = flowOf(this.#preset.stokes, nodes, modes.map(() => back), this.#kelvins * advection);
      const onShells = (of) => of.map((ofDegree) => fromNodes.times(ofDegree));
      maps = [onShells(flow.u), onShells(flow.v).map((map) => map.map((value, shell) => value / shells.nodes[shell]))];
    }
    return {
      sphere: new Sphere(degree),
      low: new Sphere(Math.min(degree, flow_degree)),
      derivative: shells.derivative(),
      toShells: perBand(toShells),
      toModes: perBand(toModes),
      maps,
    };
  }
}

function remember(known, use, ofDegree) {
  if (!known.has(use)) known.set(use, new Map());
  known.get(use).set(ofDegree, use(ofDegree));
  return known.get(use).get(ofDegree);
}

/** Gauss rows and evenly spaced columns, on which harmonics up to `degree` are analysed exactly. */
class Sphere {
  #functions;
  #weights;
  #cosines;
  #sines;

  constructor(degree) {
    const { nodes, weights } = gaussLegendre(degree + 1);
    this.degree = degree;
    this.rows = degree + 1;
    this.columns = 2 * (degree + 1);
    this.#functions = legendre(degree, Float64Array.from(nodes, Math.acos));
    this.#weights = weights.map((weight) => (weight * 2 * Math.PI) / this.columns);
    // A column and its mirror image west of longitude 0 share their cosines, and their sines but for the sign.
    const half = degree + 2;
    const wave = (of) => Matrix.of(degree + 1, half, (m, column) => of((2 * Math.PI * ((m * column) % this.columns)) / this.columns));
    [this.#cosines, this.#sines] = [wave(Math.cos), wave(Math.sin)];
  }

  /** @param {Shells} shells @param {"values"|"slopes"|"eastward"} kind @returns {Matrix[]} for each shell, `(row, column)` */
  values(shells, kind) {
    const count = shells[0].rows;
    // `(shell and row, order)`: the factors of cosines and of sines
    const [real, imaginary] = [new Matrix(count * this.rows, this.rows), new Matrix(count * this.rows, this.rows)];
    for (let m = 0; m <= this.degree; m++) {
      const x = new Matrix(2 * count, this.rows - m);
      for (let n = m; n <= this.degree; n++) {
        const { values, columns } = shells[n];
        for (let shell = 0; shell < count; shell++) {
          x.values[shell * x.columns + n - m] = values[shell * columns + 2 * m];
          x.values[(count + shell) * x.columns + n - m] = values[shell * columns + 2 * m + 1];
        }
      }
      const { values: onRows } = x.times(this.#functions[kind][m]);
      const twice = m === 0 ? 1 : 2; // a field is real, so orders -m and m contribute the same
      const half = count * this.rows;
      for (let i = 0; i < half; i++) {
        const [a, b] = [onRows[i], onRows[half + i]];
        real.values[i * this.rows + m] = twice * (kind === "eastward" ? -b : a); // times i
        imaginary.values[i * this.rows + m] = -twice * (kind === "eastward" ? a : b);
      }
    }
    const [even, odd] = [real.times(this.#cosines), imaginary.times(this.#sines)];
    const half = this.rows + 1;
    return Array.from({ length: count }, (_, shell) => {
      const out = new Matrix(this.rows, this.columns);
      for (let row = 0; row < this.rows; row++) {
        const [from, to] = [(shell * this.rows + row) * half, row * this.columns];
        for (let column = 0; column < half; column++) out.values[to + column] = even.values[from + column] + odd.values[from + column];
        for (let column = 1; column < half - 1; column++) {
          out.values[to + this.columns - column] = even.values[from + column] - odd.values[from + column];
        }
      }
      return out;
    });
  }

  /** @param {Matrix[]} fields `(row, column)` for each shell @returns {Shells} */
  coefficients(fields) {
    const count = fields.length;
    const half = this.rows + 1;
    const [even, odd] = [new Matrix(count * this.rows, half), new Matrix(count * this.rows, half)];
    fields.forEach(({ values }, shell) => {
      for (let row = 0; row < this.rows; row++) {
        const [to, from, weight] = [(shell * this.rows + row) * half, row * this.columns, this.#weights[row]];
        for (let column = 0; column < half; column++) {
          const alone = column === 0 || column === half - 1;
          const [east, west] = [values[from + column], alone ? 0 : values[from + this.columns - column]];
          even.values[to + column] = weight * (east + west);
          odd.values[to + column] = weight * (east - west);
        }
      }
    });
    const [real, imaginary] = [even.times(transposed(this.#cosines)), odd.times(transposed(this.#sines))];
    const out = Array.from({ length: this.rows }, (_, degree) => new Matrix(count, 2 * (degree + 1)));
    for (let m = 0; m <= this.degree; m++) {
      const onRows = new Matrix(this.rows, 2 * count);
      for (let shell = 0; shell < count; shell++) {
        for (let row = 0; row < this.rows; row++) {
          const place = (shell * this.rows + row) * this.rows + m;
          onRows.values[row * 2 * count + shell] = real.values[place];
          onRows.values[row * 2 * count + count + shell] = -imaginary.values[place];
        }
      }
      const found = this.#functions.values[m].times(onRows);
      for (let n = m; n <= this.degree; n++) {
        for (let shell = 0; shell < count; shell++) {
          out[n].values[shell * out[n].columns + 2 * m] = found.at(n - m, shell);
          if (m > 0) out[n].values[shell * out[n].columns + 2 * m + 1] = found.at(n - m, count + shell);
        }
      }
    }
    return out;
  }
}

/** The matrix `(shell, node)` that leaves out a profile's highest polynomials. The boundaries are exact. */
function fewerNodes(nodes, shells) {
  const [last, end] = [nodes.count - 1, shells.count - 1];
  return Matrix.of(shells.count, nodes.count, (shell, node) => {
    if (shell === 0 || shell === end) return node === (shell && last) ? 1 : 0;
    let sum = 0;
    for (let k = 0; k <= end; k++) {
      const ends = (node === 0 || node === last ? 0.5 : 1) * (k === 0 || k === last ? 0.5 : 1);
      const polynomial = Math.cos((Math.PI * k * (end - shell)) / end);
      sum += polynomial * ends * (2 / last) * Math.cos((Math.PI * k * (last - node)) / last);
    }
    return sum;
  });
}

/** The exponential of a square matrix: Taylor's series of a small part, squared again and again. */
function exponential(matrix) {
  const size = Array.from({ length: matrix.rows }, (_, i) => matrix.row(i).reduce((sum, value) => sum + Math.abs(value), 0));
  const halvings = Math.max(0, Math.ceil(Math.log2(Math.max(...size, 1e-300))) + 4);
  const part = scale(matrix, 2 ** -halvings);
  const one = matrix.map((_, i, j) => (i === j ? 1 : 0));
  let out = sum(one, part, 1 / 12);
  for (let n = 11; n > 0; n--) out = sum(one, part.times(out), 1 / n);
  for (let n = 0; n < halvings; n++) out = out.times(out);
  return out;
}

/** For each degree, a matrix times what it maps. */
const each = (matrices, shells) => shells.map((x, degree) => matrices[degree].times(x));
const scale = (matrix, factor) => new Matrix(matrix.rows, matrix.columns, matrix.values.map((value) => value * factor));
const sum = (a, b, factor) => new Matrix(a.rows, a.columns, a.values.map((value, i) => value + factor * b.values[i]));
const transposed = (matrix) => Matrix.of(matrix.columns, matrix.rows, (i, j) => matrix.at(j, i));
