/** Tells one gesture from the next: a drag of a slider is one, however long it takes, and so is a key that is held. */

/** What a gesture has caused may come a little later than its end. */
const AFTER_MS = 450;

export class Gestures {
  #pointers = new Set();
  #keys = new Set();
  #place = null; // what the keys are pressed on
  #hasWritten = false; // whether this gesture has an entry in the history
  #onNext;

  /** Whether the page plays, which is one gesture until it ends. */
  isPlaying = false;

  /** @param {() => void} onNext called before another gesture starts, so that the last one can be written */
  constructor(onNext) {
    this.#onNext = onNext;
    const listen = (name, act) => window.addEventListener(name, act, { capture: true, passive: true });
    listen("pointerdown", ({ pointerId }) => {
      if (this.#pointers.size === 0) this.end();
      this.#pointers.add(pointerId);
    });
    for (const name of ["pointerup", "pointercancel"]) listen(name, ({ pointerId }) => this.#release(this.#pointers, pointerId));
    listen("keydown", ({ code, target }) => {
      if (target !== this.#place) this.end();
      this.#place = target;
      this.#keys.add(code);
    });
    listen("keyup", ({ code }) => this.#release(this.#keys, code));
    listen("blur", ({ target }) => target === window && (this.#pointers.clear(), this.#keys.clear()));
  }

  /** Ends the gesture, if the page does not play. What comes next is another one. */
  end() {
    if (this.isPlaying) return;
    this.#onNext();
    this.#hasWritten = false;
  }

  /** Whether a write is the first one of its gesture. A gesture lasts while anything is held down. */
  isFirstWrite() {
    const isFirst = !this.#hasWritten;
    this.#hasWritten = this.isPlaying || this.#isHeld();
    return isFirst;
  }

  #isHeld() {
    return this.#pointers.size > 0 || this.#keys.size > 0;
  }

  #release(held, what) {
    held.delete(what);
    setTimeout(() => this.#isHeld() || this.end(), AFTER_MS);
  }
}
