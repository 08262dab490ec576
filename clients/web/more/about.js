/** What am I looking at? A dialog that answers for the picture on the map, and starts the tour. */

import { addStyle } from "../add-style.js";
import { amountOf, elapsedText, formatValue, lengthFormat, promiseOf, stepName, unitAfter } from "../format.js";
import { stepAt } from "../times.js";
import { ABOUT_STYLE } from "./about-style.js";
import { button, element } from "./dom.js";
import { Tour } from "./tour.js";

const VALUE_BYTES = 4;

/**
 * The answers, each a question and sentences. Nothing is said that the source does not say itself.
 * @param {import("../source.js").Source} source @param {import("../source.js").Frame} frame the one on the map
 * @param {import("../source.js").Legend} legend its own @param {{isComputedHere: boolean, isWholeGlobe: boolean}} how
 * @returns {[string, string[]][]}
 */
export function answersOf({ catalog, variables, packed, folder }, frame, legend, { isComputedHere, isWholeGlobe }) {
  const steps = [...catalog.steps].sort((a, b) => a.t - b.t);
  const step = stepAt(steps, frame.t);
  const depth = catalog.shells.find(({ r }) => r === frame.r).depth_km;
  const time = [stepName(step), elapsedText(step, steps[0])].filter(Boolean).join(", ");
  const { latitudes_deg: rows, longitudes_deg: columns } = catalog.grid;
  const values = catalog.shells.length * rows.length * columns.length;
  const ends = legend.range.map((end) => formatValue(end, legend.range) + unitAfter(legend.unit));
  const stored = packed ? packed.spec.variables : catalog.variables; // without those that follow from them
  const promise = promiseOf(catalog, variables);
  return [
    ["What does the map show?", [
      `${legend.long_name}, ${lengthFormat(catalog)(Math.abs(depth))} ${depth < 0 ? "above" : "below"} the surface` +
        (steps.length > 1 ? `, at ${time}.` : "."),
      `The colours go from ${ends[0]} to ${ends[1]}.`,
      isWholeGlobe
        ? "The whole shell is laid out flat. Areas near the poles look wider than they are."
        : "The shell is laid out flat. Areas far from the equator look larger than they are, and the poles are cut off.",
    ]],
    ["Is it real?", [
      { true: "No. A computer simulated it.", false: "It was measured." }[String(catalog.simulated)] ?? "The data do not say it.",
      sentence(catalog.notice),
      catalog.time_scale ? "Times and speeds are scaled, so that the surface moves as fast as the Earth's plates do." : "",
    ]],
    ["How does it get here?", [
      `The data have ${catalog.shells.length.toLocaleString("en")} shells of ${rows.length} × ${columns.length} places, ` +
        `${counted(stored.length, "variable")} and ${counted(steps.length, "step")}: ` +
        `${sizeOf(values * stored.length * steps.length * VALUE_BYTES)} of numbers.`,
      packed ? `A surrogate of ${amountOf(packed.bytes)} stands in for them.` : folder === null ? "" : "A surrogate stands in for them.",
      isComputedHere ? "Your browser computes every picture from it." : folder === null ? "The pictures were made beforehand." : "A server computes every picture from it.",
    ]],
    ["How exact is it?", [
      promise ? `${promise}.` : "A surrogate is not exact. How far it is off was measured against the data, and is part of its documentation.",
      "A colour stands for a small range of values. Point at the map, or tap on it, to read the value itself.",
    ]],
  ].map(([question, sentences]) => [question, sentences.filter(Boolean)]);
}

const counted = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
const sizeOf = (bytes) => (bytes < 999.5e6 ? amountOf(bytes) : `${(bytes / 1e9).toPrecision(3)} GB`);
const sentence = (text) => text && (/[.!?]$/.test(text) ? text : `${text}.`);

export class About {
  #page;
  #dialog;
  #tour = null;

  /** @param {import("./more.js").Page} page */
  constructor(page) {
    addStyle(ABOUT_STYLE);
    this.#page = page;
    this.#dialog = element("dialog", { id: "about-dialog", "aria-labelledby": "about-title" });
    this.#dialog.addEventListener("click", ({ target }) => target === this.#dialog && this.#dialog.close()); // beside it
    document.body.append(this.#dialog);
  }

  /** Opens the dialog for the frame on the map. */
  open() {
    const { source, engine } = this.#page;
    const [frame, legend] = [this.#page.shownFrame(), this.#page.legend()];
    if (frame === null || legend === null) return;
    const how = { isComputedHere: engine.chosen === "browser", isWholeGlobe: source.tiling.tms !== "WebMercatorQuad" };
    this.#dialog.replaceChildren(
      element("h2", { id: "about-title" }, "What am I looking at?"),
      ...answersOf(source, frame, legend, how).flatMap(([question, sentences]) => [
        element("h3", {}, question),
        element("p", {}, sentences.join(" ")),
      ]),
      ...(this.#page.isEmbedded ? [] : this.#ownFolder()),
      element("p", { class: "buttons" },
        button("tour", "Take the tour", () => {
          this.#dialog.close();
          this.#tour ??= new Tour();
          this.#tour.start();
        }),
        button("close", "Close", () => this.#dialog.close()),
      ),
    );
    this.#dialog.showModal();
  }

  /** How a surrogate of the reader's own gets on the map. Not every browser lets somebody choose a folder. */
  #ownFolder() {
    const chosen = element("input", { type: "file", webkitdirectory: true, multiple: true, hidden: true, name: "folder" });
    chosen.addEventListener("change", () => {
      this.#dialog.close();
      this.#page.showFolder([...chosen.files]);
    });
    return [
      element("h3", {}, "Can it show a surrogate of mine?"),
      element("p", {}, "Yes. Drop its folder on the page, or choose it. This browser keeps the files and sends them nowhere."),
      element("p", {}, button("choose-folder", "Choose a folder…", () => chosen.click()), chosen),
    ];
  }
}
