/** One line over the map that tells the reader what is the matter. */

export class MessageLine {
  #element = document.getElementById("message");
  #text = document.getElementById("message-text");
  #retry = document.getElementById("message-retry");
  #onRetry = null;

  constructor() {
    this.#retry.addEventListener("click", () => {
      const retry = this.#onRetry;
      this.clear();
      retry();
    });
    document.getElementById("message-close").addEventListener("click", () => this.clear());
  }

  /** Shows a line that needs no action. @param {string} text */
  inform(text) {
    this.#show(text, null);
  }

  /** @param {string} text @param {() => void} onRetry */
  fail(text, onRetry) {
    this.#show(text, onRetry);
  }

  clear() {
    this.#element.hidden = true;
    this.#onRetry = null;
  }

  /** Takes away a failure, and leaves what the reader was told. */
  clearFailure() {
    if (this.#onRetry !== null) this.clear();
  }

  #show(text, onRetry) {
    this.#onRetry = onRetry;
    if (this.#text.textContent !== text) this.#text.textContent = text; // it is read aloud when it changes
    this.#retry.hidden = onRetry === null;
    this.#element.classList.toggle("failure", onRetry !== null);
    this.#element.hidden = false;
  }
}
