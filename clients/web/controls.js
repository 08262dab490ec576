/** The controls for variable, draw, depth and time. */

import { lengthFormat, stepName } from "./format.js";
import { readDraw } from "./permalink-text.js";

const myr = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

export class Controls {
  #form;
  #shells;
  #steps;
  #length;
  #timeUnit;
  #isAbove;
  #draws;

  /**
   * @param {HTMLFormElement} form
   * @param {import("./source.js").Catalog} catalog @param {import("./source.js").Variable[]} variables
   * @param {(change: Partial<import("./source.js").Frame>) => void} onChange
   */
  constructor(form, catalog, variables, onChange) {
    this.#form = form;
    this.#shells = [...catalog.shells].sort((a, b) => a.depth_km - b.depth_km); // surface first
    this.#steps = [...catalog.steps].sort((a, b) => a.t - b.t);
    this.#length = lengthFormat(catalog);
    this.#timeUnit = catalog.time_scale ? "scaled Myr" : "Myr";
    this.#isAbove = this.#shells.every(({ depth_km }) => depth_km <= 0);
    this.#draws = catalog.draws ?? null; // a folder of files has none
    this.#nameEnds(catalog);
    this.#bindDraw(catalog, onChange);
    const { variable, depth, time } = form.elements;

    variable.replaceChildren(...variables.map(({ name, long_name }) => new Option(long_name, name)));
    depth.max = String(this.#shells.length - 1);
    time.max = String(this.#steps.length - 1);
    const [only] = this.#steps;
    const isTimeless = this.#steps.length === 1 && (only.label ?? null) === null && only.time_myr === null;
    document.getElementById("time-control").hidden = isTimeless;
    document.getElementById("time-first").textContent = stepName(this.#steps[0]);
    document.getElementById("time-last").textContent = stepName(this.#steps.at(-1));

    form.addEventListener("submit", (event) => event.preventDefault());
    variable.addEventListener("change", () => onChange({ variable: variable.value }));
    depth.addEventListener("input", () => onChange({ r: this.#shells[depth.valueAsNumber].r }));
    time.addEventListener("input", () => onChange({ t: this.#steps[time.valueAsNumber].t }));
  }

  /** Brings the controls in line with the state. @param {import("./state.js").State} state */
  show(state) {
    const { variable, depth, time } = this.#form.elements;
    variable.value = state.variable;
    this.#showDraw(state.draw ?? null);

    const shell = this.#shells.find(({ r }) => r === state.r);
    depth.valueAsNumber = this.#shells.indexOf(shell);
    label(depth, this.#place(shell), `radius ${this.#length(shell.radius_km)}`);

    const step = this.#steps.find(({ t }) => t === state.t);
    time.valueAsNumber = this.#steps.indexOf(step);
    label(time, stepName(step), step.time_myr === null ? "" : `${myr.format(step.time_myr)} ${this.#timeUnit}`);
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

function label(slider, main, more) {
  const output = document.getElementById(`${slider.id}-label`);
  const strong = document.createElement("b");
  strong.textContent = main;
  output.replaceChildren(strong, more && ` · ${more}`);
  slider.setAttribute("aria-valuetext", more ? `${main}, ${more}` : main);
}
