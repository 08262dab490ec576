/** Plays through time or depth: the next frame is asked for when the last one is on the map, so that none is left out. */

export class Player {
  #element;
  #buttons;
  #on;
  #axis = null; // "time" or "depth" while it plays
  #timer = 0;
  #due = 0; // when the next frame may be shown, in ms

  /**
   * @param {HTMLElement} element the controls that are there while it plays
   * @param {HTMLButtonElement[]} buttons that start and stop it; their values are the axes
   * @param {{step: (axis: string, isLooping: boolean) => boolean, changed: (isPlaying: boolean) => void}} on `step` asks for the
   *   next frame, and says whether there is one
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

  /** A frame is on the map. */
  shown() {
    if (this.#axis === null) return;
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
    this.#due = 0;
    this.shown();
  }

  #step() {
    const perSecond = Number(this.#element.querySelector('[name="speed"]').value);
    this.#due = performance.now() + 1000 / perSecond;
    if (!this.#on.step(this.#axis, this.#element.querySelector('[name="loop"]').checked)) this.stop();
  }

  #show() {
    this.#element.hidden = this.#axis === null;
    for (const button of this.#buttons) {
      const isOn = button.value === this.#axis;
      button.setAttribute("aria-pressed", String(isOn));
      button.textContent = isOn ? "❚❚" : "▶";
    }
  }
}
