/** The colour bar with its ticks, and a mark at the value under the pointer. */

import { headingOf } from "./format.js";

export class Legend {
  #element;
  #legend = null;

  /** @param {HTMLElement} element the legend's section of the page */
  constructor(element) {
    this.#element = element;
  }

  /** @param {import("./source.js").Legend} legend */
  show(legend) {
    if (legend === this.#legend) return;
    this.#legend = legend;
    this.#part("title").textContent = headingOf(legend);
    this.#part("bar").style.backgroundImage = `linear-gradient(to right, ${legend.colors.join(", ")})`;
    this.#part("ticks").replaceChildren(
      ...legend.ticks.map(({ value, label }) => {
        const tick = document.createElement("span");
        tick.textContent = label;
        const percent = this.#percent(value);
        tick.style.left = `${percent}%`;
        // Labels are centred on their value, but do not stick out at the ends.
        tick.style.transform = `translateX(-${percent < 3 ? 0 : percent > 97 ? 100 : 50}%)`;
        return tick;
      }),
    );
    this.mark(NaN);
  }

  /** @param {number} value for NaN there is no mark */
  mark(value) {
    const mark = this.#part("mark");
    mark.hidden = Number.isNaN(value) || this.#legend === null;
    if (!mark.hidden) mark.style.left = `${this.#percent(value)}%`;
  }

  #percent(value) {
    const [low, high] = this.#legend.range;
    const fraction = (value - low) / (high - low || 1);
    return 100 * Math.min(1, Math.max(0, fraction));
  }

  #part(name) {
    return this.#element.querySelector(`#legend-${name}`);
  }
}
