/** Starts the page, which consists of one state and the parts that show it. */

import { Caption } from "./caption.js";
import { Controls } from "./controls.js";
import { Engine } from "./engine.js";
import { promiseOf } from "./format.js";
import { GlobeMap, maxLatitude } from "./globe-map.js";
import { drawGraticule } from "./graticule.js";
import { connection } from "./http.js";
import { Legend } from "./legend.js";
import { MessageLine } from "./message.js";
import { Permalink } from "./permalink.js";
import { parseHash } from "./permalink-text.js";
import { Probe } from "./probe.js";
import { Readout } from "./readout.js";
import { Recovery } from "./recovery.js";
import { openSource } from "./source.js";
import { frameKey, withChange } from "./state.js";
import { ViewportCanvas } from "./viewport-canvas.js";

const message = new MessageLine();

connection.watch({
  trouble: (text) => message.fail(text, () => connection.retryNow()),
  recovered: () => message.clearFailure(),
});
window.addEventListener("online", () => connection.retryNow());

async function start() {
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
  return (variable, draw = null) => {
    const key = `${variable}@${draw ?? ""}`;
    if (!legends.has(key)) {
      legends.set(key, fetchLegend(variable, draw));
      legends.get(key).catch(() => legends.delete(key));
    }
    return legends.get(key);
  };
}

/** Writes what the source says about itself. It must always be readable on the page. Nothing is assumed. */
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
  const { catalog, variables, tiling } = source;
  const byId = (id) => document.getElementById(id);
  const { dataset } = document.documentElement;
  let state;
  let readout = null;
  let shownFrame = null;

  const globe = new GlobeMap(byId("map"), byId("zoom"), tiling, (view) => {
    state = withChange(state, { view });
    permalink.write(state);
    caption.showView(view);
  });
  const recovery = new Recovery(connection, () => field.retry());
  const caption = new Caption(byId("caption"), catalog);
  const field = new Engine(globe.leaflet, source, byId("engine"), {
    loading: () => {
      delete dataset.loaded;
      delete dataset.detail;
      dataset.busy = "";
      recovery.loading();
    },
    shown: showWords,
    failed: (reason) => {
      message.fail(reason, () => field.retry());
      recovery.failed();
    },
  });
  const legend = new Legend(byId("legend"));
  const probe = new Probe(globe.leaflet, byId("crosshair"), { moved: () => readout?.write(), chosen: () => {} });
  readout = new Readout(
    source,
    { shell: (frame) => field.shellOf(frame), place: () => probe.place },
    { value: (value) => legend.mark(value), failed: (reason) => message.inform(reason) },
  );
  const controls = new Controls(byId("controls"), catalog, variables, (change) => {
    message.clear();
    update(change);
    permalink.write(state);
  });
  const permalink = new Permalink(navigate);
  bindGraticule(globe.leaflet);
  tellWhatIsCutOff(maxLatitude(globe.leaflet));
  navigate();

  /** Takes the state from the address: at the start, and when the reader goes back or forward, or edits it. */
  function navigate() {
    const { state: asked, problems } = parseHash(location.hash, catalog);
    state = asked;
    message.clear();
    if (problems.length) message.inform(problems.join(" "));
    permalink.correct(state);
    globe.setView(asked.view);
    caption.showView(asked.view);
    update({});
  }

  function update(change) {
    state = withChange(state, change);
    controls.show(state);
    const { variable, t, r, draw } = state;
    field.show({ variable, t, r, draw });
  }

  /** Updates the words. They follow the picture and not the controls, so they describe the map. */
  async function showWords(frame) {
    shownFrame = frame;
    let found;
    try {
      found = await source.fetchLegend(frame.variable, frame.draw);
    } catch (error) {
      message.fail(error.message, () => field.retry());
      recovery.failed();
      return;
    }
    if (shownFrame !== frame) return; // a newer frame was shown while the legend was loading
    legend.show(found);
    readout.show(frame, found);
    caption.show(frame, found);
    dataset.loaded = frameKey(frame);
    if (frameKey(frame) !== frameKey(state)) return; // it is on the way to the wanted one
    delete dataset.busy;
    recovery.shown();
    message.clearFailure();
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
