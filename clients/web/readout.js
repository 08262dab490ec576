/** The value at the place that is read. */

import { formatPlace, formatValue, unitAfter } from "./format.js";
import { sampleShell } from "./shell.js";

/** A shell has some hundred kilobytes, so it is only fetched for the frame at which the reader stops. */
const SETTLE_MS = 120;

export class Readout {
  #grid;
  #fetchShell;
  #shellOf;
  #placeOf;
  #otherOf;
  #on;
  #frame = null;
  #range = null;
  #unit = "";
  #factor = 1;
  #shell = undefined; // null means that the source has no values for this frame
  #request = null;
  #timer = 0;

  /**
   * @param {import("./source.js").Source} source
   * @param {{
   *   shell: (frame: import("./source.js").Frame) => ?{shape: number[], values: Float32Array},
   *   place: () => ?{lat: number, lng: number}, other: () => ?{value: number, text: string, place: string},
   * }} of the values of a frame that this browser has computed; the place that is read; what is read off another picture than the map
   * @param {{value: (value: number, at: ?{lat: number, lng: number}) => void, failed: (reason: string) => void}} on
   */
  constructor(source, of, on) {
    this.#grid = source.catalog.grid;
    this.#fetchShell = source.fetchShell;
    this.#shellOf = of.shell;
    this.#placeOf = of.place;
    this.#otherOf = of.other;
    this.#on = on;
  }

  /**
   * @param {import("./source.js").Frame} frame the frame the map shows now
   * @param {import("./source.js").Legend} legend its own
   */
  show(frame, legend) {
    if (frame === this.#frame) return;
    this.#frame = frame;
    this.#range = legend.range;
    this.#unit = legend.unit;
    this.#factor = legend.factor ?? 1;
    this.#shell = this.#shellOf(frame) ?? (this.#fetchShell ? undefined : null);
    this.#request?.abort();
    clearTimeout(this.#timer);
    if (this.#shell === undefined) this.#timer = setTimeout(() => this.#fetch(frame), SETTLE_MS);
    this.write();
  }

  async #fetch(frame) {
    this.#request = new AbortController();
    const { signal } = this.#request;
    try {
      const shell = await this.#fetchShell(frame, signal);
      if (signal.aborted) return;
      this.#shell = shell;
      this.write();
    } catch (error) {
      if (!signal.aborted) this.#on.failed(error.message);
    }
  }

  /** Writes the value again: another place is read. */
  write() {
    const other = this.#otherOf();
    if (other) {
      document.getElementById("place").textContent = other.place;
      document.getElementById("value").textContent = other.text;
      this.#on.value(other.value, null);
      return;
    }
    const place = this.#placeOf();
    const value = place && this.#shell ? sampleShell(this.#shell, this.#grid, place.lat, place.lng) * this.#factor : NaN;
    document.getElementById("place").textContent = place ? formatPlace(place.lat, place.lng) : "";
    document.getElementById("value").textContent = this.#valueText(place, value);
    this.#on.value(value, place);
  }

  #valueText(place, value) {
    if (!place || this.#shell === null || this.#frame === null) return "";
    if (!this.#shell) return "…";
    return Number.isNaN(value) ? "no data" : formatValue(value, this.#range) + unitAfter(this.#unit);
  }
}
