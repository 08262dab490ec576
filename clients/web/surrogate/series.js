/** The values at a place over time. A worker of its own computes them, so that the map does not wait. */

/** Whose sums are kept: a place has some hundred steps, with a hundred kilobytes each. */
export class Series {
  #surrogate;
  #place = null;
  #column = null;
  #sums = new Map(); // by step: other depths follow from them
  #latest = 0;

  /** @param {import("./surrogate.js").Surrogate} surrogate */
  constructor(surrogate) {
    this.#surrogate = surrogate;
  }

  /**
   * Tells the values of steps one by one. Another call ends this one.
   * @param {{variable: string, anomaly: boolean, r: number, place: import("./great-circle.js").Place, steps: number[]}} asked
   * @param {(t: number, value: number) => void} tell @returns {Promise<boolean>} whether it went on to the end
   */
  async of({ variable, anomaly, r, place, steps }, tell) {
    const { below } = this.#surrogate;
    const mine = ++this.#latest;
    if (this.#place?.lat !== place.lat || this.#place?.lng !== place.lng) {
      [this.#place, this.#column] = [place, below.columnAt(place)];
      this.#sums.clear();
    }
    const [wanted, shells] = [{ name: variable, anomaly }, { first: r, step: 1, count: 1 }];
    for (const t of steps) {
      let sums = this.#sums.get(t);
      let coefficients = null;
      if (!sums || !below.suffice(sums, wanted)) {
        coefficients = await this.#surrogate.coefficients(t, { pause: turn });
        if (mine !== this.#latest) return false;
        sums = below.sums(this.#column.points, coefficients, wanted, sums);
        this.#sums.set(t, sums);
      }
      tell(t, below.valuesAt(this.#column, wanted, sums, coefficients, shells)[0]);
    }
    return true;
  }

  /** Ends what is under way. */
  stop() {
    this.#latest += 1;
  }
}

/** Lets messages that have arrived be handled. */
const turn = () => new Promise((resolve) => setTimeout(resolve));
