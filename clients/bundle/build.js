/**
 * Writes the built page, `clients/web/bundle/`: index.html with its style, and one minified file each of the page's modules,
 * of what they open later, of the library that plots, of the globe, of what is drawn over the map, of Leaflet, of the worker and of what that loads, and of the Zarr store of a site. `node build.js [FOLDER]` writes to another folder.
 *
 * The gateway and `earthgan site` put what the page is told and its addresses in the places of three comments of index.html.
 * bundle.json states the digest of every source: the gateway only serves a bundle
 * that is made of the sources beside it.
 */

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { build, transform } from "esbuild";

const WEB = new URL("../web/", import.meta.url).pathname;
const OUT = path.resolve(process.argv[2] ?? path.join(WEB, "bundle"));
const LEAFLET = "vendor/leaflet/leaflet-src.esm.js";
/** What the browsers that the page names in its documentation understand. */
const TARGET = ["es2022"];

const sources = new Set(["index.html", "style.css", "vendor/leaflet/leaflet.css", "icon.svg"]);
const read = (name) => readFileSync(path.join(WEB, name), "utf8");
const digestOf = (content) => createHash("sha256").update(content).digest("hex");
/** The first digits of a digest name a version of a file for caches. */
const version = (content) => digestOf(content).slice(0, 16);

/** Bundles one entry. @returns {Promise<{code: string, map: string}>} */
async function bundled(entry, outfile, options = {}) {
  const { outputFiles, metafile } = await build({
    entryPoints: [path.join(WEB, entry)],
    outfile: path.join(WEB, "bundle", outfile), // source maps name their sources from there
    absWorkingDir: WEB,
    bundle: true,
    format: "esm",
    minify: true,
    target: TARGET,
    sourcemap: "linked",
    sourcesContent: false, // the sources are served beside the bundle
    legalComments: "inline",
    metafile: true,
    write: false,
    logLevel: "error",
    ...options,
  });
  for (const name of Object.keys(metafile.inputs)) sources.add(name);
  const [map, code] = [".map", ".js"].map((end) => outputFiles.find((file) => file.path.endsWith(end))?.text);
  return { code, map };
}

/** Makes files of their own: Leaflet, which changes less often than the page, and what the first field does not need. */
const apart = (files) => ({
  name: "apart",
  setup: ({ onResolve }) => {
    for (const [filter, address] of files) onResolve({ filter }, () => ({ path: address, external: true }));
  },
});

async function minifiedStyle() {
  const style = read("vendor/leaflet/leaflet.css") + read("style.css");
  return (await transform(style, { loader: "css", minify: true, target: ["chrome110", "firefox115", "safari16"] })).code.trim();
}

function html(style, early) {
  const icon = `data:image/svg+xml,${encodeURIComponent(read("icon.svg").trim())}`;
  const head = [
    `<link rel="icon" href="${icon}" type="image/svg+xml">`,
    "<!--files-->",
    `<style>${style}</style>`,
    "<!--page-->",
    `<script>${early.trim()}</script>`,
    "<!--code-->",
  ];
  const loads = /^ *<(?:link rel="(?:icon|stylesheet)"|script type="module").*\n/gm;
  const page = read("index.html");
  if (page.match(loads)?.length !== 4) throw new Error("index.html: the icon, two styles and one script are expected");
  return page.replace(loads, "").replace("</head>", () => `  ${head.join("\n  ")}\n</head>`).replace(/^ +/gm, "");
}

const leaflet = await bundled(LEAFLET, "leaflet.js");
const worker = await bundled("surrogate/worker.js", "worker.js");
const leafletApart = [/\/leaflet-src\.esm\.js$/, `./leaflet.js?v=${version(leaflet.code)}`];
const beside = await bundled("mantle/beside.js", "beside.js");
const mantle = await bundled("mantle/mantle.js", "mantle.js", { plugins: [apart([leafletApart])] });
mantle.code = mantle.code.replace('"./beside.js"', `"./beside.js?v=${version(beside.code)}"`); // an address, which esbuild does not see
const mantleApart = [/\/mantle\/mantle\.js$/, `./mantle.js?v=${version(mantle.code)}`];
const uplot = await bundled("vendor/uplot/uPlot.esm.js", "uplot.js");
const uplotApart = [/\/uPlot\.esm\.js$/, `./uplot.js?v=${version(uplot.code)}`];
const coast = await bundled("coast/lines.js", "coast.js");
const coastApart = [/\/coast\/lines\.js$/, `./coast.js?v=${version(coast.code)}`];
const more = await bundled("more/more.js", "more.js", { plugins: [apart([leafletApart, mantleApart, uplotApart, coastApart])] });
const moreApart = [/^\.\/more\/more\.js$/, `./more.js?v=${version(more.code)}`];
const globe = await bundled("globe/globe.js", "globe.js", { plugins: [apart([leafletApart])] });
const globeApart = [/^\.\/globe\/globe\.js$/, `./globe.js?v=${version(globe.code)}`];
const dropped = await bundled("dropped/dropped.js", "dropped.js");
const droppedApart = [/^\.\/dropped\/dropped\.js$/, `./dropped.js?v=${version(dropped.code)}`];
const main = await bundled("main.js", "main.js", { plugins: [apart([leafletApart, moreApart, globeApart, droppedApart])] });
const { code: offline } = await transform(read("sw.js"), { minify: true, target: TARGET, format: undefined });
sources.add("sw.js");
const zarr = await bundled("zarr.js", "zarr.js", { format: "iife", globalName: "earthganZarr", define: { "import.meta.url": '""' } });
const early = await bundled("early.js", "early.js", { format: "iife", sourcemap: false });

rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT, { recursive: true });
const write = (name, content) => writeFileSync(path.join(OUT, name), content);
const compressed = (content) => {
  const parameters = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT };
  return brotliCompressSync(content, { params: parameters });
};
const versions = {};
for (const [name, { code, map }] of Object.entries({ "leaflet.js": leaflet, "worker.js": worker, "main.js": main, "more.js": more, "uplot.js": uplot, "coast.js": coast, "globe.js": globe, "dropped.js": dropped, "mantle.js": mantle, "beside.js": beside, "zarr.js": zarr })) {
  write(name, code);
  write(`${name}.br`, compressed(code));
  write(`${name}.map`, map);
  versions[name] = version(code);
}
write("sw.js", offline);
write("index.html", html(await minifiedStyle(), early.code));
const digests = Object.fromEntries([...sources].sort().map((name) => [name, digestOf(readFileSync(path.join(WEB, name)))]));
write("bundle.json", `${JSON.stringify({ versions, sources: digests }, null, 1)}\n`);
