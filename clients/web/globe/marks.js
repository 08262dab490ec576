/** What stands over the globe: rings around places, and the depths of the rings on the cut's planes. */

import { element } from "../more/dom.js";
import { vectorOf } from "../surrogate/great-circle.js";
import { cutOf, hitAt, projected } from "./geometry.js";

export class Marks {
  #rings;
  #chosen;
  #hovering;

  /** The place whose depths are shown. @type {?import("../state.js").Place} */
  place = null;
  /** The place under the pointer on the map. @type {?import("../state.js").Place} */
  hovered = null;

  /** @param {HTMLElement} root @param {number[]} depthsKm @param {number} topKm the radius that is 1 @param {number} surfaceKm */
  constructor(root, depthsKm, topKm, surfaceKm) {
    this.#chosen = element("i", { class: "globe-mark chosen" });
    this.#hovering = element("i", { class: "globe-mark" });
    this.#rings = depthsKm.map((depthKm) => ({
      radius: (surfaceKm - depthKm) / topKm, label: element("span", { class: "globe-depth", "aria-hidden": "true" }, String(depthKm)),
    }));
    root.append(this.#chosen, this.#hovering, ...this.#rings.map(({ label }) => label));
  }

  /** @param {import("./view.js").GlobeView} view @param {import("./geometry.js").Shape} shape @param {(x: number, y: number) => [number, number]} toPixels */
  put(view, shape, toPixels) {
    const put = (mark, vector, surface) => {
      const { x, y, depth } = projected(view, vector);
      const isSeen = depth > 0 && hitAt(view, shape, x, y)?.surface === surface;
      mark.hidden = !isSeen;
      if (isSeen) mark.style.translate = toPixels(x, y).map((at) => `${Math.round(at)}px`).join(" ");
    };
    for (const [mark, place] of [[this.#chosen, this.place], [this.#hovering, this.hovered]]) {
      if (place) put(mark, vectorOf(place).map((part) => part * shape.peel), "shell");
      else mark.hidden = true;
    }
    // The plane that faces the eye more has room for words.
    const cut = cutOf(view);
    const facing = (side) => Math.abs(projected(view, cut[side]).depth);
    const side = facing("west") > facing("east") ? "west" : "east";
    for (const [i, { radius, label }] of this.#rings.entries()) {
      const lat = view.floor + (0.2 + 0.14 * i) * (90 - view.floor);
      put(label, vectorOf({ lat, lng: view[side] }).map((part) => part * radius), side);
    }
  }
}
