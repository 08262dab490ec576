/** A section of the planet below a great circle of the map. It goes hand in hand with the map: with its time, depth and colours. */

import { marksOf } from "../depth-marks.js";
import { formatPlace, formatValue, lengthFormat, unitAfter } from "../format.js";
import { turnedTo } from "../longitude.js";
import { GreatCircle } from "../surrogate/great-circle.js";
import { button, element } from "./dom.js";
import { SectionLine } from "./section-line.js";
import { layoutOf, paintSlice, pixelAt, positionAt } from "./slice.js";

const HEIGHT_PX = 250;
/** The length of a section that begins, unless the map shows less. */
const FIRST_DEG = 90;
/** Opposite places have no shortest way between them, and a section needs some length. */
const [LEAST_DEG, MOST_DEG] = [1, 179.5];

export class Section {
  #page;
  #catalog;
  #line;
  #length;
  #state = null;
  #found = null;
  #legend = null; // of what was found
  #layout = null;
  #parts;

  /**
   * @param {import("./more.js").Page} page @param {HTMLElement} panel
   * @param {() => void} settled called when a drag of the line has ended
   */
  constructor(page, panel, settled) {
    const { catalog } = page.source;
    this.#page = page;
    this.#catalog = catalog;
    this.#length = lengthFormat(catalog);
    this.#line = new SectionLine(page.map, { moved: (section) => this.#moved(section), settled });
    const title = element("h2", { id: "section-title" });
    const words = element("p", { class: "plot-words" });
    const canvas = element("canvas", { role: "img" });
    const close = button("close-section", "×", () => page.choose({ section: null }), { title: "Close", "aria-label": "Close the section" });
    const root = element(
      "section", { id: "section", "aria-labelledby": "section-title", hidden: true },
      element("div", { class: "panel-head" }, title, close), words, canvas,
    );
    panel.append(root);
    this.#parts = { root, title, words, canvas };
    canvas.addEventListener("pointermove", (event) => this.#point(event));
    canvas.addEventListener("pointerleave", () => this.#point(null));
    canvas.addEventListener("click", (event) => this.#pick(event));
    new ResizeObserver(() => this.#draw()).observe(root);
  }

  /** What is to be computed. @returns {?(import("../state.js").Section & {isMoving: boolean})} */
  get wish() {
    return this.#state && { ...this.#state, isMoving: this.#line.isMoving };
  }

  /** The section that the map's middle suggests. @returns {import("../state.js").Section} */
  get first() {
    const { map } = this.#page;
    const { lat, lng } = map.getCenter().wrap();
    const bounds = map.getBounds();
    const half = Math.min(FIRST_DEG, 0.7 * (bounds.getEast() - bounds.getWest())) / 2;
    return { from: { lat, lng: turnedTo(lng - half) }, to: { lat, lng: turnedTo(lng + half) } };
  }

  /** @param {import("../state.js").State} state */
  show({ section }) {
    this.#state = section ?? null;
    this.#line.show(this.#state);
    this.#parts.root.hidden = !section;
    if (!section) this.#found = this.#legend = null;
    else this.#say(null);
  }

  /** A frame is on the map. */
  shown() {
    const { variable, anomaly = false } = this.#page.shownFrame();
    const { frame, legend } = this.#found ?? {};
    // The range of its colours may be another.
    if (!legend && frame?.variable === variable && Boolean(frame.anomaly) === anomaly) this.#legend = this.#page.legend();
    this.#draw();
  }

  /** @param {import("./numbers.js").Section} found */
  found(found) {
    if (this.#state === null) return;
    this.#found = found;
    this.#legend = found.legend ?? this.#page.legend();
    this.#draw();
    this.#say(null);
    this.#parts.canvas.dataset.shown = `${found.frame.variable}/${found.frame.t}${found.isQuick ? " quick" : ""}`;
  }

  #moved(section) {
    const { lengthDeg } = new GreatCircle(section.from, section.to);
    if (lengthDeg >= LEAST_DEG && lengthDeg <= MOST_DEG) this.#page.choose({ section });
  }

  #draw() {
    const { canvas, root } = this.#parts;
    if (this.#found === null || root.hidden || !root.clientWidth) return;
    const { from, to, values, places, first, step, count } = this.#found;
    const shells = Array.from({ length: count }, (_, i) => this.#catalog.shells[first + i * step]);
    const radii = shells.map(({ radius_km }) => radius_km);
    const arc = new GreatCircle(from, to);
    const shape = { inner: radii[0], outer: radii.at(-1), angle: (arc.lengthDeg * Math.PI) / 180 };
    const layout = layoutOf(shape, root.clientWidth, HEIGHT_PX);
    const ratio = window.devicePixelRatio || 1;
    const whole = scaled(layout, ratio);
    canvas.width = whole.width;
    canvas.height = whole.height;
    canvas.style.width = `${layout.width}px`;
    canvas.style.height = `${layout.height}px`;
    const context = canvas.getContext("2d");
    paintSlice(context, whole, { values, places, radii }, this.#legend);
    context.scale(ratio, ratio);
    this.#layout = layout;
    this.#drawLines(context, layout);
  }

  #drawLines(context, layout) {
    const { shells, surface_radius_km: surface } = this.#catalog;
    const style = getComputedStyle(this.#parts.canvas);
    const arc = (radius, width, color) => {
      const { x, y, angle, scale } = layout;
      for (const [wide, ink] of [[width + 2, "rgb(0 0 0 / 0.35)"], [width, color]]) {
        context.beginPath();
        context.arc(x, y, radius * scale, -Math.PI / 2 - angle / 2, -Math.PI / 2 + angle / 2);
        context.lineWidth = wide;
        context.strokeStyle = ink;
        context.stroke();
      }
    };
    const isInside = (radius) => radius > layout.inner && radius < layout.outer;
    const marks = marksOf([...shells].reverse(), this.#catalog).filter(({ depthKm }) => isInside(surface - depthKm));
    for (const { depthKm } of marks) arc(surface - depthKm, 0.6, "rgb(255 255 255 / 0.55)");
    const { radius_km: radius } = shells.find(({ r }) => r === this.#page.shownFrame().r);
    arc(radius, 2, "#fff");
    context.fillStyle = style.color;
    context.font = "10px system-ui, sans-serif";
    context.textAlign = "left";
    let free = 0; // where words have room, from the surface down
    for (const { depthKm } of marks) {
      const [x, y] = pixelAt(layout, 1, surface - depthKm);
      const down = (layout.outer - surface + depthKm) * layout.scale;
      if (down < free || x + 30 > layout.width) continue;
      context.fillText(String(depthKm), x + 5, y + 4);
      free = down + 10;
    }
    context.font = "600 12px system-ui, sans-serif";
    context.textAlign = "center";
    for (const [letter, share] of [["A", 0], ["B", 1]]) {
      const [x, y] = pixelAt(layout, share, layout.outer);
      context.fillText(letter, Math.max(8, Math.min(layout.width - 8, x)), Math.max(11, y - 5));
    }
  }

  #say(at) {
    const { from, to } = this.#state;
    const arc = new GreatCircle(from, to);
    const surface = ((arc.lengthDeg * Math.PI) / 180) * this.#catalog.surface_radius_km;
    const { title, words, canvas } = this.#parts;
    title.textContent = `Section A–B · ${arc.lengthDeg.toFixed(arc.lengthDeg < 10 ? 1 : 0)}° · ${this.#length(surface)}`;
    const ends = `A ${formatPlace(from.lat, from.lng)} · B ${formatPlace(to.lat, to.lng)}`;
    words.textContent = at ?? ends;
    canvas.setAttribute("aria-label", `${this.#legend?.long_name ?? "The field"} below the great circle from ${ends.replace(" · B", " to B")}`);
  }

  #position({ offsetX, offsetY }) {
    if (!this.#layout) return null;
    const { share, radius } = positionAt(this.#layout, offsetX, offsetY);
    const { inner, outer } = this.#layout;
    if (share < 0 || share > 1 || radius < inner || radius > outer) return null;
    const shell = this.#catalog.shells.reduce((a, b) => (Math.abs(b.radius_km - radius) < Math.abs(a.radius_km - radius) ? b : a));
    return { share, radius, shell };
  }

  #point(event) {
    const position = event && this.#found && this.#position(event);
    if (!position) {
      this.#line.mark(null);
      if (this.#state) this.#say(null);
      return;
    }
    const { share, shell } = position;
    const { from, to, values, places, first, step, count } = this.#found;
    const arc = new GreatCircle(from, to);
    this.#line.mark(arc.at(share * arc.lengthDeg));
    const row = Math.max(0, Math.min(count - 1, Math.round((shell.r - first) / step)));
    const legend = this.#legend;
    const value = values[row * places + Math.round(share * (places - 1))];
    const text = Number.isFinite(value) ? formatValue(value * (legend.factor ?? 1), legend.range) + unitAfter(legend.unit) : "no data";
    this.#say(`${text} · ${(share * arc.lengthDeg).toFixed(1)}° from A · ${this.#length(Math.abs(shell.depth_km))} deep`);
  }

  #pick(event) {
    const position = this.#position(event);
    if (position) this.#page.choose({ r: position.shell.r });
  }
}

const scaled = (layout, ratio) => ({
  ...layout,
  ...Object.fromEntries(["scale", "x", "y", "width", "height"].map((name) => [name, Math.round(layout[name] * ratio * 1e6) / 1e6])),
  width: Math.round(layout.width * ratio), height: Math.round(layout.height * ratio),
});
