/**
 * Tiles put together into one picture. Left to themselves, scaled tiles show hairlines where they end within a pixel
 * of the screen, and a step where each is smoothed without knowing its neighbour; one picture has neither.
 */

const TILE_PX = 256;

/** Degrees a tile spans in matrix z of WorldCRS84Quad. */
const tileDegrees = (z) => 180 / 2 ** z;

export class Mosaic {
  #tiles = new Map();
  #canvas = document.createElement("canvas");
  #columnWest = 0;
  #rowNorth = 0;

  /** The tile matrix last put together. */
  z = NaN;

  /** @param {{x: number, y: number, z: number}} coords x is not wrapped @param {HTMLImageElement} image */
  add(coords, image) {
    this.#tiles.set(keyOf(coords), { ...coords, image });
  }

  /** @param {{x: number, y: number, z: number}} coords */
  remove(coords) {
    this.#tiles.delete(keyOf(coords));
  }

  /** Puts together the tiles there are of matrix z. */
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
  draw(context, { west, north, pxPerDegree }) {
    if (!this.#canvas.width) return;
    const degrees = tileDegrees(this.z);
    const scale = (degrees * pxPerDegree) / TILE_PX;
    context.drawImage(
      this.#canvas,
      (this.#columnWest * degrees - 180 - west) * pxPerDegree,
      (north - 90 + this.#rowNorth * degrees) * pxPerDegree,
      this.#canvas.width * scale,
      this.#canvas.height * scale,
    );
  }
}

const keyOf = ({ x, y, z }) => `${z}/${x}/${y}`;
