/** What the picture on the map shows, in words: over the picture, in the page's title, and so in the browser's history. */

import { formatPlace, lengthFormat, stepName } from "./format.js";
import { stepAt } from "./times.js";

/**
 * What a picture shows: a quantity, a depth and a step.
 * @param {import("./source.js").Catalog} catalog @param {import("./source.js").Frame} frame @param {import("./source.js").Legend} legend
 */
export function captionOf(catalog, { t, r }, legend) {
  const steps = [...catalog.steps].sort((a, b) => a.t - b.t);
  const { depth_km: depth } = catalog.shells.find((shell) => shell.r === r);
  const height = depth < 0 ? " above the surface" : "";
  const step = steps.length > 1 ? stepName(stepAt(steps, t)) : null;
  return [legend.long_name, lengthFormat(catalog)(Math.abs(depth)) + height, step].filter(Boolean).join(" · ");
}

export class Caption {
  #catalog;
  #element;
  #frame = "";
  #place = "";

  /** @param {HTMLElement} element @param {import("./source.js").Catalog} catalog */
  constructor(element, catalog) {
    this.#catalog = catalog;
    this.#element = element;
  }

  /** @param {import("./source.js").Frame} frame the one on the map @param {import("./source.js").Legend} legend its own */
  show(frame, legend) {
    this.#frame = captionOf(this.#catalog, frame, legend);
    this.#element.textContent = this.#frame;
    this.#element.hidden = false;
    this.#showTitle();
  }

  /** @param {import("./state.js").State} state the view in the address, and the places whose depths are shown */
  showPlaces({ view, place, section, compare }) {
    const at = ({ lat, lng }) => formatPlace(lat, lng, 2);
    this.#place = [
      view && `${formatPlace(view.lat, view.lng, view.zoom > 4 ? 3 : 2)}, zoom ${view.zoom.toFixed(2)}`,
      place && `below ${at(place)}`,
      section && `section ${at(section.from)} to ${at(section.to)}`,
      compare && "beside another picture",
    ].filter(Boolean).join(" · ");
    this.#showTitle();
  }

  #showTitle() {
    document.title = [this.#frame, this.#place, this.#catalog.title, "EarthGAN"].filter(Boolean).join(" · ");
  }
}
