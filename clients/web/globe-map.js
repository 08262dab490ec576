/** The Leaflet map, endless in longitude: plate carrée with both poles on it, or Web Mercator without them. */

import { CRS, LatLng, Map as LeafletMap, Projection } from "./vendor/leaflet/leaflet-src.esm.js";
import { rounded } from "./state.js";

/** How far the reader may zoom in beyond the tiles' own resolution. */
const OVERZOOM_LEVELS = 4;

const TILE_PX = 256;

/** The tile matrix sets. A tile of matrix z is 256 pixels wide at Leaflet's zoom z. `columns` counts those of matrix 0. */
const PROJECTIONS = {
  WorldCRS84Quad: { crs: CRS.EPSG4326, columns: 2, maxLatitude: 90 },
  WebMercatorQuad: { crs: CRS.EPSG3857, columns: 1, maxLatitude: Projection.SphericalMercator.MAX_LATITUDE },
};

/**
 * Where the whole globe would fill less of the map's height, it is first shown as high as the map, and the reader turns it to
 * see all of it. The whole width would fill a quarter of an upright phone.
 */
const LEAST_HEIGHT = 0.85;

/** Zooms that differ by less look the same. */
const SAME_ZOOM = 0.005;

/** How far north and south the map goes, in degrees. @param {LeafletMap} map */
export const maxLatitude = (map) => map.options.maxBounds.getNorth();

/**
 * The middle of the map may be any place of the globe, so that neither a link nor a turned screen moves it. Leaflet alone
 * would keep the map's edges on the globe.
 */
class FreeMap extends LeafletMap {
  _limitCenter({ lat, lng }) {
    const most = maxLatitude(this);
    return new LatLng(Math.min(most, Math.max(-most, lat)), lng);
  }

  _panInsideMaxBounds() {}
}

export class GlobeMap {
  #view = null; // what the reader has chosen; the screen may show less of it
  #isPlacing = false;
  #widthPx; // the width of the whole globe at zoom 0, where it is one tile high
  #buttons;

  /**
   * @param {HTMLElement} element @param {HTMLElement} buttons those for the zoom
   * @param {import("./source.js").Tiling} tiling
   * @param {(view: ?import("./state.js").View) => void} onView after each move of the reader; null: the globe as it is first seen
   */
  constructor(element, buttons, { tms, maxNativeZoom }, onView) {
    const { crs, columns, maxLatitude } = PROJECTIONS[tms];
    this.#widthPx = TILE_PX * columns;
    this.#buttons = buttons;
    this.leaflet = new FreeMap(element, {
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
    this.#bindButtons();
    this.setView(null);
    this.leaflet.on("moveend", () => {
      if (this.#isPlacing) return;
      this.#keepInside();
      this.#view = this.#viewOfMap();
      this.#showButtons();
      onView(this.#view);
    });
    new ResizeObserver(() => this.#fitToElement()).observe(element);
  }

  /** @param {?import("./state.js").View} view null: the globe as it is first seen */
  setView(view) {
    this.#view = view;
    this.#place();
  }

  /** Puts the chosen view on the screen, exactly: Leaflet's own pans are of whole pixels. */
  #place() {
    const view = this.#view ?? { lat: 0, lng: 0, zoom: this.#firstZoom() };
    this.#quietly(() => {
      this.leaflet.setMinZoom(this.#wholeZoom());
      this.leaflet.setView([view.lat, view.lng], view.zoom, { reset: true, animate: false });
    });
    this.#showButtons();
  }

  #fitToElement() {
    this.#quietly(() => this.leaflet.invalidateSize({ pan: false }));
    this.#place();
  }

  /** Moves the map back if it shows a place beyond a pole and need not. */
  #keepInside() {
    const { leaflet } = this;
    const zoom = leaflet.getZoom();
    const center = leaflet.project(leaflet.getCenter(), zoom);
    const half = leaflet.getSize().y / 2;
    const most = maxLatitude(leaflet);
    const [top, bottom] = [most, -most].map((lat) => leaflet.project([lat, 0], zoom).y);
    const y = bottom - top <= 2 * half ? (top + bottom) / 2 : Math.min(bottom - half, Math.max(top + half, center.y));
    if (Math.abs(y - center.y) < 0.5) return;
    center.y = y;
    this.#quietly(() => leaflet.setView(leaflet.unproject(center, zoom), zoom, { reset: true, animate: false }));
  }

  #quietly(act) {
    const wasPlacing = this.#isPlacing;
    this.#isPlacing = true;
    act();
    this.#isPlacing = wasPlacing;
  }

  /** The zoom at which the whole globe is in sight. */
  #wholeZoom() {
    const { x, y } = this.leaflet.getSize();
    return Math.log2(Math.max(1, Math.min((x * TILE_PX) / this.#widthPx, y)) / TILE_PX);
  }

  #firstZoom() {
    const highest = Math.log2(Math.max(1, this.leaflet.getSize().y) / TILE_PX);
    return 2 ** (this.#wholeZoom() - highest) < LEAST_HEIGHT ? highest : this.#wholeZoom();
  }

  #viewOfMap() {
    const { lat, lng } = this.leaflet.getCenter().wrap();
    const zoom = this.leaflet.getZoom();
    const isFirst = Math.abs(zoom - this.#firstZoom()) < SAME_ZOOM && Math.hypot(lat, lng) < 0.5;
    return isFirst ? null : rounded({ lat, lng, zoom });
  }

  #bindButtons() {
    const on = (name, act) => this.#buttons.querySelector(`[name="${name}"]`).addEventListener("click", act);
    on("zoom-in", () => this.leaflet.zoomIn());
    on("zoom-out", () => this.leaflet.zoomOut());
    on("whole-globe", () => {
      const zoom = this.#isWhole() ? this.#firstZoom() : this.#wholeZoom();
      this.leaflet.setView([0, 0], zoom, { reset: true, animate: false });
    });
  }

  /** Only buttons that do something can be pressed. */
  #showButtons() {
    const [zoom, least, most] = [this.leaflet.getZoom(), this.#wholeZoom(), this.leaflet.getMaxZoom()];
    const show = (name, isUseful) => (this.#buttons.querySelector(`[name="${name}"]`).disabled = !isUseful);
    show("zoom-in", zoom < most - SAME_ZOOM);
    show("zoom-out", zoom > least + SAME_ZOOM);
    show("whole-globe", !this.#isWhole() || this.#firstZoom() > least + SAME_ZOOM);
  }

  #isWhole() {
    const { lat, lng } = this.leaflet.getCenter().wrap();
    return Math.abs(this.leaflet.getZoom() - this.#wholeZoom()) < SAME_ZOOM && Math.hypot(lat, lng) < 0.5;
  }
}
