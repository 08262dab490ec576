/** Gets the shells of the frame on the map: from the worker that computes the map, or some of them from the server. */

/** The server is asked for what the map comes to rest on. */
const SETTLE_MS = 400;
/** Shells that are asked for at once. */
const AT_ONCE = 3;

export class Filler {
  #page;
  #coarse;
  #all;
  #on;
  #computer = null;
  #timer = 0;
  #asked = null;

  /**
   * @param {import("./globe.js").Page} page @param {import("./volume.js").Volume} volume what is to be filled
   * @param {{shell: (shell: {of: import("./volume.js").Quantity, level: number, values: Float32Array}) => void, failed: (reason: string) => void}} on
   */
  constructor(page, volume, on) {
    this.#page = page;
    this.#coarse = volume.coarse;
    this.#all = volume.holdsAll;
    this.#on = on;
  }

  /** A frame is on the map. @param {import("../source.js").Frame} frame */
  shown(frame) {
    const { engine, source } = this.#page;
    if (engine.chosen === "browser") {
      this.#stopAsking();
      if (engine.computer === null || engine.computer === this.#computer) return; // it goes on by itself
      this.#computer = engine.computer;
      this.#computer.fill({ first: this.#coarse, all: this.#all }, (shell) => (shell.error ? this.#on.failed(shell.error) : this.#on.shell(shell)));
      return;
    }
    this.#stopComputing();
    const key = JSON.stringify([frame.variable, frame.t, frame.draw, frame.anomaly]);
    if (this.#asked?.key === key || !source.fetchShell) return;
    this.#stopAsking();
    this.#asked = { key, stopping: new AbortController() };
    this.#timer = setTimeout(() => this.#ask(frame, this.#asked.stopping.signal), SETTLE_MS);
  }

  /** Ends what is under way. */
  stop() {
    this.#stopAsking();
    this.#stopComputing();
  }

  #stopAsking() {
    clearTimeout(this.#timer);
    this.#asked?.stopping.abort();
    this.#asked = null;
  }

  #stopComputing() {
    this.#computer?.fill(null);
    this.#computer = null;
  }

  async #ask(frame, signal) {
    const { variable, t, draw, anomaly } = frame;
    const left = [...this.#coarse];
    const next = async () => {
      while (left.length > 0 && !signal.aborted) {
        const level = left.shift();
        const found = await this.#page.source.fetchShell({ ...frame, r: level }, signal);
        if (signal.aborted) return;
        if (found) this.#on.shell({ of: { variable, t, draw, anomaly }, level, values: found.values });
      }
    };
    try {
      await Promise.all(Array.from({ length: AT_ONCE }, next));
    } catch (error) {
      if (!signal.aborted) this.#on.failed(error.message);
    }
  }
}
