/**
 * Polygons around cells of a shell, like `earthgan.features.outlines`: longitudes and latitudes (RFC 7946), cut at the date line.
 * They follow the edges of the cells. Outer rings run anticlockwise, and holes clockwise.
 */

/** Steps east, north, west and south in (row, column) of the corners; rows count southwards. */
const STEPS = [[0, 1], [-1, 0], [0, -1], [1, 0]];
/** Longitudes and latitudes have so many decimals, which is a tenth of a metre. */
const DECIMALS = 6;

/**
 * The edges of rows and columns on a map from -180 to 180, and the grid's column that each of the map's is. A column that lies
 * across the date line is two of the map's. @param {import("../source.js").Grid} grid
 */
export function planeOf({ latitudes_deg: latitudes, longitudes_deg: longitudes }) {
  const rows = [90, ...latitudes.slice(1).map((latitude, i) => (latitudes[i] + latitude) / 2), -90];
  const west = longitudes.map((longitude, j) => (longitude + (j === 0 ? longitudes.at(-1) - 360 : longitudes[j - 1])) / 2);
  const turned = west.map((edge) => ((((edge + 180) % 360) + 360) % 360) - 180);
  const edges = [...turned, -180, 180].sort((a, b) => a - b).filter((edge, i, all) => i === 0 || edge - all[i - 1] > 1e-9);
  [edges[0], edges[edges.length - 1]] = [-180, 180];
  const columns = edges.slice(1).map((edge, j) => {
    const middle = (edge + edges[j]) / 2;
    const inside = ((((middle - west[0]) % 360) + 360) % 360) + west[0];
    return west.findLastIndex((each) => each <= inside);
  });
  return { rows, edges, columns };
}

/**
 * The polygons around the cells that are members, each as rings: the outer one, and its holes.
 * @param {(row: number, column: number) => boolean} isMember of the grid @param {ReturnType<typeof planeOf>} plane
 * @returns {number[][][][]}
 */
export function polygons(isMember, { rows, edges, columns }) {
  const [height, width] = [rows.length - 1, columns.length];
  const parts = partsOf((row, column) => isMember(row, columns[column]), height, width);
  const partAt = (row, column) => (row < 0 || column < 0 || row >= height || column >= width ? 0 : parts[row * width + column]);
  const leaving = new Map(); // by part and corner, the directions in which edges lead away; the part is on their left
  const leave = (part, row, column, direction) => {
    const key = keyOf(part, row, column);
    if (leaving.has(key)) leaving.get(key).directions.push(direction);
    else leaving.set(key, { part, row, column, directions: [direction] });
  };
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const part = partAt(row, column);
      if (part === 0) continue;
      if (partAt(row + 1, column) === 0) leave(part, row + 1, column, 0);
      if (partAt(row, column + 1) === 0) leave(part, row + 1, column + 1, 1);
      if (partAt(row - 1, column) === 0) leave(part, row, column + 1, 2);
      if (partAt(row, column - 1) === 0) leave(part, row, column, 3);
    }
  }
  const found = new Map();
  const round = (degrees) => Number(degrees.toFixed(DECIMALS)) + 0;
  for (const first of leaving.values()) {
    while (first.directions.length) {
      const ring = walked(leaving, first).map(([row, column]) => [round(edges[column]), round(rows[row])]);
      if (!found.has(first.part)) found.set(first.part, []);
      const rings = found.get(first.part);
      if (areaOf(ring) > 0) rings.unshift([...ring, ring[0]]);
      else rings.push([...ring, ring[0]]);
    }
  }
  return [...found.values()];
}

const keyOf = (part, row, column) => `${part},${row},${column}`;

/** The part of each cell, from 1 on: cells that share an edge on the map; 0 is no member. */
function partsOf(isMember, height, width) {
  const parts = new Int32Array(height * width);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) if (isMember(row, column)) parts[row * width + column] = -1;
  }
  let count = 0;
  for (let first = 0; first < parts.length; first++) {
    if (parts[first] !== -1) continue;
    count += 1;
    const left = [first];
    parts[first] = count;
    while (left.length) {
      const cell = left.pop();
      const column = cell % width;
      for (const next of [column > 0 ? cell - 1 : -1, column < width - 1 ? cell + 1 : -1, cell - width, cell + width]) {
        if (parts[next] !== -1) continue;
        parts[next] = count;
        left.push(next);
      }
    }
  }
  return parts;
}

/**
 * The corners of one ring, which is taken out of `leaving`. Where a part touches itself by a corner, two edges leave; the right
 * turn keeps what they enclose a hole of its own.
 */
function walked(leaving, first) {
  let { row, column } = first;
  const began = first.directions.pop();
  let heading = began;
  const corners = [[row, column]];
  for (;;) {
    [row, column] = [row + STEPS[heading][0], column + STEPS[heading][1]];
    const right = (heading + 3) % 4;
    const here = leaving.get(keyOf(first.part, row, column));
    if (here === first && !(right !== began && here.directions.includes(right))) break;
    const turned = here.directions.includes(right) ? right : here.directions[0];
    here.directions.splice(here.directions.indexOf(turned), 1);
    if (turned !== heading) corners.push([row, column]);
    heading = turned;
  }
  return heading === began ? corners.slice(1) : corners;
}

/** Twice the signed area of a ring; it is positive if the ring runs anticlockwise. */
function areaOf(ring) {
  return ring.reduce((sum, [x, y], i) => {
    const [nextX, nextY] = ring[(i + 1) % ring.length];
    return sum + x * nextY - nextX * y;
  }, 0);
}
