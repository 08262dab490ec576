/**
 * The `spectral` kind, like `earthgan.kinds.spectral_planner`: it evaluates coefficients at the points of a shell.
 *
 * Temperature is the sum over degree l, order m and mode k of `x_lmk B_lk(r) Y_lm`. Velocity
 * `u = U Y r^ + V grad_1 Y + W r^ x grad_1 Y` is a linear function of the same coefficients by the Stokes equations,
 * and of coefficients of its own on shells where they explain too little.
 */

import { SurrogateError } from "./error.js";
import { knotWeights, storedRuns } from "./gate.js";
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
  /** @param {number} degree @param {import("../source.js").Grid} grid of any rows and columns */
  constructor(degree, { latitudes_deg, longitudes_deg }) {
    const colatitudes = Float64Array.from(latitudes_deg, (latitude) => ((90 - latitude) * Math.PI) / 180);
    const longitudes = Float64Array.from(longitudes_deg, (longitude) => (longitude * Math.PI) / 180);
    if (![...colatitudes, ...longitudes].every(Number.isFinite)) {
      throw new SurrogateError("The grid's latitudes and longitudes are not all numbers.");
    }
    this.functions = legendre(degree, colatitudes);
    /** `(row,)` */
    this.meridian = { sine: colatitudes.map(Math.sin), cosine: colatitudes.map(Math.cos) };
    /** `(column,)` */
    this.parallel = { sine: longitudes.map(Math.sin), cosine: longitudes.map(Math.cos) };
    /** `(order and part, column)`, from real and imaginary parts to values. In a real field, -m and m belong together. */
    this.azimuth = Matrix.of(2 * (degree + 1), longitudes.length, (row, column) => {
      const [order, imaginary] = [row >> 1, row & 1];
      const angle = order * longitudes[column];
      return (order === 0 ? 1 : 2) * (imaginary ? -Math.sin(angle) : Math.cos(angle));
    });
  }

  /**
   * @param {"values"|"slopes"|"eastward"} kind @param {Matrix[]} modes for each order, `(part, degree - order)`
   * @returns {Matrix} `(order and part, row)`
   */
  onRows(kind, modes) {
    const { sine } = this.meridian;
    const spectrum = new Matrix(2 * modes.length, sine.length);
    modes.forEach((ofOrder, m) => {
      spectrum.values.set(ofOrder.times(this.functions[kind][m]).values, 2 * m * sine.length);
    });
    return spectrum;
  }

  /** @param {Matrix} spectrum `(order and part, row)` @returns {Matrix} `(row, column)` */
  alongRows(spectrum) {
    return Matrix.of(spectrum.columns, spectrum.rows, (row, k) => spectrum.at(k, row)).times(this.azimuth);
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
  return Array.from({ length: orders }, (_, order) =>
    Matrix.of(parts, degrees - order, (part, k) => {
      const first = (((order + k) * orders + order) * parts + part) * modes;
      const row = kernel.row(order + k);
      let sum = 0;
      for (let mode = 0; mode < modes; mode++) sum += row[mode] * values[first + mode];
      return sum;
    }),
  );
}

/** Multiplies a spectrum `(order and part, row)` by i. */
function timesI(spectrum) {
  const { rows, columns } = spectrum;
  return Matrix.of(rows, columns, (k, row) => (k & 1 ? spectrum.at(k - 1, row) : -spectrum.at(k + 1, row)));
}

/** Adds two matrices after multiplying each of their columns by its weight. */
function combined(a, b, weightsOf) {
  const weights = Array.from({ length: a.columns }, (_, column) => weightsOf(column));
  return Matrix.of(a.rows, a.columns, (i, j) => weights[j][0] * a.at(i, j) + weights[j][1] * b.at(i, j));
}
