/**
 * Computes shells in a worker, so that the page does not wait. client.js talks to it. A shell is computed from the code
 * alone first, and then from the refined step. A newer request stops an older one at its next pause.
 */

import { quantityOf } from "./derived.js";
import { openSurrogate } from "./surrogate.js";

/** A refinement waits this long for a newer request, because a dragged slider makes many. */
const QUIET_MS = 90;

const STALE = Symbol("a newer request waits");

let opening = null;
let wanted = null;
let isWorking = false;
const unanswered = new Map(); // the ids of requests by what they ask for, until one of them or a newer one is answered
let announce = () => {}; // called when a request arrives
const arrivals = new Map(); // by address, the files that the page reads: what to call with each, or null

addEventListener("message", ({ data }) => {
  if (data.open) {
    opening = open(data);
    opening.catch(() => {}); // the page has been told
    return;
  }
  if (data.arrived) {
    arrivals.get(data.arrived)?.(data.data);
    return;
  }
  wanted = data;
  unanswered.delete(keyOf(data)); // so that the order is that of the ids
  unanswered.set(keyOf(data), data.id);
  // Every step of a drag is read at once, so that a slow network carries several, also those that nobody waits for.
  opening.then((surrogate) => surrogate.read(data.t), () => {});
  announce();
  if (!isWorking) work();
});

async function open({ open: address, packed, expected = [] }) {
  const given = new Map(expected.map((file) => [file, new Promise((resolve) => arrivals.set(file, resolve))]));
  try {
    const surrogate = await openSurrogate(address, { packed, given });
    postMessage({ opened: { bytes: surrogate.bytes } });
    return surrogate;
  } catch (error) {
    postMessage({ opened: { error: error.message } });
    throw error;
  }
}

async function work() {
  isWorking = true;
  while (wanted) {
    const request = wanted;
    wanted = null;
    try {
      await compute(request);
    } catch (error) {
      if (error !== STALE) postMessage({ id: request.id, error: error.message });
    }
  }
  isWorking = false;
}

const keyOf = ({ variable, t, r }) => `${variable} ${t} ${r}`;

async function compute({ id, variable, t, r }) {
  const surrogate = await opening;
  const start = performance.now();
  const before = surrogate.bytes;
  let waited = 0;
  const replyTo = (asked, coefficients, detail) => {
    for (const [key, older] of unanswered) if (older <= asked) unanswered.delete(key);
    const values = quantityOf(surrogate, surrogate.stateOf(coefficients), variable, r);
    const cost = { bytes: surrogate.bytes - before, ms: performance.now() - start - waited };
    postMessage({ id: asked, values, detail, cost }, [values.buffer]);
  };
  const reply = (coefficients, detail) => replyTo(id, coefficients, detail);
  // A drag has asked for some of the steps on the way to its latest.
  const passed = (step, coefficients) => {
    const asked = unanswered.get(keyOf({ variable, t: step, r }));
    if (asked < id) replyTo(asked, coefficients, "draft");
  };
  const pauseFor = async (wait) => {
    const begin = performance.now();
    await wait();
    waited += performance.now() - begin;
    if (wanted) throw STALE;
  };
  const pause = () => pauseFor(turn);
  const coded = async (coefficients, detail) => {
    reply(coefficients, detail);
    await pauseFor(quiet);
  };
  reply(await surrogate.coefficients(t, { pause, coded, passed }), "refined");
  await pauseFor(quiet); // for whoever waits
  await surrogate.prepare(t, pause);
}

/** Waits for a while, or for a request. */
const quiet = () =>
  new Promise((resolve) => {
    announce = resolve;
    setTimeout(resolve, QUIET_MS);
  });

/** Lets messages that have arrived be handled. A timer would wait for milliseconds. */
const channel = new MessageChannel();
const turn = () =>
  new Promise((resolve) => {
    channel.port1.onmessage = resolve;
    channel.port2.postMessage(null);
  });
