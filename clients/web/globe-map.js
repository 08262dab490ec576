/** The Leaflet map, endless in longitude: plate carrée with both poles on it, or Web Mercator without them. */

import {
  CRS,
  Control,
  DomEvent,
  DomUtil,
  Map as LeafletMap,
  Projection,
  control,
} from "./vendor/leaflet/leaflet-src.esm.js";

/** How far the reader may zoom in beyond the tiles' own resolution. */
const OVERZOOM_LEVELS = 4;

const TILE_PX = 256;

/** The tile matrix sets. A tile of matrix z is 256 pixels wide at Leaflet's zoom z. `columns` counts those of matrix 0. */
const PROJECTIONS = {
  WorldCRS84Quad: { crs: CRS.EPSG4326, columns: 2, maxLatitude: 90 },
  WebMercatorQuad: { crs: CRS.EPSG3857, columns: 1, maxLatitude: Projection.SphericalMercator.MAX_LATITUDE },
};

/** How far north and south the map goes, in degrees. @param {LeafletMap} map */
export const maxLatitude = (map) => map.options.maxBounds.getNorth();

export class GlobeMap {
  #isWhole = true;
  #widthPx; // the width of the whole globe at zoom 0, where it is one tile high

  /**
   * @param {HTMLElement} element @param {import("./source.js").Tiling} tiling
   * @param {(view: ?import("./state.js").View) => void} onView after each move; null: the whole globe
   */
  constructor(element, { tms, maxNativeZoom }, onView) {
    const { crs, columns, maxLatitude } = PROJECTIONS[tms];
    this.#widthPx = TILE_PX * columns;
    this.leaflet = new LeafletMap(element, {
      crs,
      attributionControl: false,
      maxBounds: [[-maxLatitude, -Infinity], [maxLatitude, Infinity]],
      maxBoundsViscosity: 1,
      maxZoom: maxNativeZoom + OVERZOOM_LEVELS,
      wheelPxPerZoomLevel: 150, // small steps, because they are not animated
      trackResize: false, // the observer below also sees when the element alone changes its size
      zoomAnimation: false, // the canvases can follow each step of a pan or pinch, but not a CSS transition
      zoomControl: false,
      zoomSnap: 0, // otherwise the whole globe would rarely fill the screen
    });
    control.zoom({ position: "topright" }).addTo(this.leaflet);
    wholeGlobeButton(() => this.setView(null)).addTo(this.leaflet);

    this.setView(null);
    this.leaflet.on("moveend", () => {
      const view = this.#view();
      this.#isWhole = view === null;
      onView(view);
    });
    new ResizeObserver(() => this.#fitToElement()).observe(element);
  }

  /** @param {?import("./state.js").View} view null: the whole globe */
  setView(view) {
    this.leaflet.setMinZoom(this.#wholeZoom());
    if (view) this.leaflet.setView([view.lat, view.lng], view.zoom, { animate: false });
    else this.leaflet.setView([0, 0], this.#wholeZoom(), { animate: false });
  }

  #fitToElement() {
    const wasWhole = this.#isWhole;
    this.leaflet.invalidateSize({ pan: false, debounceMoveend: true });
    if (wasWhole) this.setView(null);
    else this.leaflet.setMinZoom(this.#wholeZoom());
  }

  #wholeZoom() {
    const { x, y } = this.leaflet.getSize();
    return Math.log2(Math.min(x / this.#widthPx, y / TILE_PX));
  }

  #view() {
    const { lat, lng } = this.leaflet.getCenter().wrap();
    const zoom = this.leaflet.getZoom();
    const isWhole = Math.abs(zoom - this.#wholeZoom()) < 0.01 && Math.hypot(lat, lng) < 0.5;
    return isWhole ? null : Object.freeze({ lat, lng, zoom });
  }
}

function wholeGlobeButton(onClick) {
  const button = new Control({ position: "topright" });
  button.onAdd = () => {
    const bar = DomUtil.create("div", "leaflet-bar");
    const link = DomUtil.create("a", "whole-globe", bar);
    link.href = "#";
    link.role = "button";
    link.title = "Whole globe";
    link.setAttribute("aria-label", "Whole globe");
    link.textContent = "⤢";
    DomEvent.disableClickPropagation(bar);
    DomEvent.on(link, "click", (event) => {
      DomEvent.stop(event);
      onClick();
    });
    return bar;
  };
  return button;
}
