/** Flow on the map: particles that drift with it, its speed in words, and the path of the chosen place through time. */

import { element } from "../more/dom.js";
import { Lateral } from "./lateral.js";
import { Particles } from "./particles.js";
import { PathLine } from "./path-line.js";
import { VELOCITY } from "../surrogate/derived.js";
import { cmPerYear, KM_PER_MYR, roundish } from "./units.js";

/** Particles of the root mean square speed drift by so many pixels a second, about. */
const PX_PER_S = 36;
/** The server is asked for what the map comes to rest on. */
const SETTLE_MS = 300;
const DEGREES = 180 / Math.PI;

/** @typedef {import("../more/more.js").Page} Page */

export class Flow {
  #page;
  #ask;
  #particles;
  #path;
  #note;
  #words = element("span");
  #here = element("span");
  #inCm; // from the unit of velocity to cm/yr, or null
  #unit;
  #isOn = false;
  #shown = null; // the flow on the map: its time and shell
  #flow = null;
  #speeds = null;
  #port = null; // of the map's worker, which tells the flow
  #timer = 0;
  #fetching = null;

  /** @param {Page} page @param {import("./helper.js").Ask} ask @param {import("./helper.js").Helper} helper */
  constructor(page, ask, helper) {
    const { catalog, variables } = page.source;
    this.#page = page;
    this.#ask = ask;
    const { unit } = variables.find(({ name }) => name === VELOCITY[0]);
    this.#inCm = catalog.length_unit === "km" ? cmPerYear(unit) : null;
    this.#unit = this.#inCm === null ? unit : "cm/yr";
    this.#particles = new Particles(page.map);
    this.#path = new PathLine(page, helper);
    this.#note = element("p", { id: "flow-note", hidden: true }, this.#words, " ", this.#here);
    document.querySelector("main").append(this.#note);
    page.map.on("mousemove", ({ latlng }) => this.#say(latlng));
    page.map.on("mouseout", () => this.#say(null));
    page.map.on("zoomend resize", () => this.#draw());
  }

  /** @param {import("../state.js").State} state */
  show({ flow, place }) {
    const isOn = Boolean(flow);
    this.#path.show(isOn && this.#inCm !== null ? (place ?? null) : null);
    if (isOn === this.#isOn) return;
    this.#isOn = isOn;
    this.#note.hidden = !isOn;
    if (isOn) this.shown();
    else this.#stop();
  }

  /** A frame is on the map. */
  shown() {
    if (!this.#isOn) return;
    const frame = this.#page.shownFrame();
    if (frame === null) return;
    this.#path.shown(frame);
    const { engine, source } = this.#page;
    if (engine.chosen === "browser") {
      this.#stopFetching();
      const port = engine.computer?.port;
      if (!port || port === this.#port) return; // it goes on by itself
      this.#port = port;
      this.#ask.beside(port, { flow: true }, (told) => this.#told(told));
      return;
    }
    this.#stopAsking();
    if (!source.fetchShell || (this.#shown?.t === frame.t && this.#shown.r === frame.r)) return;
    this.#stopFetching();
    this.#timer = setTimeout(() => this.#fetch(frame), SETTLE_MS);
  }

  #told({ flow, error }) {
    if (!this.#isOn || this.#page.engine.chosen !== "browser") return;
    if (error) this.#page.inform(error);
    else if (flow) this.#take(flow);
  }

  async #fetch({ t, r, draw }) {
    this.#fetching = new AbortController();
    const { signal } = this.#fetching;
    const wanted = draw === "std" ? null : draw; // a spread does not flow
    try {
      const shells = await Promise.all(VELOCITY.map((variable) => this.#page.source.fetchShell({ variable, t, r, draw: wanted }, signal)));
      if (!signal.aborted && shells.every(Boolean)) this.#take({ t, r, values: shells.map(({ values }) => values) });
    } catch (error) {
      if (!signal.aborted) this.#page.inform(error.message);
    }
  }

  #take({ t, r, values }) {
    this.#shown = { t, r };
    this.#flow = new Lateral(this.#page.source.catalog.grid, values);
    this.#speeds = this.#flow.speeds();
    this.#draw();
    this.#say(null);
    this.#note.dataset.shown = `${t}/${r}`;
  }

  /** The time that passes in a second is a round number, so that people can say how fast it is. */
  #draw() {
    if (this.#flow === null || !this.#isOn) return;
    const { source: { catalog }, map } = this.#page;
    const { radius_km: radius } = catalog.shells.find(({ r }) => r === this.#shown.r);
    const pxPerRadian = Math.abs(map.project([0, 1]).x - map.project([0, 0]).x) * DEGREES;
    const speed = this.#speeds.rms * (this.#inCm ?? 1) * KM_PER_MYR; // radians of the sphere times its radius in a Myr, if cm are known
    const radians = speed > 0 ? roundish(PX_PER_S / pxPerRadian / (speed / radius)) : 0;
    this.#particles.show(this.#flow, (radians * (this.#inCm ?? 1) * KM_PER_MYR) / radius);
    const pace = this.#inCm === null ? "" : ` · 1 s is ${radians.toLocaleString("en")} Myr`;
    const scaled = catalog.time_scale ? " (scaled)" : "";
    this.#words.textContent = `Flow at this depth: ${this.#text(this.#speeds.rms)} ${this.#unit}${scaled} on average, ${this.#text(this.#speeds.most)} at most${pace}`;
  }

  #text(speed) {
    const value = speed * (this.#inCm ?? 1);
    return value === 0 ? "0" : String(Number(value.toPrecision(2)));
  }

  #say(place) {
    this.#here.textContent = "";
    if (place === null || this.#flow === null || !this.#isOn || Math.abs(place.lat) > 90) return;
    const { north, east, up } = this.#flow.localAt(place.lat, place.lng);
    const towards = ["north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west"];
    const heading = towards[(Math.round(Math.atan2(east, north) / (Math.PI / 4)) + 8) % 8];
    const upright = `${this.#text(Math.abs(up))} ${up < 0 ? "down" : "up"}`;
    this.#here.textContent = `· here ${this.#text(Math.hypot(north, east))} to the ${heading}, ${upright}`;
  }

  #stop() {
    this.#stopAsking();
    this.#stopFetching();
    this.#particles.show(null);
    this.#flow = null;
    this.#shown = null;
    delete this.#note.dataset.shown;
  }

  #stopAsking() {
    if (this.#port) this.#ask.beside(this.#port, {}, () => {});
    this.#port = null;
  }

  #stopFetching() {
    clearTimeout(this.#timer);
    this.#fetching?.abort();
    this.#fetching = null;
  }
}
