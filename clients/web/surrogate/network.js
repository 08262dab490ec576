/**
 * The network of a refinement: 3 x 3 convolutions, from channels of a shell to what its code leaves out. A convolution is a
 * product of its weights and of planes that are shifted by up to two rows and columns.
 */

import { SurrogateError } from "./error.js";

/** The network's channels for a shell: temperature below, there and above, depth, and distance from the axis. */
const CHANNELS = 5;
const [BELOW, DEPTH, AXIS] = [0, 3, 4];
const SLOPE = 0.1;

export class Network {
  #layers;
  #seen;
  #found;
  #places; // of what it sees
  #margin;
  #width;
  #plane;
  #input;
  #buffers;
  #nothing;
  #within; // `(row of a plane,)` the row of the grid, and whether it lies beyond a pole

  /** Throws a SurrogateError if the weights do not hold the network. */
  static check(tensors, { channels, layers }) {
    layersOf(tensors, { channels, layers });
  }

  /**
   * @param {Object<string, import("./safetensors.js").Tensor>} tensors the surrogate's weights
   * @param {{channels: number, layers: number}} refinement
   * @param {import("./transform.js").Transform} seen @param {import("./transform.js").Transform} found the transforms of what
   *   the network sees, three shells for each, and of what it finds
   */
  constructor(tensors, { channels, layers }, seen, found) {
    const { workspace, rows, columns } = seen.grid;
    this.#seen = seen;
    this.#found = found;
    this.#places = seen.places;
    this.#margin = layers; // every convolution takes a row and a column from each side
    this.#width = columns + 2 * layers;
    const planeLength = (rows + 2 * layers + 2) * this.#width + 16; // reading and writing go a little beyond the end
    this.#plane = planeLength;
    const planes = (count) => Array.from({ length: count }, () => workspace.place(planeLength));
    this.#input = planes(CHANNELS);
    this.#buffers = [planes(channels), planes(channels)];
    [this.#nothing] = planes(1);
    this.#within = Array.from({ length: rows + 2 * layers }, (_, i) => {
      const row = i - layers;
      const within = row < 0 ? -1 - row : Math.min(row, 2 * rows - 1 - row);
      return { row: within, isBeyond: within !== row };
    });
    this.#layers = layersOf(tensors, { channels, layers }).map((layer, i) => this.#placed(layer, i, workspace));
    this.#fill(this.#input[AXIS], ({ row }) => seen.grid.sine[row]);
  }

  /** Puts a layer's weights and the addresses of its terms into the workspace. */
  #placed({ weights, bias, from }, i, workspace) {
    const input = i === 0 ? this.#input : this.#buffers[(i - 1) % 2];
    const shifted = (plane) => [0, 1, 2].flatMap((row) => [0, 1, 2].map((column) => plane + row * this.#width + column));
    return {
      factors: workspace.put(weights),
      addresses: workspace.putAddresses(input.slice(0, from).flatMap(shifted)),
      inner: 9 * from,
      bias,
      input,
      output: this.#buffers[i % 2],
    };
  }

  /**
   * Runs the network on a shell. @param {{seen: number, found: number}} fields what it sees, and where its output goes
   * @param {number} shell @param {number} depth from -1 to 1
   */
  run({ seen, found }, shell, depth) {
    const { workspace, rows } = this.#seen.grid;
    for (let side = 0; side < 3; side++) this.#continue(this.#input[BELOW + side], seen + 3 * shell + side);
    this.#fill(this.#input[DEPTH], () => depth);
    const last = this.#layers.length - 1;
    this.#layers.forEach(({ factors, addresses, inner, bias, input, output }, i) => {
      const columns = Math.ceil(((rows + 2 * (this.#margin - i - 1)) * this.#width) / 8) * 8;
      workspace.multiplyListed({
        out: output[0], outStep: output[1] === undefined ? 0 : output[1] - output[0],
        factors, rowStep: inner, innerStep: 1, rows: bias.length,
        addresses, inner, columns,
      });
      bias.forEach((value, channel) => {
        const isInner = i > 0 && i < last;
        workspace.activate({
          out: output[channel],
          added: isInner ? input[channel] + this.#width + 1 : this.#nothing,
          columns,
          bias: value,
          slope: i < last ? SLOPE : 1,
        });
      });
    });
    this.#take(this.#layers[last].output[0], found + shell);
  }

  /** Fills a plane with a number for each row. */
  #fill(plane, value) {
    const { floats } = this.#seen.grid.workspace;
    this.#within.forEach((within, i) => floats.fill(value(within), plane + i * this.#width, plane + (i + 1) * this.#width));
  }

  /** Fills a plane with a shell of a field and with more points on each side, taken across the poles and the date line. */
  #continue(plane, field) {
    const { floats } = this.#seen.grid.workspace;
    const { columns } = this.#seen.grid;
    const { rowPlaces, columnPlaces } = this.#places;
    this.#within.forEach(({ row, isBeyond }, i) => {
      const [to, from] = [plane + i * this.#width, field + rowPlaces[row]];
      let column = (columns - this.#margin + (isBeyond ? columns / 2 : 0)) % columns;
      for (let j = 0; j < this.#width; j++) {
        floats[to + j] = floats[from + columnPlaces[column]];
        column = column + 1 === columns ? 0 : column + 1;
      }
    });
  }

  /** Takes a shell of a field from the upper left of a plane, and multiplies its rows by the grid's weights. */
  #take(plane, field) {
    const { grid, width, columnStep, blockStep, rowAt, columnAt } = this.#found;
    const { floats } = grid.workspace;
    const blockRows = columnStep / width;
    rowAt.forEach((row, i) => {
      if (row < 0) return;
      const [from, share] = [plane + row * this.#width, grid.weights[row]];
      const to = field + Math.floor(i / blockRows) * blockStep + (i % blockRows) * width;
      for (let at = 0; at < columnAt.length; at++) floats[to + at * columnStep] = share * floats[from + columnAt[at]];
    });
  }
}

/**
 * @typedef {{weights: Float32Array, bias: Float32Array, from: number}} Layer  weights `(output channel, input channel, row, column)`,
 *   a bias for each output channel, and the number `from` of input channels
 * @returns {Layer[]} 3 x 3 convolutions; throws SurrogateError
 */
function layersOf(tensors, { channels, layers }) {
  return Array.from({ length: layers }, (_, i) => {
    const [from, to] = [i === 0 ? CHANNELS : channels, i === layers - 1 ? 1 : channels];
    const [weight, scale, bias] = ["weight", "scale", "bias"].map((name) => tensors[`refinement.${i}.${name}`]);
    if (weight?.shape.join() !== [to, from, 3, 3].join() || scale?.values.length !== to || bias?.values.length !== to) {
      throw new SurrogateError("The weights do not hold the refinement that spec.json asks for.");
    }
    const weights = Float32Array.from(weight.values, (value, k) => value * scale.values[Math.floor(k / (9 * from))]);
    return { weights, bias: bias.values, from };
  });
}
