/**
 * Requests that outlast a server's trouble. What fails for a while waits in a line and is asked for again, one request
 * after another at first, so that a server that returns is not buried. The page says what is the matter, and goes on by itself.
 */

/** What waits is asked for again after this time, unless the server says when. */
const AGAIN_MS = 1500;
/** After so long without a byte, the page asks whether the server is there at all. */
const SILENCE_MS = 4000;
const PROBE_MS = 2000;
/** What is under way may still arrive for so long after a server has returned. */
const GRACE_MS = 1000;
/** Trouble that is over sooner is not worth a word. */
const BRIEF_MS = 800;

/** Answers that may be others later. */
const PASSING = [429, 502, 503, 504];
const TOO_MANY = 429;

const NO_ANSWER = "The server does not answer; the page goes on by itself as soon as it does.";

/** @typedef {{trouble: (text: string) => void, recovered: () => void}} Watcher */

export class Connection {
  #fetch;
  #probe;
  #watchers = new Set();
  #line = []; // functions that let a failed request try again
  #trying = 0; // how many of them try now
  #width = 1; // how many may
  #timer = 0;
  #heldUntil = 0; // when the server wants to be asked again, in ms
  #held = new Set(); // timers' and functions of requests that wait until then
  #flying = new Set(); // what is under way
  #heard = 0; // when the last byte came, in ms
  #beat = 0;
  #isSilent = false;
  #text = null; // the trouble that the page is in
  #told = 0;

  /**
   * @param {{fetch?: typeof fetch, probe: (signal: AbortSignal) => Promise<unknown>}} options `probe` asks the server for
   *   anything small, and fails if there is no answer
   */
  constructor({ fetch = (...of) => globalThis.fetch(...of), probe }) {
    this.#fetch = fetch;
    this.#probe = probe;
  }

  /** @param {Watcher} watcher */
  watch(watcher) {
    this.#watchers.add(watcher);
  }

  /**
   * Asks until there is an answer that will not change by itself.
   * @param {string} address @param {AbortSignal} [signal] @returns {Promise<Response>} its body has arrived
   */
  async request(address, signal) {
    let isFromLine = false;
    for (;;) {
      await this.#untilAllowed(signal);
      signal?.throwIfAborted();
      const answer = await this.#attempt(address, signal);
      signal?.throwIfAborted();
      const isPassing = answer === null || PASSING.includes(answer.status);
      if (isFromLine) this.#tried(!isPassing);
      else if (!isPassing) this.#settle();
      if (!isPassing) return answer;
      await this.#trouble(answer);
      await this.#queue(signal);
      isFromLine = true;
    }
  }

  /** Asks again at once, as a reader who clicks wants it. */
  retryNow() {
    this.#heldUntil = 0;
    for (const { go } of [...this.#held]) go();
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#release();
  }

  /**
   * Work whose requests others make, such as a worker: silence is noticed during it too.
   * @param {() => void} onLost what was under way may be lost: the server was away and is there again
   * @returns {() => void} to be called when the work is done
   */
  expect(onLost) {
    return this.#fly(onLost);
  }

  /** Resolves as soon as the server answers anything. */
  async untilAlive() {
    while (!(await this.#isAlive())) {
      this.#say(NO_ANSWER);
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
    this.#settle();
  }

  /** One request. Null: the server is out of reach, or what was under way was given up. */
  async #attempt(address, signal) {
    const given = new AbortController();
    const giveUp = () => given.abort();
    const landed = this.#fly(giveUp, { isRequest: true });
    signal?.addEventListener("abort", giveUp, { once: true });
    try {
      const response = await this.#fetch(address, { signal: given.signal });
      this.#hear();
      const { status, headers } = response;
      const bytes = await this.#read(response);
      const hasBody = ![204, 205, 304].includes(status);
      return new Response(hasBody ? bytes : null, { status, headers });
    } catch {
      return null;
    } finally {
      signal?.removeEventListener("abort", giveUp);
      landed();
    }
  }

  async #read(response) {
    if (!response.body) return new Uint8Array();
    const chunks = [];
    for (const reader = response.body.getReader(); ; ) {
      const { done, value } = await reader.read();
      if (done) return new Blob(chunks);
      this.#hear();
      chunks.push(value);
    }
  }

  /** Waits while the server wants no request at all. */
  async #untilAllowed(signal) {
    while (Date.now() < this.#heldUntil) {
      await new Promise((resolve, reject) => {
        const entry = { go: () => (clearTimeout(timer), this.#held.delete(entry), resolve()) };
        const timer = setTimeout(() => entry.go(), this.#heldUntil - Date.now());
        this.#held.add(entry);
        signal?.addEventListener("abort", () => (entry.go(), reject(signal.reason)), { once: true });
      });
    }
  }

  async #trouble(answer) {
    this.#width = 1;
    if (answer === null) {
      this.#say(NO_ANSWER);
      return;
    }
    const wait = waitOf(answer.headers.get("retry-after"));
    if (wait !== null) this.#later(Math.max(wait, 200));
    if (answer.status === TOO_MANY) {
      this.#heldUntil = Math.max(this.#heldUntil, Date.now() + (wait ?? AGAIN_MS));
      this.#say(`The server limits how often it may be asked; the page goes on by itself ${inWords(wait ?? AGAIN_MS)}.`);
      return;
    }
    const { detail, title } = await answer.json().catch(() => ({}));
    const said = (detail ?? title ?? "The server is busy").replace(/[.\s]*$/, ".");
    this.#say(`${said} The page tries again by itself${wait > 5000 ? ` ${inWords(wait)}` : ""}.`);
  }

  /** Waits for the turn to try again. */
  #queue(signal) {
    return new Promise((resolve, reject) => {
      const leave = () => {
        const place = this.#line.indexOf(go);
        if (place >= 0) this.#line.splice(place, 1);
        else this.#trying -= 1;
        this.#settle();
        reject(signal.reason);
      };
      const go = () => {
        signal?.removeEventListener("abort", leave);
        resolve();
      };
      if (signal?.aborted) return reject(signal.reason);
      signal?.addEventListener("abort", leave, { once: true });
      this.#line.push(go);
      if (!this.#timer) this.#later(AGAIN_MS);
    });
  }

  #later(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      this.#release();
    }, ms);
  }

  #release() {
    while (this.#line.length && this.#trying < this.#width) {
      this.#trying += 1;
      this.#line.shift()();
    }
  }

  #tried(isDone) {
    this.#trying -= 1;
    if (!isDone) return;
    this.#width = Math.min(64, this.#width * 2);
    if (!this.#timer) this.#release();
    this.#settle();
  }

  #fly(onLost, { isRequest = false } = {}) {
    const flight = { onLost, isRequest };
    if (this.#flying.size === 0) this.#heard = Date.now();
    this.#flying.add(flight);
    this.#beat ||= setInterval(() => this.#listen(), 500);
    return () => {
      this.#flying.delete(flight);
      if (this.#flying.size > 0) return;
      clearInterval(this.#beat);
      this.#beat = 0;
      this.#settle();
    };
  }

  #hear() {
    this.#heard = Date.now();
    if (this.#isSilent) this.#endSilence();
  }

  /** Tells a server that is slow from one that is away. */
  async #listen() {
    if (this.#isSilent || Date.now() - this.#heard < SILENCE_MS) return;
    this.#isSilent = true;
    let wasAway = false;
    let tries = 0;
    while (this.#isSilent && this.#flying.size > 0 && !(await this.#isAlive())) {
      if (!this.#isSilent) return;
      wasAway = true;
      this.#say(NO_ANSWER);
      // The browser opens few connections to a server. Dead ones would keep the question from being asked.
      if ((tries += 1) % 3 === 0) this.#giveUp();
      await new Promise((resolve) => setTimeout(resolve, PROBE_MS / 4));
    }
    if (!this.#isSilent) return;
    const away = wasAway ? [...this.#flying] : [];
    this.#hear();
    setTimeout(() => away.filter((flight) => this.#flying.has(flight)).forEach(({ onLost }) => onLost()), GRACE_MS);
  }

  #giveUp() {
    for (const { onLost, isRequest } of [...this.#flying]) if (isRequest) onLost();
  }

  #endSilence() {
    this.#isSilent = false;
    this.#settle();
  }

  async #isAlive() {
    const given = new AbortController();
    const timer = setTimeout(() => given.abort(), PROBE_MS);
    try {
      await this.#probe(given.signal);
      return true;
    } catch {
      return false;
    } finally {
      clearTimeout(timer);
    }
  }

  #say(text) {
    const isNew = this.#text === null;
    this.#text = text;
    if (isNew) this.#told = setTimeout(() => this.#tell(), BRIEF_MS);
    else if (!this.#told) this.#tell();
  }

  #tell() {
    this.#told = 0;
    for (const { trouble } of this.#watchers) trouble(this.#text);
  }

  /** The trouble is over once nothing waits for the server any more. */
  #settle() {
    if (this.#text === null || this.#line.length > 0 || this.#trying > 0 || this.#isSilent) return;
    clearTimeout(this.#told);
    this.#told = 0;
    this.#text = null;
    for (const { recovered } of this.#watchers) recovered();
  }
}

/** The milliseconds that a Retry-After asks to wait: seconds, or a date. @param {?string} text @returns {?number} */
export function waitOf(text, now = Date.now()) {
  if (text === null || text.trim() === "") return null;
  const seconds = Number(text);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const date = Date.parse(text);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}

/** @param {number} ms */
function inWords(ms) {
  const seconds = Math.max(1, Math.ceil(ms / 1000));
  return seconds < 120 ? `in ${seconds} s` : `in ${Math.ceil(seconds / 60)} minutes`;
}
