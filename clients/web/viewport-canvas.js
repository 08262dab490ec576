/** A canvas that covers the map's element. It stays in place and is drawn again whenever the map moves. */

import { maxLatitude } from "./globe-map.js";

/**
 * @typedef {{
 *   width: number, height: number, left: number, top: number, zoom: number,
 *   west: number, east: number, north: number, south: number,
 *   pointOf: (lat: number, lng: number) => {x: number, y: number},
 * }} Viewport
 *   the size in CSS pixels, the upper left corner in pixels of the whole map at this zoom, the visible part of the globe
 *   in degrees, and a function from places to points on the canvas
 */

/** Makes an empty canvas of a size in CSS pixels, in which its context draws. @returns {CanvasRenderingContext2D} */
export function cleared(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio); // this also clears the canvas
  canvas.height = Math.round(height * ratio);
  canvas.style.width = `${width}px`; // the element may be a fraction of a pixel larger
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  return context;
}

export class ViewportCanvas {
  #map;
  #canvas = document.createElement("canvas");
  #draw;

  /**
   * @param {import("./vendor/leaflet/leaflet-src.esm.js").Map} map @param {string} className
   * @param {(context: CanvasRenderingContext2D, viewport: Viewport) => void} draw
   */
  constructor(map, className, draw) {
    this.#map = map;
    this.#draw = draw;
    this.#canvas.className = `viewport-canvas ${className}`;
    map.getContainer().append(this.#canvas);
    map.on("move resize", () => this.redraw());
  }

  setVisible(isVisible) {
    this.#canvas.hidden = !isVisible;
    this.redraw();
  }

  redraw() {
    if (this.#canvas.hidden) return;
    const { x: width, y: height } = this.#map.getSize();
    const context = cleared(this.#canvas, width, height);
    const { min } = this.#map.getPixelBounds();
    const bounds = this.#map.getBounds();
    this.#draw(context, {
      width,
      height,
      left: min.x,
      top: min.y,
      zoom: this.#map.getZoom(),
      west: bounds.getWest(),
      east: bounds.getEast(),
      north: Math.min(bounds.getNorth(), maxLatitude(this.#map)),
      south: Math.max(bounds.getSouth(), -maxLatitude(this.#map)),
      pointOf: (lat, lng) => this.#map.project([lat, lng]).subtract(min),
    });
  }
}
