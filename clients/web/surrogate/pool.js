/** Workers beside the map's: two to four compute in all. They tell the values at a place over time. */

import { nearestFirst } from "./chains.js";
import { startWorker } from "./start.js";

/** A phone's memory has room for one. */
const MOST = 3;
const LITTLE_MEMORY_GB = 4;

/** How many there are, so that the map keeps a core. @param {Pick<Navigator, "hardwareConcurrency">} of */
export function helpersOf({ hardwareConcurrency: cores = 2, deviceMemory = 8 }) {
  return deviceMemory < LITTLE_MEMORY_GB ? 1 : Math.max(1, Math.min(MOST, cores - 1));
}

/**
 * @typedef {{variable: string, anomaly: boolean, r: number, t: number, place: import("./great-circle.js").Place}} Asked  the steps
 *   nearest to t are told first
 * @typedef {{told: (t: number, value: number) => void, whole: () => void, failed: (reason: string) => void}} Listener
 */

export class Pool {
  #program;
  #request;
  #chains;
  #workers = [];
  #given = new Map(); // by chain, the worker that has its sums
  #asked = null; // what is under way
  #id = 0;

  /**
   * @param {string | URL} program the worker's address @param {{open: string, packed: ?object}} request what it opens
   * @param {number[][]} chains see chains.js
   */
  constructor(program, request, chains) {
    this.#program = program;
    this.#request = request;
    this.#chains = chains;
  }

  /** Tells the values at a place in all steps, as they are there. The latest call wins. @param {Asked} asked @param {Listener} on */
  series(asked, on) {
    this.#start();
    const of = { ...asked, id: ++this.#id };
    const left = nearestFirst(this.#chains, asked.t);
    // A worker goes on with the chains that it has had before, whose sums it keeps.
    const queues = this.#workers.map(() => []);
    const free = [];
    for (const chain of left) (queues[this.#given.get(chain)] ?? free).push(chain);
    this.#asked = { of, on, free, queues, working: this.#workers.length };
    this.#workers.forEach((_, i) => this.#next(i));
  }

  /** Ends what is under way. */
  stop() {
    if (this.#asked === null) return;
    this.#asked = null;
    for (const worker of this.#workers) worker.postMessage({ series: null });
  }

  /** Ends the workers. */
  close() {
    for (const worker of this.#workers.splice(0)) worker.terminate();
    this.#given.clear();
    this.#asked = null;
  }

  #start() {
    if (this.#workers.length) return;
    for (let i = 0; i < helpersOf(navigator); i++) {
      const { worker, opened } = startWorker(this.#program, this.#request);
      this.#workers.push(worker);
      opened.then(({ error }) => error && this.#fail(error));
      worker.addEventListener("message", ({ data }) => this.#told(i, data));
    }
  }

  #next(i) {
    const { of, on, free, queues } = this.#asked;
    const chain = queues[i].shift() ?? free.shift();
    if (chain) {
      this.#given.set(chain, i);
      this.#workers[i].postMessage({ series: { ...of, steps: chain } });
      return;
    }
    this.#asked.working -= 1;
    if (this.#asked.working === 0) on.whole();
  }

  #told(i, data) {
    if (this.#asked === null || data.told !== this.#asked.of.id) return;
    if (data.error) this.#fail(data.error);
    else if (data.isWhole) this.#next(i);
    else this.#asked.on.told(data.t, data.value);
  }

  #fail(error) {
    const on = this.#asked?.on;
    this.stop();
    on?.failed(error);
  }
}
