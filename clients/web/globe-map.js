/** The Leaflet map: plate carrée, both poles on it, endless in longitude. */

import { CRS, Control, DomEvent, DomUtil, Map as LeafletMap, control } from "./vendor/leaflet/leaflet-src.esm.js";

/** How far the reader may zoom in beyond the tiles' own resolution. */
const OVERZOOM_LEVELS = 4;

/** Size of the whole globe at zoom 0: two tiles wide, one tile high. */
const GLOBE_WIDTH_PX = 512;
const GLOBE_HEIGHT_PX = 256;

export class GlobeMap {
  #isWhole = true;

  /**
   * @param {HTMLElement} element @param {number} maxNativeZoom of the tiles
   * @param {(view: ?import("./state.js").View) => void} onView after each move; null: the whole globe
   */
  constructor(element, maxNativeZoom, onView) {
    this.leaflet = new LeafletMap(element, {
      crs: CRS.EPSG4326,
      attributionControl: false,
      maxBounds: [[-90, -Infinity], [90, Infinity]],
      maxBoundsViscosity: 1,
      maxZoom: maxNativeZoom + OVERZOOM_LEVELS,
      wheelPxPerZoomLevel: 150, // small steps, as they are not animated
      trackResize: false, // the observer below also sees changes that are not the window's
      zoomAnimation: false, // the canvases follow each step of a pan or pinch, but not a CSS transition
      zoomControl: false,
      zoomSnap: 0, // else the whole globe would rarely fill the screen
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
    return Math.log2(Math.min(x / GLOBE_WIDTH_PX, y / GLOBE_HEIGHT_PX));
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
