/** The field on the map, drawn from values that this browser computes. */

import { Picture } from "./picture.js";
import { endsAround, endsOf, extremesOf, withEnds } from "./range.js";
import { frameKey } from "./state.js";
import { ViewportCanvas } from "./viewport-canvas.js";

/** The picture reaches beyond the map's edges by this share of its size, so that a small move needs no new one. */
const MARGIN = 0.2;

export class ComputedField {
  #computer;
  #maxZoom;
  #on;
  #canvas;
  #picture;
  #image = document.createElement("canvas");
  #wanted = null;
  #painted = null; // the zoom and the box of the image; null if the image is not of the picture
  #hasPicture = false;
  #asked = 0; // how many frames were asked for
  #shown = 0; // which of them is on the map

  /**
   * @param {import("./vendor/leaflet/leaflet-src.esm.js").Map} map
   * @param {import("./source.js").Source} source @param {import("./computed.js").Computer} computer
   * @param {{
   *   loading: () => void,
   *   shown: (frame: import("./source.js").Frame, detail: {detail: "draft" | "coded" | "refined", cost: Cost}) => void,
   *   failed: (reason: string) => void,
   * }} on `shown` is called again when a refined picture has taken the place of a coded one
   * @param {string} [className] of its canvas
   * @typedef {{bytes: number, ms: number}} Cost
   */
  constructor(map, { catalog, tiling }, computer, on, className = "field") {
    this.#computer = computer;
    this.#maxZoom = tiling.maxNativeZoom;
    this.#on = on;
    this.#picture = new Picture(catalog.grid);
    this.#canvas = new ViewportCanvas(map, className, (context, viewport) => this.#draw(context, viewport));
  }

  /** Shows a frame as soon as it is computed. Until then, it shows what is ready of the frames asked for before. */
  show(frame) {
    if (this.#wanted && frameKey(frame) === frameKey(this.#wanted)) return;
    this.#wanted = frame;
    this.#compute();
  }

  /** Computes a frame, again if it is the wanted one. */
  retry(frame) {
    this.#wanted = frame;
    this.#compute();
  }

  /** Shows nothing, until the next frame is asked for. */
  clear() {
    this.#wanted = null;
    this.#hasPicture = false;
    this.#shown = ++this.#asked; // nothing that is on its way
    this.#canvas.setVisible(false);
  }

  #compute() {
    const frame = this.#wanted;
    const place = ++this.#asked;
    this.#on.loading();
    const legend = this.#computer.legend(frame);
    const failed = (error) => frame === this.#wanted && this.#on.failed(error.message);
    legend.catch(failed);
    this.#computer.compute(frame, {
      computed: ({ values, detail, cost }) =>
        legend.then((found) => this.#show(frame, place, values, found, { detail, cost }), () => {}),
      failed,
    });
  }

  #show(frame, place, values, legend, detail) {
    if (place < this.#shown) return;
    this.#shown = place;
    const styled = withEnds(legend, endsIn(frame, values, legend));
    this.#picture.set(values, styled);
    this.#hasPicture = true;
    this.#painted = null;
    this.#canvas.setVisible(true);
    this.#on.shown({ ...frame, ends: styled.range }, detail);
  }

  #draw(context, viewport) {
    if (!this.#hasPicture) return;
    const zoom = Math.min(this.#maxZoom, Math.max(0, Math.round(viewport.zoom)));
    const scale = 2 ** (viewport.zoom - zoom); // pixels of the screen for one of the image
    if (!this.#covers(zoom, viewport, scale)) this.#paint(zoom, viewport, scale);
    const { left, top, width, height } = this.#painted.box;
    context.drawImage(this.#image, left * scale - viewport.left, top * scale - viewport.top, width * scale, height * scale);
  }

  #paint(zoom, { left, top, width, height }, scale) {
    const whole = 256 * 2 ** zoom;
    const first = (at, size) => Math.floor((at - MARGIN * size) / scale);
    const count = (size) => Math.ceil(((1 + 2 * MARGIN) * size) / scale) + 1;
    const north = Math.max(0, first(top, height));
    const south = Math.min(whole, first(top, height) + count(height));
    const box = { left: first(left, width), top: north, width: count(width), height: Math.max(1, south - north) };
    this.#picture.paint(zoom, box, this.#image);
    this.#painted = { zoom, box };
  }

  #covers(zoom, { left, top, width, height }, scale) {
    if (this.#painted?.zoom !== zoom) return false;
    const { box } = this.#painted;
    const whole = 256 * 2 ** zoom;
    const isWide = box.left * scale <= left && (box.left + box.width) * scale >= left + width;
    const isHigh = box.top * scale <= Math.max(top, 0) && (box.top + box.height) * scale >= Math.min(top + height, whole * scale);
    return isWide && isHigh;
  }
}

/** The values at the ends of a frame's colours; null: the legend's own. */
function endsIn({ range }, values, legend) {
  if (!range) return null;
  if (range !== "depth") return endsOf(range);
  const [least, greatest] = extremesOf(values).map((value) => value * (legend.factor ?? 1));
  return endsAround(least, greatest, legend);
}
