/** The cut-away globe beside the map. It shows the map's frame as its outer shell, and in its cut all shells of that time. */

import { addStyle } from "../add-style.js";
import { marksOf } from "../depth-marks.js";
import { formatPlace, formatValue, lengthFormat, unitAfter } from "../format.js";
import { FIRST_VIEW, readGlobe, roundedGlobe, textOfGlobe } from "./view.js";
import { element } from "../more/dom.js";
import { sampleShell } from "../shell.js";
import { frameKey, roundedPlace } from "../state.js";
import { axesOfGrid } from "./axes.js";
import { Filler } from "./filler.js";
import { hitAt } from "./geometry.js";
import { Handles } from "./handles.js";
import { Marks } from "./marks.js";
import { OnMap } from "./on-map.js";
import { contextOf, Renderer, scaleOf } from "./renderer.js";
import { STYLE } from "./style.js";
import { Turning } from "./turning.js";
import { Volume } from "./volume.js";

/** Rings on the planes of the cut. */
const RINGS_KM = [660, 1600];
/** A picture at rest has so many samples along each side of a pixel, after a while in which nothing moves. */
const [FINE_SAMPLES, REST_MS] = [2, 250];
/** It is drawn in so many strips, one a frame, because a browser without a GPU needs half a second for it. */
const STRIPS = 16;
/** A browser that needs longer for a frame gets smaller ones while something moves, and one that needs less gets whole ones. */
const [SLOW_MS, QUICK_MS] = [35, 8];
/** The worker may be busy. Then the page does not wait for it. */
const WARM_MS = 600;

/** @typedef {import("../more/more.js").Page} Page */

/**
 * Has the worker start what draws. The first time, a browser without a GPU takes a fifth of a second for that, in which the page
 * would not answer. @param {?import("../computed.js").Computer} computer
 */
function warmed(computer) {
  if (computer === null) return null;
  const { port } = computer;
  return new Promise((resolve) => {
    const done = ({ data }) => {
      if (data && !data.warm) return; // it says something else
      port.removeEventListener("message", done);
      resolve();
    };
    port.addEventListener("message", done);
    port.postMessage({ warm: true });
    setTimeout(done, WARM_MS, {});
  });
}

export class Globe {
  #page;
  #surface; // the radius of the highest shell
  #shells;
  #length;
  #rings;
  #axes;
  #renderer;
  #volume;
  #filler;
  #handles;
  #marks;
  #onMap;
  #parts;
  #view = null;
  #frame = null; // on the globe
  #legend = null;
  #values = null; // of its shell
  #fetching = null;
  #pointer = null; // in radii from the middle
  #asked = 0; // a frame of animation
  #isSlow = true; // until the first frame shows that this browser has a GPU
  #resting = 0; // a timer

  /** @param {Page} page @returns {Promise<Globe>} rejected if this browser cannot draw it */
  static async open(page) {
    const canvas = element("canvas", { tabindex: "0", role: "application", "aria-label": "Globe, cut open; arrow keys turn it, plus and minus zoom" });
    await warmed(page.engine.computer);
    contextOf(canvas);
    await new Promise((resolve) => setTimeout(resolve)); // a task of its own
    return new Globe(page, canvas);
  }

  /** @param {Page} page @param {HTMLCanvasElement} canvas @throws {Error} if this browser cannot draw it */
  constructor(page, canvas) {
    const { catalog } = page.source;
    this.#page = page;
    this.#shells = [...catalog.shells].sort((a, b) => a.radius_km - b.radius_km);
    this.#surface = this.#shells.at(-1).radius_km;
    this.#length = lengthFormat(catalog);
    const known = marksOf([...this.#shells].reverse(), catalog).map(({ depthKm }) => depthKm);
    this.#rings = RINGS_KM.filter((depthKm) => known.includes(depthKm));
    const radii = this.#shells.map(({ radius_km }) => radius_km / this.#surface);
    const note = element("p", { id: "globe-note", hidden: true });
    const root = element("section", { id: "globe", "aria-label": "Cut-away globe" }, canvas, note);
    this.#parts = { root, canvas, note };
    addStyle(STYLE);
    document.querySelector("main").append(root);
    this.#fit(); // later, it would wait for the program to be compiled
    this.#axes = axesOfGrid(catalog.grid, radii, radii[0]);
    this.#renderer = new Renderer(canvas, this.#axes, {
      ready: () => this.#redraw(), restored: () => this.#restore(), failed: (error) => this.#giveUp(error),
    });
    this.#volume = new Volume(this.#renderer, this.#axes, catalog.grid, radii, (of) => this.#normOf(of), () => {
      this.#redraw();
      page.drawn();
    });
    this.#filler = new Filler(page, this.#volume, {
      shell: (shell) => this.#volume.take(shell),
      failed: (reason) => page.inform(reason),
    });
    this.#handles = new Handles(root, { moved: (view) => this.#look(view), pointOf: (event) => this.#pointOf(event) });
    this.#marks = new Marks(root, this.#rings, this.#surface, catalog.surface_radius_km);
    this.#onMap = new OnMap(page.map);
    new Turning(canvas, {
      pointOf: (event) => this.#pointOf(event), view: () => this.#view, look: (view) => this.#look(view),
      radius: () => scaleOf(canvas.clientWidth, canvas.clientHeight, this.#view),
      point: (point) => this.#point(point), choose: (point) => this.#choose(point), zooms: !page.isEmbedded,
    });
    page.map.on("mousemove", ({ latlng }) => this.#hover(latlng));
    page.map.on("mouseout", () => this.#hover(null));
    document.getElementById("graticule").addEventListener("change", () => this.#redraw());
    new ResizeObserver(() => this.#resize()).observe(root);
  }

  /** @param {import("../state.js").State} state */
  show({ globe, place }) {
    const wasOpen = this.#view !== null;
    this.#view = globe ? this.#read(globe) : null;
    this.#parts.root.hidden = this.#view === null;
    this.#onMap.show(this.#view);
    this.#marks.place = place ?? null;
    if (this.#view === null) {
      if (wasOpen) this.#close();
    } else if (wasOpen) this.#redraw();
    else this.shown();
  }

  /** Reads what an address says, and tells what it does not understand. */
  #read(text) {
    const view = readGlobe(text);
    if (view) return view;
    this.#page.inform(`There is no globe=${text}; it is a latitude, a longitude, a zoom, and the cut's west, east and floor.`);
    queueMicrotask(() => this.#look(FIRST_VIEW));
    return FIRST_VIEW;
  }

  /** A frame is on the map. */
  shown() {
    const [frame, legend] = [this.#page.shownFrame(), this.#page.legend()];
    if (this.#view === null || frame === null || legend === null) return;
    this.#filler.shown(frame);
    this.#say();
    this.#fetching?.abort();
    const shell = this.#page.engine.shellOf(frame);
    if (shell) this.#take(frame, legend, shell.values);
    else this.#fetch(frame, legend);
  }

  /** What is read off the globe: a value in the legend's unit, NaN if there is none, and where. Null: nothing is read here. */
  get reading() {
    if (this.#view === null || this.#frame === null) return null;
    const point = this.#pointer ?? (document.activeElement === this.#parts.canvas ? { x: 0, y: 0 } : null);
    const hit = point && this.#hit(point);
    if (!hit) return null;
    if (hit.surface === "core") return { value: NaN, text: "", place: "below the lowest shell" };
    const { lat, lng, radius, surface } = hit;
    const stored = surface === "shell" ? this.#onShell(lat, lng) : this.#volumeIsOf(this.#frame) ? this.#volume.valueAt(lat, lng, radius) : NaN;
    const value = stored * (this.#legend.factor ?? 1);
    const text = Number.isNaN(value) ? "…" : formatValue(value, this.#legend.range) + unitAfter(this.#legend.unit);
    const depth = this.#page.source.catalog.surface_radius_km - radius * this.#surface;
    const where = surface === "shell" ? "" : ` · ${this.#length(Math.abs(depth))} ${depth < 0 ? "high" : "deep"}`;
    return { value, text, place: formatPlace(lat, lng) + where };
  }

  /** The canvas, drawn for whoever copies it at once; null without a globe. @returns {?HTMLCanvasElement} */
  get picture() {
    if (this.#view === null) return null;
    this.#draw({ samples: FINE_SAMPLES });
    return this.#parts.canvas;
  }

  get #peel() {
    const r = this.#frame?.r;
    return this.#shells.find((shell) => shell.r === r).radius_km / this.#surface;
  }

  get #shape() {
    return { core: this.#shells[0].radius_km / this.#surface, peel: this.#peel };
  }

  #hit({ x, y }) {
    return this.#frame && hitAt(this.#view, this.#shape, x, y);
  }

  #onShell(lat, lng) {
    const { grid } = this.#page.source.catalog;
    return sampleShell({ shape: [grid.latitudes_deg.length, grid.longitudes_deg.length], values: this.#values }, grid, lat, lng);
  }

  /** Values are written in textures as shares of the variable's range. */
  #normOf({ variable, anomaly }) {
    const { range: [low, high] } = this.#page.source.variables.find(({ name }) => name === variable);
    return { middle: anomaly ? 0 : (low + high) / 2, half: (high - low) / 2 || 1 };
  }

  #volumeIsOf({ variable, anomaly = false }) {
    const { of } = this.#volume.shown ?? {};
    return of !== undefined && of.variable === variable && Boolean(of.anomaly) === anomaly;
  }

  #take(frame, legend, values) {
    this.#frame = frame;
    this.#legend = legend;
    this.#values = values;
    this.#upload();
    this.#redraw();
    this.#page.reading();
  }

  #upload() {
    this.#renderer.setPalette(this.#legend.colors);
    this.#renderer.setShell(this.#axes.laidOut(this.#values, this.#normOf(this.#frame)));
  }

  async #fetch(frame, legend) {
    this.#fetching = new AbortController();
    const { signal } = this.#fetching;
    try {
      const shell = await this.#page.source.fetchShell?.(frame, signal);
      if (shell && !signal.aborted) this.#take(frame, legend, shell.values);
    } catch (error) {
      if (!signal.aborted) this.#page.inform(error.message);
    }
  }

  #say() {
    const [some, all] = [this.#volume.coarse.length, this.#shells.length];
    this.#parts.note.hidden = this.#fills || some === all;
    this.#parts.note.textContent = `The cut shows ${some} of ${all} shells${this.#volume.holdsAll ? ", because the server computes" : ""}.`;
  }

  /** Whether all shells come. */
  get #fills() {
    return this.#page.engine.chosen === "browser" && this.#volume.holdsAll;
  }

  #giveUp(error) {
    this.#page.choose({ globe: null });
    this.#page.inform(error.message);
  }

  #close() {
    this.#filler.stop();
    this.#fetching?.abort();
    this.#volume.clear();
    this.#pointer = null;
    this.#page.reading();
  }

  #restore() {
    if (this.#frame) this.#upload();
    this.#volume.restore();
    this.#redraw();
  }

  #look(view) {
    this.#page.look({ globe: textOfGlobe(roundedGlobe(view)) });
  }

  #pointOf({ clientX, clientY }) {
    const { left, top, width, height } = this.#parts.canvas.getBoundingClientRect();
    const scale = scaleOf(width, height, this.#view ?? FIRST_VIEW);
    return { x: (clientX - left - width / 2) / scale, y: (top + height / 2 - clientY) / scale };
  }

  #point(point) {
    this.#pointer = point;
    const hit = point && this.#hit(point);
    this.#onMap.mark(hit ?? null);
    this.#page.reading();
  }

  /** A click on the shell chooses a place, and one on a plane chooses its depth. */
  #choose(point) {
    const hit = this.#hit(point);
    if (!hit || hit.surface === "core") return;
    if (hit.surface === "shell") {
      if (this.#page.looksBelow) this.#page.choose({ place: roundedPlace(hit) });
      return;
    }
    const far = ({ radius_km }) => Math.abs(radius_km / this.#surface - hit.radius);
    this.#page.choose({ r: this.#shells.reduce((a, b) => (far(b) < far(a) ? b : a)).r });
  }

  #hover(place) {
    if (this.#view === null) return;
    this.#marks.hovered = place;
    this.#placeMarks();
  }

  #resize() {
    if (!this.#fit()) return;
    this.#draw({ samples: 1, isSmall: this.#isSlow }); // or it would be empty until the next frame
    this.#redraw();
  }

  /** Gives the canvas as many pixels as the screen shows of it. @returns {boolean} whether it had others */
  #fit() {
    const { canvas } = this.#parts;
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
    if (!width || !height || (canvas.width === width && canvas.height === height)) return false;
    canvas.width = width;
    canvas.height = height;
    return true;
  }

  /** Draws soon, and once more finely when nothing moves. */
  #redraw() {
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => this.#refine(0), REST_MS);
    if (this.#asked) cancelAnimationFrame(this.#asked);
    this.#asked = requestAnimationFrame((begin) => {
      this.#asked = 0;
      this.#draw({ samples: 1, isSmall: this.#isSlow });
      setTimeout(() => {
        const ms = performance.now() - begin;
        this.#isSlow = this.#isSlow ? ms > QUICK_MS : ms > SLOW_MS;
      });
    });
  }

  /** Draws a strip of the fine picture, and the next one in the next frame. */
  #refine(strip) {
    if (this.#view === null || this.#frame === null || !this.#renderer.isReady) return;
    if (!this.#volume.isWhole && this.#fills) return; // it would take time from the worker
    const rows = Math.ceil(this.#parts.canvas.height / STRIPS);
    this.#draw({ samples: FINE_SAMPLES, strip: [strip * rows, rows] });
    this.#asked = strip + 1 < STRIPS ? requestAnimationFrame(() => this.#refine(strip + 1)) : 0;
    if (!this.#asked) this.#parts.canvas.dataset.drawn = "fine";
  }

  /** @param {import("./renderer.js").How} how */
  #draw(how) {
    const { canvas } = this.#parts;
    if (this.#view === null || this.#frame === null || !canvas.width || !this.#renderer.isReady) return;
    const volume = this.#volumeIsOf(this.#frame) ? this.#volume.drawn : null;
    const { middle, half } = this.#normOf(this.#frame);
    const radius = (depthKm) => (this.#page.source.catalog.surface_radius_km - depthKm) / this.#surface;
    this.#renderer.draw({
      view: this.#view, shape: this.#shape, volume, rings: this.#rings.map(radius),
      range: this.#legend.range.map((end) => (end / (this.#legend.factor ?? 1) - middle) / half),
      hasGraticule: document.getElementById("graticule").checked,
    }, how);
    canvas.dataset.drawn = "quick";
    canvas.dataset.shown = frameKey(this.#frame);
    canvas.dataset.detail = volume === null ? "shell" : this.#volume.shown.of.t !== this.#frame.t ? "earlier" : volume.isFine ? "whole" : "coarse";
    this.#placeMarks();
  }

  #placeMarks() {
    if (this.#view === null || this.#frame === null) return;
    const { clientWidth: width, clientHeight: height } = this.#parts.canvas;
    const scale = scaleOf(width, height, this.#view);
    const toPixels = (x, y) => [width / 2 + x * scale, height / 2 - y * scale];
    this.#handles.place(this.#view, toPixels, this.#peel);
    this.#marks.put(this.#view, this.#shape, toPixels);
  }
}
