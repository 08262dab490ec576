/** Plays through time or depth: the next frame is asked for when the last one is on the map, so that none is left out. */

/** Into so many parts the time from one step to the next may be divided. */
const PARTS = [8, 4, 2];
/** The share that the latest frame has in how long frames are expected to take. */
const LATEST = 0.3;

/**
 * The number of parts that the time from a step to the next can have, so that each is shown in time.
 * @param {number} periodMs from one step to the next on the screen @param {?number} takesMs what a whole frame takes, if that is known
 */
export function partsOf(periodMs, takesMs) {
  return (takesMs && PARTS.find((parts) => periodMs / parts >= takesMs)) || 1;
}

export class Player {
  #element;
  #buttons;
  #on;
  #axis = null; // "time" or "depth" while it plays
  #timer = 0;
  #due = 0; // when the next frame may be shown, in ms
  #asked = 0; // when the last one was asked for
  #takes = null; // how long whole frames take, in ms
  #parts = 1; // of the time between two steps

  /**
   * @param {HTMLElement} element the controls that are there while it plays
   * @param {HTMLButtonElement[]} buttons that start and stop it; their values are the axes
   * @param {{
   *   step: (axis: string, isLooping: boolean, parts: number) => boolean, hasBetween: () => boolean, changed: (isPlaying: boolean) => void,
   * }} on `step` asks for the next frame, and says whether there is one. `hasBetween` says whether there are times between steps
   */
  constructor(element, buttons, on) {
    this.#element = element;
    this.#buttons = buttons;
    this.#on = on;
    for (const button of buttons) {
      button.addEventListener("click", () => (this.#axis === button.value ? this.stop() : this.#play(button.value)));
    }
    element.querySelector('[name="stop"]').addEventListener("click", () => {
      const button = buttons.find(({ value }) => value === this.#axis);
      this.stop();
      button?.focus();
    });
    document.addEventListener("visibilitychange", () => document.hidden && this.stop());
  }

  /** A frame is on the map. @param {boolean} isWhole whether no better one follows */
  shown(isWhole = true) {
    if (this.#axis === null || (this.#parts > 1 && !isWhole)) return; // between whole frames, others would flicker
    if (isWhole && this.#asked) {
      const took = performance.now() - this.#asked;
      this.#takes = this.#takes === null ? took : (1 - LATEST) * this.#takes + LATEST * took;
      this.#asked = 0;
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#step(), Math.max(0, this.#due - performance.now()));
  }

  stop() {
    if (this.#axis === null) return;
    clearTimeout(this.#timer);
    this.#axis = null;
    this.#show();
    this.#on.changed(false);
  }

  #play(axis) {
    const wasPlaying = this.#axis !== null;
    this.#axis = axis;
    this.#show();
    if (!wasPlaying) this.#on.changed(true);
    this.#due = this.#asked = 0;
    this.#takes = null;
    this.#parts = 1;
    this.shown();
  }

  #step() {
    const [speed, loop] = ["speed", "loop"].map((name) => this.#element.querySelector(`[name="${name}"]`));
    const period = 1000 / Number(speed.value);
    if (this.#asked) this.#takes = Math.max(this.#takes ?? 0, period); // the last frame is not whole yet
    this.#parts = this.#isSmooth() ? partsOf(period, this.#takes) : 1;
    this.#asked = performance.now();
    this.#due = this.#asked + period / this.#parts;
    if (!this.#on.step(this.#axis, loop.checked, this.#parts)) this.stop();
  }

  /** Whether the reader wants times between the steps, as many as this browser can compute at that speed. */
  #isSmooth() {
    return this.#axis === "time" && this.#on.hasBetween() && this.#element.querySelector('[name="smooth"]').checked;
  }

  #show() {
    this.#element.hidden = this.#axis === null;
    this.#element.querySelector('[name="smooth"]').parentElement.hidden = this.#axis !== "time" || !this.#on.hasBetween();
    for (const button of this.#buttons) {
      const isOn = button.value === this.#axis;
      button.setAttribute("aria-pressed", String(isOn));
      button.textContent = isOn ? "❚❚" : "▶";
    }
  }
}
