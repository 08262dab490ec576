/** The field on the map. Leaflet decides which tiles are needed and fetches them, and a canvas shows them. */

import { TileLayer, Util } from "./vendor/leaflet/leaflet-src.esm.js";
import { waitOf } from "./connection.js";
import { request, SourceError } from "./http.js";
import { Mosaic } from "./mosaic.js";
import { endsAround, endsOf, withEnds } from "./range.js";
import { frameKey } from "./state.js";
import { ViewportCanvas } from "./viewport-canvas.js";
import { isOnTheWay } from "./way.js";

/**
 * So many frames may be loading. A newer wish waits for one of them if both lie on its way. None is dropped for being slow:
 * on a slow network, no frame of a drag would ever be seen.
 */
const MOST_INCOMING = 2;

/** A coarse tile is asked for again after this time, unless the server says when. */
const COARSE_MS = 5000;

/** Leaflet's pane for the tiles. It is hidden, because the canvas shows them. */
const PANE = "tile-loader";

export class FieldLayer {
  #map;
  #source;
  #on;
  #canvas;
  #wanted = null;
  #incoming = []; // tiles of frames that are loading, in the order of the wishes
  #shown = null; // tiles of the frame on the map

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

  /** Shows a frame as soon as all its tiles have loaded, and until then what arrives on the way. The latest call wins. */
  show(frame) {
    if (this.#wanted && frameKey(frame) === frameKey(this.#wanted) && !this.#isShown()) return;
    this.#wanted = frame;
    this.#load();
  }

  /** Loads the wanted frame again. */
  retry() {
    if (!this.#wanted) return;
    for (const tiles of this.#incoming.splice(0)) tiles.remove();
    this.#add(this.#wanted);
  }

  /** Shows nothing, until the next frame is asked for. */
  clear() {
    for (const tiles of this.#incoming.splice(0)) tiles.remove();
    this.#shown?.remove();
    this.#wanted = this.#shown = null;
    this.#canvas.redraw();
  }

  #load() {
    const { catalog } = this.#source;
    const isUseful = ({ frame }) => isOnTheWay(frame, this.#shown?.frame ?? null, this.#wanted, catalog);
    const isWanted = ({ frame }) => frameKey(frame) === frameKey(this.#wanted);
    const drop = (tiles) => (tiles.remove(), false); // which also cancels its requests
    this.#incoming = this.#incoming.filter((tiles) => (isUseful(tiles) && !this.#isShown()) || drop(tiles));
    if (this.#isShown()) {
      if (this.#shown.isWhole) this.#on.shown({ ...this.#wanted, ends: this.#shown.ends });
      return;
    }
    if (this.#incoming.some(isWanted) || this.#incoming.length >= MOST_INCOMING) return;
    this.#add(this.#wanted);
  }

  #add(frame) {
    const tiles = this.#createTiles(frame);
    this.#incoming.push(tiles);
    tiles.addTo(this.#map);
  }

  #isShown() {
    return this.#shown !== null && frameKey(this.#shown.frame) === frameKey(this.#wanted);
  }

  #createTiles(frame) {
    const { minNativeZoom, maxNativeZoom } = this.#source.tiling;
    const legend = this.#legendOf(frame);
    legend.catch(() => {}); // it is told when the tiles are there
    const ends = frame.range ? legend.then(({ range, factor }) => range.map((end) => end / (factor ?? 1))) : Promise.resolve(null);
    const tiles = new FrameTiles(frame, ends.then((found) => this.#source.tiles(frame, found)), {
      maxNativeZoom,
      maxZoom: this.#map.getMaxZoom(),
      minNativeZoom,
      minZoom: -Infinity, // a phone shows the globe smaller than zoom 0
      pane: PANE,
    });
    const { mosaic } = tiles;
    const failed = new Set();
    const isHere = () => tiles === this.#shown || this.#incoming.includes(tiles);
    const fail = (reason) => isHere() && this.#on.failed(reason);

    tiles.on("incomplete", () => {
      tiles.isWhole = false;
      this.#on.loading();
    });
    tiles.on("tileload", ({ coords, tile }) => {
      mosaic.add(coords, tile);
      if (tiles === this.#shown && coords.z === mosaic.z) this.#assemble(coords.z);
    });
    tiles.on("tileunload", ({ coords, tile }) => {
      mosaic.remove(coords);
      failed.delete(tile);
    });
    tiles.on("tileerror", ({ tile, error }) => {
      failed.add(tile);
      if (failed.size > 1) return; // one explanation is enough
      fail(error instanceof SourceError ? error.message : "A map tile could not be read.");
    });
    tiles.on("complete", async () => {
      tiles.isWhole = failed.size === 0;
      // Tiles that are missing never take the place of a good picture. Where there is none, the others are better than nothing.
      if (!tiles.isWhole && this.#shown) {
        this.#pass(tiles);
        return;
      }
      // A picture is never shown without its legend, so that the old one stays with its own until then.
      try {
        tiles.ends = (await legend).range;
      } catch (error) {
        fail(error.message);
        return;
      }
      if (isHere()) this.#show(tiles);
    });
    return tiles;
  }

  /** The legend of a frame, with the ends of its range. */
  async #legendOf(frame) {
    const legend = await this.#source.fetchLegend(frame.variable, frame.draw, frame.anomaly);
    if (!frame.range) return legend;
    if (frame.range !== "depth") return withEnds(legend, endsOf(frame.range));
    const [least, greatest] = (await this.#source.fetchExtremes(frame)).map((value) => value * (legend.factor ?? 1));
    return withEnds(legend, endsAround(least, greatest, legend));
  }

  /** Takes tiles that have loaded in place of those on the map, and drops the wishes that are older. */
  #show(tiles) {
    const place = this.#incoming.indexOf(tiles);
    if (place >= 0) {
      this.#shown?.remove();
      this.#shown = tiles;
      for (const older of this.#incoming.splice(0, place + 1)) if (older !== tiles) older.remove();
    }
    this.#assemble(this.#tileZoom());
    if (!this.#isShown()) {
      this.#on.loading();
      this.#load();
    }
    if (tiles.isWhole) this.#on.shown({ ...tiles.frame, ends: tiles.ends });
  }

  /** Makes room for the wanted frame in place of one on the way that has failed. */
  #pass(tiles) {
    const place = this.#incoming.indexOf(tiles);
    if (place < 0 || frameKey(tiles.frame) === frameKey(this.#wanted)) return;
    this.#incoming.splice(place, 1);
    tiles.remove();
    this.#load();
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
  isWhole = false; // whether no tile is missing
  ends = null; // the values at the ends of its colours
  #pending = new Set();
  #read;
  #readings = new Map();

  /** @param {import("./source.js").Frame} frame @param {Promise<import("./source.js").Tiles>} tiles */
  constructor(frame, tiles, options) {
    super(undefined, options);
    this.frame = frame;
    this.#read = async (coords, signal) => {
      const { template, read } = await tiles;
      if (read) return { blob: await read(coords, signal), again: null };
      const answer = await request(Util.template(template, coords), signal);
      const isCoarse = answer.headers.get("cache-status")?.endsWith("detail=coarse");
      return { blob: await answer.blob(), again: isCoarse ? (waitOf(answer.headers.get("retry-after")) ?? COARSE_MS) : null };
    };
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

  /** Reads a tile by the page's connection, which outlasts trouble. An image alone would fail without a reason. */
  createTile(coords, done) {
    const image = new Image();
    const reading = new AbortController();
    this.#readings.set(image, reading);
    this.#fill(image, coords, reading.signal)
      .then((again) => (done(null, image), again), (error) => (done(error, image), null)) // Leaflet ignores this for a tile that it has dropped
      .then((again) => this.#refine(image, coords, reading.signal, again))
      .catch(() => {}) // it stays coarse, or has been dropped
      .finally(() => this.#readings.delete(image));
    return image;
  }

  /** Asks again for a tile that the server could only draw coarsely, until it is there in full. */
  async #refine(image, coords, signal, again) {
    while (again !== null) {
      await new Promise((resolve) => setTimeout(resolve, again));
      again = await this.#fill(image, coords, signal);
      this.fire("tileload", { coords, tile: image });
    }
  }

  /** Fills an image, and says after how many ms a better one may be there, or null. */
  async #fill(image, coords, signal) {
    const { blob, again } = await this.#read(coords, signal);
    signal.throwIfAborted(); // otherwise a tile that Leaflet has dropped would count again
    const address = URL.createObjectURL(blob);
    image.src = address;
    await image.decode().finally(() => URL.revokeObjectURL(address));
    return again;
  }

  /** Leaflet would drop all tiles before each zoom. Here they stay until better ones have loaded. */
  getEvents() {
    const { viewprereset: _, ...events } = super.getEvents();
    return events;
  }
}
