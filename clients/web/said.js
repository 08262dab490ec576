/**
 * What the page itself says of its data, in `<script id="earthgan" type="application/json">`. The gateway and `earthgan site`
 * write it into the built page, so that the first field needs no request for it. The page from its sources says nothing.
 */

/**
 * @typedef {{file: string, sha256: string}} Part  a file beside the surrogate's own, compressed with gzip
 * @typedef {{spec: object, parts: ?{coded: Part, refinement: ?Part}, bytes: number, first: ?import("./first.js").First}} Packed
 *   spec.json's content, the weights in the parts that are needed one after another: for what is coded of a step, and to refine
 *   it, or null if there is only the file that the spec names; the bytes of all steps; and the first field, if it is known
 * @typedef {{
 *   catalog: import("./source.js").Catalog, variables: import("./source.js").Variable[],
 *   legends: Object<string, import("./source.js").Legend>, surrogate: ?Packed,
 * }} Manifest  `surrogate` is null if browsers cannot compute it
 * @typedef {{name: string, title: string, folder: string, manifest: Manifest | string}} Entry  a surrogate; its manifest, or the
 *   manifest's address. All addresses are relative to the page.
 * @typedef {{gateway: ?string, worker: string, surrogates: Entry[], offline: ?string, query?: string}} Said  the gateway's address,
 *   if there is one, the worker's, and that of the service worker, if the page can be kept for times without a network. A page that
 *   somebody else holds has no address of its own: `query` stands for what the address would ask for
 */

/**
 * The catalog of a manifest, which leaves out what can be computed: the grid that spec.json states, and the shells, whose
 * lengths are in units of their last decimal, each as its rise over what the rise before leads to.
 * @param {Manifest} manifest @returns {import("./source.js").Catalog}
 */
export function catalogOf({ catalog, surrogate }) {
  if (surrogate === null) return catalog;
  const { latitudes_deg, longitudes_deg } = surrogate.spec.grid;
  const unit = 10 ** catalog.length_decimals;
  const summed = (numbers) => {
    let sum = 0;
    return numbers.map((number) => (sum += number));
  };
  const [radii, depths] = ["radius_km", "depth_km"].map((name) => summed(summed(catalog.shells[name])).map((length) => length / unit));
  return {
    ...catalog,
    grid: { latitudes_deg: numbersOf(latitudes_deg), longitudes_deg: numbersOf(longitudes_deg) },
    shells: radii.map((radius_km, r) => ({ r, radius_km, depth_km: depths[r] })),
  };
}

/**
 * The numbers of an axis. spec.json states an even axis by its ends and its count.
 * @param {number[] | {first: number, last: number, count: number}} axis @returns {number[]}
 */
export function numbersOf(axis) {
  if (Array.isArray(axis)) return axis;
  const step = (axis.last - axis.first) / (axis.count - 1);
  return Array.from({ length: axis.count }, (_, i) => (i < axis.count - 1 ? axis.first + i * step : axis.last));
}

/** @returns {?Said} */
export function saidByPage() {
  const element = document.getElementById("earthgan");
  return element && JSON.parse(element.textContent);
}

/** The surrogate that an address asks for by `?surrogate=`: the first, if it names none. @param {Said} said @returns {?Entry} */
export function entryOf({ surrogates }, search = location.search) {
  const name = new URLSearchParams(search).get("surrogate");
  return name === null ? surrogates[0] : (surrogates.find((entry) => entry.name === name) ?? null);
}

/** Whether an address asks for data that the page says nothing of: a folder of tiles, or one that was dropped. */
export const asksForOther = () => ["data", "dropped"].some((name) => new URLSearchParams(location.search).has(name));

/** An address in what the page says, made absolute. @param {string} address */
export const absolute = (address) => new URL(address, document.baseURI).href;

/** The address of a part or a step, which names its version, so that it may be kept for ever. @param {Part} file */
export const versioned = (folder, { file, sha256 }) => `${folder}${file}?v=${sha256.slice(0, 16)}`;

/** Whether this browser reads the parts of weights. The surrogate's own file holds the same. */
export const READS_PARTS = typeof DecompressionStream === "function";
