/** The controls for variable, depth and time. */

const km = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const myr = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

export class Controls {
  #form;
  #shells;
  #steps;

  /**
   * @param {HTMLFormElement} form
   * @param {import("./source.js").Catalog} catalog @param {import("./source.js").Variable[]} variables
   * @param {(change: {variable?: string, t?: number, r?: number}) => void} onChange
   */
  constructor(form, catalog, variables, onChange) {
    this.#form = form;
    this.#shells = [...catalog.shells].sort((a, b) => a.depth_km - b.depth_km); // surface first
    this.#steps = [...catalog.steps].sort((a, b) => a.t - b.t);
    const { variable, depth, time } = form.elements;

    variable.replaceChildren(...variables.map(({ name, long_name }) => new Option(long_name, name)));
    depth.max = String(this.#shells.length - 1);
    time.max = String(this.#steps.length - 1);
    document.getElementById("time-first").textContent = `step ${this.#steps[0].t}`;
    document.getElementById("time-last").textContent = `step ${this.#steps.at(-1).t}`;

    form.addEventListener("submit", (event) => event.preventDefault());
    variable.addEventListener("change", () => onChange({ variable: variable.value }));
    depth.addEventListener("input", () => onChange({ r: this.#shells[depth.valueAsNumber].r }));
    time.addEventListener("input", () => onChange({ t: this.#steps[time.valueAsNumber].t }));
  }

  /** Brings the controls in line with the state. @param {import("./state.js").State} state */
  show(state) {
    const { variable, depth, time } = this.#form.elements;
    variable.value = state.variable;

    const shell = this.#shells.find(({ r }) => r === state.r);
    depth.valueAsNumber = this.#shells.indexOf(shell);
    label(depth, `${km.format(shell.depth_km)} km`, `radius ${km.format(shell.radius_km)} km`);

    const step = this.#steps.find(({ t }) => t === state.t);
    time.valueAsNumber = this.#steps.indexOf(step);
    label(time, `step ${step.t}`, step.time_myr === null ? "" : `${myr.format(step.time_myr)} Myr`);
  }
}

function label(slider, main, more) {
  const output = document.getElementById(`${slider.id}-label`);
  const strong = document.createElement("b");
  strong.textContent = main;
  output.replaceChildren(strong, more && ` · ${more}`);
  slider.setAttribute("aria-valuetext", more ? `${main}, ${more}` : main);
}
