/** A tour of the page's controls: a note beside one after another, which lights it up. */

import { button, element } from "./dom.js";

/** The stops: a control, a name, and words. Stops whose control is not on the page are left out. */
const STOPS = [
  ["#legend", "Colours", "Each colour is a value. Point at the map, or tap on it: the value stands below the map, and a mark shows where it lies among the colours."],
  ["#depth-control", "Depth", "This slider leads from the surface down to the core. ▶ plays through all depths."],
  ["#time-control", "Time", "The mantle moves by some centimetres in a year, so a step takes millions of years. ▶ plays through all steps."],
  ["#zoom", "Further in", "Click a place for what is below it. The buttons enlarge the map, save it, compare two pictures, cut a slice, and open a globe."],
];
const GAP_PX = 10;

export class Tour {
  #note;
  #stops = [];
  #at = 0;
  #before = null; // what had the focus

  constructor() {
    this.#note = element("div", { id: "tour", role: "dialog", "aria-labelledby": "tour-title", "aria-describedby": "tour-words", hidden: true });
    this.#note.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.end();
      event.stopPropagation(); // arrow keys are not for the map here
    });
    document.body.append(this.#note);
  }

  start() {
    this.end();
    this.#before = document.activeElement;
    this.#stops = STOPS.filter(([selector]) => document.querySelector(selector)?.checkVisibility());
    window.addEventListener("resize", this.#place);
    window.addEventListener("scroll", this.#place, true);
    this.#go(0);
  }

  /** Ends the tour, and gives the focus back. */
  end() {
    if (this.#note.hidden) return;
    this.#note.hidden = true;
    this.#target?.classList.remove("toured");
    window.removeEventListener("resize", this.#place);
    window.removeEventListener("scroll", this.#place, true);
    if (this.#before instanceof HTMLElement) this.#before.focus();
  }

  get #target() {
    return document.querySelector(this.#stops[this.#at]?.[0] ?? "#tour");
  }

  #go(to) {
    this.#target?.classList.remove("toured");
    if (to === this.#stops.length) return this.end();
    this.#at = to;
    const [, title, words] = this.#stops[to];
    const next = button("next", to + 1 < this.#stops.length ? "Next" : "Done", () => this.#go(to + 1));
    this.#note.replaceChildren(
      element("h2", { id: "tour-title" }, title),
      element("p", { id: "tour-words" }, words),
      element("p", { class: "buttons" },
        element("span", {}, `${to + 1} of ${this.#stops.length}`),
        ...(to ? [button("back", "Back", () => this.#go(to - 1))] : []),
        next,
        button("close", "×", () => this.end(), { "aria-label": "End the tour" }),
      ),
    );
    this.#note.hidden = false;
    this.#target.classList.add("toured");
    this.#target.scrollIntoView({ block: "nearest" });
    this.#place();
    next.focus({ preventScroll: true });
  }

  /** Puts the note above the control, or below it, or beside it in the map's middle if neither has room. */
  #place = () => {
    const of = this.#target.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = this.#note;
    const { clientWidth, clientHeight } = document.documentElement;
    const above = of.top - height - GAP_PX;
    const below = of.bottom + GAP_PX;
    const map = document.getElementById("map").getBoundingClientRect();
    const fits = above >= 0 || below + height <= clientHeight;
    const beside = of.left > clientWidth / 2 ? of.left - width - GAP_PX : of.right + GAP_PX;
    const left = fits ? of.left + (of.width - width) / 2 : beside;
    const top = !fits ? map.top + (map.height - height) / 2 : above >= 0 ? above : below;
    this.#note.style.top = `${Math.max(GAP_PX, Math.min(top, clientHeight - height - GAP_PX))}px`;
    this.#note.style.left = `${Math.max(GAP_PX, Math.min(left, clientWidth - width - GAP_PX))}px`;
  };
}
