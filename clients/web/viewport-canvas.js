/** A canvas that covers the map's element, stays put, and is drawn again whenever the map moves. */

/**
 * @typedef {{west: number, north: number, width: number, height: number, pxPerDegree: number}} Viewport
 *   the upper left corner in degrees, and the size in CSS pixels. In plate carrée this says where everything is:
 *   x = (longitude - west) * pxPerDegree, y = (north - latitude) * pxPerDegree.
 */

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
    const ratio = window.devicePixelRatio || 1;
    this.#canvas.width = Math.round(width * ratio); // which also clears it
    this.#canvas.height = Math.round(height * ratio);
    this.#canvas.style.width = `${width}px`; // the element may be a fraction of a pixel larger
    this.#canvas.style.height = `${height}px`;
    const context = this.#canvas.getContext("2d");
    context.scale(ratio, ratio);
    const { lat: north, lng: west } = this.#map.containerPointToLatLng([0, 0]);
    const pxPerDegree = this.#map.options.crs.scale(this.#map.getZoom()) / 180;
    this.#draw(context, { west, north, width, height, pxPerDegree });
  }
}
