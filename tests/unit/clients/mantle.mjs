/** Runs the page's modules for flow and features in Node.js: the question is a JSON file, and the answer is written to stdout. */

import { readFile } from "node:fs/promises";
import { outlinesOf, pathOf } from "../../../clients/web/mantle/beside.js";
import { carried } from "../../../clients/web/mantle/carry.js";
import { Finder } from "../../../clients/web/mantle/finder.js";
import { openSurrogate } from "../../../clients/web/surrogate/surrogate.js";

const flat = (numbers) => Float64Array.from(numbers.flat(Infinity));

const answers = {
  features({ grid, radii, planet, criterion, anomaly, flow, r }) {
    const finder = new Finder(grid, radii, planet, criterion, "m/s");
    for (const level of finder.shells) finder.add(flat(anomaly[level]), flat(flow[level]));
    const found = finder.found();
    return { shells: finder.shells, rows: found.features, left_out: found.leftOut, outlines: outlinesOf(found, grid, r) };
  },

  /** The flow turns about an axis and rises, by numbers that grow with time. */
  carried({ points, spin, rise, growth, duration, steps, radii }) {
    const count = points[0].length;
    const velocityAt = (at, share) => {
      const out = new Float64Array(at.length);
      for (let i = 0; i < count; i++) {
        const [x, y, z] = [at[i], at[count + i], at[2 * count + i]];
        const factor = 1 + growth * share;
        out[i] = factor * (spin[1] * z - spin[2] * y + rise * x);
        out[count + i] = factor * (spin[2] * x - spin[0] * z + rise * y);
        out[2 * count + i] = factor * (spin[0] * y - spin[1] * x + rise * z);
      }
      return out;
    };
    return [...carried(flat(points), velocityAt, duration, steps, radii)];
  },

  async path({ folder, t, points, reach, untilMyr }) {
    globalThis.fetch = async (address) => new Response(await readFile(folder + new URL(address).pathname));
    const surrogate = await openSurrogate("http://surrogate.test/");
    let last = null;
    for await (const stop of pathOf(surrogate, { t, points: flat(points), reach, sign: 1, untilMyr })) last = stop;
    return { ...last, points: [...last.points] };
  },
};

const { ask, ...question } = JSON.parse(await readFile(process.argv[2], "utf8"));
process.stdout.write(JSON.stringify(await answers[ask](question)));
