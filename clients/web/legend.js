/** The colour bar with its ticks, and a mark at the value under the pointer. */

import { headingOf } from "./format.js";

/** The least space between two labels. */
const LABEL_GAP_PX = 6;

export class Legend {
  #element;
  #legend = null;

  /** @param {HTMLElement} element the legend's section of the page */
  constructor(element) {
    this.#element = element;
    window.addEventListener("resize", () => this.#thinOut());
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
    this.#thinOut();
    this.mark(NaN);
  }

  /** Shows every label, or every second or third one, and so on, so that none touches the next. */
  #thinOut() {
    const ticks = [...this.#part("ticks").children];
    const boxes = ticks.map((tick) => tick.getBoundingClientRect());
    const isFree = (every) =>
      boxes.every((box, i) => i < every || i % every > 0 || box.left >= boxes[i - every].right + LABEL_GAP_PX);
    let every = 1;
    while (every < ticks.length && !isFree(every)) every += 1;
    ticks.forEach((tick, i) => (tick.style.visibility = i % every > 0 ? "hidden" : ""));
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
