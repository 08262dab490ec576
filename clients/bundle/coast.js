/**
 * Writes clients/web/coast/lines.js from Natural Earth's land at 1:110 million, as the package world-atlas holds it:
 *
 *     npm install --no-save world-atlas@2.0.2 && node coast.js
 *
 * A field has cells of a degree, so lines are exact to less than half of that. What only closes an area at the date line and at the
 * south pole is no coast.
 */

import { readFileSync, writeFileSync } from "node:fs";

const [TOLERANCE_DEG, UNITS_PER_DEG] = [0.4, 4];
const { arcs, transform: { scale, translate } } = JSON.parse(readFileSync("node_modules/world-atlas/land-110m.json", "utf8"));

/** An arc's places, whose numbers are differences from one to the next. */
function placesOf(arc) {
  let [x, y] = [0, 0];
  return arc.map(([dx, dy]) => {
    [x, y] = [x + dx, y + dy];
    return [x * scale[0] + translate[0], y * scale[1] + translate[1]];
  });
}

const isEdge = ([lng, lat]) => Math.abs(lng) > 179.9 || lat < -89.9;

/** The parts of a line between edges of the map. Beyond the date line, it goes on at the other edge. */
function coasts(places) {
  const parts = [[]];
  places.forEach((place, i) => {
    const before = places[i - 1];
    const isAlong = isEdge(place) && (i === 0 || isEdge(before));
    if (isAlong || (i > 0 && Math.abs(place[0] - before[0]) > 180)) parts.push([]);
    parts.at(-1).push(place);
  });
  return parts.filter((part) => part.length > 1);
}

/** Leaves out what lies near the line between its neighbours (Douglas and Peucker 1973). */
function simplified(places) {
  const [[x0, y0], [x1, y1]] = [places[0], places.at(-1)];
  const length = Math.hypot(x1 - x0, y1 - y0);
  const distance = ([x, y]) => (length ? Math.abs((x1 - x0) * (y - y0) - (y1 - y0) * (x - x0)) / length : Math.hypot(x - x0, y - y0));
  const inner = places.slice(1, -1).map(distance);
  const most = Math.max(0, ...inner);
  if (most < TOLERANCE_DEG) return [places[0], places.at(-1)];
  const at = inner.indexOf(most) + 1;
  return [...simplified(places.slice(0, at + 1)).slice(0, -1), ...simplified(places.slice(at))];
}

const lines = arcs.flatMap((arc) => coasts(placesOf(arc))).map(simplified).filter((line) => line.length > 2 || Math.hypot(line[1][0] - line[0][0], line[1][1] - line[0][1]) > 1);
const written = lines.map((line) => line.flat().map((degrees) => Math.round(degrees * UNITS_PER_DEG)));
const differences = written.map((line) => line.map((number, i) => (i < 2 ? number : number - line[i - 2])).join(" "));
writeFileSync(
  "../web/coast/lines.js",
  `/** Coastlines of the Earth. clients/bundle/coast.js wrote them from Natural Earth (public domain). */

/** A line's longitude and latitude in quarters of a degree, then their differences from each place to the next. */
export const LINES = \`${differences.join("\n")}\`;
`,
);
console.log(lines.length, lines.reduce((sum, line) => sum + line.length, 0));
