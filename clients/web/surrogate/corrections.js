/**
 * Corrections of single cells, like `earthgan.kinds.corrections`: they keep the largest error that a surrogate promises
 * for the cells of its own grid. A step's file ends with them.
 */

import { crcOf } from "./coded.js";
import { SurrogateError } from "./error.js";

/** The size of a correction, in bounds. */
const UNIT = 1.25;
const LENGTH_BYTES = 4;
const CRC_BYTES = 2;

/**
 * Divides a step's file. @param {ArrayBuffer} data
 * @returns {{code: ArrayBuffer, block: Uint8Array}} throws SurrogateError
 */
export function parted(data) {
  const place = data.byteLength - LENGTH_BYTES;
  const length = place >= 0 ? new DataView(data).getUint32(place, true) : Infinity;
  if (length > place) throw new SurrogateError("The step does not end with its corrections.");
  return { code: data.slice(0, place - length), block: new Uint8Array(data, place - length, length) };
}

/** The corrections of a step. */
export class Corrections {
  #shells = new Map(); // by variable and shell: the cells to change, and what to add to each in the variable's unit

  /**
   * @param {Uint8Array} block @param {number[]} shape the numbers of shells, rows and columns
   * @param {number[]} maxError each variable's bound in its unit
   */
  constructor(block, [shells, rows, columns], maxError) {
    const ofVariable = shells * rows * columns;
    let place = 0;
    for (const { gap, length, number } of runsOf(block)) {
      place += gap;
      for (const end = place + length; place < end; place++) {
        const variable = Math.floor(place / ofVariable);
        if (variable >= maxError.length) throw new SurrogateError("A correction is beyond the last cell.");
        const key = `${variable} ${place % shells}`;
        if (!this.#shells.has(key)) this.#shells.set(key, { cells: [], values: [] });
        const { cells, values } = this.#shells.get(key);
        cells.push(Math.floor((place % ofVariable) / shells));
        values.push(number * UNIT * maxError[variable]);
      }
    }
  }

  /** Adds what belongs to a variable's shell. @param {Float32Array} values `(row, column)` in the variable's unit */
  add(values, variable, shell) {
    const found = this.#shells.get(`${variable} ${shell}`);
    found?.cells.forEach((cell, i) => (values[cell] += found.values[i]));
  }

  /** What is added to one cell of a shell. @returns {number} in the variable's unit */
  at(variable, shell, cell) {
    const found = this.#shells.get(`${variable} ${shell}`);
    return found?.values[found.cells.indexOf(cell)] ?? 0;
  }
}

/** The runs of cells with the same number: the cells before each, its length and its number. */
function runsOf(block) {
  if (!block.length) return [];
  const content = block.subarray(CRC_BYTES);
  if (content.length < 8 || crcOf(content) !== block[0] + 256 * block[1]) {
    throw new SurrogateError("The corrections are damaged.");
  }
  const view = new DataView(content.buffer, content.byteOffset);
  const [count, headBytes] = [view.getUint32(0, true), view.getUint32(4, true)];
  const head = bitsOf(content.subarray(8, 8 + headBytes));
  const tail = bitsOf(content.subarray(8 + headBytes));
  const numbers = Array.from({ length: 3 * count }, () => {
    let digits = 0;
    while (head() === 0) digits++;
    let number = 1;
    for (; digits > 0; digits--) number = 2 * number + tail();
    return number - 1;
  });
  return Array.from({ length: count }, (_, i) => {
    const [gap, less, code] = [numbers[i], numbers[count + i], numbers[2 * count + i]];
    return { gap, length: less + 1, number: code % 2 ? -(code + 1) / 2 : code / 2 + 1 };
  });
}

/** Returns a function that reads bytes bit by bit, the highest bit of a byte first. */
function bitsOf(bytes) {
  let place = 0;
  return () => {
    if (place >= 8 * bytes.length) throw new SurrogateError("The corrections do not end where they should.");
    const bit = (bytes[place >> 3] >> (7 - (place & 7))) & 1;
    place++;
    return bit;
  };
}
