/** Particles that drift over the map with the flow on its shell. Those who want less motion get short lines that rest. */

import { cleared } from "../viewport-canvas.js";
import { drift } from "./lateral.js";

/** One particle for so many pixels of the map, and at most so many. */
const [PX_EACH, MOST] = [420, 2600];
/** Particles live for so many seconds, and no two as long. */
const [LEAST_S, MORE_S] = [1.5, 4];
/** A trail loses this share of its strength in a second. */
const FADE = 0.8;
/** A late frame moves particles no further than this time would. */
const LONGEST_S = 0.1;
/** Lines at rest are so long, made of so many pieces, and one has so many pixels of the map. */
const [LINE_S, PIECES, LINE_PX_EACH] = [0.8, 12, 1500];
const STROKES = [[2.6, "rgb(0 0 0 / 0.3)"], [1.2, "rgb(255 255 255 / 0.9)"]];

export class Particles {
  #map;
  #canvas = document.createElement("canvas");
  #flow = null;
  #rate = 0; // radians a second of the screen, for a velocity of 1
  #particles = [];
  #asked = 0;
  #before = null; // when the last frame was drawn, in ms
  #room = [0, 0, 0];
  #corner = { x: 0, y: 0 }; // of the map in sight, in pixels of the whole one
  #calm = matchMedia("(prefers-reduced-motion: reduce)");

  /** @param {import("../vendor/leaflet/leaflet-src.esm.js").Map} map */
  constructor(map) {
    this.#map = map;
    this.#canvas.className = "viewport-canvas flow";
    this.#canvas.hidden = true;
    map.getContainer().append(this.#canvas);
    map.on("move resize", () => this.#restart());
    document.addEventListener("visibilitychange", () => this.#run());
    this.#calm.addEventListener("change", () => this.#restart());
  }

  /** @param {?import("./lateral.js").Lateral} flow null: none @param {number} [rate] radians a second of the screen, for a velocity of 1 */
  show(flow, rate = 0) {
    const isSame = (flow === null) === (this.#flow === null);
    this.#flow = flow;
    this.#rate = rate;
    this.#canvas.hidden = flow === null;
    if (!isSame || this.#calm.matches) this.#restart(); // otherwise what drifts goes on in the new flow
  }

  #restart() {
    if (this.#flow === null) {
      this.#particles = [];
      this.#run();
      return;
    }
    this.#corner = this.#map.getPixelBounds().min;
    const { x: width, y: height } = this.#map.getSize();
    const context = cleared(this.#canvas, width, height);
    if (this.#calm.matches) this.#drawLines(context, width, height);
    else {
      const count = Math.min(MOST, Math.round((width * height) / PX_EACH));
      this.#particles = Array.from({ length: count }, () => this.#born({}, Math.random()));
    }
    this.#run();
  }

  /** Goes on while somebody can see it. */
  #run() {
    const goes = this.#flow !== null && !this.#calm.matches && document.visibilityState === "visible";
    this.#canvas.dataset.moving = String(goes);
    if (goes) this.#asked ||= requestAnimationFrame((now) => this.#frame(now));
    else {
      cancelAnimationFrame(this.#asked);
      this.#asked = 0;
      this.#before = null;
    }
  }

  /** Gives a particle a place in sight and a life, of which a share has passed. */
  #born(particle, passed = 0) {
    const { x: width, y: height } = this.#map.getSize();
    const { lat, lng } = this.#map.containerPointToLatLng([Math.random() * width, Math.random() * height]);
    return Object.assign(particle, { lat, lng, left: (LEAST_S + Math.random() * MORE_S) * (1 - passed) });
  }

  #frame(now) {
    this.#asked = 0;
    if (this.#calm.matches) {
      this.#restart(); // Chromium does not tell its listeners of a change after somebody has read it
      return;
    }
    const seconds = this.#before === null ? 0 : Math.min(LONGEST_S, (now - this.#before) / 1000);
    this.#before = now;
    const context = this.#canvas.getContext("2d");
    const { x: width, y: height } = this.#map.getSize();
    context.globalCompositeOperation = "destination-in";
    context.fillStyle = `rgb(0 0 0 / ${(1 - FADE) ** seconds})`;
    context.fillRect(0, 0, width, height);
    context.globalCompositeOperation = "source-over";
    context.beginPath();
    for (const particle of this.#particles) {
      const from = this.#pointOf(particle);
      particle.left -= seconds;
      const stays = particle.left > 0 && Math.abs(particle.lat) < 89 && drift(this.#flow, particle, this.#rate * seconds, this.#room);
      if (!stays) {
        this.#born(particle);
        continue;
      }
      const to = this.#pointOf(particle);
      context.moveTo(from.x, from.y);
      context.lineTo(to.x, to.y);
    }
    strokeBoth(context);
    this.#canvas.dataset.frames = String(Number(this.#canvas.dataset.frames ?? 0) + 1);
    this.#run();
  }

  /** Lines that are the thicker the later: the thick end is where they lead to. */
  #drawLines(context, width, height) {
    const count = Math.round((width * height) / LINE_PX_EACH);
    const across = Math.ceil(Math.sqrt((count * width) / height));
    const down = Math.ceil(count / across);
    for (let i = 0; i < across * down; i++) {
      const [column, row] = [i % across, Math.floor(i / across)];
      const at = [((column + (row % 2 ? 0.75 : 0.25)) * width) / across, ((row + 0.5) * height) / down];
      const { lat, lng } = this.#map.containerPointToLatLng(at);
      const place = { lat, lng };
      const points = [this.#pointOf(place)];
      for (let piece = 0; piece < PIECES && Math.abs(place.lat) < 89; piece++) {
        if (!drift(this.#flow, place, (this.#rate * LINE_S) / PIECES, this.#room)) break;
        points.push(this.#pointOf(place));
      }
      context.beginPath();
      points.forEach(({ x, y }) => context.lineTo(x, y));
      strokeBoth(context);
      const { x, y } = points.at(-1);
      context.beginPath();
      context.arc(x, y, 1.8, 0, 2 * Math.PI);
      context.fillStyle = "#fff";
      context.fill();
    }
    this.#canvas.dataset.lines = String(across * down);
  }

  /** Leaflet's own function rounds to whole pixels. */
  #pointOf({ lat, lng }) {
    const { x, y } = this.#map.project([lat, lng]);
    return { x: x - this.#corner.x, y: y - this.#corner.y };
  }
}

function strokeBoth(context) {
  for (const [width, color] of STROKES) {
    context.lineWidth = width;
    context.strokeStyle = color;
    context.stroke();
  }
}
