/** What the picture on the map shows, in words: over the picture, in the page's title, and so in the browser's history. */

import { formatPlace, lengthFormat, stepName } from "./format.js";
import { stepAt } from "./times.js";

export class Caption {
  #catalog;
  #length;
  #element;
  #frame = "";
  #place = "";

  /** @param {HTMLElement} element @param {import("./source.js").Catalog} catalog */
  constructor(element, catalog) {
    this.#catalog = catalog;
    this.#length = lengthFormat(catalog);
    this.#element = element;
  }

  /** @param {import("./source.js").Frame} frame the one on the map @param {import("./source.js").Legend} legend its own */
  show({ t, r }, legend) {
    const { shells } = this.#catalog;
    const steps = [...this.#catalog.steps].sort((a, b) => a.t - b.t);
    const { depth_km: depth } = shells.find((shell) => shell.r === r);
    const height = depth < 0 ? " above the surface" : "";
    const step = steps.length > 1 ? stepName(stepAt(steps, t)) : null;
    this.#frame = [legend.long_name, this.#length(Math.abs(depth)) + height, step].filter(Boolean).join(" · ");
    this.#element.textContent = this.#frame;
    this.#element.hidden = false;
    this.#showTitle();
  }

  /** @param {import("./state.js").State} state the view in the address, and the places whose depths are shown */
  showPlaces({ view, place, section }) {
    const at = ({ lat, lng }) => formatPlace(lat, lng, 2);
    this.#place = [
      view && `${formatPlace(view.lat, view.lng, view.zoom > 4 ? 3 : 2)}, zoom ${view.zoom.toFixed(2)}`,
      place && `below ${at(place)}`,
      section && `section ${at(section.from)} to ${at(section.to)}`,
    ].filter(Boolean).join(" · ");
    this.#showTitle();
  }

  #showTitle() {
    document.title = [this.#frame, this.#place, this.#catalog.title, "EarthGAN"].filter(Boolean).join(" · ");
  }
}
