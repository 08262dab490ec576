/**
 * The prediction of a step from the decoded step before it or after it, like `earthgan.kinds.prediction`: temperature is carried by
 * the flow that it drives, diffused and heated for the time between two steps.
 */

import { SurrogateError } from "./error.js";
import { GaussGrid } from "./gauss.js";
import { padded, Workspace } from "./kernel.js";
import { Matrix, pseudoInverse } from "./matrix.js";
import { RadialGrid } from "./radial.js";
import { flowOf } from "./stokes.js";
import { Transform } from "./transform.js";

/** A duration may exceed a whole number of intervals by this share of an interval. */
const SLACK = 0.01;
/** Durations are the same if they differ by less than this share: times are rounded, and float32 sees no difference. */
const SAME = 1e-9;
/** Modes whose singular values are below this share of the greatest count as zero. */
const SMALLEST = 1e-6;
/** This number stands for a gain of 1. */
const GAIN_STEPS = 255;

export class Predictor {
  #preset;
  #arguments;
  #temperature;
  #kelvins;
  #nodes;
  #shells;
  #gains; // forwards
  #back; // and backwards in time
  #parts = null; // everything slow, computed when a step is first predicted

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
    const gainsOf = (suffix) =>
      components.map(({ field, centre }) => {
        const gains = tensors[`prediction.${field}.gains${suffix}`] ?? tensors[`prediction.${field}.gains`];
        if (gains?.shape.join() !== [preset.degree + 1, centre.length].join()) {
          throw new SurrogateError("The weights do not hold a gain for each degree and mode.");
        }
        return gains.values;
      });
    this.#gains = gainsOf("");
    this.#back = gainsOf("_back");
  }

  /** Computes everything slow that the first prediction would wait for. */
  prepare() {
    this.#parts ??= this.#prepared();
  }

  /**
   * Returns the prediction of coefficients a `duration` later, or earlier if it is negative.
   * @param {import("./coded.js").Coefficients} coefficients @param {number} strength of the step's buoyancy
   */
  predicted(coefficients, duration, strength) {
    const { shape, values } = this.carried(coefficients, duration, strength);
    const [degrees, orders, parts, modes] = shape;
    const gains = duration < 0 ? this.#back : this.#gains;
    for (let degree = 0; degree < degrees; degree++) {
      const ofDegree = gains.flatMap((of) => Array.from(rowOf(of, degree, degrees), (gain) => gain / GAIN_STEPS));
      const first = degree * orders * parts * modes;
      for (let at = first; at < first + (degree + 1) * parts * modes; at += modes) {
        for (let mode = 0; mode < modes; mode++) values[at + mode] *= ofDegree[mode];
      }
    }
    return { shape, values };
  }

  /** Returns the coefficients a `duration` later, or earlier if it is negative. Degrees above the prediction's own stay as they are. */
  carried({ shape, values }, duration, strength) {
    const { advection, diffusivity, heating, interval } = this.#arguments;
    const carried = { shape, values: values.slice() };
    if ((advection === 0 && diffusivity === 0 && heating === 0) || duration === 0) return carried;
    this.#parts ??= this.#prepared();
    const { all, workspace, toShells, toModes, spectra } = this.#parts;
    const modes = this.#temperature.centre.length;
    const before = all.fromModes(carried, toShells, modes, spectra.before);
    workspace.floats.copyWithin(spectra.after, before, before + all.spectrumLength);
    const passes = Math.max(1, Math.ceil((Math.max(strength, 1) * Math.abs(duration)) / interval - SLACK));
    for (let pass = 0; pass < passes; pass++) this.#pass(spectra.after, duration / passes, strength);
    all.addModes(this.#sum(spectra.after, spectra.after, before, -1), toModes, modes, carried);
    return carried;
  }

  /** Takes a spectrum of temperature to one pass later. */
  #pass(temperature, duration, strength) {
    const { all, low, spectra } = this.#parts;
    const diffusion = this.#diffusion(duration);
    const start = this.#heat(all.eachDegree(diffusion, temperature, spectra.start), duration / 2);
    // The flow in the middle of the pass; its change is taken from low degrees.
    const middle = this.#sum(spectra.middle, start, start, 0);
    const few = this.#copy(all, start, low, spectra.few);
    this.#flow(low, few);
    this.#advect(low, few, spectra.fewMoved);
    this.#addLow(middle, spectra.fewMoved, (strength * duration) / 2);
    this.#flow(all, middle);
    const last = this.#arguments.stages - 1;
    const step = (strength * duration) / last;
    let [oldest, older, old] = [spectra.middle, start, spectra.old];
    this.#sum(old, old, this.#advect(all, start, old), step - 1); // times the step
    for (let stage = 0; stage < last; stage++) {
      this.#advect(all, old, spectra.moved);
      // The oldest of three spectra makes room for the latest.
      const latest = this.#sum(oldest, older, spectra.moved, 2 * step);
      [oldest, older, old] = [older, old, latest];
    }
    const moved = this.#sum(spectra.moved, older, this.#sum(oldest, oldest, old, 1), 0.5);
    all.eachDegree(diffusion, this.#heat(moved, duration / 2), temperature);
  }

  /**
   * Computes the velocity inwards, northwards and westwards, the last two divided by the radius, times the grid's weights.
   * It is zero at the boundaries, because their temperature is fixed.
   */
  #flow(transform, temperature) {
    const { maps, spectra, fields } = this.#parts;
    const of = (matrices) => transform.eachDegree(matrices.slice(0, transform.grid.rows), temperature, spectra.moved);
    const weights = this.#parts.weights.get(transform);
    transform.values(of(maps.radial), "values", fields.outward, weights);
    const lateral = of(maps.lateral);
    transform.values(lateral, "slopes", fields.south, weights);
    transform.values(lateral, "eastward", fields.east, weights);
  }

  /** Computes the coefficients of `-u . grad T`. */
  #advect(transform, temperature, out) {
    const { derivative, fields } = this.#parts;
    const factors = [
      { field: fields.outward, spectrum: transform.allDegrees(derivative, temperature, out), kind: "values" },
      { field: fields.south, spectrum: temperature, kind: "slopes" },
      { field: fields.east, spectrum: temperature, kind: "eastward" },
    ];
    return transform.coefficientsOfProducts(factors, fields.product, out);
  }

  /** Heats a temperature everywhere but at the boundaries. */
  #heat(temperature, duration) {
    const { floats } = this.#parts.workspace;
    const more = this.#arguments.heating * duration * Math.sqrt(4 * Math.PI);
    for (let shell = 1; shell < this.#shells.count - 1; shell++) floats[temperature + shell] += more;
    return temperature;
  }

  /** Computes `out = a + factor * b`. */
  #sum(out, a, b, factor) {
    const { workspace, all } = this.#parts;
    all.eachOrder((first, length) => workspace.sum(out + first, a + first, b + first, length, factor));
    return out;
  }

  /** Copies the low degrees of a spectrum. */
  #copy(all, spectrum, low, out) {
    const { floats } = this.#parts.workspace;
    for (let order = 0; order < low.grid.rows; order++) {
      const first = spectrum + order * all.orderStep;
      floats.copyWithin(out + order * low.orderStep, first, first + low.orderStep);
    }
    return out;
  }

  /** Adds a multiple of low degrees. */
  #addLow(spectrum, few, factor) {
    const { all, low, workspace } = this.#parts;
    const { floats } = workspace;
    for (let order = 0; order < low.grid.rows; order++) {
      const [to, from] = [spectrum + order * all.orderStep, few + order * low.orderStep];
      for (let i = 0; i < low.orderStep; i++) floats[to + i] += factor * floats[from + i];
    }
  }

  /** For each degree, the place of the diffusion for half of a duration. It is undone in part if the duration is negative. */
  #diffusion(duration) {
    const { places, durations, derivative64 } = this.#parts.diffusion;
    const isKnown = (known) => Math.abs(known - duration) <= SAME * Math.abs(duration);
    if (!durations.some(isKnown)) {
      const { nodes, count } = this.#shells;
      const second = derivative64.times(derivative64);
      const factor = (this.#arguments.diffusivity * Math.abs(duration)) / 2;
      const ofDegree = (degree) =>
        Matrix.of(count, count, (i, j) => {
          if (i === 0 || i === count - 1) return 0;
          const lateral = i === j ? (degree * (degree + 1)) / nodes[i] ** 2 : 0;
          return factor * (second.at(i, j) + (2 / nodes[i]) * derivative64.at(i, j) - lateral);
        });
      // The newest takes the room of the oldest.
      const slot = durations.length < places.length ? durations.length : this.#parts.diffusion.next++ % places.length;
      durations[slot] = duration;
      const { floats } = this.#parts.workspace;
      places[slot].forEach((place, degree) => {
        const diffusion = exponential(ofDegree(degree));
        const matrix = transposed(duration < 0 ? nearInverse(diffusion) : diffusion);
        for (let row = 0; row < count; row++) floats.set(matrix.row(row), place + row * padded(count));
      });
    }
    return places[durations.findIndex(isKnown)];
  }

  #prepared() {
    const { degree, flow_degree, advection } = this.#arguments;
    const [nodes, shells] = [this.#nodes, this.#shells];
    const workspace = new Workspace();
    const kinds = ["values", "slopes", "eastward"];
    const all = new Transform(new GaussGrid(degree, workspace, kinds), shells.count);
    const low = new Transform(new GaussGrid(Math.min(degree, flow_degree), workspace, kinds), shells.count);
    const fromNodes = fewerNodes(nodes, shells);
    const back = shells.interpolation(nodes.nodes);
    const modes = this.#temperature.modes.slice(0, degree + 1);
    const root = nodes.integral().map(Math.sqrt);
    const weighted = back.map((value, node) => root[node] * value);
    const put = (matrix) => workspace.putRows(transposed(matrix));
    const perBand = (of) => {
      const known = new Map(); // the degrees of a band share their modes
      return modes.map((ofDegree) => known.get(ofDegree) ?? known.set(ofDegree, put(of(ofDegree))).get(ofDegree));
    };
    const toModes = (ofDegree) => pseudoInverse(ofDegree.map((value, node) => root[node] * value), SMALLEST).times(weighted);
    const still = put(new Matrix(shells.count, shells.count));
    let maps = { radial: modes.map(() => still), lateral: modes.map(() => still) };
    if (this.#preset.stokes && advection !== 0) {
      const flow = flowOf(this.#preset.stokes, nodes, modes.map(() => back), this.#kelvins * advection);
      const onShells = (of, divided) =>
        of.map((ofDegree) => put(fromNodes.times(ofDegree).map((value, shell) => value / divided(shell))));
      maps = { radial: onShells(flow.u, () => 1), lateral: onShells(flow.v, (shell) => shells.nodes[shell]) };
    }
    const derivative = shells.derivative();
    const named = (names, make) => Object.fromEntries(names.map((name) => [name, make()]));
    const room = () => modes.map(() => workspace.place(shells.count * padded(shells.count)));
    return {
      workspace,
      all,
      low,
      derivative: put(derivative),
      toShells: perBand((ofDegree) => fromNodes.times(ofDegree)),
      toModes: perBand(toModes),
      maps,
      diffusion: { places: [room(), room()], durations: [], next: 0, derivative64: derivative },
      spectra: {
        ...named(["before", "after", "start", "middle", "old", "moved"], () => all.spectrum()),
        ...named(["few", "fewMoved"], () => low.spectrum()),
      },
      weights: new Map([all, low].map((transform) => [transform, transform.weighting(inside(transform.grid, shells))])),
      fields: { ...named(["outward", "south", "east"], () => all.field()), product: workspace.place(all.blockStep) },
    };
  }
}

/** A row of an array with a number of rows. */
const rowOf = (array, row, rows) => array.subarray((row * array.length) / rows, ((row + 1) * array.length) / rows);

/** The weights of velocities inwards, northwards and westwards in a product that is analysed. Boundaries do not flow. */
const inside = (grid, shells) => (row, shell) => (shell > 0 && shell < shells.count - 1 ? -grid.weights[row] : 0);

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
  const part = new Matrix(matrix.rows, matrix.columns, matrix.values.map((value) => value * 2 ** -halvings));
  let out = matrix.map((_, i, j) => (i === j ? 1 : 0));
  for (let n = 12; n > 0; n--) {
    out = part.times(out);
    for (let k = 0; k < out.values.length; k++) out.values[k] /= n;
    for (let i = 0; i < out.rows; i++) out.row(i)[i] += 1;
  }
  for (let n = 0; n < halvings; n++) out = out.times(out);
  return out;
}

/** The inverse of a matrix, as far as a series of three terms gives it. */
function nearInverse(matrix) {
  const one = matrix.map((_, i, j) => (i === j ? 1 : 0));
  const less = sum(one, matrix, -1);
  return sum(sum(one, less, 1), less.times(less), 1);
}

const sum = (a, b, factor) => new Matrix(a.rows, a.columns, a.values.map((value, i) => value + factor * b.values[i]));
const transposed = (matrix) => Matrix.of(matrix.columns, matrix.rows, (i, j) => matrix.at(j, i));
