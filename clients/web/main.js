/** Starts the page, which consists of one state and the parts that show it. */

import { Caption } from "./caption.js";
import { Controls } from "./controls.js";
import { showFolder, watchDrops } from "./drops.js";
import { embedded, linkWholePage, markEmbedded } from "./embed.js";
import { Engine } from "./engine.js";
import { headingOf, promiseOf } from "./format.js";
import { GlobeMap, maxLatitude } from "./globe-map.js";
import { drawGraticule } from "./graticule.js";
import { connection } from "./http.js";
import { Legend } from "./legend.js";
import { MessageLine } from "./message.js";
import { Permalink } from "./permalink.js";
import { parseHash } from "./permalink-text.js";
import { Player } from "./player.js";
import { Probe } from "./probe.js";
import { RangeControls } from "./range-controls.js";
import { withEnds } from "./range.js";
import { Readout } from "./readout.js";
import { Recovery } from "./recovery.js";
import { asksForOther } from "./said.js";
import { download, fileName, pictureOf } from "./save-picture.js";
import { openSource } from "./source.js";
import { formatHash, frameKey, frameOf, roundedPlace, withChange } from "./state.js";
import { ViewportCanvas } from "./viewport-canvas.js";

/** A second click within this time makes the first one a part of a double click. */
const DOUBLE_CLICK_MS = 300;

const message = new MessageLine();
const embed = embedded();
markEmbedded();
if (embed) linkWholePage(document.getElementById("whole"));

connection.watch({
  trouble: (text) => message.fail(text, () => connection.retryNow()),
  recovered: () => message.clearFailure(),
});
window.addEventListener("online", () => connection.retryNow());
if (!embed) watchDrops((text) => message.inform(text));

async function start() {
  if (asksForOther()) for (const id of ["title", "notice"]) document.getElementById(id).textContent = ""; // they are the page's own
  let source;
  try {
    source = await openSource();
  } catch (error) {
    message.fail(error.message, start);
    return;
  }
  describe(source.catalog, source.variables);
  run({ ...source, fetchLegend: once(source.fetchLegend) });
}

/** Fetches each legend once. @param {import("./source.js").Source["fetchLegend"]} fetchLegend */
function once(fetchLegend) {
  const legends = new Map();
  return (variable, draw = null, anomaly = false) => {
    const key = `${variable}@${draw ?? ""}~${anomaly}`;
    if (!legends.has(key)) {
      const named = (legend) => (anomaly ? { ...legend, long_name: `${legend.long_name} less its lateral mean` } : legend);
      legends.set(key, fetchLegend(variable, draw, anomaly).then(named));
      legends.get(key).catch(() => legends.delete(key));
    }
    return legends.get(key);
  };
}

/**
 * Writes what the source says about itself. It must always be readable on the page. Nothing is assumed. The built page of one
 * surrogate has its title and notice already, so that the map does not move when they come.
 */
function describe(catalog, variables) {
  document.getElementById("title").textContent = catalog.title;
  document.getElementById("title").title = catalog.description;
  document.getElementById("notice").textContent = [catalog.notice, catalog.credit].filter(Boolean).join(" · ");
  document.getElementById("licence").textContent = catalog.licence && `Licence: ${catalog.licence}`;
  document.getElementById("simulated").textContent =
    { true: "Simulated data", false: "Measured data" }[catalog.simulated] ?? "";
  document.getElementById("lengths").textContent =
    catalog.length_unit === "1" ? `Lengths have no unit; the planet's radius is ${catalog.surface_radius_km}` : "";
  document.getElementById("promise").textContent = promiseOf(catalog, variables);
  const provenance = document.getElementById("provenance");
  provenance.textContent = `Surrogate ${catalog.digest.replace("sha256:", "").slice(0, 12)}, generator ${catalog.generator.preset}`;
  provenance.title = catalog.digest;
}

function run(source) {
  const { catalog, tiling } = source;
  const byId = (id) => document.getElementById(id);
  const { dataset } = document.documentElement;
  let state;
  let readout = null;
  let shownFrame = null;
  let shownLegend = null;

  let opening = null;
  let more = null; // what the page can do besides: more/more.js
  let openingCut = null;
  let cut = null; // the cut-away globe: globe/globe.js
  let chosen = 0; // a timer

  const globe = new GlobeMap(byId("map"), byId("zoom"), tiling, (view) => {
    state = withChange(state, { view });
    permalink.write(state);
    caption.showPlaces(state);
    more?.moved(state);
  });
  const recovery = new Recovery(connection, () => field.retry());
  const caption = new Caption(byId("caption"), catalog);
  const field = new Engine(globe.leaflet, source, byId("engine"), {
    loading: (isShown) => {
      recovery.loading();
      if (isShown) return; // a better one is on its way
      delete dataset.loaded;
      delete dataset.detail;
      dataset.busy = "";
    },
    shown: showWords,
    failed: (reason) => {
      message.fail(reason, () => field.retry());
      recovery.failed();
    },
    chosen: () => {
      const t = field.hasBetween ? state.t : stepNear(state.t);
      if (t !== state.t) {
        update({ t });
        permalink.write(state);
      }
      more?.show(state);
    },
  });
  /** What this module lends to those that are loaded later. */
  const page = {
    source, engine: field, map: globe.leaflet, state: () => state, download, words,
    choose: (change) => choose(change), legend: () => shownLegend, shownFrame: () => shownFrame,
    inform: (text) => message.inform(text), showFolder: (files) => showFolder(files, page.inform), reading: () => readout.write(),
    drawn: () => open({ isQuiet: true }), beside: () => cut?.picture ?? null,
    isEmbedded: embed !== null, hash: () => formatHash(state),
    go: (hash) => {
      permalink.replace(hash);
      navigate();
    },
    look: (change) => {
      state = withChange(state, change);
      permalink.write(state);
      cut?.show(state);
    },
  };
  page.looksBelow = (field.chosen === "browser" || Boolean(source.fetchProfile)) && (embed?.includes("below") ?? true);
  const { looksBelow } = page;
  const hasGlobe = catalog.shells.length > 1 && source.folder !== null; // pictures have no values
  source.offer?.(() => formatHash(state));
  const legend = new Legend(byId("legend"));
  // A place is chosen by a click, unless that is the first one of two, which enlarge the map.
  const probe = new Probe(globe.leaflet, byId("crosshair"), {
    moved: () => readout?.write(),
    chosen: (place) => {
      clearTimeout(chosen);
      if (looksBelow) chosen = setTimeout(() => choose({ place: roundedPlace(place) }), DOUBLE_CLICK_MS);
    },
  });
  globe.leaflet.on("dblclick", () => clearTimeout(chosen));
  readout = new Readout(
    source,
    { shell: (frame) => field.shellOf(frame), place: () => (more?.isPinnedAt(probe.point, probe.place) ? null : probe.place), other: () => cut?.reading ?? null },
    {
      value: (value, at) => {
        legend.mark(value);
        more?.read(value, at);
      },
      failed: (reason) => message.inform(reason),
    },
  );
  const choose = (change) => {
    player.stop();
    message.clear();
    const isOther = "variable" in change || "anomaly" in change;
    update({ ...(isOther && ranges.changeWith(state)), ...change });
    permalink.write(state);
  };
  const controls = new Controls(byId("controls"), source, choose);
  const ranges = new RangeControls(byId("controls"), source.styles, choose);
  const player = new Player(byId("player"), [...document.querySelectorAll(".play")], {
    hasBetween: () => field.hasBetween,
    step: (axis, isLooping, parts) => {
      const change = controls.next(axis, isLooping, state, parts);
      if (change) update(change);
      return change !== null;
    },
    changed: (isPlaying) => {
      if (!isPlaying) permalink.write(state);
      permalink.isPlaying = isPlaying;
      if (!isPlaying) more?.stopped();
    },
  });
  const permalink = new Permalink(navigate, embed !== null);
  if (embed && !embed.includes("zoom")) globe.leaflet.scrollWheelZoom.disable(); // the page around it scrolls
  bindGraticule(globe.leaflet);
  const button = (name) => byId("zoom").querySelector(`[name="${name}"]`);
  button("save").addEventListener("click", save);
  button("section").hidden = !looksBelow;
  button("compare").hidden = field.chosen !== "browser";
  button("globe").hidden = !hasGlobe;
  button("globe").addEventListener("click", () => choose({ globe: state.globe ? null : "1" }));
  button("compare").addEventListener("click", async () => (await open())?.toggleCompare());
  button("section").addEventListener("click", async () => (await open())?.toggleSection());
  for (const name of ["coast", "flow", "features"]) {
    const input = byId("controls").elements[name];
    input.addEventListener("change", async () => {
      page.look({ [name]: input.checked ? "1" : null });
      (await open())?.show(state);
    });
  }
  byId("cite").addEventListener("click", async () => (await open())?.cite());
  byId("about").addEventListener("click", async () => (await open())?.tell());
  tellWhatIsCutOff(maxLatitude(globe.leaflet));
  navigate();
  if (embed) open(); // the page around it may ask for something soon

  /**
   * Opens what is not needed for the first field. @param {{isQuiet?: boolean}} [how] quiet: nobody waits for it
   * @returns {Promise<?import("./more/more.js").More>} null if it does not come
   */
  function open({ isQuiet = false } = {}) {
    const failed = () => {
      opening = null; // it is opened again when it is needed
      if (!isQuiet) message.fail("A part of the page could not be loaded.", open);
      return null;
    };
    opening ??= import("./more/more.js").then(({ More }) => (more = new More(page)), failed);
    return opening;
  }

  /** Opens the globe, which then shows the state. */
  async function openCut() {
    const failed = () => {
      throw new Error("The globe could not be loaded.");
    };
    openingCut ??= import("./globe/globe.js").then(({ Globe }) => Globe.open(page), failed);
    try {
      cut = await openingCut;
      cut.show(state);
    } catch (error) {
      openingCut = null;
      choose({ globe: null });
      message.inform(error.message);
    }
  }

  const stepNear = (t) => catalog.steps.reduce((a, b) => (Math.abs(b.t - t) < Math.abs(a.t - t) ? b : a)).t;

  /** What a saved picture says. */
  function words() {
    const credit = [catalog.notice, catalog.credit, catalog.licence, "EarthGAN"].filter(Boolean).join(" · ");
    const caption = [more?.pinnedCaption, byId("caption").textContent].filter(Boolean).join(" | ");
    return { title: catalog.title, caption, heading: headingOf(shownLegend), legend: shownLegend, credit };
  }

  async function save() {
    if (shownLegend === null) return;
    download(await pictureOf(byId("map"), words(), page.beside), `${fileName(words().caption)}.png`);
  }

  /** Takes the state from the address: at the start, and when the reader goes back or forward, or edits it. */
  function navigate() {
    const pinned = new URLSearchParams(location.search).has("pinned") ? (source.pinned?.catalog ?? null) : null;
    const { state: asked, problems } = parseHash(location.hash, catalog, field.hasBetween, pinned);
    state = hasGlobe ? asked : withChange(asked, { globe: null });
    if (asked.globe && !hasGlobe) problems.push("There is no globe of these data.");
    player.stop();
    message.clear();
    if (problems.length) message.inform(problems.join(" "));
    permalink.correct(state);
    globe.setView(asked.view);
    update({});
  }

  function update(change) {
    state = withChange(state, change);
    controls.show(state);
    ranges.show(state);
    caption.showPlaces(state);
    field.show(frameOf(state));
    document.documentElement.toggleAttribute("data-globe", Boolean(state.globe));
    button("globe").setAttribute("aria-pressed", String(Boolean(state.globe)));
    if (cut) cut.show(state);
    else if (state.globe) openCut();
    if (more) more.show(state);
    else if (state.compare || state.coast || state.flow || state.features || (looksBelow && (state.place || state.section))) open();
  }

  /** Updates the words. They follow the picture and not the controls, so they describe the map. */
  async function showWords(frame) {
    shownFrame = frame;
    let found;
    try {
      found = await source.fetchLegend(frame.variable, frame.draw, frame.anomaly);
    } catch (error) {
      message.fail(error.message, () => field.retry());
      recovery.failed();
      return;
    }
    if (shownFrame !== frame) return; // a newer frame was shown while the legend was loading
    if (frame.range) found = withEnds(found, frame.ends);
    legend.show(found);
    ranges.showEnds(found.range);
    readout.show(frame, found);
    caption.show(frame, found);
    shownLegend = found;
    dataset.loaded = frameKey(frame);
    cut?.shown();
    more?.shown(frame, dataset.detail);
    if (frameKey(frame) !== frameKey(frameOf(state))) return; // it is on the way to the wanted one
    delete dataset.busy;
    recovery.shown();
    player.shown(dataset.detail === "refined");
    message.clearFailure();
    if (dataset.detail === "refined" && !state.globe) open({ isQuiet: true }); // a globe comes before
  }
}

function tellWhatIsCutOff(latitudeDeg) {
  const element = document.getElementById("projection");
  element.textContent = `Web Mercator: the map ends ${latitudeDeg.toFixed()}° north and south`;
  element.hidden = latitudeDeg === 90;
}

function bindGraticule(map) {
  const canvas = new ViewportCanvas(map, "graticule", drawGraticule);
  const checkbox = document.getElementById("graticule");
  const apply = () => canvas.setVisible(checkbox.checked);
  checkbox.addEventListener("change", apply);
  apply();
}

start();
