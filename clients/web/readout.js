/** The value under the pointer. Without a pointer (touch, keyboard), it is the value under the cross in the middle. */

import { formatPlace, formatValue, unitAfter } from "./format.js";
import { maxLatitude } from "./globe-map.js";
import { sampleShell } from "./shell.js";

/** A shell has some hundred kilobytes, so it is only fetched for the frame at which the reader stops. */
const SETTLE_MS = 120;

export class Readout {
  #map;
  #grid;
  #fetchShell;
  #shellOf;
  #on;
  #pointer = null;
  #frame = null;
  #range = null;
  #unit = "";
  #factor = 1;
  #shell = undefined; // null means that the source has no values for this frame
  #request = null;
  #timer = 0;

  /**
   * @param {import("./vendor/leaflet/leaflet-src.esm.js").Map} map
   * @param {import("./source.js").Source} source
   * @param {(frame: import("./source.js").Frame) => ?{shape: number[], values: Float32Array}} shellOf the values of a frame that
   *   this browser has computed
   * @param {{value: (value: number) => void, failed: (reason: string) => void}} on
   */
  constructor(map, source, shellOf, on) {
    this.#map = map;
    this.#grid = source.catalog.grid;
    this.#fetchShell = source.fetchShell;
    this.#shellOf = shellOf;
    this.#on = on;
    const element = map.getContainer();
    element.addEventListener("pointermove", (event) => {
      if (event.pointerType !== "touch") this.#point(map.mouseEventToContainerPoint(event));
    });
    element.addEventListener("pointerleave", () => this.#point(null));
    map.on("move resize", () => this.#write());
  }

  /**
   * @param {import("./source.js").Frame} frame the frame the map shows now
   * @param {import("./source.js").Legend} legend its variable's
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
    this.#write();
  }

  async #fetch(frame) {
    this.#request = new AbortController();
    const { signal } = this.#request;
    try {
      const shell = await this.#fetchShell(frame, signal);
      if (signal.aborted) return;
      this.#shell = shell;
      this.#write();
    } catch (error) {
      if (!signal.aborted) this.#on.failed(error.message);
    }
  }

  #point(containerPoint) {
    this.#pointer = containerPoint;
    this.#write();
  }

  #write() {
    const point = this.#pointer ?? this.#map.getSize().divideBy(2);
    const { lat, lng } = this.#map.containerPointToLatLng(point).wrap();
    const isOnGlobe = Math.abs(lat) <= maxLatitude(this.#map);
    const value = isOnGlobe && this.#shell ? sampleShell(this.#shell, this.#grid, lat, lng) * this.#factor : NaN;

    document.getElementById("crosshair").hidden = this.#pointer !== null;
    document.getElementById("place").textContent = isOnGlobe ? formatPlace(lat, lng) : "";
    document.getElementById("value").textContent = this.#valueText(isOnGlobe, value);
    this.#on.value(value);
  }

  #valueText(isOnGlobe, value) {
    if (!isOnGlobe || this.#shell === null) return "";
    if (!this.#shell) return "…";
    return Number.isNaN(value) ? "no data" : formatValue(value, this.#range) + unitAfter(this.#unit);
  }
}
