/** Opens the surrogate that the page is about, so that this browser computes its shells. */

import { lessMean } from "./anomaly.js";
import { openInWorker } from "./surrogate/client.js";
import { Pool } from "./surrogate/pool.js";

/**
 * @typedef {{
 *   bytes: number, watch: import("./surrogate/client.js").SurrogateWorker["watch"],
 *   fill: import("./surrogate/client.js").SurrogateWorker["fill"], series: Pool["series"], stop: () => void, legend: (frame: import("./source.js").Frame) => Promise<import("./source.js").Legend>,
 *   compute: import("./surrogate/client.js").SurrogateWorker["compute"],
 *   shellOf: (frame: import("./source.js").Frame) => ?{shape: number[], values: Float32Array}, port: Worker,
 * }} Computer  the bytes that opening took, legends, which are fetched once, a function that computes a frame, and the
 *   values of the frame that was computed last; `watch` and `series` compute what is below places, `fill` all shells for a globe, `stop` ends a series, and `port` is the worker, for programs beside its own
 */

/**
 * @param {import("./source.js").Source} source one with a folder
 * @returns {Promise<Computer>} throws SurrogateError, which says why this browser cannot compute the surrogate
 */
export async function openComputer({ catalog, folder, packed, worker: program, fetchLegend }) {
  const worker = await openInWorker(folder, { packed, worker: program });
  const pool = new Pool(program ?? new URL("surrogate/worker.js", import.meta.url), { open: folder, packed }, worker.chains);
  const shape = [catalog.grid.latitudes_deg.length, catalog.grid.longitudes_deg.length];
  let latest = null;
  return {
    bytes: worker.bytes,
    watch: (watch, on) => worker.watch(watch, on),
    fill: (wish, on) => worker.fill(wish, on),
    series: (asked, on) => pool.series(asked, on),
    stop: () => pool.stop(),
    port: worker.port,
    legend: ({ variable, anomaly }) => fetchLegend(variable, null, anomaly),
    compute: (frame, on) =>
      worker.compute(frame, {
        failed: on.failed,
        computed: (shell) => {
          const values = frame.anomaly ? lessMean(shell.values, catalog.grid) : shell.values;
          latest = { frame, shell: { shape, values } };
          on.computed({ ...shell, values });
        },
      }),
    shellOf: (frame) => (latest && isSame(latest.frame, frame) ? latest.shell : null),
  };
}

const isSame = (a, b) => a.variable === b.variable && a.t === b.t && a.r === b.r && a.anomaly === b.anomaly;
