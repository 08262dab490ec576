/** Saves what the map shows as a PNG file, with its title, its legend and whom it is of. */

const BAND_PX = 64; // above and below the picture
const MARGIN_PX = 16;
const BAR_PX = 320;
const FONT = "system-ui, -apple-system, sans-serif";

/**
 * @typedef {{title: string, caption: string, heading: string, legend: import("./source.js").Legend, credit: string}} Words
 * @param {HTMLElement} element the map's @param {Words} words @param {() => ?HTMLCanvasElement} [beside] draws what stands beside the map
 * @returns {Promise<Blob>}
 */
export async function pictureOf(element, words, beside) {
  const canvas = document.createElement("canvas");
  compose(canvas, element, words, beside);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

/** Draws the picture on a canvas, which takes its size. @param {HTMLCanvasElement} canvas */
export function compose(canvas, element, words, beside = () => null) {
  const rank = (canvas) => Number(getComputedStyle(canvas).zIndex);
  const layers = [...element.querySelectorAll(".viewport-canvas")].filter((canvas) => !canvas.hidden && canvas.width);
  layers.sort((a, b) => rank(a) - rank(b));
  const { width, height } = layers[0];
  const other = beside();
  const more = other ? Math.round((other.width * height) / other.height) : 0;
  const scale = width / element.clientWidth;
  const band = Math.round(BAND_PX * scale);
  canvas.width = width + more;
  canvas.height = height + 2 * band;
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  for (const layer of layers) {
    const seen = Math.round(layer.width * (layer.dataset.share ?? 1));
    context.drawImage(layer, 0, 0, seen, height, 0, band, seen, height);
  }
  if (other) {
    context.fillStyle = getComputedStyle(other.parentElement).backgroundColor;
    context.fillRect(width, band, more, height);
    context.drawImage(other, width, band, more, height);
  }
  context.scale(scale, scale);
  write(context, words, canvas.width / scale, height / scale + BAND_PX);
}

function write(context, { title, caption, heading, legend, credit }, width, bottom) {
  const room = width - 2 * MARGIN_PX;
  const text = (content, font, x, y, most, color = "#171b21") => {
    context.font = `${font} ${FONT}`;
    context.fillStyle = color;
    context.fillText(content, x, y, most);
  };
  text(caption, "600 18px", MARGIN_PX, 28, room);
  text(title, "14px", MARGIN_PX, 50, room, "#4f5966");
  const bar = Math.min(BAR_PX, room / 2);
  const gradient = context.createLinearGradient(MARGIN_PX, 0, MARGIN_PX + bar, 0);
  legend.colors.forEach((color, i) => gradient.addColorStop(i / (legend.colors.length - 1), color));
  text(heading, "12px", MARGIN_PX, bottom + 18, bar);
  context.fillStyle = gradient;
  context.fillRect(MARGIN_PX, bottom + 24, bar, 12);
  const [low, high] = legend.range;
  context.textAlign = "center";
  let free = 0;
  for (const { value, label } of legend.ticks) {
    const x = MARGIN_PX + ((value - low) / (high - low)) * bar;
    const half = context.measureText(label).width / 2;
    if (x - half < free) continue;
    text(label, "11px", x, bottom + 50);
    free = x + half + 6;
  }
  context.textAlign = "right";
  const lines = linesOf(context, credit, room - bar - 2 * MARGIN_PX);
  lines.slice(0, 3).forEach((line, i) => text(line, "11px", width - MARGIN_PX, bottom + 20 + 15 * i, room - bar - MARGIN_PX, "#4f5966"));
}

/** Breaks a text into lines. */
function linesOf(context, text, most) {
  context.font = `11px ${FONT}`;
  const lines = [""];
  for (const word of text.split(" ")) {
    const longer = `${lines.at(-1)} ${word}`.trim();
    if (lines.at(-1) && context.measureText(longer).width > most) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}

/** A file's name without its end. @param {string} caption */
export const fileName = (caption) => caption.replace(/[^\p{L}\p{N}]+/gu, "-");

/** @param {Blob} blob @param {string} name */
export function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
