/**
 * Bytes as whole numbers of known distributions: rANS (Duda 2013, https://arxiv.org/abs/1311.2540), as
 * `earthgan.kinds.entropy` writes them. Frequencies are of `TOTAL`, the state has 32 bits, topped up by words of 16. It
 * passes 2^31, so it is never shifted without `>>>`.
 */

import { SurrogateError } from "./error.js";

const BITS = 14;
const TOTAL = 1 << BITS;
const MASK = TOTAL - 1;
const LOW = 1 << 16;
/** A table's symbols stand for -REACH to REACH; the last announces a number that lies farther out. */
const REACH = 15;
export const SYMBOLS = 2 * REACH + 2;
const ESCAPE = SYMBOLS - 1;

export class EntropyCode {
  #frequencies;
  #shifts;
  #starts;
  #symbols;

  /**
   * @param {Uint16Array} frequencies `(table, symbol)`, each table's positive and of sum `TOTAL`
   * @param {Uint8Array} shifts `(table,)`: how many low bits of its numbers are stored as they are
   */
  constructor(frequencies, shifts) {
    const tables = shifts.length;
    if (frequencies.length !== tables * SYMBOLS || shifts.some((shift) => shift > BITS)) {
      throw new SurrogateError(`A table lacks its ${SYMBOLS} frequencies or its shift of at most ${BITS}.`);
    }
    this.#frequencies = frequencies;
    this.#shifts = shifts;
    this.#starts = new Uint16Array(frequencies.length);
    this.#symbols = new Uint8Array(tables * TOTAL);
    for (let table = 0; table < tables; table++) {
      let start = 0;
      for (let symbol = 0; symbol < SYMBOLS; symbol++) {
        const frequency = frequencies[table * SYMBOLS + symbol];
        this.#starts[table * SYMBOLS + symbol] = start;
        this.#symbols.fill(symbol, table * TOTAL + start, table * TOTAL + Math.min(start + frequency, TOTAL));
        start += frequency || Infinity;
      }
      if (start !== TOTAL) throw new SurrogateError(`A table's frequencies are not positive numbers that sum to ${TOTAL}.`);
    }
  }

  /**
   * @param {ArrayBuffer} data
   * @param {Uint8Array} tables which table each number follows
   * @returns {Int32Array} a number for each of `tables`; throws SurrogateError where the bytes are not theirs
   */
  decode(data, tables) {
    const words = new DataView(data);
    let at = 0;
    const nextWord = () => {
      if (at + 2 > words.byteLength) throw new SurrogateError("The coded numbers end too soon.");
      at += 2;
      return words.getUint16(at - 2, true);
    };
    let state = nextWord() * LOW + nextWord();
    const raw = (bits) => {
      const kept = BITS - bits;
      const value = (state & MASK) >>> kept;
      state = (state >>> BITS) * (1 << kept) + (state & ((1 << kept) - 1));
      if (state < LOW) state = state * LOW + nextWord();
      return value;
    };

    const numbers = new Int32Array(tables.length);
    for (let i = 0; i < tables.length; i++) {
      const table = tables[i];
      const slot = state & MASK;
      const symbol = this.#symbols[table * TOTAL + slot];
      const entry = table * SYMBOLS + symbol;
      state = this.#frequencies[entry] * (state >>> BITS) + slot - this.#starts[entry];
      if (state < LOW) state = state * LOW + nextWord();
      let number = symbol - REACH;
      if (symbol === ESCAPE) {
        const negative = raw(1);
        const length = raw(4); // Elias gamma: how many bits, then all but the first
        if (length > BITS) throw new SurrogateError("A coded number is too large.");
        number = REACH + (1 << length) + raw(length);
        if (negative) number = -number;
      }
      const shift = this.#shifts[table];
      numbers[i] = shift ? number * (1 << shift) + raw(shift) : number;
    }
    // The last state is the encoder's first, so that damaged bytes hardly ever pass for whole ones.
    if (state !== LOW || at !== words.byteLength) throw new SurrogateError("The coded numbers are damaged.");
    return numbers;
  }
}
