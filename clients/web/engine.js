/** The field on the map, computed by this browser or, where it cannot or the reader does not want it, by the server. */

import { ComputedField } from "./computed-field.js";
import { openComputer } from "./computed.js";
import { FieldLayer } from "./field-layer.js";
import { firstComputer, holdsFirst } from "./first.js";
import { amountOf, durationOf } from "./format.js";
import { keepOffline } from "./offline.js";
import { remember, remembered } from "./preference.js";
import { framePath } from "./state.js";
import { startAhead } from "./surrogate/ahead.js";

export class Engine {
  #map;
  #source;
  #element;
  #on;
  #chosen = null; // "browser" or "server"
  #server;
  #browser = null; // promise of a field that this browser computes
  #computer = null;
  /** The field that the page holds, until another is on the map: its computer, what shows it, and whether it is on the map. */
  #first = null;
  #wanted = null;
  #isKept = false; // whether the page and its surrogate are being kept for times without a network
  #asked = 0; // when the wanted frame was asked for, in ms

  /**
   * @param {import("./vendor/leaflet/leaflet-src.esm.js").Map} map
   * @param {import("./source.js").Source} source @param {HTMLFieldSetElement} element the switch
   * @param {Omit<ConstructorParameters<typeof FieldLayer>[2], "loading"> & {loading: (isShown: boolean) => void, chosen: () => void}} on
   *   `loading`: whether a picture of the same frame is on the map; `chosen`: another engine computes from now on
   */
  constructor(map, source, element, on) {
    this.#map = map;
    this.#source = source;
    this.#element = element;
    this.#on = on;
    this.#server = source.tiles && new FieldLayer(map, source, {
      ...this.#forwarded("server"),
      shown: (frame) => this.#shown("server", frame, { detail: "refined", cost: this.#costOfTiles(frame) }),
    });
    element.querySelector('[value="server"]').parentElement.hidden = this.#server === null;
    element.hidden = source.folder === null;
    element.addEventListener("change", ({ target }) => {
      remember(target.value);
      this.#choose(target.value);
    });
    const reason = whyNot(source);
    if (reason) this.#refuse(reason);
    const chosen = reason ? "server" : (remembered() ?? "browser");
    this.#choose(this.#server === null ? "browser" : chosen);
  }

  /** Shows a frame as soon as it is there. The latest call wins. */
  show(frame) {
    this.#wanted = frame;
    this.#asked = performance.now();
    const isFirst = this.#chosen === "browser" && this.#browser === null && holdsFirst(this.#source.packed, frame);
    if (isFirst) this.#first ??= this.#openFirst();
    else if (this.#first?.isShown === false) this.#leaveFirst();
    if (this.#chosen === "server") this.#server.show(frame);
    else if (isFirst) this.#first.field.show(frame);
    else this.#compute((field) => field.show(this.#wanted));
  }

  /** Loads the wanted frame again. */
  retry() {
    if (this.#chosen === "server") this.#server.retry();
    else this.#compute((field) => field.retry(this.#wanted));
  }

  /** What computes: "browser" or "server". */
  get chosen() {
    return this.#chosen;
  }

  /** What computes in this browser, once it is open; null while the server is asked. @returns {?import("./computed.js").Computer} */
  get computer() {
    return this.#chosen === "browser" ? this.#computer : null;
  }

  /** Whether there are times between the steps. */
  get hasBetween() {
    return this.#chosen === "browser" && Boolean(this.#source.packed?.spec.generator.arguments.prediction);
  }

  /** The values of a frame on the catalog's grid, if this browser has computed them. */
  shellOf(frame) {
    if (this.#chosen !== "browser") return null;
    return this.#computer?.shellOf(frame) ?? this.#first?.computer.shellOf(frame) ?? null;
  }

  /**
   * Opens another field over this one, which has a worker of its own.
   * @param {import("./source.js").Source} source @param {ConstructorParameters<typeof ComputedField>[3]} on
   * @returns {Promise<{field: ComputedField, computer: import("./computed.js").Computer}>}
   */
  async another(source, on) {
    const computer = await openComputer(source);
    return { field: new ComputedField(this.#map, source, computer, on, "field pinned"), computer };
  }

  #choose(engine) {
    if (engine === this.#chosen) return;
    this.#chosen = engine;
    this.#element.querySelector(`[value="${engine}"]`).checked = true;
    if (this.#wanted === null) return;
    this.#on.chosen();
    this.show(this.#wanted); // the old picture stays until the new one is there
    if (engine === "browser") this.retry();
  }

  /** Uses the field that this browser computes, once it is open. If it cannot be opened, the server takes over. */
  async #compute(use) {
    if (this.#computer === null) this.#loading("browser");
    try {
      const field = await this.#open();
      if (this.#chosen === "browser") use(field);
    } catch (error) {
      if (this.#server === null) {
        this.#browser = null; // it is opened again when the reader asks for it
        this.#on.failed(error.message);
        return;
      }
      this.#refuse(error.message);
      this.#choose("server");
    }
  }

  #open() {
    this.#browser ??= openComputer(this.#source).then((computer) => {
      this.#computer = computer;
      return new ComputedField(this.#map, this.#source, computer, {
        ...this.#forwarded("browser"),
        shown: (frame, detail) => this.#shown("browser", frame, detail),
      });
    });
    this.#browser.catch(() => {}); // whoever uses the field sees why there is none
    return this.#browser;
  }

  /** Opens the field that the page holds. When it is on the map, what this browser computes takes its place. */
  #openFirst() {
    const first = { computer: firstComputer(this.#source), field: null, isShown: false };
    first.field = new ComputedField(this.#map, this.#source, first.computer, {
      loading: () => this.#loading("browser"),
      shown: (frame, detail) => {
        first.isShown = true;
        this.#shown("browser", frame, detail, true);
        setTimeout(() => {
          if (this.#browser === null) startAhead(this.#source, frame);
          this.#compute((field) => field.show(this.#wanted));
        });
      },
      failed: () => {
        this.#leaveFirst();
        this.#compute((field) => field.show(this.#wanted));
      },
    });
    return first;
  }

  #leaveFirst() {
    this.#first?.field.clear();
    this.#first = null;
  }

  /** A frame is on its way. It may be on the map already, as the page holds it. */
  #loading(engine) {
    const isShown = Boolean(this.#first?.isShown) && holdsFirst(this.#source.packed, this.#wanted);
    if (engine === this.#chosen) this.#on.loading(isShown);
  }

  /** What an engine reports only counts while it is chosen. */
  #forwarded(engine) {
    return {
      loading: () => this.#loading(engine),
      failed: (reason) => engine === this.#chosen && this.#on.failed(reason),
    };
  }

  #shown(engine, frame, { detail, cost }, isFirst = false) {
    if (engine !== this.#chosen) return;
    if (!isFirst) this.#leaveFirst();
    if (engine === "browser") this.#server?.clear();
    else this.#browser?.then((field) => engine === this.#chosen && field.clear(), () => {});
    document.documentElement.dataset.detail = detail;
    const told = this.#element.querySelector(`[value="${engine}"] ~ .cost`);
    const state = detail === "refined" ? "" : ` · ${detail}, refining …`;
    told.textContent = `${amountOf(cost.bytes)} · ${durationOf(cost.ms)}${state}`;
    this.#on.shown(frame);
    if (detail === "refined") this.#keep();
  }

  /** Nothing is kept before the reader sees a whole field, so that it does not come later. */
  #keep() {
    if (this.#source.offline === null || this.#isKept) return;
    this.#isKept = true;
    keepOffline(this.#source.offline);
  }

  #refuse(reason) {
    const input = this.#element.querySelector('[value="browser"]');
    input.disabled = true;
    input.parentElement.title = reason;
  }

  /** What the tiles of a frame have cost since it was asked for. */
  #costOfTiles(frame) {
    const ofFrame = (entry) => entry.startTime >= this.#asked && entry.name.includes(`/tiles/${framePath(frame)}/`);
    const tiles = performance.getEntriesByType("resource").filter(ofFrame);
    const bytes = tiles.reduce((sum, { transferSize }) => sum + transferSize, 0);
    return { bytes, ms: performance.now() - this.#asked };
  }
}

/** The kinds of surrogates that a browser computes. */
const KINDS = ["spectral"];

/** Why this browser cannot compute a source's shells, or null. @param {import("./source.js").Source} source */
function whyNot({ folder, catalog: { generator } }) {
  if (folder === null) return "These data are pictures.";
  return KINDS.includes(generator.preset) ? null : `Only the server computes surrogates of the kind ${generator.preset}.`;
}

