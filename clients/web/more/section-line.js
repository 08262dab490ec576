/** A section on the map: its great circle, and a handle at each end that pointers drag and keys move. */

import { formatPlace } from "../format.js";
import { turnedTo } from "../longitude.js";
import { roundedPlace } from "../state.js";
import { GreatCircle } from "../surrogate/great-circle.js";
import { maxLatitude } from "../globe-map.js";
import { ViewportCanvas } from "../viewport-canvas.js";
import { button } from "./dom.js";

const KEY_DEG = { ArrowUp: [1, 0], ArrowDown: [-1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
/** The line is drawn in pieces of about so many degrees. */
const PIECE_DEG = 1;

export class SectionLine {
  #map;
  #on;
  #canvas;
  #handles;
  #section = null;
  #mark = null; // a place on it

  /** Whether an end is being dragged. */
  isMoving = false;

  /**
   * @param {import("../vendor/leaflet/leaflet-src.esm.js").Map} map
   * @param {{moved: (section: import("../state.js").Section) => void, settled: () => void}} on `settled`: a drag has ended
   */
  constructor(map, on) {
    this.#map = map;
    this.#on = on;
    this.#canvas = new ViewportCanvas(map, "marks", (context, viewport) => this.#draw(context, viewport));
    this.#handles = ["from", "to"].map((end, i) => this.#handle(end, "AB"[i]));
    map.on("move resize", () => this.#place());
    this.show(null);
  }

  /** @param {?import("../state.js").Section} section */
  show(section) {
    this.#section = section;
    this.#canvas.setVisible(section !== null);
    this.#place();
  }

  /** Marks a place on the line. @param {?import("../state.js").Place} place */
  mark(place) {
    this.#mark = place;
    this.#canvas.redraw();
  }

  #handle(end, letter) {
    const handle = button(`section-${end}`, letter, () => {}, { class: "handle" });
    const stop = (event) => event.stopPropagation(); // the map would move with it
    handle.addEventListener("pointerdown", (event) => {
      stop(event);
      handle.setPointerCapture(event.pointerId);
      this.isMoving = true;
    });
    for (const name of ["mousedown", "touchstart", "dblclick", "click"]) handle.addEventListener(name, stop, { passive: true });
    handle.addEventListener("pointermove", (event) => {
      if (this.isMoving && handle.hasPointerCapture(event.pointerId)) this.#move(end, this.#map.mouseEventToLatLng(event));
    });
    for (const name of ["pointerup", "pointercancel"]) {
      handle.addEventListener(name, () => {
        if (!this.isMoving) return;
        this.isMoving = false;
        this.#on.settled();
      });
    }
    handle.addEventListener("keydown", (event) => {
      const step = KEY_DEG[event.key];
      if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      stop(event);
      const size = event.shiftKey ? 10 : 1;
      const { lat, lng } = this.#section[end];
      this.#move(end, { lat: lat + step[0] * size, lng: lng + step[1] * size });
    });
    this.#map.getContainer().append(handle);
    return handle;
  }

  #move(end, { lat, lng }) {
    const most = maxLatitude(this.#map);
    this.#on.moved({ ...this.#section, [end]: roundedPlace({ lat: Math.max(-most, Math.min(most, lat)), lng: turnedTo(lng) }) });
  }

  /** Puts the handles where their ends are in sight, or nearest to that. */
  #place() {
    for (const [i, end] of ["from", "to"].entries()) {
      const handle = this.#handles[i];
      handle.hidden = this.#section === null;
      if (handle.hidden) continue;
      const { lat, lng } = this.#section[end];
      const { x, y } = this.#map.latLngToContainerPoint([lat, near(lng, this.#map.getCenter().lng)]);
      handle.style.translate = `${Math.round(x)}px ${Math.round(y)}px`;
      handle.setAttribute("aria-label", `End ${"AB"[i]} of the section, ${formatPlace(lat, lng)}; arrow keys move it`);
    }
  }

  #draw(context, { west, east, pointOf }) {
    if (this.#section === null) return;
    const arc = new GreatCircle(this.#section.from, this.#section.to);
    const pieces = Math.max(2, Math.ceil(arc.lengthDeg / PIECE_DEG));
    let before = this.#section.from.lng;
    const line = arc.points(pieces + 1).map(({ lat, lng }) => [lat, (before = near(lng, before))]);
    const ends = line.map(([, lng]) => lng);
    const [first, last] = [Math.min(...ends), Math.max(...ends)];
    for (const [width, color] of [[5, "rgb(0 0 0 / 0.45)"], [2.5, "#fff"]]) {
      context.lineWidth = width;
      context.strokeStyle = color;
      for (let turn = Math.ceil((west - last) / 360); first + 360 * turn <= east; turn++) {
        context.beginPath();
        for (const [lat, lng] of line) {
          const { x, y } = pointOf(lat, lng + 360 * turn);
          context.lineTo(x, y);
        }
        context.stroke();
      }
    }
    if (this.#mark) {
      const { x, y } = pointOf(this.#mark.lat, near(this.#mark.lng, (west + east) / 2));
      context.beginPath();
      context.arc(x, y, 6, 0, 2 * Math.PI);
      context.fillStyle = "#fff";
      context.fill();
      context.lineWidth = 2;
      context.strokeStyle = "#000";
      context.stroke();
    }
  }
}

/** A longitude, turned to be the nearest to another. */
const near = (lng, other) => lng + 360 * Math.round((other - lng) / 360);
