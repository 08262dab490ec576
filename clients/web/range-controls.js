/** The controls in the legend for the values at the ends of the colours: chosen there, read there and written there. */

import { endsOf, readRange } from "./range.js";

export class RangeControls {
  #elements;
  #ends = [0, 1]; // those of the picture

  /**
   * @param {HTMLFormElement} form @param {boolean} isOffered whether the source draws other ranges
   * @param {(change: {range: ?import("./range.js").Range}) => void} onChange
   */
  constructor(form, isOffered, onChange) {
    this.#elements = form.elements;
    const { range, low, high, lock } = this.#elements;
    document.getElementById("range-control").hidden = !isOffered;
    range.addEventListener("change", () => {
      lock.checked = false;
      onChange({ range: range.value === "own" ? this.#ends.join() : range.value || null });
    });
    lock.addEventListener("change", () => lock.checked && onChange({ range: this.#ends.join() }));
    for (const input of [low, high]) {
      input.addEventListener("change", () => {
        const own = readRange(`${low.value};${high.value}`);
        for (const each of [low, high]) each.setCustomValidity(own ? "" : "Two numbers, the lower first");
        if (own) onChange({ range: own });
      });
    }
  }

  /** What a change of the variable does to the range: the reader's own goes with the variable that it was for, unless locked. */
  changeWith(state) {
    const isOwn = state.range && state.range !== "depth";
    return isOwn && !this.#elements.lock.checked ? { range: null } : {};
  }

  /** @param {import("./state.js").State} state */
  show({ range }) {
    const { range: select, low, high, lock } = this.#elements;
    const isOwn = Boolean(range) && range !== "depth";
    select.value = isOwn ? "own" : (range ?? "");
    if (!isOwn) lock.checked = false;
    document.getElementById("own-range").hidden = !isOwn;
    if (isOwn) [low.value, high.value] = endsOf(range).map(String);
    for (const each of [low, high]) each.setCustomValidity("");
  }

  /** @param {import("./range.js").Ends} ends those of the picture on the map */
  showEnds(ends) {
    this.#ends = ends.map((end) => Number(end.toPrecision(6)));
  }
}
