/** Records what the page plays as a film, with its title and its legend. */

import { compose, fileName } from "../save-picture.js";

/** What browsers can write, the best first. */
const KINDS = ["video/webm;codecs=vp9", "video/webm;codecs=vp8", "video/webm", "video/mp4"];
const BITS_PER_SECOND = 8e6;
/** The last frame stays so long. */
const END_MS = 400;

export class Recorder {
  #page;
  #button;
  #canvas = document.createElement("canvas");
  #recorder = null;
  #kind;

  /** @param {import("./more.js").Page} page @param {HTMLButtonElement} button that starts and stops it */
  constructor(page, button) {
    this.#page = page;
    this.#button = button;
    this.#kind = globalThis.MediaRecorder && KINDS.find((kind) => MediaRecorder.isTypeSupported(kind));
    button.hidden = !this.#kind;
    button.addEventListener("click", () => (this.#recorder ? this.stop() : this.#start()));
  }

  /** A frame is on the map. */
  shown() {
    if (!this.#recorder) return;
    compose(this.#canvas, this.#page.map.getContainer(), this.#page.words(), this.#page.beside);
  }

  /** Ends the film and saves it. */
  stop() {
    const recorder = this.#recorder;
    if (!recorder) return;
    this.shown();
    this.#recorder = null;
    this.#show();
    setTimeout(() => recorder.stop(), END_MS);
  }

  #start() {
    const { caption } = this.#page.words();
    compose(this.#canvas, this.#page.map.getContainer(), this.#page.words(), this.#page.beside);
    const stream = this.#canvas.captureStream();
    const recorder = new MediaRecorder(stream, { mimeType: this.#kind, videoBitsPerSecond: BITS_PER_SECOND });
    const parts = [];
    recorder.addEventListener("dataavailable", ({ data }) => data.size && parts.push(data));
    recorder.addEventListener("stop", () => {
      for (const track of stream.getTracks()) track.stop();
      const type = this.#kind.split(";")[0];
      this.#page.download(new Blob(parts, { type }), `${fileName(caption)}.${type.split("/")[1]}`);
    });
    recorder.addEventListener("error", () => this.#page.inform("This browser could not record the film."));
    this.#recorder = recorder;
    recorder.start();
    this.#show();
  }

  #show() {
    const isOn = this.#recorder !== null;
    this.#button.setAttribute("aria-pressed", String(isOn));
    this.#button.textContent = isOn ? "■ Save film" : "● Film";
  }
}
