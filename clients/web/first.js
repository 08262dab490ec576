/**
 * The first field, which the page itself holds: what is coded of a step, in as many steps as a picture has colours. A slow
 * network brings it before it has brought what browsers compute it from.
 */

import { numbersOf, READS_PARTS } from "./said.js";
import { frameKey } from "./state.js";

/** The steps between the values `low` and `high`. */
const STEPS = 254;

/**
 * @typedef {{variable: string, t: number, r: number, low: number, high: number, values: string}} First  `values` are zlib in
 *   base64, of bytes `(row, column)`: steps as differences along rows and then along columns, modulo 256
 */

/** Whether the page holds a frame. @param {?import("./said.js").Packed} packed @param {import("./source.js").Frame} frame */
export const holdsFirst = (packed, frame) => READS_PARTS && Boolean(packed?.first) && frameKey(packed.first) === frameKey(frame);

/**
 * What shows the first field, as if it computed it.
 * @param {import("./source.js").Source} source of a page that holds its first field
 * @returns {Pick<import("./computed.js").Computer, "legend" | "compute" | "shellOf">}
 */
export function firstComputer({ packed, fetchLegend, catalog: { grid } }) {
  let found = null;
  return {
    legend: ({ variable }) => fetchLegend(variable),
    compute: async (_, on) => {
      try {
        const shell = await firstShell(packed);
        found = { shape: [grid.latitudes_deg.length, grid.longitudes_deg.length], values: shell.values };
        on.computed(shell);
      } catch (error) {
        on.failed(error);
      }
    },
    shellOf: (frame) => (holdsFirst(packed, frame) ? found : null),
  };
}

/**
 * @param {import("./said.js").Packed} packed
 * @returns {Promise<{values: Float32Array, detail: "coded", cost: {bytes: number, ms: number}}>} as a worker tells a shell
 */
export async function firstShell({ first, spec }) {
  const begin = performance.now();
  const packed = Uint8Array.from(atob(first.values), (letter) => letter.charCodeAt(0));
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const steps = new Uint8Array(await new Response(unpacked).arrayBuffer());
  const columns = numbersOf(spec.grid.longitudes_deg).length;
  for (let i = columns; i < steps.length; i++) steps[i] += steps[i - columns];
  for (let i = 0; i < steps.length; i++) if (i % columns) steps[i] += steps[i - 1];
  const unit = (first.high - first.low) / STEPS;
  const values = Float32Array.from(steps, (step) => first.low + step * unit);
  return { values, detail: "coded", cost: { bytes: packed.length, ms: performance.now() - begin } };
}
