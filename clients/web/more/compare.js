/**
 * Two pictures on one map: a pinned one on the left of a line that the reader drags, and the one that the controls change on its
 * right. The pinned one has a worker of its own, so neither waits for the other.
 */

import { captionOf } from "../caption.js";
import { formatValue, headingOf, unitAfter } from "../format.js";
import { sampleShell } from "../shell.js";
import { element } from "./dom.js";

const [LEAST, MOST] = [0.02, 0.98];
/** How far an arrow key moves the line, as a share of the map's width. */
const KEY = 0.02;

export class Compare {
  #page;
  #openings = new Map(); // by source, what computes its pinned pictures
  #source; // of the pinned picture
  #pinned = null; // the frame that is wanted
  #shown = null; // the frame on the map, and its legend
  #share = 0.5;
  #parts;
  #button = document.querySelector('#zoom [name="compare"]');

  /** @param {import("./more.js").Page} page */
  constructor(page) {
    this.#page = page;
    this.#source = page.source;
    const [words, value, bar, ends] = ["b", "span", "div", "span"].map((tag) => element(tag));
    const label = element("p", { id: "pinned", hidden: true }, words, " ", value, bar, ends);
    const line = element("div", {
      id: "divider", hidden: true, role: "slider", tabindex: "0", "aria-label": "Line between two pictures",
      "aria-valuemin": "0", "aria-valuemax": "100",
    });
    const container = page.map.getContainer();
    container.append(line, label);
    this.#parts = { container, line, label, words, value, bar, ends };
    this.#listen(line);
  }

  /** Pins what is on the map, or takes the pinned picture away. */
  toggle() {
    const { compare, variable, t, r, anomaly } = this.#page.state();
    this.#page.choose({ compare: compare ? null : { variable, t, r, ...(anomaly && { anomaly }) } });
  }

  /** @param {import("../state.js").State} state */
  show({ compare, variable, anomaly = false, range }) {
    const wanted = this.#page.engine.chosen === "browser" ? (compare ?? null) : null;
    this.#button.hidden = this.#page.engine.chosen !== "browser";
    this.#button.setAttribute("aria-pressed", String(wanted !== null));
    this.#parts.line.hidden = wanted === null;
    // The same quantity has the same range, so that colours can be compared.
    const isSame = wanted?.variable === variable && Boolean(wanted.anomaly) === anomaly;
    this.#pinned = wanted && { ...wanted, ...(isSame && range && { range }) };
    const source = (wanted?.isOther && this.#page.source.pinned) || this.#page.source;
    if (wanted === null || source !== this.#source) {
      this.#shown = null;
      this.#parts.label.hidden = true;
      const was = this.#source;
      this.#openings.get(was)?.then(({ field }) => (this.#pinned === null || this.#source !== was) && field.clear(), () => {});
    }
    this.#source = source;
    if (wanted === null) return;
    this.#place();
    this.#open().then(({ field }) => this.#pinned && field.show(this.#pinned), (error) => this.#page.inform(error.message));
  }

  /** Whether a point of the map's element shows the pinned picture. */
  covers({ x }) {
    return this.#shown !== null && x < this.#share * this.#page.map.getSize().x;
  }

  /** What the pinned picture shows, in words; empty if there is none. A range of its own belongs to it. */
  get caption() {
    if (this.#shown === null) return "";
    const { caption, legend } = this.#shown;
    const other = this.#page.legend();
    const isSame = headingOf(legend) === headingOf(other) && legend.range.join() === other.range.join();
    return isSame ? caption : `${caption} (${rangeOf(legend)})`;
  }

  /** Tells the value of the pinned picture at a place. @param {?{lat: number, lng: number}} place null: another picture is there */
  probe(place) {
    const shell = place && this.#shown?.computer.shellOf(this.#shown.frame);
    const { legend } = this.#shown ?? {};
    const value = shell ? sampleShell(shell, this.#source.catalog.grid, place.lat, place.lng) * (legend.factor ?? 1) : NaN;
    this.#parts.value.textContent = Number.isNaN(value) ? "" : formatValue(value, legend.range) + unitAfter(legend.unit);
  }

  #open() {
    const source = this.#source;
    const found = this.#openings.get(source);
    if (found) return found;
    const opening = this.#page.engine.another(source, {
      loading: () => {},
      shown: (frame) => this.#arrived(frame, source),
      failed: (reason) => this.#page.inform(reason),
    });
    this.#openings.set(source, opening);
    opening.then(() => this.#place(), () => this.#openings.delete(source));
    return opening;
  }

  async #arrived(frame, source) {
    const { computer } = await this.#openings.get(source);
    const legend = { ...(await computer.legend(frame)), range: frame.ends };
    if (this.#pinned === null || source !== this.#source) return;
    const name = source === this.#page.source ? [] : [source.catalog.title];
    const caption = [...name, captionOf(source.catalog, frame, legend)].join(" · ");
    this.#shown = { frame, legend, caption, computer };
    const { label, words, bar, ends } = this.#parts;
    label.hidden = false;
    words.textContent = caption;
    bar.style.backgroundImage = `linear-gradient(to right, ${legend.colors.join(", ")})`;
    ends.textContent = rangeOf(legend);
    bar.title = headingOf(legend);
    label.dataset.shown = `${frame.variable}/${frame.t}/${frame.r}`;
  }

  #listen(line) {
    for (const name of ["mousedown", "touchstart", "click", "dblclick"]) {
      line.addEventListener(name, (event) => event.stopPropagation(), { passive: true }); // the map would move with it
    }
    line.addEventListener("pointerdown", (event) => line.setPointerCapture(event.pointerId));
    line.addEventListener("pointermove", ({ pointerId, clientX }) => {
      if (!line.hasPointerCapture(pointerId)) return;
      const { left, width } = this.#parts.container.getBoundingClientRect();
      this.#moveTo((clientX - left) / width);
    });
    line.addEventListener("keydown", (event) => {
      const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!way) return;
      event.preventDefault();
      event.stopPropagation();
      this.#moveTo(this.#share + way * KEY);
    });
  }

  #moveTo(share) {
    this.#share = Math.max(LEAST, Math.min(MOST, share));
    this.#place();
  }

  #place() {
    const { container, line } = this.#parts;
    line.style.left = `${100 * this.#share}%`;
    line.setAttribute("aria-valuenow", String(Math.round(100 * this.#share)));
    for (const canvas of container.querySelectorAll(".viewport-canvas.pinned")) {
      canvas.style.clipPath = `inset(0 ${100 * (1 - this.#share)}% 0 0)`;
      canvas.dataset.share = this.#share; // of its width that is seen: saved pictures follow
    }
  }
}

const rangeOf = ({ range, unit }) => range.map((end) => formatValue(end, range)).join(" to ") + unitAfter(unit);
