/**
 * Decodes whole numbers of known distributions by tANS (Duda 2013, https://arxiv.org/abs/1311.2540).
 * `earthgan.kinds.entropy` describes the format. The numbers are distributed over lanes, and each lane has its own state
 * of `TOTAL` possible ones. Bits are read from the highest bit of each byte on.
 */

import { SurrogateError } from "./error.js";

const BITS = 14;
const TOTAL = 1 << BITS;
/** A table's symbols stand for -REACH to REACH. The last symbol announces a number outside this range. */
const REACH = 15;
export const SYMBOLS = 2 * REACH + 2;
const ESCAPE = SYMBOLS - 1;
/**
 * The largest number of lanes, the numbers of each lane in a part that only fills the lanes of another part, and the
 * largest count of numbers in a lane.
 */
const LANES = 512;
const FILLING = 64;
const MOST = 4096;
/** The distance between the states to which a table assigns one symbol after another. */
const STRIDE = (TOTAL >> 1) + (TOTAL >> 3) + 3;

export class EntropyCode {
  #shifts;
  /** The least number of bits that a number of each table adds to its part. */
  #least;
  /** For each table and state: how many bits to read (4 bits), the symbol (5 bits) and, from `BITS` on, the next state. */
  #transitions;

  /**
   * @param {Uint16Array} frequencies `(table, symbol)`; they are positive, and each table's sum is `TOTAL`
   * @param {Uint8Array} shifts `(table,)`: how many low bits of a table's numbers are stored uncoded
   */
  constructor(frequencies, shifts) {
    const tables = shifts.length;
    if (frequencies.length !== tables * SYMBOLS || shifts.some((shift) => shift > BITS)) {
      throw new SurrogateError(`A table lacks its ${SYMBOLS} frequencies or its shift of at most ${BITS}.`);
    }
    this.#shifts = shifts;
    this.#least = new Uint8Array(tables);
    this.#transitions = new Int32Array(tables * TOTAL);
    for (let table = 0; table < tables; table++) {
      const ofTable = frequencies.subarray(table * SYMBOLS, (table + 1) * SYMBOLS);
      fillTransitions(this.#transitions.subarray(table * TOTAL, (table + 1) * TOTAL), ofTable);
      this.#least[table] = BITS - bitLength(Math.max(...ofTable) - 1);
    }
  }

  /**
   * @param {Uint8Array} data
   * @param {Uint8Array} tables which table each number follows
   * @returns {Int32Array} a number for each of `tables`; throws SurrogateError if the bytes do not fit the tables
   */
  decode(data, tables) {
    const shifts = this.#shifts;
    const wide = []; // numbers whose low bits are stored uncoded
    let rawBits = 0;
    for (let i = 0; i < tables.length; i++) {
      const shift = shifts[tables[i]];
      if (shift) wide.push(i);
      rawBits += shift;
    }
    const numbers = new Int32Array(tables.length);
    const far = []; // numbers beyond reach
    let [bits, room] = [new Bits(data, data.length * 8), 0];
    for (const { start, end, lanes } of this.#parts(tables, rawBits)) {
      const states = this.#decodePart(bits, tables, numbers, far, start, end, lanes);
      if (bits.at > bits.length) throw new SurrogateError("The coded numbers end too soon.");
      [bits, room] = [bits.behind(states), lanes * BITS];
    }
    const low = wide.map((i) => bits.next(shifts[tables[i]]));
    for (const i of far) {
      const negative = bits.next(1);
      const length = bits.next(4); // Elias gamma: how many bits, then all but the first
      const beyond = REACH + (1 << length) + bits.next(length);
      numbers[i] = negative ? -beyond : beyond;
    }
    const left = bits.length - Math.max(bits.at, room);
    if (left < 0 || left > 7) throw new SurrogateError("The coded numbers do not end where they should.");
    wide.forEach((i, k) => (numbers[i] = numbers[i] * (1 << shifts[tables[i]]) + low[k]));
    return numbers;
  }

  /**
   * The parts in the order of the numbers, each with its number of lanes. The first part has the most lanes. The
   * bits after a part fill its lanes, so it has only as many lanes as these bits are sure to fill.
   */
  #parts(tables, rawBits) {
    const parts = [];
    for (let end = tables.length, bits = rawBits, start; end > 0; end = start) {
      const lanes = Math.min(Math.max(Math.floor(bits / BITS), Math.ceil(end / MOST)), LANES, end);
      start = lanes === LANES ? 0 : Math.max(0, end - lanes * FILLING);
      parts.unshift({ start, end, lanes });
      bits = Math.max(bits, lanes * BITS);
      if (start > 0) for (let i = start; i < end; i++) bits += this.#least[tables[i]];
    }
    return parts;
  }

  /** Decodes the numbers of a part, and lists those beyond REACH. @returns {Int32Array} the last states of its lanes */
  #decodePart(bits, tables, numbers, far, start, end, lanes) {
    const [bytes, transitions, states] = [bits.bytes, this.#transitions, new Int32Array(lanes)];
    for (let lane = 0; lane < lanes; lane++) states[lane] = bits.next(BITS);
    // Bits wait in a window. Its lowest `left` bits are still to be read, and it is filled by two bytes at a time.
    let byte = bits.at >> 3;
    let window = bytes[byte++];
    let left = 8 - (bits.at & 7);
    for (let i = start, lane = 0; i < end; i++) {
      const entry = transitions[tables[i] * TOTAL + states[lane]];
      const read = entry & 15;
      if (left < read) {
        window = (window << 16) | (bytes[byte] << 8) | bytes[byte + 1];
        byte += 2;
        left += 16;
      }
      left -= read;
      states[lane] = (entry >> BITS) + ((window >> left) & ((1 << read) - 1));
      if (++lane === lanes) lane = 0;
      const symbol = (entry >> 4) & 31;
      if (symbol === ESCAPE) far.push(i);
      numbers[i] = symbol - REACH;
    }
    bits.at = byte * 8 - left;
    return states;
  }
}

/** Reads bits, the highest of each byte first. Zeros follow the last bit. */
class Bits {
  constructor(bytes, length) {
    this.bytes = new Uint8Array(bytes.length + 3);
    this.bytes.set(bytes);
    [this.length, this.at] = [length, 0];
  }

  /** Returns the next bits, at most 16. */
  next(count) {
    const byte = this.at >> 3;
    const window = (this.bytes[byte] << 16) | (this.bytes[byte + 1] << 8) | this.bytes[byte + 2];
    const value = (window >> (24 - (this.at & 7) - count)) & ((1 << count) - 1);
    this.at += count;
    return value;
  }

  /** Returns the bits that the last states of lanes hold, followed by the rest of these bits. */
  behind(states) {
    const length = states.length * BITS + this.length - this.at;
    const bytes = new Uint8Array(Math.ceil(length / 8) + 1);
    let [byte, window, waiting] = [0, 0, 0];
    const write = (value, count) => {
      window = (window << count) | value;
      for (waiting += count; waiting >= 8; waiting -= 8) bytes[byte++] = window >> (waiting - 8);
    };
    for (const state of states) write(state, BITS);
    while (this.at < this.length) write(this.next(8), 8);
    bytes[byte] = window << (8 - waiting);
    return new Bits(bytes, length);
  }
}

function bitLength(number) {
  return 32 - Math.clz32(number);
}

/** Returns what each state of a table with these frequencies decodes to. */
function fillTransitions(transitions, frequencies) {
  if (frequencies.includes(0) || frequencies.reduce((sum, n) => sum + n, 0) !== TOTAL) {
    throw new SurrogateError(`A table's frequencies are not positive numbers that sum to ${TOTAL}.`);
  }
  const symbols = new Uint8Array(TOTAL);
  for (let symbol = 0, place = 0; symbol < SYMBOLS; symbol++) {
    for (let left = frequencies[symbol]; left > 0; left--) {
      symbols[place] = symbol;
      place = (place + STRIDE) & (TOTAL - 1);
    }
  }
  // The states of a symbol are numbered from its frequency to twice that. A state is shifted until it reaches TOTAL; the
  // bits that are read fill the places that this frees.
  const numbered = frequencies.slice();
  for (let state = 0; state < TOTAL; state++) {
    const symbol = symbols[state];
    const number = numbered[symbol]++;
    const read = BITS + 1 - bitLength(number);
    transitions[state] = (((number << read) - TOTAL) << BITS) | (symbol << 4) | read;
  }
}
