/** Draws a section as a slice of the planet, in its true proportions. */

/** The number of steps from the first of the legend's colours to the last. */
const STEPS = 254;
const MARGIN_PX = 16;
/** Beside it, which has room for the depths of marks. */
const SIDE_PX = 32;
const RADII = 1024;

/**
 * @typedef {{inner: number, outer: number, angle: number}} Shape  radii in any unit, and the angle in radians, at most half a turn
 * @typedef {Shape & {scale: number, x: number, y: number, width: number, height: number}} Layout  pixels of a unit of length, the
 *   planet's middle and the size, in pixels
 */

/** How a slice lies in so much room. @param {Shape} shape @param {number} width @param {number} height @returns {Layout} */
export function layoutOf({ inner, outer, angle }, width, height) {
  const half = angle / 2;
  const wide = 2 * outer * Math.sin(half);
  const high = outer - inner * Math.cos(half);
  const scale = Math.min((width - 2 * SIDE_PX) / wide, (height - 2 * MARGIN_PX) / high);
  return { inner, outer, angle, scale, x: width / 2, y: MARGIN_PX + outer * scale, width, height: Math.ceil(high * scale) + 2 * MARGIN_PX };
}

/** Where a pixel lies: the share of the way along the section, and the radius. @param {Layout} layout */
export function positionAt({ angle, scale, x: middle, y: center }, x, y) {
  const [dx, dy] = [x - middle, center - y];
  return { share: Math.atan2(dx, dy) / angle + 0.5, radius: Math.hypot(dx, dy) / scale };
}

/** Where a position lies. @returns {[number, number]} */
export function pixelAt({ angle, scale, x, y }, share, radius) {
  const turned = (share - 0.5) * angle;
  return [x + radius * scale * Math.sin(turned), y - radius * scale * Math.cos(turned)];
}

/**
 * @param {CanvasRenderingContext2D} context of a canvas of the layout's size @param {Layout} layout
 * @param {{values: ArrayLike<?number>, places: number, radii: number[]}} section  `(shell, place)`, the radii ascending
 * @param {import("../source.js").Legend} legend
 */
export function paintSlice(context, layout, { values, places, radii }, { colors, range, factor }) {
  const { width, height, scale, inner, outer } = layout;
  const rgb = colors.map((color) => [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16)));
  const palette = Uint32Array.from(rgb, ([r, g, b]) => ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0);
  const [low, high] = range.map((end) => end / (factor ?? 1));
  const perStep = STEPS / (high - low);
  const shellAt = shellsOf(radii, inner, outer);
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const valueAt = (shell, place) => values[shell * places + place];
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const { share, radius } = positionAt(layout, x + 0.5, y + 0.5);
      // A soft edge: a pixel is opaque as far as it lies within.
      const edge = Math.min((radius - inner) * scale, (outer - radius) * scale, Math.min(share, 1 - share) * layout.angle * radius * scale) + 0.5;
      if (!(edge > 0)) continue;
      const shell = shellAt[Math.max(0, Math.min(RADII, Math.round(((radius - inner) / (outer - inner)) * RADII)))];
      const place = Math.max(0, Math.min(1, share)) * (places - 1);
      const [i, j] = [Math.min(Math.floor(shell), radii.length - 2), Math.min(Math.floor(place), places - 2)];
      const [up, along] = [shell - i, place - j];
      const value =
        (valueAt(i, j) * (1 - along) + valueAt(i, j + 1) * along) * (1 - up) +
        (valueAt(i + 1, j) * (1 - along) + valueAt(i + 1, j + 1) * along) * up;
      if (!Number.isFinite(value)) continue;
      const color = palette[Math.max(0, Math.min(STEPS, Math.round((value - low) * perStep)))];
      pixels[at] = edge >= 1 ? color : ((color & 0xffffff) | (Math.round(255 * edge) << 24)) >>> 0;
    }
  }
  context.putImageData(image, 0, 0);
}

/** For each of `RADII` intervals from the inner to the outer radius, where it lies among the shells. */
function shellsOf(radii, inner, outer) {
  const found = new Float32Array(RADII + 1);
  for (let k = 0, i = 0; k <= RADII; k++) {
    const radius = inner + ((outer - inner) * k) / RADII;
    while (i < radii.length - 2 && radii[i + 1] < radius) i++;
    found[k] = Math.max(0, Math.min(radii.length - 1, i + (radius - radii[i]) / (radii[i + 1] - radii[i])));
  }
  return found;
}
