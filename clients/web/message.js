/** One line over the map that tells the reader what went wrong. */

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
  }

  #show(text, onRetry) {
    this.#onRetry = onRetry;
    this.#text.textContent = text;
    this.#retry.hidden = onRetry === null;
    this.#element.classList.toggle("failure", onRetry !== null);
    this.#element.hidden = false;
  }
}
