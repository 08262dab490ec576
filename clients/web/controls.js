/** The controls for variable, draw, depth and time. */

import { isAnomaly } from "./anomaly.js";
import { marksOf, showMarks } from "./depth-marks.js";
import { elapsedText, lengthFormat, stepName } from "./format.js";
import { readDraw } from "./permalink-text.js";
import { VELOCITY } from "./surrogate/derived.js";
import { nextTime, stepAt } from "./times.js";

export class Controls {
  #form;
  #shells;
  #steps;
  #length;
  #isScaled;
  #hasAnomaly;
  #isAbove;
  #draws;

  /**
   * @param {HTMLFormElement} form
   * @param {import("./source.js").Source} source
   * @param {(change: Partial<import("./source.js").Frame>) => void} onChange
   */
  constructor(form, { catalog, variables, styles, folder }, onChange) {
    this.#form = form;
    this.#shells = [...catalog.shells].sort((a, b) => a.depth_km - b.depth_km); // surface first
    this.#steps = [...catalog.steps].sort((a, b) => a.t - b.t);
    this.#length = lengthFormat(catalog);
    this.#isScaled = Boolean(catalog.time_scale);
    this.#hasAnomaly = styles;
    this.#isAbove = this.#shells.every(({ depth_km }) => depth_km <= 0);
    this.#draws = catalog.draws ?? null; // a folder of files has none
    this.#nameEnds(catalog);
    this.#bindDraw(catalog, onChange);
    const { variable, anomaly, depth, time } = form.elements;

    variable.replaceChildren(...variables.map(({ name, long_name }) => new Option(long_name, name)));
    depth.max = String(this.#shells.length - 1);
    time.max = String(this.#steps.length - 1);
    showMarks(document.getElementById("depth-marks"), marksOf(this.#shells, catalog));
    document.getElementById("anomaly-control").hidden = !styles;
    const offers = (...names) => folder !== null && names.every((name) => catalog.variables.includes(name));
    form.elements.flow.parentElement.hidden = !offers(...VELOCITY);
    form.elements.features.parentElement.hidden = !offers("temperature", ...VELOCITY);
    document.getElementById("time-scale").textContent = this.#isScaled ? "scaled to plate speeds" : "";
    for (const [button, slider] of [["depth", depth], ["time", time]]) {
      form.querySelector(`.play[value="${button}"]`).disabled = slider.max === "0";
    }
    const [only] = this.#steps;
    const isTimeless = this.#steps.length === 1 && (only.label ?? null) === null && only.time_myr === null;
    document.getElementById("time-control").hidden = isTimeless;
    document.getElementById("time-first").textContent = stepName(this.#steps[0]);
    document.getElementById("time-last").textContent = stepName(this.#steps.at(-1));

    form.addEventListener("submit", (event) => event.preventDefault());
    variable.addEventListener("change", () => {
      onChange({ variable: variable.value, ...(isAnomaly(variable.value) && { anomaly: false }) });
    });
    anomaly.addEventListener("change", () => onChange({ anomaly: anomaly.checked }));
    depth.addEventListener("input", () => onChange({ r: this.#shells[depth.valueAsNumber].r }));
    time.addEventListener("input", () => onChange({ t: this.#steps[time.valueAsNumber].t }));
  }

  /** Brings the controls in line with the state. @param {import("./state.js").State} state */
  show(state) {
    const { variable, anomaly, depth, time } = this.#form.elements;
    variable.value = state.variable;
    anomaly.disabled = !this.#hasAnomaly || isAnomaly(state.variable) || state.draw === "std";
    anomaly.checked = isAnomaly(state.variable) || (Boolean(state.anomaly) && !anomaly.disabled);
    this.#showDraw(state.draw ?? null);

    const shell = this.#shells.find(({ r }) => r === state.r);
    depth.valueAsNumber = this.#shells.indexOf(shell);
    label(depth, this.#place(shell), `radius ${this.#length(shell.radius_km)}`);

    const step = stepAt(this.#steps, state.t);
    time.valueAsNumber = this.#steps.findLastIndex(({ t }) => t <= state.t);
    const elapsed = elapsedText(step, this.#steps[0]);
    label(time, stepName(step), elapsed, elapsed && this.#isScaled ? "scaled to plate speeds" : "");
  }

  /**
   * The next place of a slider: the first after the last, if it loops.
   * @param {"time" | "depth"} axis @param {boolean} isLooping @param {import("./state.js").State} state
   * @param {number} parts into so many the time between two steps is divided
   */
  next(axis, isLooping, state, parts = 1) {
    if (axis === "time") {
      const t = nextTime(this.#steps, state.t, parts) ?? (isLooping ? this.#steps[0].t : null);
      return t === null ? null : { t };
    }
    const at = this.#shells.findIndex(({ r }) => r === state.r) + 1;
    if (at >= this.#shells.length && !isLooping) return null;
    return { r: this.#shells[at % this.#shells.length].r };
  }

  /** Offers the draws of a generator with noise. */
  #bindDraw(catalog, onChange) {
    const draws = this.#draws;
    const { draw, seed } = this.#form.elements;
    document.getElementById("draw-control").hidden = !draws;
    if (!draws) return;
    draw.replaceChildren(
      ...(draws.seed === null ? [new Option("no noise", "")] : []),
      new Option("seed", "seed"),
      new Option(`mean of ${draws.usual}`, "mean"),
      new Option(`spread of ${draws.usual}`, "std"),
    );
    seed.value = String(draws.seed ?? 0);
    const choose = (text) => onChange({ draw: readDraw(text, catalog) });
    draw.addEventListener("change", () => choose(draw.value === "seed" ? seed.value : draw.value));
    seed.addEventListener("input", () => seed.checkValidity() && choose(String(seed.valueAsNumber)));
  }

  /** @param {?string} chosen null is the surrogate's own draw */
  #showDraw(chosen) {
    if (!this.#draws) return;
    const { draw, seed } = this.#form.elements;
    const text = chosen ?? String(this.#draws.seed ?? "");
    const isSeed = /^[0-9]/.test(text);
    draw.value = isSeed ? "seed" : text;
    seed.hidden = !isSeed;
    if (isSeed) seed.value = text;
  }

  /** Names the ends of the slider. They are the surface and the core only if the first and the last shell lie there. */
  #nameEnds({ surface_radius_km, core_radius_km = null }) {
    const [first, last] = [this.#shells[0], this.#shells.at(-1)];
    const gap = (first.radius_km - last.radius_km) / Math.max(1, this.#shells.length - 1);
    const lies = (shell, radius) => radius !== null && Math.abs(shell.radius_km - radius) <= 0.6 * gap;
    const name = (shell) =>
      lies(shell, surface_radius_km) ? "surface" : lies(shell, core_radius_km) ? "core" : this.#place(shell);
    document.getElementById("depth-caption").textContent = this.#isAbove ? "Height" : "Depth";
    document.getElementById("depth-first").textContent = name(first);
    document.getElementById("depth-last").textContent = name(last);
    if (core_radius_km !== null) {
      document.getElementById("depth-last").title = `The core's radius is ${this.#length(core_radius_km)}.`;
    }
  }

  #place({ depth_km }) {
    const text = this.#length(Math.abs(depth_km));
    return depth_km < 0 && !this.#isAbove ? `${text} above the surface` : text;
  }
}

/** Writes a slider's value beside it, and for those who hear it. `unseen` is written elsewhere. */
function label(slider, main, more, unseen = "") {
  const output = document.getElementById(`${slider.id}-label`);
  const strong = document.createElement("b");
  strong.textContent = main;
  output.replaceChildren(strong, more && ` · ${more}`);
  slider.setAttribute("aria-valuetext", [main, more, unseen].filter(Boolean).join(", "));
}
