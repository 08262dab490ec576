/** What the page can do once its first field is there. It is a file of its own, so that the field does not wait for it. */

import { About } from "./about.js";
import { Below } from "./below.js";
import { Coast } from "./coast.js";
import { citationOf, copied } from "./citation.js";
import { Compare } from "./compare.js";
import { Embedding } from "./embedding.js";
import { Numbers } from "./numbers.js";
import { Recorder } from "./recorder.js";
import { Section } from "./section.js";
import { Switches } from "./switches.js";

/**
 * @typedef {{
 *   source: import("../source.js").Source, engine: import("../engine.js").Engine,
 *   map: import("../vendor/leaflet/leaflet-src.esm.js").Map,
 *   state: () => import("../state.js").State, choose: (change: Partial<import("../state.js").State>) => void,
 *   legend: () => ?import("../source.js").Legend, shownFrame: () => ?import("../source.js").Frame,
 *   inform: (text: string) => void, download: (file: Blob, name: string) => void,
 *   words: () => import("../save-picture.js").Words, looksBelow: boolean, isEmbedded: boolean,
 *   hash: () => string, go: (hash: string) => void, beside: () => ?HTMLCanvasElement,
 *   look: (change: Partial<import("../state.js").State>) => void, shownAgain: () => void, reading: () => void, drawn: () => void,
 *   showFolder: (files: File[]) => void,
 * }} Page  what main.js lends: the state and how to change it; the frame on the map and its legend; what a saved picture says;
 *   whether places can be looked below; whether another page holds this one; the address's fragment, and how to follow one; what
 *   stands beside the map, drawn to be copied; `look` changes how something is seen, which does not stop what plays; `reading`: another
 *   value is read off the globe; `drawn`: its first picture is there; `shownAgain` shows what `look` has changed; `showFolder` opens
 *   the page for a surrogate's folder that the reader has chosen
 */

export class More {
  #page;
  #panel = document.getElementById("panel");
  #numbers;
  #below;
  #section;
  #compare;
  #coast;
  #switches;
  #recorder;
  #embedding;
  #about = null;
  #watched = ""; // what is watched, as text
  #early = new Map(); // what was found of a frame whose legend is not there yet, by "profile" or "section"

  /** @param {Page} page */
  constructor(page) {
    this.#page = Object.assign(page, { shownAgain: () => this.show(page.state()) });
    this.#numbers = new Numbers(page.source, page.engine, {
      profile: (found) => this.#found("profile", found),
      section: (found) => this.#found("section", found),
      failed: (reason) => page.inform(reason),
    });
    this.#section = new Section(page, this.#panel, () => this.#watch());
    this.#below = new Below(page, this.#numbers, this.#panel);
    this.#compare = new Compare(page);
    this.#coast = new Coast(page);
    this.#switches = new Switches(page);
    this.#recorder = new Recorder(page, document.querySelector('#player [name="film"]'));
    this.#embedding = page.isEmbedded ? new Embedding(page) : null;
    this.show(page.state());
    if (page.shownFrame()) this.#embedding?.shown();
  }

  /** Playing has ended. */
  stopped() {
    this.#recorder.stop();
  }

  /** Copies what is to be cited, or shows it. */
  async cite() {
    if (this.#page.shownFrame() === null) return;
    const text = citationOf(this.#page.source.catalog, this.#page.words().caption, location.href);
    this.#page.inform((await copied(text)) ? "The citation is copied." : text);
  }

  /** Tells what the picture is. */
  tell() {
    (this.#about ??= new About(this.#page)).open();
  }

  /** Pins the picture, or takes the pinned one away. */
  toggleCompare() {
    this.#compare.toggle();
  }

  /** What a pinned picture shows; empty without one. */
  get pinnedCaption() {
    return this.#compare.caption;
  }

  /** Whether the pinned picture is at a point of the map. It tells its value at that place, then. */
  isPinnedAt(point, place) {
    const isPinned = this.#compare.covers(point);
    this.#compare.probe(isPinned ? place : null);
    return isPinned;
  }

  /** Shows a section, or takes it away. */
  toggleSection() {
    this.#page.choose({ section: this.#page.state().section ? null : this.#section.first });
  }

  /** @param {import("../state.js").State} state */
  show(state) {
    const { place, section } = this.#page.looksBelow ? state : {};
    this.#panel.hidden = !place && !section && !state.features;
    document.querySelector('#zoom [name="section"]').setAttribute("aria-pressed", String(Boolean(section)));
    this.#section.show({ section });
    this.#below.show({ place });
    this.#compare.show(state);
    this.#coast.show(state);
    this.#switches.show(state);
    this.#embedding?.chosen(state);
    this.#watch();
  }

  /** The reader looks at another part of the map. @param {import("../state.js").State} state */
  moved(state) {
    this.#embedding?.chosen(state);
  }

  /** Another value is read. @param {number} value in the legend's unit @param {?{lat: number, lng: number}} at */
  read(value, at) {
    this.#embedding?.read(value / (this.#page.legend()?.factor ?? 1), at);
  }

  /** A frame is on the map. @param {import("../source.js").Frame} frame @param {string} detail whether a better one follows */
  shown(frame, detail) {
    this.#recorder.shown();
    this.#embedding?.shown();
    this.#numbers.shown(frame);
    this.#section.shown();
    this.#below.shown(frame, detail === "refined");
    this.#switches.shown();
    for (const [kind, found] of this.#early) this.#found(kind, found);
  }

  /** Passes on what has the quantity and so the legend of the map. What is shown keeps its own legend until then. */
  #found(kind, found) {
    this.#early.delete(kind);
    const { variable, anomaly = false } = this.#page.shownFrame() ?? {};
    if (found.frame.variable !== variable || Boolean(found.frame.anomaly) !== anomaly) this.#early.set(kind, found);
    else if (kind === "profile") this.#below.found(found);
    else this.#section.found(found);
  }

  #watch() {
    const { place = null } = this.#panel.hidden ? {} : this.#page.state();
    const { wish } = this.#section;
    const text = JSON.stringify([place, wish, this.#page.engine.chosen]);
    if (text === this.#watched) return;
    this.#watched = text;
    this.#early.clear();
    this.#numbers.watch(place, wish, this.#page.shownFrame());
  }
}
