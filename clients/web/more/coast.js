/** The Earth's coastlines over the map. They are loaded when they are switched on. */

import { doubtOf, placesOf } from "../coast/places.js";
import { ViewportCanvas } from "../viewport-canvas.js";

export class Coast {
  #page;
  #input = document.getElementById("controls").elements.coast;
  #isWanted = false;
  #canvas = null;
  #lines = null;

  /** @param {import("./more.js").Page} page */
  constructor(page) {
    this.#page = page;
  }

  /** @param {import("../state.js").State} state */
  show({ coast }) {
    const [was, wanted] = [this.#isWanted, Boolean(coast)];
    this.#isWanted = this.#input.checked = wanted;
    this.#canvas?.setVisible(wanted);
    if (!wanted || was) return;
    const doubt = doubtOf(this.#page.source.catalog);
    if (doubt) this.#page.inform(doubt);
    if (this.#canvas === null) this.#open();
  }

  async #open() {
    try {
      this.#lines ??= placesOf((await import("../coast/lines.js")).LINES);
    } catch {
      this.#page.look({ coast: null });
      this.#page.shownAgain();
      this.#page.inform("A part of the page could not be loaded.");
      return;
    }
    this.#canvas ??= new ViewportCanvas(this.#page.map, "coast", (context, viewport) => this.#draw(context, viewport));
    this.#canvas.setVisible(this.#isWanted);
  }

  #draw(context, { west, east, pointOf }) {
    const path = new Path2D();
    for (let turn = Math.ceil((west - 180) / 360); 360 * turn - 180 < east; turn++) {
      for (const line of this.#lines) {
        line.forEach(([lat, lng], i) => {
          const { x, y } = pointOf(lat, lng + 360 * turn);
          if (i === 0) path.moveTo(x, y);
          else path.lineTo(x, y);
        });
      }
    }
    context.lineJoin = "round";
    for (const [width, color] of [[3, "rgb(0 0 0 / 0.4)"], [1.2, "rgb(255 255 255 / 0.9)"]]) {
      context.lineWidth = width;
      context.strokeStyle = color;
      context.stroke(path);
    }
  }
}
