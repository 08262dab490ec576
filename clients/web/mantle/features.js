/** Slabs and plumes: their outlines on the map, a table of their numbers, and files of both. */

import { fetchJson } from "../http.js";
import { lengthFormat } from "../format.js";
import { button, element } from "../more/dom.js";
import { MEASURES, readCriterion, textOfCriterion } from "./criterion.js";
import { Outlines } from "./outline-layer.js";
import { csvOfFeatures, fluxUnits, geojsonOf } from "./tables.js";

/** The server is asked for what the map comes to rest on, and so is a worker. */
const SETTLE_MS = 400;
/** The table has so many rows of each kind, the largest ones. */
const ROWS = 25;
const MEASURED = { std: "× standard deviation", largest: "of the largest" };

export class Features {
  #page;
  #helper;
  #planet;
  #length;
  #number; // a length without its unit
  #units;
  #outlines;
  #parts;
  #criterion = null; // null: they are off
  #asked = null; // what was asked for last, as text
  #found = null;
  #timer = 0;
  #fetching = null;

  /** @param {import("../more/more.js").Page} page @param {import("./helper.js").Helper} helper */
  constructor(page, helper) {
    const { catalog, variables } = page.source;
    this.#page = page;
    this.#helper = helper;
    this.#length = lengthFormat(catalog);
    this.#number = lengthFormat({ ...catalog, length_unit: "1" });
    this.#planet = { surface: catalog.surface_radius_km, core: catalog.core_radius_km ?? null, unit: catalog.length_unit, decimals: catalog.length_decimals };
    const unitOf = (wanted) => variables.find(({ name }) => name === wanted).unit;
    this.#units = { anomaly: unitOf("temperature"), ...fluxUnits(unitOf("temperature"), unitOf("vx"), catalog) };
    this.#outlines = new Outlines(page.map);
    this.#parts = this.#made();
    document.getElementById("panel").append(this.#parts.root);
  }

  #made() {
    const threshold = element("input", { type: "number", name: "threshold", min: "0", step: "any", "aria-label": "Least anomaly", change: () => this.#choose() });
    const measure = element("select", { name: "measure", "aria-label": "Measure of the anomaly", change: () => this.#choose() },
      ...MEASURES.map((each) => new Option(each === "unit" ? this.#units.anomaly : MEASURED[each], each)));
    const flow = element("input", { type: "number", name: "flow", min: "0", step: "any", "aria-label": "Least radial speed, in multiples of its mean", change: () => this.#choose() });
    const words = element("p", { class: "plot-words", role: "status" });
    const table = element("table", { "aria-label": "Slabs and plumes" });
    const [csv, geojson] = [button("features-csv", "CSV", () => this.#save("csv"), { title: "Save the table" }), button("features-geojson", "GeoJSON", () => this.#save("geojson"), { title: "Save the outlines" })];
    const root = element("section", { id: "features", "aria-labelledby": "features-title", hidden: true },
      element("div", { class: "panel-head" }, element("h2", { id: "features-title" }, "Slabs and plumes"), csv, geojson,
        button("close-features", "×", () => this.#turn(null), { title: "Close", "aria-label": "Close slabs and plumes" })),
      element("p", { class: "thresholds" }, "Anomaly at least ", threshold, " ", measure, ", radial speed at least ", flow, " × its mean"),
      words, element("div", { class: "rows" }, table));
    return { root, threshold, measure, flow, words, table, files: [csv, geojson] };
  }

  /** @param {import("../state.js").State} state */
  show({ features }) {
    const read = features ? readCriterion(features) : null;
    if (features && read === null) {
      this.#page.inform(`There is no features=${features}; it is a threshold, a measure (${MEASURES.join(", ")}) and a least speed.`);
      queueMicrotask(() => this.#turn("1"));
      return;
    }
    this.#criterion = read;
    this.#parts.root.hidden = read === null;
    if (read === null) {
      this.#stop();
      return;
    }
    const { threshold, measure, flow } = this.#parts;
    if (document.activeElement !== threshold) threshold.value = String(read.threshold);
    if (document.activeElement !== flow) flow.value = String(read.flow);
    measure.value = read.measure;
    this.shown();
  }

  /** A frame is on the map. */
  shown() {
    const frame = this.#page.shownFrame();
    if (this.#criterion === null || frame === null) return;
    const { engine, source } = this.#page;
    const sought = { t: frame.t, r: frame.r, criterion: this.#criterion, planet: this.#planet };
    const asked = JSON.stringify([engine.chosen, sought]);
    if (asked === this.#asked) return;
    this.#asked = asked;
    clearTimeout(this.#timer);
    this.#fetching?.abort();
    this.#say("Finding slabs and plumes …");
    this.#parts.root.dataset.shown = "";
    this.#outlines.show([]); // those of another depth or time would be wrong
    this.#timer = setTimeout(() => {
      // A gateway needs a tenth of a browser's time, but knows no times between the steps.
      if (source.fetchProfile && Number.isInteger(frame.t)) this.#fetch(asked, sought);
      else if (engine.chosen === "browser") this.#helper.want("features", sought, (told) => this.#told(asked, told));
      else this.#say("Only a gateway or this browser finds slabs and plumes.");
    }, SETTLE_MS);
  }

  #told(asked, { share, rows, left_out: leftOut, outlines }) {
    if (asked !== this.#asked || this.#criterion === null) return;
    if (rows) this.#take({ rows, leftOut, outlines });
    else this.#say(`Finding slabs and plumes: ${Math.round(100 * share)} %`);
  }

  /** Asks the gateway. */
  async #fetch(asked, { t, r, criterion }) {
    this.#helper.want("features", null);
    this.#fetching = new AbortController();
    const { signal } = this.#fetching;
    const root = new URL("../", this.#page.source.folder).href;
    const query = new URLSearchParams(criterion);
    try {
      const table = await fetchJson(`${root}features/${t}?${query}`, signal);
      const { features } = await fetchJson(`${root}features/${t}.geojson?${query}&shell=${r}`, signal);
      if (asked === this.#asked) this.#take({ rows: table.features, leftOut: table.left_out, outlines: features });
    } catch (error) {
      if (!signal.aborted) this.#say(error.message);
    }
  }

  #take(found) {
    this.#found = found;
    this.#outlines.show(found.outlines.map(({ id, geometry }) => ({ id, geometry, kind: id.split("-")[0] })));
    const of = (kind) => found.rows.filter((row) => row.kind === kind).length;
    const here = (kind) => found.outlines.filter(({ id }) => id.startsWith(kind)).length;
    this.#say(`${of("slab")} slabs and ${of("plume")} plumes, of which ${here("slab")} and ${here("plume")} reach this depth. ${found.leftOut} smaller regions are left out.`);
    this.#fill(found);
    for (const file of this.#parts.files) file.disabled = false;
    this.#parts.root.dataset.shown = this.#asked;
  }

  #fill({ rows, outlines }) {
    const depths = rows[0]?.crossings.map(({ asked_km: asked }) => asked) ?? [];
    const reached = new Set(outlines.map(({ id }) => id));
    const flux = `Flux (${this.#units.volume_flux_unit.replace("km3", "km³")}) through`;
    const head = element("tr", {}, ...["", "Volume (million km³)", `Depths${this.#page.source.catalog.length_unit === "km" ? " (km)" : ""}`, ...depths.map((depth) => `${flux} ${this.#length(depth)}`)].map((words) => element("th", { scope: "col" }, words)));
    const shown = ["slab", "plume"].flatMap((kind) => rows.filter((row) => row.kind === kind).slice(0, ROWS));
    const body = shown.map((row) => {
      const name = button("look", row.id.replace("-", " "), () => this.#lookAt(row), { title: "Show it on the map" });
      const cells = [Number((row.volume_km3 / 1e6).toPrecision(3)).toLocaleString("en"), `${this.#number(row.top_km)}–${this.#number(row.bottom_km)}`, ...row.crossings.map(({ volume_flux: passed }) => (passed ? String(Number(passed.toPrecision(3))) : "–"))];
      const at = element("tr", { class: reached.has(row.id) ? row.kind : `${row.kind} elsewhere` }, element("th", { scope: "row" }, name), ...cells.map((words) => element("td", {}, words)));
      at.addEventListener("pointerenter", () => this.#outlines.highlight(row.id));
      at.addEventListener("pointerleave", () => this.#outlines.highlight(null));
      return at;
    });
    this.#parts.table.replaceChildren(element("thead", {}, head), element("tbody", {}, ...body));
  }

  /** Takes the map to a feature, and to a depth that it reaches. */
  #lookAt({ id, lat, lon, top_km: top, bottom_km: bottom, depth_km: middle }) {
    const { catalog: { shells } } = this.#page.source;
    const now = shells.find(({ r }) => r === this.#page.state().r).depth_km;
    const wanted = now >= top && now <= bottom ? now : middle;
    const { r } = shells.reduce((a, b) => (Math.abs(b.depth_km - wanted) < Math.abs(a.depth_km - wanted) ? b : a));
    this.#outlines.highlight(id);
    this.#page.map.panTo([lat, lon], { animate: false });
    if (r !== this.#page.state().r) this.#page.choose({ r });
  }

  #save(form) {
    if (!this.#found) return;
    const { t, r } = this.#page.shownFrame();
    const text = form === "csv" ? csvOfFeatures(this.#found.rows) : geojsonOf(this.#found, this.#units);
    const type = form === "csv" ? "text/csv" : "application/geo+json";
    this.#page.download(new Blob([text], { type }), `features_t${t}${form === "csv" ? "" : `_r${r}`}.${form}`);
  }

  #choose() {
    const { threshold, measure, flow } = this.#parts;
    const text = [threshold.value, measure.value, flow.value || "0"].join();
    const read = readCriterion(text);
    if (read === null) this.#page.inform("The threshold is more than 0, and the least speed at least 0.");
    else this.#turn(textOfCriterion(read));
  }

  #turn(features) {
    this.#page.look({ features });
    this.#page.shownAgain();
  }

  #say(words) {
    this.#parts.words.textContent = words;
    for (const file of this.#parts.files) file.disabled = true;
  }

  #stop() {
    clearTimeout(this.#timer);
    this.#fetching?.abort();
    this.#helper.want("features", null);
    this.#asked = null;
    this.#found = null;
    this.#outlines.show([]);
  }
}
