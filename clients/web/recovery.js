/** Brings a field back by itself after a failure: as soon as the server answers, and then at longer and longer intervals. */

const FIRST_MS = 1500;
const LONGEST_MS = 60_000;

export class Recovery {
  #connection;
  #retry;
  #wait = FIRST_MS;
  #attempt = null;
  #done = null; // ends the watch over the frame that is loading

  /** @param {import("./connection.js").Connection} connection @param {() => void} retry loads the wanted field again */
  constructor(connection, retry) {
    this.#connection = connection;
    this.#retry = retry;
  }

  /** A frame is loading: a server that falls silent is noticed, whoever asks it. */
  loading() {
    this.#done ??= this.#connection.expect(() => {
      this.#end();
      this.#retry();
    });
  }

  /** A frame is on the map. */
  shown() {
    this.#end();
    this.#attempt = null;
    this.#wait = FIRST_MS;
  }

  async failed() {
    this.#end();
    const attempt = (this.#attempt = {});
    await new Promise((resolve) => setTimeout(resolve, this.#wait));
    if (attempt !== this.#attempt) return;
    await this.#connection.untilAlive();
    if (attempt !== this.#attempt) return;
    this.#wait = Math.min(LONGEST_MS, this.#wait * 2);
    this.#retry();
  }

  #end() {
    this.#done?.();
    this.#done = null;
  }
}
