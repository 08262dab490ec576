/** Runs the page's modules for features in Node.js: the question is a JSON file, and the answer is written to stdout. */

import { readFile } from "node:fs/promises";
import { outlinesOf } from "../../../clients/web/mantle/beside.js";
import { Finder } from "../../../clients/web/mantle/finder.js";

const flat = (numbers) => Float64Array.from(numbers.flat(Infinity));

const answers = {
  features({ grid, radii, planet, criterion, anomaly, flow, r }) {
    const finder = new Finder(grid, radii, planet, criterion, "m/s");
    for (const level of finder.shells) finder.add(flat(anomaly[level]), flat(flow[level]));
    const found = finder.found();
    return { shells: finder.shells, rows: found.features, left_out: found.leftOut, outlines: outlinesOf(found, grid, r) };
  },
};

const { ask, ...question } = JSON.parse(await readFile(process.argv[2], "utf8"));
process.stdout.write(JSON.stringify(await answers[ask](question)));
