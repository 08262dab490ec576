/** The handles of the cut: one for each of its planes. Pointers drag them, and keys move them. */

import { formatLatitude, formatLongitude } from "../format.js";
import { LEAST_WIDTH } from "./view.js";
import { button } from "../more/dom.js";
import { vectorOf } from "../surrogate/great-circle.js";
import { placeNear, projected, widthOf } from "./geometry.js";

const KEYS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 };

const PLANES = {
  west: { sign: "W", words: "West plane of the cut", most: 180, format: formatLongitude },
  east: { sign: "E", words: "East plane of the cut", most: 180, format: formatLongitude },
  floor: { sign: "↕", words: "Floor of the cut", most: 90, format: formatLatitude },
};

export class Handles {
  #root;
  #on;
  #handles;
  #view = null;
  #pointOf;

  /**
   * @param {HTMLElement} root
   * @param {{moved: (view: import("./view.js").GlobeView) => void, pointOf: (event: PointerEvent) => {x: number, y: number}}} on
   *   `pointOf` says where an event is, in radii from the globe's middle
   */
  constructor(root, on) {
    this.#root = root;
    this.#on = on;
    this.#handles = Object.fromEntries(Object.keys(PLANES).map((name) => [name, this.#handle(name)]));
  }

  /** @param {import("./view.js").GlobeView} view @param {(x: number, y: number) => [number, number]} toPixels @param {number} peel */
  place(view, toPixels, peel) {
    this.#view = view;
    const middle = (view.floor + 90) / 2;
    const at = {
      west: vectorOf({ lat: middle, lng: view.west }), east: vectorOf({ lat: middle, lng: view.east }),
      floor: vectorOf({ lat: view.floor, lng: view.west + widthOf(view) / 2 }),
    };
    for (const [name, handle] of Object.entries(this.#handles)) {
      const { x, y, depth } = projected(view, at[name]);
      const [left, top] = toPixels(x, y);
      handle.style.translate = `${Math.round(left)}px ${Math.round(top)}px`;
      handle.classList.toggle("behind", depth < 0 && Math.hypot(x, y) < peel);
      const { words, most, format } = PLANES[name];
      const attributes = { label: words, valuemin: -most, valuemax: most, valuenow: view[name], valuetext: format(view[name], 1) };
      for (const [key, value] of Object.entries(attributes)) handle.setAttribute(`aria-${key}`, String(value));
    }
  }

  #handle(name) {
    const { sign, words } = PLANES[name];
    const handle = button(`globe-${name}`, sign, () => {}, { class: "handle", role: "slider", title: words });
    handle.addEventListener("pointerdown", (event) => handle.setPointerCapture(event.pointerId));
    handle.addEventListener("pointermove", (event) => {
      if (!handle.hasPointerCapture(event.pointerId)) return;
      const { x, y } = this.#on.pointOf(event);
      const { lat, lng } = placeNear(this.#view, x, y);
      this.#move(name, name === "floor" ? lat : lng);
    });
    handle.addEventListener("keydown", (event) => {
      const step = KEYS[event.key];
      if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      this.#move(name, this.#view[name] + step * (event.shiftKey ? 10 : 1));
    });
    this.#root.append(handle);
    return handle;
  }

  /** Moves a plane, unless it would pass another one. */
  #move(name, degrees) {
    const view = { ...this.#view, [name]: name === "floor" ? Math.min(90 - LEAST_WIDTH, degrees) : degrees };
    const width = widthOf(view);
    if (width >= LEAST_WIDTH && width <= 360 - LEAST_WIDTH) this.#on.moved(view);
  }
}
