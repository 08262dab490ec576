/** The path of the chosen place through time, drawn on the map and told in words. A worker beside the map's follows it. */

import { formatPlace, lengthFormat } from "../format.js";
import { element } from "../more/dom.js";
import { turnedTo } from "../longitude.js";
import { angleBetween } from "../surrogate/great-circle.js";
import { ViewportCanvas } from "../viewport-canvas.js";
import { unbroken } from "./lateral.js";

/** A path goes on for so many steps at most, and back for as many. */
const REACH = 45;
/** The map has come to rest. */
const SETTLE_MS = 400;
const STROKES = [[5, "rgb(0 0 0 / 0.5)"], [2.4, null]];
/** What comes and what was. */
const COLORS = { 1: "#ffd23f", "-1": "#7fd4ff" };

/** @typedef {import("./beside.js").Stop} Stop */

export class PathLine {
  #page;
  #helper;
  #canvas;
  #words = element("p", { id: "path-words", hidden: true, role: "status" });
  #length;
  #place = null;
  #asked = null; // what the path starts from, as text
  #ways = { 1: [], "-1": [] };
  #isWhole = false;
  #timer = 0;

  /** @param {import("./flow.js").Page} page @param {import("./helper.js").Helper} helper */
  constructor(page, helper) {
    this.#page = page;
    this.#helper = helper;
    this.#length = lengthFormat(page.source.catalog);
    this.#canvas = new ViewportCanvas(page.map, "marks", (context, viewport) => this.#draw(context, viewport));
    this.#canvas.setVisible(false);
  }

  /** @param {?import("../state.js").Place} place null: there is no path */
  show(place) {
    const isSame = place?.lat === this.#place?.lat && place?.lng === this.#place?.lng;
    this.#place = place;
    if (isSame) return;
    if (place === null || !this.#canFollow) this.#stop();
    else if (this.#page.shownFrame()) this.shown(this.#page.shownFrame());
  }

  /** A frame is on the map: the path leads from its depth and its time. @param {import("../source.js").Frame} frame */
  shown({ t, r }) {
    if (this.#place === null) return;
    if (!this.#canFollow) {
      this.#stop();
      return;
    }
    const path = { place: this.#place, r, t, reach: REACH };
    const asked = JSON.stringify(path);
    if (asked === this.#asked) return;
    this.#asked = asked;
    this.#ways = { 1: [], "-1": [] };
    this.#isWhole = false;
    clearTimeout(this.#timer); // while the page plays, no path is followed
    this.#timer = setTimeout(() => this.#helper.want("path", path, (told) => this.#told(asked, told)), SETTLE_MS);
    this.#canvas.setVisible(true);
    this.#say();
  }

  /** Only the browser computes paths, and only where steps have times. */
  get #canFollow() {
    const { engine, source } = this.#page;
    return engine.chosen === "browser" && source.catalog.steps.length > 1 && source.catalog.steps.every(({ time_myr: time }) => typeof time === "number");
  }

  #told(asked, { from, sign, stop, isWhole }) {
    if (asked !== this.#asked) return;
    if (isWhole) this.#isWhole = true;
    else if (stop.t === from.t) this.#ways[sign] = [stop];
    else this.#ways[sign].push(stop);
    this.#canvas.redraw();
    this.#say();
  }

  #stop() {
    clearTimeout(this.#timer);
    this.#helper.want("path", null);
    this.#asked = null;
    this.#canvas.setVisible(false);
    this.#words.hidden = true;
  }

  #say() {
    const below = document.getElementById("below");
    if (this.#words.parentElement !== below) below?.querySelector(".panel-head").after(this.#words);
    const [on, back] = [this.#saysOf(1), this.#saysOf(-1)];
    this.#words.hidden = false;
    this.#words.dataset.whole = String(this.#isWhole);
    this.#words.textContent = [on, back].filter(Boolean).join(" ") || "Following the flow …";
  }

  /** @param {1 | -1} sign */
  #saysOf(sign) {
    const way = this.#ways[sign];
    if (way.length < 2) return "";
    const [first, last] = [way[0], way.at(-1)];
    const { surface_radius_km: surface, time_scale: scale } = this.#page.source.catalog;
    const time = `${Math.abs(last.timeMyr - first.timeMyr).toPrecision(3)} Myr${scale ? " (scaled)" : ""}`;
    const depth = this.#length(surface - last.radiusKm);
    const degrees = angleBetween(first, last).toFixed(0);
    const where = `${depth} deep at ${formatPlace(last.lat, turnedTo(last.lng))}, ${degrees}° away`;
    const end = this.#isWhole ? "." : " …";
    return sign > 0 ? `In ${time}, what is here will be ${where}${end}` : `${time} ago, it was ${where}${end}`;
  }

  #draw(context, { west, east, pointOf }) {
    context.lineJoin = context.lineCap = "round";
    for (const sign of [-1, 1]) {
      const line = unbroken(this.#ways[sign]);
      if (line.length < 2) continue;
      const [least, most] = [Math.min(...line.map(({ lng }) => lng)), Math.max(...line.map(({ lng }) => lng))];
      for (let turn = Math.ceil((west - most) / 360); least + 360 * turn <= east; turn++) {
        const points = line.map(({ lat, lng }) => pointOf(lat, lng + 360 * turn));
        for (const [width, color] of STROKES) {
          context.beginPath();
          for (const { x, y } of points) context.lineTo(x, y);
          context.lineWidth = width;
          context.strokeStyle = color ?? COLORS[sign];
          context.stroke();
        }
        const { x, y } = points.at(-1);
        context.beginPath();
        context.arc(x, y, 4, 0, 2 * Math.PI);
        context.fillStyle = COLORS[sign];
        context.fill();
        context.lineWidth = 1.5;
        context.strokeStyle = "#000";
        context.stroke();
      }
    }
  }
}
