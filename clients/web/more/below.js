/** What is below a place of the map: the profile over depth, and the values over time at the map's depth. */

import { marksOf } from "../depth-marks.js";
import { amountOf, formatPlace, formatValue, headingOf, lengthFormat, stepName, unitAfter } from "../format.js";
import { button, element } from "./dom.js";
import { csvOf } from "./csv.js";
import { Plot } from "./plot.js";

/** A series reads the whole surrogate. So many bytes are read without asking, unless the reader wants to save data. */
const UNASKED_BYTES = 3e6;

export class Below {
  #page;
  #numbers;
  #catalog;
  #isAbove; // whether all shells lie above the surface
  #shells; // the nearest to the surface first
  #steps;
  #times; // of the steps, on the axis
  #length;
  #place = null;
  #profile = null;
  #plots;
  #values = []; // of the series
  #series = null; // what it is of
  #isAllowed;
  #parts;

  /**
   * @param {import("./more.js").Page} page @param {import("./numbers.js").Numbers} numbers @param {HTMLElement} panel
   */
  constructor(page, numbers, panel) {
    const { catalog } = page.source;
    this.#page = page;
    this.#numbers = numbers;
    this.#catalog = catalog;
    this.#isAbove = catalog.shells.every(({ depth_km }) => depth_km <= 0);
    this.#shells = [...catalog.shells].sort((a, b) => this.#depthOf(a) - this.#depthOf(b));
    this.#steps = [...catalog.steps].sort((a, b) => a.t - b.t);
    const first = this.#steps[0].time_myr ?? null;
    const hasTimes = first !== null && this.#steps.every(({ time_myr }) => typeof time_myr === "number");
    this.#times = this.#steps.map(({ t, time_myr }) => (hasTimes ? time_myr - first : t));
    this.#length = lengthFormat(catalog);
    this.#isAllowed = !navigator.connection?.saveData && this.#bytes() <= UNASKED_BYTES;
    const title = element("h2", { id: "below-title" });
    const [profile, series] = [element("div", { class: "plot" }), element("div", { class: "plot" })];
    const [profileWords, seriesWords] = [element("p", { class: "plot-words" }), element("p", { class: "plot-words" })];
    const ask = button("ask-series", "", () => this.#allow());
    const root = element(
      "section",
      { id: "below", "aria-labelledby": "below-title", hidden: true },
      element(
        "div", { class: "panel-head" }, title,
        button("save-numbers", "CSV", () => this.#save(), { title: "Save these numbers", "aria-label": "Save these numbers" }),
        button("close-place", "×", () => page.choose({ place: null }), { title: "Close", "aria-label": "Close what is below the place" }),
      ),
      profileWords, profile, seriesWords, series, ask,
    );
    panel.append(root);
    this.#parts = { root, title, profileWords, seriesWords, ask, series };
    const unit = catalog.length_unit === "1" ? "" : ` (${catalog.length_unit})`;
    const format = (value) => this.#plain(value);
    this.#plots = {
      profile: new Plot(profile, {
        isUpright: true, isRising: this.#isAbove, height: 250, format,
        names: { x: `${this.#isAbove ? "Height" : "Depth"}${unit}`, y: () => headingOf(this.#legend) },
        pick: (depth) => page.choose({ r: nearest(this.#shells, (shell) => this.#depthOf(shell), depth).r }),
        hover: (i) => this.#profileSays(i),
      }),
      series: new Plot(series, {
        height: 150, format,
        names: { x: hasTimes ? "Myr after the first step" : "Step", y: () => headingOf(this.#legend) },
        pick: (time) => page.choose({ t: nearest(this.#steps, (_, i) => this.#times[i], time).t }),
        hover: (i) => this.#seriesSays(i),
      }),
    };
  }

  get #legend() {
    return this.#page.legend();
  }

  /** @param {import("../state.js").State} state @param {?import("../source.js").Frame} frame the one on the map */
  show({ place }, frame) {
    if (place?.lat !== this.#place?.lat || place?.lng !== this.#place?.lng) {
      this.#profile = this.#series = null;
      this.#numbers.stop();
    }
    this.#place = place;
    this.#parts.root.hidden = !place;
    if (!place) return;
    this.#parts.title.textContent = `Below ${formatPlace(place.lat, place.lng)}`;
    if (frame) this.shown(frame);
  }

  /** A frame is on the map. @param {import("../source.js").Frame} frame */
  shown(frame) {
    if (!this.#place) return;
    this.#plots.profile.mark(this.#depthOf(this.#shellOf(frame)));
    this.#plots.series.mark(this.#timeOf(frame.t));
    this.#follow(frame);
  }

  /** @param {import("./numbers.js").Profile} found */
  found(found) {
    if (found.place.lat !== this.#place?.lat || found.place.lng !== this.#place?.lng) return;
    this.#profile = found;
    const ofShells = (values) => this.#shells.map(({ r }) => this.#scaled(values[r]));
    const lines = [{ values: ofShells(found.values) }];
    if (found.mean) lines.unshift({ values: ofShells(found.mean), isFaint: true });
    const frame = this.#page.shownFrame();
    const [x, mark] = [this.#shells.map((shell) => this.#depthOf(shell)), this.#depthOf(this.#shellOf(frame))];
    const ticks = marksOf(this.#shells, this.#catalog).map(({ depthKm }) => depthKm);
    const [first, last] = [lines.at(-1).values[0], lines.at(-1).values.at(-1)];
    const ends = `from ${this.#text(first)} at ${this.#depth(0)} to ${this.#text(last)} at ${this.#depth(x.length - 1)}`;
    this.#plots.profile.show({ x, lines, mark, ticks }, `${this.#legend.long_name} over depth, ${ends}`);
    this.#profileSays(null);
  }

  #profileSays(i) {
    if (!this.#profile) return;
    const at = i ?? this.#shells.findIndex(({ r }) => r === this.#page.shownFrame().r);
    const { r } = this.#shells[at];
    const { mean, values } = this.#profile;
    const of = mean ? ` · mean ${this.#text(this.#scaled(mean[r]))}` : "";
    this.#parts.profileWords.textContent = `Over depth · ${this.#depth(at)}: ${this.#text(this.#scaled(values[r]))}${of}`;
  }

  /** Computes the series, if it is of something else than the last one. */
  #follow(frame) {
    const of = [frame.variable, frame.r, frame.anomaly, frame.draw, this.#page.engine.chosen].join();
    const isThere = this.#steps.length > 1;
    for (const part of ["series", "seriesWords"]) this.#parts[part].hidden = !isThere || !this.#isAllowed;
    this.#parts.ask.hidden = !isThere || this.#isAllowed;
    this.#parts.ask.textContent = `Over time (reads ${amountOf(this.#bytes())})`;
    if (!isThere || !this.#isAllowed || this.#series === of) return;
    this.#series = of;
    this.#values = this.#steps.map(() => null);
    const legend = this.#legend;
    let due = 0;
    const draw = () => {
      cancelAnimationFrame(due);
      due = requestAnimationFrame(() => this.#series === of && this.#drawSeries(legend));
    };
    this.#numbers.series(frame, this.#place, {
      told: (t, value) => {
        this.#values[this.#steps.findIndex((step) => step.t === t)] = value;
        draw();
      },
      whole: draw,
      failed: (reason) => this.#series === of && (this.#parts.seriesWords.textContent = reason),
    });
    this.#drawSeries(legend);
  }

  #drawSeries(legend) {
    const values = this.#values.map((value) => this.#scaled(value, legend));
    const known = values.filter((value) => value !== null);
    const range = known.length ? `, between ${this.#text(Math.min(...known))} and ${this.#text(Math.max(...known))}` : "";
    const mark = this.#timeOf(this.#page.shownFrame().t);
    this.#plots.series.show({ x: this.#times, lines: [{ values }], mark }, `${legend.long_name} over time${range}`);
    this.#seriesSays(null);
  }

  #seriesSays(i) {
    const left = this.#values.filter((value) => value === null).length;
    const nearestNow = this.#steps.indexOf(nearest(this.#steps, ({ t }) => t, this.#page.shownFrame().t));
    const at = i ?? nearestNow;
    const value = this.#scaled(this.#values[at]);
    const text = value === null ? "…" : this.#text(value);
    const missing = left ? ` · ${this.#steps.length - left} of ${this.#steps.length} steps` : "";
    this.#parts.seriesWords.textContent = `Over time · ${stepName(this.#steps[at])}: ${text}${missing}`;
  }

  #allow() {
    this.#isAllowed = true;
    this.#follow(this.#page.shownFrame());
  }

  #bytes() {
    return this.#page.source.packed?.bytes ?? 0;
  }

  #save() {
    const { lat, lng } = this.#place;
    const heading = headingOf(this.#legend);
    const depths = { name: `depth${unitAfter(this.#catalog.length_unit ?? "km")}`, values: this.#shells.map(({ depth_km }) => depth_km) };
    const columns = [depths, { name: heading, values: this.#shells.map(({ r }) => this.#scaled(this.#profile?.values[r])) }];
    const known = this.#values.map((value, i) => [this.#steps[i].t, this.#times[i], this.#scaled(value)]).filter(([, , value]) => value !== null);
    const about = `${this.#catalog.title}, ${formatPlace(lat, lng, 2)}, ${document.getElementById("caption").textContent}`;
    const text = csvOf(about, [columns, ["step", "time", heading].map((name, i) => ({ name, values: known.map((row) => row[i]) }))]);
    this.#page.download(new Blob([text], { type: "text/csv" }), `below-${lat}-${lng}.csv`);
  }

  #timeOf(t) {
    const after = this.#steps.findIndex((step) => step.t >= t);
    if (after <= 0 || this.#steps[after].t === t) return this.#times[Math.max(0, after)];
    const share = (t - this.#steps[after - 1].t) / (this.#steps[after].t - this.#steps[after - 1].t);
    return this.#times[after - 1] + share * (this.#times[after] - this.#times[after - 1]);
  }

  #depthOf({ depth_km: depth }) {
    return this.#isAbove ? -depth : depth;
  }

  #shellOf(frame) {
    return this.#shells.find(({ r }) => r === frame.r);
  }

  /** A value in the legend's unit; null if there is none. */
  #scaled(value, { factor } = this.#legend) {
    return Number.isFinite(value) ? value * (factor ?? 1) : null;
  }

  #plain(value) {
    const size = Math.abs(value);
    return size && (size >= 1e5 || size < 1e-3) ? value.toExponential(1) : String(Number(value.toPrecision(6)));
  }

  #text(value) {
    return value === null ? "no data" : formatValue(value, this.#legend.range) + unitAfter(this.#legend.unit);
  }

  #depth(i) {
    return this.#length(this.#depthOf(this.#shells[i]));
  }
}

/** @template T @param {T[]} from @param {(one: T, i: number) => number} of @param {number} wanted @returns {T} */
function nearest(from, of, wanted) {
  const distances = from.map((one, i) => Math.abs(of(one, i) - wanted));
  return from[distances.indexOf(Math.min(...distances))];
}
