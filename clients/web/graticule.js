/** Meridians and parallels with labels, drawn over the map, because a simulated mantle has no coastlines. */

import { formatLatitude, formatLongitude } from "./format.js";
import { turnedTo } from "./longitude.js";

const SPACINGS_DEG = [1, 5, 10, 30];
const MIN_SPACING_PX = 70;
const LABEL_ROOM_PX = 44;
const LABEL_MARGIN_PX = 4;

/** @param {CanvasRenderingContext2D} context @param {import("./viewport-canvas.js").Viewport} viewport */
export function drawGraticule(context, { west, east, north, south, width, height, pointOf }) {
  const pxPerDegree = pointOf(0, 1).x - pointOf(0, 0).x;
  const spacing = SPACINGS_DEG.find((degrees) => degrees * pxPerDegree >= MIN_SPACING_PX) ?? SPACINGS_DEG.at(-1);
  const labelEvery = Math.ceil(LABEL_ROOM_PX / (spacing * pxPerDegree));

  const xOf = (lng) => Math.round(pointOf(0, lng).x) + 0.5;
  const yOf = (lat) => Math.round(pointOf(lat, 0).y) + 0.5;
  const top = Math.max(0, yOf(north));
  const bottom = Math.min(height, yOf(south));

  const meridians = multiplesWithin(west, east, spacing);
  const parallels = multiplesWithin(south, north, spacing);

  for (const lng of meridians) {
    line(context, xOf(lng), top, xOf(lng), bottom, turnedTo(lng) === 0 || Math.abs(turnedTo(lng)) === 180);
  }
  for (const lat of parallels) line(context, 0, yOf(lat), width, yOf(lat), lat === 0);

  context.font = "11px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "top";
  for (const lng of meridians) {
    const room = Math.min(xOf(lng), width - xOf(lng));
    if ((lng / spacing) % labelEvery === 0 && room > LABEL_ROOM_PX / 2) {
      label(context, formatLongitude(turnedTo(lng)), xOf(lng), top + LABEL_MARGIN_PX);
    }
  }
  context.textAlign = "left";
  context.textBaseline = "bottom";
  for (const lat of parallels) {
    if (yOf(lat) < bottom - 1 && yOf(lat) > top + 30) label(context, formatLatitude(lat), 6, yOf(lat) - 2);
  }
}

function multiplesWithin(low, high, step) {
  const values = [];
  for (let value = Math.ceil(low / step) * step; value <= high; value += step) values.push(value + 0);
  return values;
}

/** Draws a line white between two dark edges, so that it is visible on light and on dark fields. */
function line(context, x1, y1, x2, y2, isMain) {
  for (const [width, color] of [
    [3, "rgb(0 0 0 / 0.13)"],
    [1, `rgb(255 255 255 / ${isMain ? 0.55 : 0.3})`],
  ]) {
    context.lineWidth = width;
    context.strokeStyle = color;
    context.beginPath();
    context.moveTo(x1, y1);
    context.lineTo(x2, y2);
    context.stroke();
  }
}

function label(context, text, x, y) {
  context.lineWidth = 3;
  context.lineJoin = "round";
  context.strokeStyle = "rgb(0 0 0 / 0.6)";
  context.strokeText(text, x, y);
  context.fillStyle = "rgb(255 255 255 / 0.9)";
  context.fillText(text, x, y);
}
