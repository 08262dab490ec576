/** Draws a shell's values with the legend's colours, as the gateway draws tiles. */

import { turnedTo } from "./longitude.js";

const TILE_PX = 256;
/** The number of steps from the first of the legend's colours to the last. */
const STEPS = 254;

/**
 * @typedef {{left: number, top: number, width: number, height: number}} Box  in pixels of the whole map at a zoom; columns
 *   may lie beyond the date line
 */

export class Picture {
  #grid;
  #latitudes;
  #shell = null;
  #palette = null;
  #range = [0, 1];

  /** @param {import("./source.js").Grid} grid latitudes north first, longitudes ascending */
  constructor(grid) {
    this.#grid = grid;
    this.#latitudes = grid.latitudes_deg.slice();
    if (this.#latitudes[0] < 90) this.#latitudes.unshift(90);
    if (this.#latitudes.at(-1) > -90) this.#latitudes.push(-90);
  }

  /**
   * @param {Float32Array} values `(row, column)` in the variable's unit
   * @param {import("./source.js").Legend} legend
   */
  set(values, { range, colors, factor }) {
    this.#shell = this.#padded(values);
    this.#range = range.map((end) => end / (factor ?? 1));
    const rgb = colors.map((color) => [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16)));
    // A pixel's bytes are red, green, blue and opacity. Index 0 is transparent and means "no value".
    this.#palette = Uint32Array.from([0, ...rgb.map(([r, g, b]) => ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0)]);
  }

  /**
   * Paints a part of plate carrée, whose pixels are those of the gateway's tiles.
   * @param {number} zoom a whole number @param {Box} box @param {HTMLCanvasElement} canvas
   */
  paint(zoom, { left, top, width, height }, canvas) {
    const scale = TILE_PX * 2 ** zoom; // pixels for 180 degrees
    const rows = neighbours(height, (i) => this.#rowOf(90 - ((top + i + 0.5) * 180) / scale));
    const columns = neighbours(width, (j) => this.#columnOf(((left + j + 0.5) * 180) / scale - 180));
    const [low, high] = this.#range;
    const [perStep, count] = [STEPS / (high - low), this.#grid.longitudes_deg.length];
    const pixels = new Uint32Array(width * height);
    const [shell, palette, line] = [this.#shell, this.#palette, new Float32Array(count)];
    for (let i = 0, at = 0; i < height; i++) {
      const [before, after, share] = [rows.before[i] * count, rows.after[i] * count, rows.share[i]];
      for (let k = 0; k < count; k++) {
        const value = shell[before + k] + share * (shell[after + k] - shell[before + k]);
        line[k] = (value - low) * perStep + 1.5;
      }
      for (let j = 0; j < width; j++, at++) {
        const west = line[columns.before[j]];
        const index = west + columns.share[j] * (line[columns.after[j]] - west);
        pixels[at] = palette[index >= 1 ? Math.min(index, STEPS + 1) | 0 : index === index ? 1 : 0];
      }
    }
    canvas.width = width;
    canvas.height = height;
    canvas.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(pixels.buffer), width, height), 0, 0);
  }

  /** The values with a row for each pole that the grid has no row for: the mean of the nearest row. */
  #padded(values) {
    const { latitudes_deg: latitudes, longitudes_deg: longitudes } = this.#grid;
    const count = longitudes.length;
    const widths = longitudes.map((longitude, j) => {
      const [west, east] = [j ? longitudes[j - 1] : longitudes.at(-1) - 360, j < count - 1 ? longitudes[j + 1] : longitudes[0] + 360];
      return (east - west) / 720;
    });
    const pole = (row) => new Float32Array(count).fill(row.reduce((sum, value, j) => sum + widths[j] * value, 0));
    const north = latitudes[0] < 90 ? [pole(values.subarray(0, count))] : [];
    const south = latitudes.at(-1) > -90 ? [pole(values.subarray(values.length - count))] : [];
    const out = new Float32Array(this.#latitudes.length * count);
    [...north, values, ...south].reduce((at, part) => (out.set(part, at), at + part.length), 0);
    return out;
  }

  #rowOf(latitude) {
    return bracket(this.#latitudes.length - 1, (i) => -this.#latitudes[i], -latitude);
  }

  #columnOf(longitude) {
    const { longitudes_deg: longitudes } = this.#grid;
    const [first, count] = [longitudes[0], longitudes.length];
    const turned = turnedTo(longitude, first);
    const [before, after, share] = bracket(count, (j) => (j < count ? longitudes[j] : first + 360), turned);
    return [before, after % count, share];
  }
}

/** For each of `count` positions, the points before and after it and the share of the one after. */
function neighbours(count, of) {
  const found = { before: new Int32Array(count), after: new Int32Array(count), share: new Float32Array(count) };
  for (let i = 0; i < count; i++) [found.before[i], found.after[i], found.share[i]] = of(i);
  return found;
}

/** The interval of an ascending axis from 0 to `last` that holds a position, which is moved into the axis. */
function bracket(last, axis, position) {
  let [low, high] = [0, last];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (axis(middle) <= position) low = middle;
    else high = middle;
  }
  const share = (position - axis(low)) / (axis(high) - axis(low));
  return [low, high, Math.min(Math.max(share, 0), 1)];
}
