/**
 * The `spectral` kind, like `earthgan.kinds.spectral_planner`: it evaluates coefficients at the points of a shell.
 *
 * Temperature is the sum over degree l, order m and mode k of `x_lmk B_lk(r) Y_lm`. Velocity
 * `u = U Y r^ + V grad_1 Y + W r^ x grad_1 Y` is a linear function of the same coefficients by the Stokes equations,
 * and of coefficients of its own on shells where they explain too little.
 */

import { SurrogateError } from "./error.js";
import { knotWeights, storedRuns } from "./gate.js";
import { padded, Workspace } from "./kernel.js";
import { legendre } from "./legendre.js";
import { Matrix } from "./matrix.js";
import { RadialGrid } from "./radial.js";
import { flowOf } from "./stokes.js";

/** From coefficients to temperature, U, V and W at any radius. */
export class Kernels {
  #preset;
  #components;
  #scale;
  #grid;
  #flow = null; // the Stokes equations are solved when velocity is first asked for

  /**
   * @param {object} preset spec.json's arguments @param {import("./coded.js").Component[]} components
   * @param {number} scale the temperature unit in K, divided by the velocity unit in m/s
   */
  constructor(preset, components, scale) {
    const thickness = preset.outer_km - preset.inner_km;
    this.#preset = preset;
    this.#components = components;
    this.#scale = scale;
    this.#grid = new RadialGrid(preset.nodes, preset.inner_km / thickness, preset.outer_km / thickness);
  }

  /** Whether there is a toroidal velocity W. */
  get toroidal() {
    return this.#components.some(({ field }) => field === "w");
  }

  /**
   * @param {"temperature"|"u"|"v"|"w"} field @param {number} radiusKm
   * @returns {Matrix} `(degree, mode)` for the modes of all components; throws SurrogateError outside the nodes
   */
  at(field, radiusKm) {
    const { inner_km, outer_km, degree } = this.#preset;
    if (!(radiusKm >= inner_km && radiusKm <= outer_km)) {
      throw new SurrogateError(`There is no shell at ${radiusKm} km: the shells lie between ${inner_km} and ${outer_km} km.`);
    }
    const last = this.#components.at(-1);
    const kernel = new Matrix(degree + 1, last.first + last.centre.length);
    for (const component of this.#components) {
      const modes = this.#modes(component, field);
      if (modes === null) continue;
      const weights = this.#weights(component, radiusKm);
      modes.forEach((ofDegree, l) => {
        const unit = unitSquare(component.field, l);
        kernel.row(l).set(weights.times(ofDegree).values.map((value) => value / unit), component.first);
      });
    }
    return kernel;
  }

  /** A component's contribution to a field: for each degree `(node, mode)`, or null if it has none. */
  #modes(component, field) {
    if (component.field === field) return component.modes;
    if (component.field !== "temperature" || !this.#preset.stokes) return null;
    this.#flow ??= flowOf(this.#preset.stokes, this.#grid, component.modes, this.#scale);
    return this.#flow[field] ?? null;
  }

  /** The matrix `(1, node)` from values at a component's nodes to the value at a radius. */
  #weights(component, radiusKm) {
    const { inner_km, outer_km } = this.#preset;
    if (component.field === "temperature") return this.#grid.interpolation([radiusKm / (outer_km - inner_km)]);
    return knotWeights(storedRuns(this.#preset), radiusKm);
  }
}

/** The divisor of a component's modes, which gives coefficients of V and W the weight of their velocity. */
const unitSquare = (field, degree) => (field === "v" || field === "w" ? Math.sqrt(degree * (degree + 1) || 1) : 1);

/** The harmonics at the points of a grid, which all shells share. */
export class Harmonics {
  #workspace = new Workspace();
  #degree;
  #colatitudes;
  #rows;
  #columns;
  #azimuth;
  #functions = new Map(); // by kind, for each order the place of an array `(degree - order, row)`
  #modes;
  #spectrum;
  #field;

  /** @param {number} degree @param {import("../source.js").Grid} grid of any rows and columns */
  constructor(degree, { latitudes_deg, longitudes_deg }) {
    const colatitudes = Float64Array.from(latitudes_deg, (latitude) => ((90 - latitude) * Math.PI) / 180);
    const longitudes = Float64Array.from(longitudes_deg, (longitude) => (longitude * Math.PI) / 180);
    if (![...colatitudes, ...longitudes].every(Number.isFinite)) {
      throw new SurrogateError("The grid's latitudes and longitudes are not all numbers.");
    }
    this.#degree = degree;
    this.#colatitudes = colatitudes;
    [this.#rows, this.#columns] = [colatitudes.length, longitudes.length];
    /** `(row,)` */
    this.meridian = { sine: colatitudes.map(Math.sin), cosine: colatitudes.map(Math.cos) };
    /** `(column,)` */
    this.parallel = { sine: longitudes.map(Math.sin), cosine: longitudes.map(Math.cos) };
    // `(order and part, column)`, from real and imaginary parts to values. In a real field, -m and m belong together.
    const azimuth = Matrix.of(2 * (degree + 1), longitudes.length, (row, column) => {
      const [order, imaginary] = [row >> 1, row & 1];
      const angle = order * longitudes[column];
      return (order === 0 ? 1 : 2) * (imaginary ? -Math.sin(angle) : Math.cos(angle));
    });
    this.#azimuth = this.#workspace.putRows(azimuth);
    this.#modes = this.#workspace.place(2 * (degree + 1));
    this.#spectrum = this.#workspace.place(2 * (degree + 1) * padded(this.#rows));
    this.#field = this.#workspace.place(this.#rows * padded(this.#columns));
  }

  /**
   * @param {"values"|"slopes"|"eastward"} kind @param {Float32Array[]} modes for each order, `(part, degree - order)`
   * @returns {Matrix} `(order and part, row)`
   */
  onRows(kind, modes) {
    const functions = this.#of(kind);
    const [workspace, width] = [this.#workspace, padded(this.#rows)];
    modes.forEach((ofOrder, order) => {
      workspace.floats.set(ofOrder, this.#modes);
      workspace.multiply({
        out: this.#spectrum + 2 * order * width, outStep: width,
        factors: this.#modes, rowStep: ofOrder.length / 2, innerStep: 1, rows: 2,
        terms: functions[order], termStep: width, inner: ofOrder.length / 2, columns: width,
      });
    });
    return this.#taken(this.#spectrum, 2 * modes.length, this.#rows);
  }

  /** @param {Matrix} spectrum `(order and part, row)` @returns {Matrix} `(row, column)` */
  alongRows(spectrum) {
    const [workspace, width] = [this.#workspace, padded(this.#columns)];
    workspace.floats.set(spectrum.values, this.#spectrum);
    workspace.multiply({
      out: this.#field, outStep: width,
      factors: this.#spectrum, rowStep: 1, innerStep: this.#rows, rows: this.#rows,
      terms: this.#azimuth, termStep: width, inner: spectrum.rows, columns: width,
    });
    return this.#taken(this.#field, this.#rows, this.#columns);
  }

  /** The functions of latitude of a kind, which are computed when they are first asked for. */
  #of(kind) {
    if (!this.#functions.has(kind)) {
      const { [kind]: ofOrders } = legendre(this.#degree, this.#colatitudes, [kind]);
      this.#functions.set(kind, ofOrders.map((ofOrder) => this.#workspace.putRows(ofOrder)));
    }
    return this.#functions.get(kind);
  }

  /** Copies a matrix whose rows are padded. */
  #taken(first, rows, columns) {
    const { floats } = this.#workspace;
    const out = new Matrix(rows, columns, new Float32Array(rows * columns));
    for (let row = 0, from = first; row < rows; row++, from += padded(columns)) {
      out.row(row).set(floats.subarray(from, from + columns));
    }
    return out;
  }
}

/**
 * Evaluates variables on a shell.
 * @param {import("./coded.js").Coefficients} coefficients @param {Kernels} kernels @param {Harmonics} harmonics
 * @param {number} radiusKm @param {number[]} wanted which variables: 0 for temperature, 1 to 3 for velocity's x, y, z
 * @returns {Matrix[]} normalised, `(row, column)` each
 */
export function synthesise(coefficients, kernels, harmonics, radiusKm, wanted) {
  const modesOf = (field) => modesAt(coefficients, kernels.at(field, radiusKm));
  const shells = [];
  if (wanted.includes(0)) shells[0] = harmonics.alongRows(harmonics.onRows("values", modesOf("temperature")));
  if (wanted.some((variable) => variable > 0)) {
    const { sine, cosine } = harmonics.meridian;
    const { radial, south, east } = flowOnRows(modesOf, kernels.toroidal, harmonics);
    if (wanted.includes(3)) {
      shells[3] = harmonics.alongRows(combined(radial, south, (row) => [cosine[row], -sine[row]]));
    }
    if (wanted.includes(1) || wanted.includes(2)) {
      const { sine: sin, cosine: cos } = harmonics.parallel;
      const outward = harmonics.alongRows(combined(radial, south, (row) => [sine[row], cosine[row]]));
      const eastward = harmonics.alongRows(east);
      shells[1] = combined(outward, eastward, (column) => [cos[column], -sin[column]]);
      shells[2] = combined(outward, eastward, (column) => [sin[column], cos[column]]);
    }
  }
  return wanted.map((variable) => shells[variable]);
}

/** The outward, southward and eastward velocity, `(order and part, row)` each. */
function flowOnRows(modesOf, toroidal, harmonics) {
  const [radial, v] = [harmonics.onRows("values", modesOf("u")), modesOf("v")];
  const south = harmonics.onRows("slopes", v);
  const east = timesI(harmonics.onRows("eastward", v));
  if (!toroidal) return { radial, south, east };
  const w = modesOf("w");
  const across = timesI(harmonics.onRows("eastward", w));
  return {
    radial,
    south: combined(south, across, () => [1, -1]),
    east: combined(east, harmonics.onRows("slopes", w), () => [1, 1]),
  };
}

/** The coefficients on a shell: for each order, `(part, degree - order)`. */
function modesAt({ shape: [degrees, orders, parts, modes], values }, kernel) {
  return Array.from({ length: orders }, (_, order) => {
    const out = new Float32Array(parts * (degrees - order));
    for (let part = 0, to = 0; part < parts; part++) {
      for (let degree = order; degree < degrees; degree++, to++) {
        const [first, of] = [((degree * orders + order) * parts + part) * modes, degree * modes];
        let sum = 0;
        for (let mode = 0; mode < modes; mode++) sum += kernel.values[of + mode] * values[first + mode];
        out[to] = sum;
      }
    }
    return out;
  });
}

/** Multiplies a spectrum `(order and part, row)` by i. */
function timesI(spectrum) {
  const { rows, columns } = spectrum;
  const out = new Matrix(rows, columns, new Float32Array(rows * columns));
  for (let k = 0; k < rows; k += 2) {
    out.row(k).set(spectrum.row(k + 1).map((value) => -value));
    out.row(k + 1).set(spectrum.row(k));
  }
  return out;
}

/** Adds two matrices after multiplying each of their columns by its weight. */
function combined(a, b, weightsOf) {
  const weights = Array.from({ length: a.columns }, (_, column) => weightsOf(column));
  const [ofA, ofB] = [0, 1].map((i) => Float64Array.from(weights, (both) => both[i]));
  const out = new Matrix(a.rows, a.columns, new Float32Array(a.values.length));
  for (let i = 0, at = 0; i < a.rows; i++) {
    for (let j = 0; j < a.columns; j++, at++) out.values[at] = ofA[j] * a.values[at] + ofB[j] * b.values[at];
  }
  return out;
}
