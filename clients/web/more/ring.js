/** A ring on the map around the place whose depths are shown. */

import { ViewportCanvas } from "../viewport-canvas.js";

const RADIUS_PX = 9;

export class Ring {
  #place = null;
  #canvas;

  /** @param {import("../vendor/leaflet/leaflet-src.esm.js").Map} map */
  constructor(map) {
    this.#canvas = new ViewportCanvas(map, "marks", (context, viewport) => this.#draw(context, viewport));
    this.show(null);
  }

  /** @param {?import("../state.js").Place} place */
  show(place) {
    this.#place = place;
    this.#canvas.setVisible(place !== null && place !== undefined);
  }

  #draw(context, { west, east, pointOf }) {
    if (!this.#place) return;
    const { lat, lng } = this.#place;
    for (let turn = Math.ceil((west - lng) / 360); lng + 360 * turn <= east; turn++) {
      const { x, y } = pointOf(lat, lng + 360 * turn);
      for (const [width, color] of [[4.5, "rgb(0 0 0 / 0.55)"], [2, "#fff"]]) {
        context.beginPath();
        context.arc(x, y, RADIUS_PX, 0, 2 * Math.PI);
        context.lineWidth = width;
        context.strokeStyle = color;
        context.stroke();
      }
    }
  }
}
