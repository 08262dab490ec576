/** The field on the map. Leaflet decides which tiles are needed and fetches them, and a canvas shows them. */

import { TileLayer } from "./vendor/leaflet/leaflet-src.esm.js";
import { explainFailure, SourceError } from "./http.js";
import { Mosaic } from "./mosaic.js";
import { frameKey } from "./state.js";
import { ViewportCanvas } from "./viewport-canvas.js";

/**
 * A newer frame waits this long for the frame that is loading, so that a dragged slider shows some frames. After this
 * time the older frame is dropped. Frames that are wanted in between are never requested.
 */
const PATIENCE_MS = 250;

/** Leaflet's pane for the tiles. It is hidden, because the canvas shows them. */
const PANE = "tile-loader";

export class FieldLayer {
  #map;
  #source;
  #on;
  #canvas;
  #wanted = null;
  #incoming = null;
  #shown = null;
  #timer = 0;

  /**
   * @param {import("./vendor/leaflet/leaflet-src.esm.js").Map} map
   * @param {import("./source.js").Source} source
   * @param {{
   *   loading: () => void,
   *   shown: (frame: import("./source.js").Frame) => void,
   *   failed: (reason: string) => void,
   * }} on `shown` is also called when the map has moved and the tiles of its new place have loaded
   */
  constructor(map, source, on) {
    this.#map = map;
    this.#source = source;
    this.#on = on;
    map.createPane(PANE).hidden = true;
    this.#canvas = new ViewportCanvas(map, "field", (context, viewport) => {
      this.#shown?.mosaic.draw(context, viewport);
    });
  }

  /** Shows a frame as soon as all its tiles have loaded. The latest call wins. */
  show(frame) {
    if (this.#wanted && frameKey(frame) === frameKey(this.#wanted)) return;
    this.#wanted = frame;
    if (!this.#incoming) this.#load();
    else if (!this.#timer) this.#timer = setTimeout(() => this.#load(), PATIENCE_MS);
  }

  /** Loads the wanted frame again. */
  retry() {
    this.#load();
  }

  /** Shows nothing, until the next frame is asked for. */
  clear() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#incoming?.remove();
    this.#shown?.remove();
    this.#wanted = this.#incoming = this.#shown = null;
    this.#canvas.redraw();
  }

  #load() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#incoming?.remove(); // which also cancels its requests
    this.#incoming = this.#createTiles(this.#wanted);
    this.#incoming.addTo(this.#map);
  }

  #createTiles(frame) {
    const { minNativeZoom, maxNativeZoom } = this.#source.tiling;
    const tiles = new FrameTiles(this.#source.tiles(frame), {
      maxNativeZoom,
      maxZoom: this.#map.getMaxZoom(),
      minNativeZoom,
      minZoom: -Infinity, // a phone shows the globe smaller than zoom 0
      pane: PANE,
    });
    const { mosaic } = tiles;
    const isCurrent = () => tiles === (this.#incoming ?? this.#shown);
    const failed = new Set();

    tiles.on("incomplete", () => this.#on.loading());
    tiles.on("tileload", ({ coords, tile }) => {
      mosaic.add(coords, tile);
      if (tiles === this.#shown && coords.z === mosaic.z) this.#assemble(coords.z);
    });
    tiles.on("tileunload", ({ coords, tile }) => {
      mosaic.remove(coords);
      failed.delete(tile);
    });
    tiles.on("tileerror", async ({ tile, error }) => {
      failed.add(tile);
      if (failed.size > 1) return; // one explanation is enough
      const reason = error instanceof SourceError ? error.message : await explainFailure(tile.src);
      if (isCurrent()) this.#on.failed(reason);
    });
    tiles.on("complete", () => {
      if (!isCurrent()) return;
      if (tiles === this.#incoming) {
        this.#shown?.remove();
        this.#shown = tiles;
        this.#incoming = null;
      }
      this.#assemble(this.#tileZoom());
      // A field with missing tiles is shown, because the other tiles are right, but it does not count as loaded.
      if (failed.size === 0) this.#on.shown(frame);
      if (frameKey(this.#wanted) !== frameKey(frame)) this.#load();
    });
    return tiles;
  }

  #assemble(z) {
    this.#shown.mosaic.assemble(z);
    this.#canvas.redraw();
  }

  #tileZoom() {
    const { minNativeZoom, maxNativeZoom } = this.#source.tiling;
    return Math.min(maxNativeZoom, Math.max(minNativeZoom, Math.round(this.#map.getZoom())));
  }
}

/**
 * A layer that fires "incomplete" when tiles are loading, and "complete" when all have loaded. Leaflet's own "load" is
 * not fired if the last tile that it waits for moves out of sight and is dropped.
 */
class FrameTiles extends TileLayer {
  mosaic = new Mosaic();
  #pending = new Set();
  #read;
  #readings = new Map();

  /** @param {import("./source.js").Tiles} tiles */
  constructor({ template, read }, options) {
    super(template, options);
    this.#read = read;
    this.on("tileunload", ({ tile }) => this.#readings.get(tile)?.abort());
    this.on("tileloadstart", ({ tile }) => {
      if (this.#pending.size === 0) this.fire("incomplete");
      this.#pending.add(tile);
    });
    this.on("tileload tileerror tileabort tileunload", ({ tile }) => {
      if (!this.#pending.delete(tile)) return;
      // This runs later, because Leaflet drops the tiles of an old view just before it asks for those of the new one.
      queueMicrotask(() => this.#pending.size === 0 && this.fire("complete"));
    });
  }

  /** Returns Leaflet's own image, or one of the bytes that `read` returns if tiles have no addresses. */
  createTile(coords, done) {
    if (!this.#read) return super.createTile(coords, done);
    const image = new Image();
    const reading = new AbortController();
    this.#readings.set(image, reading);
    this.#fill(image, coords, reading.signal)
      .then(() => done(null, image), (error) => done(error, image)) // Leaflet ignores this for a tile that it has dropped
      .finally(() => this.#readings.delete(image));
    return image;
  }

  async #fill(image, coords, signal) {
    const blob = await this.#read(coords, signal);
    signal.throwIfAborted(); // otherwise a tile that Leaflet has dropped would count again
    const address = URL.createObjectURL(blob);
    image.src = address;
    await image.decode().finally(() => URL.revokeObjectURL(address));
  }

  /** Leaflet would drop all tiles before each zoom. Here they stay until better ones have loaded. */
  getEvents() {
    const { viewprereset: _, ...events } = super.getEvents();
    return events;
  }
}
