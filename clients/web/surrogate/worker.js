/**
 * Computes shells in a worker, so that the page does not wait. client.js talks to it. A shell is computed from the code
 * alone first, and then from the refined step. A newer request stops an older one at its next pause, once its files are
 * there; until then, the worker goes on with those before it. Profiles and sections that the page watches follow its shells,
 * then what programs beside this one compute, and then all shells of a globe.
 */

import { HELD } from "../held.js";
import { chainsOf } from "./chains.js";
import { quantityOf } from "./derived.js";
import { Series } from "./series.js";
import { openSurrogate } from "./surrogate.js";
import { Volume } from "./volume.js";
import { Watched } from "./watched.js";

/** A refinement waits this long for a newer request, because a dragged slider makes many. */
const QUIET_MS = 90;

const STALE = Symbol("a newer request waits");

/**
 * @typedef {{id: number, variable: string, t: number, r: number, anomaly?: boolean}} Asked  `anomaly` concerns what is watched
 * @typedef {Asked & {isRead: boolean, isAnswered: boolean, start: number, before: number}} Request  whether its files are
 *   there; whether it has an answer, which may be a draft; when it came, in ms, and the bytes that were read before
 */

let opening = null;
/** @type {Map<string, Request>} by what they ask for, the latest last: the latest, and those before it without an answer */
const requests = new Map();
let isWorking = false;
let announce = () => {}; // called when a request arrives, or its files
const arrivals = new Map(); // by address, the files that the page reads: what to call with each, or null
let watched = null;
let seen = null; // what the page was answered last, with its coefficients
let series = null;
let volume = null;
const besides = new Map(); // by address, programs that the page has asked for: mantle/beside.js

addEventListener("message", ({ data }) => {
  if (data.open) {
    opening = open(data);
    opening.catch(() => {}); // the page has been told
    return;
  }
  if (data.arrived) {
    arrivals.get(data.arrived)?.(data.error ? Promise.reject(new Error(data.error)) : data.data);
    return;
  }
  if (data.watch) {
    opening.then((surrogate) => watch(surrogate, data.watch), () => {});
    return;
  }
  if (data.series !== undefined) {
    opening.then((surrogate) => follow(surrogate, data), () => {});
    return;
  }
  if (data.volume !== undefined) {
    opening.then((surrogate) => fill(surrogate, data.volume), () => {});
    return;
  }
  if (data.warm) {
    if (globalThis.OffscreenCanvas) new OffscreenCanvas(1, 1).getContext("webgl2");
    postMessage({ warm: true });
    return;
  }
  if (data.beside) {
    opening.then((surrogate) => beside(surrogate, data)).catch(({ message }) => postMessage({ beside: data.beside, error: message }));
    return;
  }
  for (const [key, { isAnswered }] of requests) if (isAnswered) requests.delete(key);
  const request = { ...data, isRead: false, isAnswered: false, start: 0, before: 0 };
  requests.delete(keyOf(data));
  requests.set(keyOf(data), request);
  // Every step of a drag is read at once, so that a slow network carries several, also those that nobody waits for.
  const read = () => {
    request.isRead = true;
    announce();
  };
  const reading = opening.then((surrogate) => {
    request.start = performance.now();
    request.before = surrogate.bytes;
    return surrogate.read(data.t);
  });
  reading.then(read, read);
  announce();
  if (!isWorking) work();
});

const keyOf = ({ variable, t, r }) => `${variable} ${t} ${r}`;
/** The latest request. */
const latest = () => [...requests.values()].at(-1);
/** The latest request that need not wait for the network: what the reader sees while a drag is ahead of it. */
const best = () => [...requests.values()].findLast(({ isRead }) => isRead);

/** A file that the page will send. @param {string} file its address @returns {Promise<?ArrayBuffer>} */
const arrival = (file) => new Promise((resolve) => arrivals.set(file, resolve));

/** Files that have no addresses for browsers: the page is asked for each. */
const lent = {
  get: (file) => {
    postMessage({ wanted: file });
    return arrival(file);
  },
  delete: (file) => arrivals.delete(file),
};

async function open({ open: address, packed, expected = [] }) {
  const given = address.startsWith(HELD) ? lent : new Map(expected.map((file) => [file, arrival(file)]));
  try {
    const surrogate = await openSurrogate(address, { packed, given });
    postMessage({ opened: { bytes: surrogate.bytes, chains: chainsOf(surrogate.spec.inputs.steps) } });
    return surrogate;
  } catch (error) {
    postMessage({ opened: { error: error.message } });
    throw error;
  }
}

async function work() {
  isWorking = true;
  while (requests.size > 0 || filler()) {
    if (requests.size === 0) {
      await filler().fill(seen, unlessAsked).catch(stopped);
      continue;
    }
    const request = best();
    if (!request) {
      await news();
      continue;
    }
    try {
      await compute(request);
    } catch (error) {
      if (error === STALE) continue;
      postMessage({ id: request.id, error: error.message });
    }
    if (requests.get(keyOf(request)) === request) requests.delete(keyOf(request));
  }
  isWorking = false;
}

/** @param {Request} request */
async function compute(request) {
  const { id, variable, t, r } = request;
  const surrogate = await opening;
  let waited = 0;
  const replyTo = (asked, coefficients, detail) => {
    asked.isAnswered = true;
    for (const [key, other] of requests) if (other.id < asked.id || (other === asked && other !== latest())) requests.delete(key);
    const values = quantityOf(surrogate, surrogate.stateOf(coefficients), variable, { r });
    const cost = { bytes: surrogate.bytes - asked.before, ms: performance.now() - asked.start - waited };
    postMessage({ id: asked.id, values, detail, cost }, [values.buffer]);
    seen = { variable, r, anomaly: Boolean(asked.anomaly), t: asked.t, detail, coefficients };
    tellWatched(true);
  };
  const reply = (coefficients, detail) => replyTo(request, coefficients, detail);
  // A drag has asked for some of the steps on the way to its latest.
  const passed = (step, coefficients) => {
    const asked = requests.get(keyOf({ variable, t: step, r }));
    if (asked?.id < id) replyTo(asked, coefficients, "draft");
  };
  const pauseFor = async (wait) => {
    const begin = performance.now();
    if (best() === request) await wait();
    waited += performance.now() - begin;
    if (best() !== request) throw STALE;
  };
  const pause = () => pauseFor(turn);
  const coded = async (coefficients, detail) => {
    reply(coefficients, detail);
    volume?.begin(seen);
    await pauseFor(quiet);
  };
  reply(await surrogate.coefficientsAt(t, { pause, coded, passed }), "refined");
  volume?.begin(seen);
  await pauseFor(quiet); // for whoever waits
  tellWatched(false);
  await pause();
  await surrogate.prepare(t, pause);
}

function watch(surrogate, wish) {
  watched ??= new Watched(surrogate);
  watched.set(wish);
  tellWatched(requests.size > 0);
}

/** Computes what the page watches of what it has been answered last. @param {boolean} isQuick whether more is about to come */
function tellWatched(isQuick) {
  if (!seen || !watched || watched.isEmpty) return;
  const found = watched.of(seen, seen.coefficients, isQuick);
  if (found) postMessage({ watched: found });
}

/** The page shows a globe, or no more. */
function fill(surrogate, wish) {
  volume ??= new Volume(surrogate, (shell, transfer) => postMessage({ shell }, transfer));
  volume.set(wish);
  if (!isWorking) work();
}

/** The page asks a program beside this one for something, or for nothing more. It is loaded when it is first asked. */
async function beside(surrogate, { beside: address, wish }) {
  const { start } = await import(address);
  if (!besides.has(address)) besides.set(address, start(surrogate, (told, transfer) => postMessage({ beside: address, ...told }, transfer)));
  besides.get(address).set(wish);
  if (!isWorking) work();
}

/** What has something to compute while there are no requests. */
const filler = () => [...besides.values(), volume].find((each) => each?.wants(seen));

/** Lets a globe's shells wait for requests. */
async function unlessAsked() {
  await turn();
  if (requests.size > 0) throw STALE;
}

function stopped(error) {
  if (error === STALE) return;
  volume.set(null);
  postMessage({ shell: { error: error.message } });
}

/** Tells the values at a place over time, as a newer wish allows. */
async function follow(surrogate, { series: asked }) {
  series ??= new Series(surrogate);
  if (asked === null) {
    series.stop();
    return;
  }
  try {
    const isWhole = await series.of(asked, (t, value) => postMessage({ told: asked.id, t, value }));
    if (isWhole) postMessage({ told: asked.id, isWhole });
  } catch (error) {
    postMessage({ told: asked.id, error: error.message });
  }
}

/** Waits for a request, or for its files. */
const news = () => new Promise((resolve) => (announce = resolve));

/** Waits for a while, or for news. */
const quiet = () => Promise.race([news(), new Promise((resolve) => setTimeout(resolve, QUIET_MS))]);

/** Lets messages that have arrived be handled. A timer would wait for milliseconds. */
const channel = new MessageChannel();
const turn = () =>
  new Promise((resolve) => {
    channel.port1.onmessage = resolve;
    channel.port2.postMessage(null);
  });
