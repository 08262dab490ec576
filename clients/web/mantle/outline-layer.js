/** Outlines of slabs and plumes on the map, with their names. */

import { ViewportCanvas } from "../viewport-canvas.js";

const COLORS = { slab: "#8fd8ff", plume: "#ffe14d" };
/** A feature has its name on the map if its largest part is so many pixels wide or high. */
const NAMED_PX = 26;

/** @typedef {{id: string, kind: "slab" | "plume", geometry: {coordinates: number[][][][]}}} Outline */

export class Outlines {
  #canvas;
  #outlines = [];
  #highlighted = null;

  /** @param {import("../vendor/leaflet/leaflet-src.esm.js").Map} map */
  constructor(map) {
    this.#canvas = new ViewportCanvas(map, "marks", (context, viewport) => this.#draw(context, viewport));
    this.#canvas.setVisible(false);
  }

  /** @param {Outline[]} outlines */
  show(outlines) {
    this.#outlines = outlines;
    this.#canvas.setVisible(outlines.length > 0);
  }

  /** @param {?string} id of the feature that stands out */
  highlight(id) {
    if (id === this.#highlighted) return;
    this.#highlighted = id;
    this.#canvas.redraw();
  }

  #draw(context, viewport) {
    const { west, east } = viewport;
    context.lineJoin = "round";
    context.font = "600 11px system-ui, sans-serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
    for (let turn = Math.ceil((west - 180) / 360); -180 + 360 * turn < east; turn++) {
      for (const outline of this.#outlines) this.#drawOne(context, viewport, outline, 360 * turn);
      for (const outline of this.#outlines) this.#write(context, viewport, outline, 360 * turn);
    }
  }

  #drawOne(context, { pointOf }, { id, kind, geometry }, turned) {
    context.beginPath();
    for (const ring of geometry.coordinates.flat()) {
      for (let i = 1; i < ring.length; i++) {
        const [[fromLng, fromLat], [lng, lat]] = [ring[i - 1], ring[i]];
        const to = pointOf(lat, lng + turned);
        const isCut = fromLng === lng && Math.abs(lng) === 180; // where the map is cut there is no edge
        if (i === 1 || isCut) {
          const from = isCut ? to : pointOf(fromLat, fromLng + turned);
          context.moveTo(from.x, from.y);
        }
        if (!isCut) context.lineTo(to.x, to.y);
      }
    }
    const isHighlighted = id === this.#highlighted;
    if (isHighlighted) {
      context.fillStyle = `${COLORS[kind]}55`;
      context.fill();
    }
    for (const [width, color] of [[isHighlighted ? 5 : 3.2, "rgb(0 0 0 / 0.6)"], [isHighlighted ? 2.6 : 1.4, COLORS[kind]]]) {
      context.lineWidth = width;
      context.strokeStyle = color;
      context.stroke();
    }
  }

  #write(context, { pointOf }, { id, kind, geometry }, turned) {
    const boxes = geometry.coordinates.map(([ring]) => {
      const [lngs, lats] = [0, 1].map((axis) => ring.map((corner) => corner[axis]));
      const [upper, lower] = [pointOf(Math.max(...lats), Math.min(...lngs) + turned), pointOf(Math.min(...lats), Math.max(...lngs) + turned)];
      return { x: (upper.x + lower.x) / 2, y: (upper.y + lower.y) / 2, size: Math.max(lower.x - upper.x, lower.y - upper.y) };
    });
    const { x, y, size } = boxes.reduce((a, b) => (b.size > a.size ? b : a));
    if (size < NAMED_PX && id !== this.#highlighted) return;
    const name = id.replace("-", " ");
    context.lineWidth = 3;
    context.strokeStyle = "rgb(0 0 0 / 0.75)";
    context.strokeText(name, x, y);
    context.fillStyle = COLORS[kind];
    context.fillText(name, x, y);
  }
}
