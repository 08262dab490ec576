/**
 * Joins tiles into one picture. Separate scaled tiles would show hairlines where they end inside a pixel of the screen,
 * and steps at their edges, because each would be smoothed without its neighbour. One picture has neither.
 */

const TILE_PX = 256;

export class Mosaic {
  #tiles = new Map();
  #canvas = document.createElement("canvas");
  #columnWest = 0;
  #rowNorth = 0;

  /** The tile matrix whose tiles were joined last. */
  z = NaN;

  /** @param {{x: number, y: number, z: number}} coords x is not wrapped @param {HTMLImageElement} image */
  add(coords, image) {
    this.#tiles.set(keyOf(coords), { ...coords, image });
  }

  /** @param {{x: number, y: number, z: number}} coords */
  remove(coords) {
    this.#tiles.delete(keyOf(coords));
  }

  /** Joins all tiles of matrix z that have loaded. */
  assemble(z) {
    const tiles = [...this.#tiles.values()].filter((tile) => tile.z === z);
    const columns = tiles.map((tile) => tile.x);
    const rows = tiles.map((tile) => tile.y);
    this.z = z;
    this.#columnWest = Math.min(...columns);
    this.#rowNorth = Math.min(...rows);
    this.#canvas.width = tiles.length && TILE_PX * (Math.max(...columns) - this.#columnWest + 1);
    this.#canvas.height = tiles.length && TILE_PX * (Math.max(...rows) - this.#rowNorth + 1);
    const context = this.#canvas.getContext("2d");
    for (const { x, y, image } of tiles) {
      context.drawImage(image, TILE_PX * (x - this.#columnWest), TILE_PX * (y - this.#rowNorth));
    }
  }

  /** @param {CanvasRenderingContext2D} context @param {import("./viewport-canvas.js").Viewport} viewport */
  draw(context, { left, top, zoom }) {
    if (!this.#canvas.width) return;
    const scale = 2 ** (zoom - this.z);
    context.drawImage(
      this.#canvas,
      TILE_PX * this.#columnWest * scale - left,
      TILE_PX * this.#rowNorth * scale - top,
      this.#canvas.width * scale,
      this.#canvas.height * scale,
    );
  }
}

const keyOf = ({ x, y, z }) => `${z}/${x}/${y}`;
