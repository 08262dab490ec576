/** Starts the page, which consists of one state and the parts that show it. */

import { Controls } from "./controls.js";
import { Engine } from "./engine.js";
import { promiseOf } from "./format.js";
import { GlobeMap, maxLatitude } from "./globe-map.js";
import { drawGraticule } from "./graticule.js";
import { Legend } from "./legend.js";
import { MessageLine } from "./message.js";
import { Permalink } from "./permalink.js";
import { Readout } from "./readout.js";
import { openSource } from "./source.js";
import { frameKey, parseHash, withChange } from "./state.js";
import { ViewportCanvas } from "./viewport-canvas.js";

const message = new MessageLine();

async function start() {
  let source;
  try {
    source = await openSource();
  } catch (error) {
    message.fail(error.message, start);
    return;
  }
  describe(source.catalog, source.variables);
  run(source);
}

/** Writes what the source says about itself. It must always be readable on the page. Nothing is assumed. */
function describe(catalog, variables) {
  document.title = `${catalog.title} · EarthGAN`;
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
  const legends = new Map();
  let state;
  let shownFrame = null; // null while tiles are loading

  const globe = new GlobeMap(document.getElementById("map"), tiling, (view) => {
    state = withChange(state, { view });
    permalink.write(state);
  });
  const field = new Engine(globe.leaflet, source, document.getElementById("engine"), {
    loading: () => {
      shownFrame = null;
      delete document.documentElement.dataset.loaded;
      delete document.documentElement.dataset.detail;
    },
    shown: showWords,
    failed: (reason) => message.fail(reason, () => field.retry()),
  });
  const legend = new Legend(document.getElementById("legend"));
  const readout = new Readout(globe.leaflet, source, (frame) => field.shellOf(frame), {
    value: (value) => legend.mark(value),
    failed: (reason) => message.inform(reason),
  });
  const controls = new Controls(document.getElementById("controls"), catalog, variables, (change) => {
    message.clear();
    update(change);
  });
  const permalink = new Permalink(navigate);
  bindGraticule(globe.leaflet);
  tellWhatIsCutOff(maxLatitude(globe.leaflet));
  navigate();

  /** Takes the state from the address: at the start, and when the reader goes back or forward. */
  function navigate() {
    const { state: asked, problems } = parseHash(location.hash, catalog);
    state = asked;
    message.clear();
    if (problems.length) message.inform(problems.join(" "));
    globe.setView(asked.view);
    update({});
  }

  function update(change) {
    state = withChange(state, change);
    controls.show(state);
    const { variable, t, r, draw } = state;
    field.show({ variable, t, r, draw });
    permalink.write(state);
  }

  /** Updates the legend and the readout. They follow the picture and not the controls, so they describe the map. */
  async function showWords(frame) {
    shownFrame = frame;
    try {
      if (!legends.has(legendKey(frame))) {
        legends.set(legendKey(frame), await source.fetchLegend(frame.variable, frame.draw));
      }
    } catch (error) {
      message.fail(error.message, () => field.retry());
      return;
    }
    if (shownFrame !== frame) return; // a newer frame was shown while the legend was loading
    legend.show(legends.get(legendKey(frame)));
    readout.show(frame, legends.get(legendKey(frame)));
    document.documentElement.dataset.loaded = frameKey(frame);
  }
}

const legendKey = ({ variable, draw }) => `${variable}@${draw ?? ""}`;

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
