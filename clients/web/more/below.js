/** What is below a place of the map: the profile over depth, and the values over time at the map's depth. */

import { marksOf } from "../depth-marks.js";
import { amountOf, formatPlace, formatValue, headingOf, lengthFormat, stepName, unitAfter } from "../format.js";
import { button, element } from "./dom.js";
import { csvOf } from "./csv.js";
import { Plot } from "./plot.js";
import { Ring } from "./ring.js";

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
  #legends = {}; // of the profile and of the series
  #plots;
  #values = []; // of the series
  #series = null; // what it is of
  #isAllowed;
  #isWhole = false; // the frame on the map
  #parts;
  #ring;

  /**
   * @param {import("./more.js").Page} page @param {import("./numbers.js").Numbers} numbers @param {HTMLElement} panel
   */
  constructor(page, numbers, panel) {
    const { catalog } = page.source;
    this.#page = page;
    this.#ring = new Ring(page.map);
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
        button("save-numbers", "CSV", () => this.#save(), { title: "Save these numbers", "aria-label": "Save these numbers as CSV" }),
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
        names: { x: `${this.#isAbove ? "Height" : "Depth"}${unit}`, y: () => headingOf(this.#legends.profile) },
        pick: (depth) => page.choose({ r: nearest(this.#shells, (shell) => this.#depthOf(shell), depth).r }),
        hover: (i) => this.#profileSays(i),
      }),
      series: new Plot(series, {
        height: 150, format,
        names: { x: hasTimes ? "Myr after the first step" : "Step", y: () => headingOf(this.#legends.series) },
        pick: (time) => page.choose({ t: nearest(this.#steps, (_, i) => this.#times[i], time).t }),
        hover: (i) => this.#seriesSays(i),
      }),
    };
  }

  /** The last profile stays until that of another place is there. @param {{place: ?import("../state.js").Place}} state */
  show({ place }) {
    if (!isSame(place, this.#place)) {
      this.#series = null;
      this.#numbers.stop();
    }
    this.#place = place;
    this.#ring.show(place);
    this.#parts.root.hidden = !place;
    if (!place) this.#profile = null;
    else if (this.#profile === null) this.#parts.title.textContent = titleOf(place);
  }

  /** A frame is on the map. @param {import("../source.js").Frame} frame @param {boolean} isWhole whether no better one follows */
  shown(frame, isWhole) {
    if (!this.#place) return;
    this.#plots.profile.mark(this.#depthOf(this.#shellOf(frame)));
    this.#plots.series.mark(this.#timeOf(frame.t));
    this.#profileSays(null);
    this.#isWhole = isWhole;
    this.#follow();
  }

  /** @param {import("./numbers.js").Profile} found */
  found(found) {
    if (!isSame(found.place, this.#place)) return;
    this.#profile = found;
    this.#legends.profile = found.legend ?? this.#page.legend();
    this.#parts.title.textContent = titleOf(found.place);
    const { profile: legend } = this.#legends;
    const ofShells = (values) => this.#shells.map(({ r }) => scaled(values[r], legend));
    const lines = [{ values: ofShells(found.values) }];
    if (found.mean) lines.unshift({ values: ofShells(found.mean), isFaint: true });
    const frame = this.#page.shownFrame();
    const [x, mark] = [this.#shells.map((shell) => this.#depthOf(shell)), this.#depthOf(this.#shellOf(frame))];
    const ticks = marksOf(this.#shells, this.#catalog).map(({ depthKm }) => depthKm);
    const [first, last] = [lines.at(-1).values[0], lines.at(-1).values.at(-1)];
    const ends = `from ${textOf(first, legend)} at ${this.#depth(0)} to ${textOf(last, legend)} at ${this.#depth(x.length - 1)}`;
    this.#plots.profile.show({ x, lines, mark, ticks }, `${legend.long_name} over depth, ${ends}`);
    this.#profileSays(null);
    this.#follow();
  }

  #profileSays(i) {
    if (!this.#profile) return;
    const at = i ?? this.#shells.findIndex(({ r }) => r === this.#page.shownFrame().r);
    const { r } = this.#shells[at];
    const { mean, values } = this.#profile;
    const text = (value) => textOf(scaled(value, this.#legends.profile), this.#legends.profile);
    const of = mean ? ` · mean ${text(mean[r])}` : "";
    this.#parts.profileWords.textContent = `Over depth · ${this.#depth(at)}: ${text(values[r])}${of}`;
  }

  /** Computes the series, if it is of something else than the last one, once nobody waits for the map. */
  #follow() {
    const frame = this.#page.shownFrame();
    if (!this.#isWhole || !isSame(this.#profile?.place, this.#place)) return;
    const of = [frame.variable, frame.r, frame.anomaly, frame.draw, this.#page.engine.chosen].join();
    const isThere = this.#steps.length > 1;
    for (const part of ["series", "seriesWords"]) this.#parts[part].hidden = !isThere || !this.#isAllowed;
    this.#parts.ask.hidden = !isThere || this.#isAllowed;
    this.#parts.ask.textContent = `Over time (reads ${amountOf(this.#bytes())})`;
    if (!isThere || !this.#isAllowed || this.#series === of) return;
    this.#series = of;
    this.#values = this.#steps.map(() => null);
    this.#legends.series = this.#page.legend();
    let due = 0;
    const draw = () => {
      cancelAnimationFrame(due);
      due = requestAnimationFrame(() => this.#series === of && this.#drawSeries());
    };
    this.#numbers.series(frame, this.#place, {
      told: (t, value) => {
        this.#values[this.#steps.findIndex((step) => step.t === t)] = value;
        draw();
      },
      whole: draw,
      legend: (own) => (this.#legends.series = own),
      failed: (reason) => this.#series === of && (this.#parts.seriesWords.textContent = reason),
    });
    this.#drawSeries();
  }

  #drawSeries() {
    const { series: legend } = this.#legends;
    const values = this.#values.map((value) => scaled(value, legend));
    const known = values.filter((value) => value !== null);
    const range = known.length ? `, between ${textOf(Math.min(...known), legend)} and ${textOf(Math.max(...known), legend)}` : "";
    const mark = this.#timeOf(this.#page.shownFrame().t);
    this.#plots.series.show({ x: this.#times, lines: [{ values }], mark }, `${legend.long_name} over time${range}`);
    this.#seriesSays(null);
  }

  #seriesSays(i) {
    const left = this.#values.filter((value) => value === null).length;
    const nearestNow = this.#steps.indexOf(nearest(this.#steps, ({ t }) => t, this.#page.shownFrame().t));
    const at = i ?? nearestNow;
    const value = scaled(this.#values[at], this.#legends.series);
    const text = value === null ? "…" : textOf(value, this.#legends.series);
    const missing = left ? ` · ${this.#steps.length - left} of ${this.#steps.length} steps` : "";
    const says = left < this.#steps.length ? `${stepName(this.#steps[at])}: ${text}${missing}` : "…";
    this.#parts.seriesWords.textContent = `Over time · ${says}`;
  }

  #allow() {
    this.#isAllowed = true;
    this.#follow();
  }

  #bytes() {
    return this.#page.source.packed?.bytes ?? 0;
  }

  #save() {
    if (!this.#profile) return;
    const { lat, lng } = this.#profile.place;
    const { profile: legend } = this.#legends;
    const heading = headingOf(legend);
    const depths = { name: `depth${unitAfter(this.#catalog.length_unit ?? "km")}`, values: this.#shells.map(({ depth_km }) => depth_km) };
    const columns = [depths, { name: heading, values: this.#shells.map(({ r }) => scaled(this.#profile.values[r], legend)) }];
    const known = this.#values.map((value, i) => [this.#steps[i].t, this.#times[i], scaled(value, legend)]).filter(([, , value]) => value !== null);
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

  #plain(value) {
    const size = Math.abs(value);
    return size && (size >= 1e5 || size < 1e-3) ? value.toExponential(1) : String(Number(value.toPrecision(6)));
  }

  #depth(i) {
    return this.#length(this.#depthOf(this.#shells[i]));
  }
}

const titleOf = ({ lat, lng }) => `Below ${formatPlace(lat, lng)}`;

const isSame = (a, b) => a?.lat === b?.lat && a?.lng === b?.lng;

/** A value in a legend's unit; null if there is none. */
const scaled = (value, { factor }) => (Number.isFinite(value) ? value * (factor ?? 1) : null);

const textOf = (value, { range, unit }) => (value === null ? "no data" : formatValue(value, range) + unitAfter(unit));

/** @template T @param {T[]} from @param {(one: T, i: number) => number} of @param {number} wanted @returns {T} */
function nearest(from, of, wanted) {
  const distances = from.map((one, i) => Math.abs(of(one, i) - wanted));
  return from[distances.indexOf(Math.min(...distances))];
}
