/** What the globe shows on the map: the outline of its cut, and the place under the pointer. */

import { ViewportCanvas } from "../viewport-canvas.js";
import { widthOf } from "./geometry.js";

/** The floor's edge is drawn in pieces of about so many degrees. */
const PIECE_DEG = 5;

export class OnMap {
  #view = null;
  #place = null;
  #canvas;

  /** @param {import("../vendor/leaflet/leaflet-src.esm.js").Map} map */
  constructor(map) {
    this.#canvas = new ViewportCanvas(map, "marks", (context, viewport) => this.#draw(context, viewport));
  }

  /** @param {?import("./view.js").GlobeView} view null: there is no globe */
  show(view) {
    this.#view = view;
    this.#canvas.setVisible(view !== null);
  }

  /** @param {?{lat: number, lng: number}} place */
  mark(place) {
    if (place === null && this.#place === null) return;
    this.#place = place;
    this.#canvas.redraw();
  }

  #draw(context, { west, east, north, pointOf }) {
    if (this.#view === null) return;
    const { west: first, floor } = this.#view;
    const width = widthOf(this.#view);
    const pieces = Math.ceil(width / PIECE_DEG);
    const edge = Array.from({ length: pieces + 1 }, (_, i) => [floor, first + (width * i) / pieces]);
    const outline = [[Math.max(floor, north), first], ...edge, [Math.max(floor, north), first + width]];
    for (let turn = Math.ceil((west - first - width) / 360); first + 360 * turn <= east; turn++) {
      for (const [thick, color] of [[4, "rgb(0 0 0 / 0.4)"], [1.5, "#fff"]]) {
        context.beginPath();
        for (const [lat, lng] of outline) {
          const { x, y } = pointOf(lat, lng + 360 * turn);
          context.lineTo(x, y);
        }
        context.setLineDash(thick > 2 ? [] : [7, 4]);
        context.lineWidth = thick;
        context.strokeStyle = color;
        context.stroke();
      }
    }
    context.setLineDash([]);
    if (this.#place === null) return;
    const { lat, lng } = this.#place;
    for (let turn = Math.ceil((west - lng) / 360); lng + 360 * turn <= east; turn++) {
      const { x, y } = pointOf(lat, lng + 360 * turn);
      context.beginPath();
      context.arc(x, y, 5, 0, 2 * Math.PI);
      context.fillStyle = "#fff";
      context.fill();
      context.lineWidth = 2;
      context.strokeStyle = "#000";
      context.stroke();
    }
  }
}
