/**
 * The grid of the transforms in `transform.js`: Gauss rows and evenly spaced columns, which determine harmonics up to the
 * grid's degree exactly.
 */

import { gaussLegendre, legendre } from "./legendre.js";

/** The number of northern rows of a block. */
export const NORTH = 8;
/** A row leaves out orders whose functions are all smaller than this: float32 does not tell them from zero in a sum. */
const VISIBLE = 1e-9;

/** Gauss rows and evenly spaced columns, and the harmonics there. */
export class GaussGrid {
  /**
   * @param {number} degree @param {import("./kernel.js").Workspace} workspace
   * @param {("values"|"slopes"|"eastward")[]} kinds which functions of latitude are needed
   */
  constructor(degree, workspace, kinds) {
    const { nodes, weights } = gaussLegendre(degree + 1);
    this.degree = degree;
    this.workspace = workspace;
    this.rows = degree + 1;
    this.columns = 2 * (degree + 1);
    /** The number of columns from longitude 0 to 90. */
    this.quarter = Math.floor((degree + 1) / 2) + 1;
    const north = Math.ceil(this.rows / 2);
    this.blocks = Math.ceil(north / NORTH);
    /** The number of northern rows of all blocks. Those beyond the equator are empty. */
    this.north = this.blocks * NORTH;
    /** `(row,)`: the sine of the colatitude */
    this.sine = Float64Array.from(nodes, (x) => Math.sqrt(1 - x * x));
    /** `(row,)`: a row's share of the integral over the sphere, for each of its places. A row on the equator has two. */
    this.weights = weights.map((weight, row) => (weight * 2 * Math.PI) / this.columns / (2 * row + 1 === this.rows ? 2 : 1));
    const functions = legendre(degree, Float64Array.from(nodes.slice(0, north), Math.acos), kinds);
    /** For each kind and order, the place of an array `(degree - order, row)`. */
    this.functions = Object.fromEntries(kinds.map((kind) => [kind, functions[kind].map((ofOrder) => this.#put(ofOrder))]));
    const seen = functions[kinds[0]].map((_, order) => firstSeen(kinds.map((kind) => functions[kind][order])));
    /** `(order,)`: the first block that sees an order */
    this.firstBlocks = seen.map((row) => Math.floor(row / NORTH));
    /** `(block,)`: the last order that a block sees */
    this.lastOrders = Array.from({ length: this.blocks }, (_, block) => this.firstBlocks.findLastIndex((first) => first <= block));
    this.#putWaves();
  }

  /** Stores functions with zeros for the rows that are empty. */
  #put(ofOrder) {
    const place = this.workspace.place(ofOrder.rows * this.north);
    for (let k = 0; k < ofOrder.rows; k++) this.workspace.floats.set(ofOrder.row(k), place + k * this.north);
    return place;
  }

  #putWaves() {
    const { degree, quarter, columns, workspace } = this;
    const angle = (order, column) => (2 * Math.PI * ((order * column) % columns)) / columns;
    const both = (order) => (order === 0 ? 1 : 2); // a field is real, so orders -m and m contribute the same
    // Places that coincide share their column's weight.
    const share = (column) => (column === 0 ? 0.5 : 1) * (4 * column === columns ? 0.5 : 1);
    /** The numbers of even and of odd orders. */
    this.orders = [Math.floor(degree / 2) + 1, Math.ceil(degree / 2)];
    const table = (byColumn, element) =>
      this.orders.map((count, parity) => {
        const length = byColumn ? count : quarter;
        return workspace.put(
          Float32Array.from({ length: count * quarter }, (_, i) => {
            const [outer, inner] = [Math.floor(i / length), i % length];
            return byColumn ? element(2 * inner + parity, outer) : element(2 * outer + parity, inner);
          }),
        );
      });
    /** For even and for odd orders, `(column, order)` */
    this.cosines = table(true, (order, column) => both(order) * Math.cos(angle(order, column)));
    this.minusCosines = table(true, (order, column) => -both(order) * Math.cos(angle(order, column)));
    this.minusSines = table(true, (order, column) => -both(order) * Math.sin(angle(order, column)));
    /** For both parts, and for even and for odd orders, `(order, column)` */
    this.analysis = [
      table(false, (order, column) => share(column) * Math.cos(angle(order, column))),
      table(false, (order, column) => -share(column) * Math.sin(angle(order, column))),
    ];
  }
}

/** The first row where functions of an order are visible. @param {import("./matrix.js").Matrix[]} functions `(function, row)` */
function firstSeen(functions) {
  let first = functions[0].columns - 1;
  for (const { rows, columns, values } of functions) {
    for (let k = 0; k < rows; k++) {
      for (let row = 0; row < first; row++) if (Math.abs(values[k * columns + row]) >= VISIBLE) first = row;
    }
  }
  return first;
}
