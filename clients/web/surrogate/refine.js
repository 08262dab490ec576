/**
 * The refinement of temperature, like `earthgan.kinds.refine`: a small network predicts what the code leaves out.
 * A decoded step is evaluated on the Gauss rows of a few shells. The network sees each shell together with the shells
 * below and above it. Its output is analysed exactly and added to the coded coefficients.
 */

import { SurrogateError } from "./error.js";
import { gaussLegendre } from "./legendre.js";
import { Matrix, pseudoInverse } from "./matrix.js";
import { RadialGrid } from "./radial.js";
import { Harmonics, synthesise } from "./spectral.js";

/** The network's channels for a shell: temperature below, there and above, depth, and distance from the axis. */
const CHANNELS = 5;
const SLOPE = 0.1;
/** Modes whose singular values are below this share of the greatest count as zero. */
const SMALLEST = 1e-6;

export class Refinement {
  #preset;
  #kernels;
  #layers;
  #gains;
  #shells;
  #sphere;
  #toModes = null;
  #modesOf;

  /**
   * @param {Object<string, import("./safetensors.js").Tensor>} tensors the surrogate's weights
   * @param {object} preset spec.json's arguments, with a `refinement`
   * @param {import("./coded.js").Component} temperature @param {import("./spectral.js").Kernels} kernels
   */
  constructor(tensors, preset, temperature, kernels) {
    const { inner_km, outer_km, nodes, refinement } = preset;
    const thickness = outer_km - inner_km;
    const grid = new RadialGrid(nodes, inner_km / thickness, outer_km / thickness);
    this.#preset = preset;
    this.#kernels = kernels;
    this.#layers = layersOf(tensors, refinement);
    this.#gains = gainsOf(tensors, preset.degree);
    this.#shells = new RadialGrid(refinement.shells, grid.inner, grid.outer);
    this.#sphere = new GaussSphere(preset.degree);
    this.#modesOf = () => toModes(temperature, grid, this.#shells.interpolation(grid.nodes));
  }

  /**
   * @param {import("./coded.js").Coefficients} coefficients
   * @returns {Float32Array} `(degree, order, part, mode)`, to be added to the coefficients
   */
  correction({ shape, values }) {
    const [, orders, parts, modes] = shape;
    const lateral = { shape, values: values.slice().fill(0, 0, orders * parts * modes) }; // without the mean
    const seen = Array.from(this.#shells.nodes, (radius) => run(this.#layers, this.#seen(lateral, radius)));
    const found = this.#sphere.coefficients(seen);
    this.#toModes ??= this.#modesOf(); // computed here, so that opening a surrogate does not wait for it
    const added = new Float32Array(values.length);
    found.forEach((ofOrder, order) => {
      for (let k = 0; k < ofOrder.rows; k++) {
        const gain = this.#gains[order + k] * this.#preset.refinement.error_rms;
        const ofShells = new Matrix(parts, seen.length, ofOrder.row(k));
        for (let part = 0; part < parts; part++) {
          const profile = new Matrix(seen.length, 1, ofShells.row(part));
          const ofModes = this.#toModes[order + k].times(profile).values;
          const place = (((order + k) * orders + order) * parts + part) * modes;
          added.set(ofModes.map((value) => value * gain), place);
        }
      }
    });
    return added;
  }

  /** Returns the network's channels `(row, column)` for a shell, with as many points beyond the edges as it needs. */
  #seen(lateral, radius) {
    const { inner_km, outer_km, refinement } = this.#preset;
    const { inner, outer } = this.#shells;
    const { harmonics } = this.#sphere;
    const temperatures = [-1, 0, 1].map((side) => {
      const radiusKm = radius * (outer_km - inner_km) + side * refinement.reach_km;
      const within = Math.min(Math.max(radiusKm, inner_km), outer_km);
      const [field] = synthesise(lateral, this.#kernels, harmonics, within, [0]);
      return field.map((value) => value / refinement.field_rms);
    });
    const depth = temperatures[0].map(() => (2 * (radius - inner)) / (outer - inner) - 1);
    const axis = depth.map((_, row) => harmonics.meridian.sine[row]);
    return [...temperatures, depth, axis].map((channel) => continued(channel, refinement.layers));
  }
}

/** A grid on which harmonics up to `degree` are analysed exactly. */
class GaussSphere {
  #weights;
  #waves;

  constructor(degree) {
    const { nodes, weights } = gaussLegendre(degree + 1);
    const columns = 2 * (degree + 1);
    this.harmonics = new Harmonics(degree, {
      latitudes_deg: nodes.map((x) => (Math.asin(x) * 180) / Math.PI),
      longitudes_deg: Array.from({ length: columns }, (_, column) => (column * 360) / columns),
    });
    this.#weights = weights.map((weight) => (weight * 2 * Math.PI) / columns);
    const { azimuth } = this.harmonics; // in this matrix, orders m > 0 count twice
    this.#waves = Matrix.of(columns, azimuth.rows, (column, k) => azimuth.at(k, column) / (k < 2 ? 1 : 2));
  }

  /**
   * @param {Matrix[]} shells `(row, column)` each
   * @returns {Matrix[]} for each order, `(degree - order, part and shell)`
   */
  coefficients(shells) {
    const spectra = shells.map((shell) => shell.map((value, row) => value * this.#weights[row]).times(this.#waves));
    return this.harmonics.functions.values.map((functions, order) => {
      const onRows = Matrix.of(functions.columns, 2 * shells.length, (row, k) => {
        const [part, shell] = [Math.floor(k / shells.length), k % shells.length];
        return spectra[shell].at(row, 2 * order + part);
      });
      return functions.times(onRows);
    });
  }
}

/**
 * For each degree, the matrix `(mode, shell)` from a profile on shells to the nearest coefficients of the coded modes.
 * Modes that are not coded are left out, because they would have to cancel others.
 */
function toModes({ modes, tables }, grid, onto) {
  const root = grid.integral().map(Math.sqrt);
  const onNodes = onto.map((value, node) => root[node] * value);
  const known = new Map(); // most degrees of a band have the same modes coded
  return modes.map((ofDegree, degree) => {
    const coded = tables.subarray(degree * ofDegree.columns, (degree + 1) * ofDegree.columns).map((table) => (table > 0 ? 1 : 0));
    if (!known.has(ofDegree)) known.set(ofDegree, new Map());
    const ofBand = known.get(ofDegree);
    if (!ofBand.has(coded.join())) {
      const weighted = ofDegree.map((value, node, mode) => coded[mode] * root[node] * value);
      ofBand.set(coded.join(), pseudoInverse(weighted, SMALLEST).times(onNodes));
    }
    return ofBand.get(coded.join());
  });
}

/** The gains `(degree,)`, by which the network's output is multiplied. */
function gainsOf(tensors, degree) {
  const gains = tensors["refinement.gains"]?.values;
  if (gains?.length !== degree + 1) throw new SurrogateError("The weights do not hold a gain for each degree.");
  return gains;
}

/**
 * @typedef {{weights: Float64Array, bias: Float32Array, from: number}} Layer  weights `(output channel, input channel, row, column)`,
 *   a bias for each output channel, and the number `from` of input channels
 */

/** @returns {Layer[]} 3 x 3 convolutions; throws SurrogateError */
function layersOf(tensors, { channels, layers }) {
  return Array.from({ length: layers }, (_, i) => {
    const [from, to] = [i === 0 ? CHANNELS : channels, i === layers - 1 ? 1 : channels];
    const [weight, scale, bias] = ["weight", "scale", "bias"].map((name) => tensors[`refinement.${i}.${name}`]);
    if (weight?.shape.join() !== [to, from, 3, 3].join() || scale?.values.length !== to || bias?.values.length !== to) {
      throw new SurrogateError("The weights do not hold the refinement that spec.json asks for.");
    }
    const weights = Float64Array.from(weight.values, (value, k) => value * scale.values[Math.floor(k / (9 * from))]);
    return { weights, bias: bias.values, from };
  });
}

/** Returns the network's output `(row, column)` for its channels. @param {Layer[]} layers @param {Matrix[]} channels */
function run(layers, channels) {
  const [first, ...inner] = layers.slice(0, -1);
  let x = convolved(first, channels);
  x.forEach(makeLeaky);
  for (const layer of inner) {
    const y = convolved(layer, x);
    y.forEach((channel, i) => {
      makeLeaky(channel);
      addInner(channel, x[i]);
    });
    x = y;
  }
  return convolved(layers.at(-1), x)[0];
}

/** Returns the layer's output channels, which have two rows and two columns fewer. */
function convolved({ weights, bias, from }, channels) {
  const { rows, columns } = channels[0];
  return Array.from(bias, (start, channel) => {
    const out = new Matrix(rows - 2, columns - 2);
    out.values.fill(start);
    channels.forEach((x, i) => addConvolved(out, x, weights.subarray(9 * (channel * from + i))));
    return out;
  });
}

/** Adds nine products at a time, because reading and writing sums would be most of the work. */
function addConvolved({ values: sums, rows, columns }, { values: x }, [a, b, c, d, e, f, g, h, i]) {
  for (let row = 0; row < rows; row++) {
    let north = row * (columns + 2);
    for (let j = row * columns; j < (row + 1) * columns; j++, north++) {
      const middle = north + columns + 2;
      const south = middle + columns + 2;
      const ofNorth = a * x[north] + b * x[north + 1] + c * x[north + 2];
      const ofMiddle = d * x[middle] + e * x[middle + 1] + f * x[middle + 2];
      const ofSouth = g * x[south] + h * x[south + 1] + i * x[south + 2];
      sums[j] += ofNorth + ofMiddle + ofSouth;
    }
  }
}

function makeLeaky({ values }) {
  for (let i = 0; i < values.length; i++) if (values[i] < 0) values[i] *= SLOPE;
}

/** Adds the channel without its outermost points. */
function addInner(out, channel) {
  for (let row = 0; row < out.rows; row++) {
    const [sums, terms] = [out.row(row), channel.row(row + 1)];
    for (let j = 0; j < sums.length; j++) sums[j] += terms[j + 1];
  }
}

/** Returns a channel with more points on each side, taken across the poles and the date line. */
function continued(channel, points) {
  const { rows, columns } = channel;
  return Matrix.of(rows + 2 * points, columns + 2 * points, (i, j) => {
    const row = i - points;
    const within = row < 0 ? -1 - row : Math.min(row, 2 * rows - 1 - row);
    const turned = j - points + (row === within ? columns : columns + columns / 2);
    return channel.at(within, turned % columns);
  });
}
