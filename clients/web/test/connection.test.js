import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Connection, waitOf } from "../connection.js";

const answer = (status, headers = {}, body = "{}") => new Response(status === 204 ? null : body, { status, headers });

/** A connection to a server that answers as `serve` says, in a time that the test makes pass. */
function connect(serve) {
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  const asked = [];
  const said = [];
  const fetch = async (address, { signal }) => {
    asked.push({ address, at: Date.now() });
    const given = new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
    return Promise.race([serve(address, asked.length), given]);
  };
  const connection = new Connection({ fetch, probe: (signal) => fetch("probe", { signal }) });
  connection.watch({ trouble: (text) => said.push(text), recovered: () => said.push("recovered") });
  const pass = async (ms) => {
    for (let passed = 0; passed < ms; passed += 100) {
      mock.timers.tick(100);
      for (let i = 0; i < 20; i += 1) await Promise.resolve();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { connection, asked, said, pass };
}

const hung = () => new Promise(() => {});
const refused = () => Promise.reject(new TypeError("refused"));

test.afterEach(() => mock.timers.reset());

test("an answer that will not change is given back, whatever it is", async () => {
  for (const status of [200, 204, 404, 422, 500]) {
    const { connection, said } = connect(() => answer(status));
    assert.equal((await connection.request("a")).status, status);
    assert.deepEqual(said, []);
    mock.timers.reset();
  }
});

for (const [what, fail] of [["refuses", refused], ["answers 503", () => answer(503)], ["answers 502", () => answer(502)]]) {
  test(`a server that ${what} is asked again until it returns, and the page says one sentence`, async () => {
    let isBack = false;
    const { connection, said, asked, pass } = connect(() => (isBack ? answer(200) : fail()));
    const all = Promise.all(["a", "b", "c", "d"].map((address) => connection.request(address)));
    await pass(8000);
    assert.equal(new Set(said).size, 1);
    assert.ok(asked.length <= 4 + 6, "one at a time is tried again");
    isBack = true;
    await pass(3000);
    assert.deepEqual((await all).map(({ status }) => status), [200, 200, 200, 200]);
    assert.equal(said.at(-1), "recovered");
  });
}

for (const status of [429, 503]) {
  test(`Retry-After of a ${status} is honoured`, async () => {
    let count = 0;
    const { connection, asked, said, pass } = connect(() => ((count += 1) === 1 ? answer(status, { "retry-after": "7" }) : answer(200)));
    const got = connection.request("a");
    await pass(6800);
    assert.equal(asked.length, 1);
    assert.match(said[0], /in 7 s/);
    await pass(500);
    assert.equal((await got).status, 200);
  });
}

test("after a 429, nothing else is asked either", async () => {
  const { connection, asked, pass } = connect((address) => (address === "a" && asked.length === 1 ? answer(429, { "retry-after": "3" }) : answer(200)));
  connection.request("a");
  await pass(500);
  const other = connection.request("b");
  await pass(2000);
  assert.equal(asked.length, 1);
  await pass(1500);
  assert.equal((await other).status, 200);
});

test("a brief pause is not worth a word", async () => {
  let count = 0;
  const { connection, said, pass } = connect(() => ((count += 1) === 1 ? answer(429, { "retry-after": "0.5" }) : answer(200)));
  connection.request("a");
  await pass(2000);
  assert.deepEqual(said.filter((text) => text !== "recovered"), []);
});

test("a silent server is named within ten seconds, and what it answers at last is used", async () => {
  let waiting = [];
  const { connection, said, pass } = connect(() => new Promise((resolve) => waiting.push(resolve)));
  const got = connection.request("a");
  await pass(7000);
  assert.match(said[0], /does not answer/);
  for (const resolve of waiting.splice(0)) resolve(answer(200));
  await pass(200);
  assert.equal((await got).status, 200);
  assert.equal(said.at(-1), "recovered");
});

test("a slow server that lives is no trouble", async () => {
  const { connection, said, pass } = connect((address) => (address === "probe" ? answer(200) : hung()));
  connection.request("a");
  await pass(30_000);
  assert.deepEqual(said, []);
});

test("what was lost while the server was away is asked for again", async () => {
  let isBack = false;
  const { connection, pass } = connect((address) => {
    if (isBack) return answer(200);
    return hung();
  });
  let isLost = false;
  const done = connection.expect(() => (isLost = true));
  const got = connection.request("a");
  await pass(7000);
  isBack = true;
  await pass(6000);
  assert.equal((await got).status, 200);
  assert.ok(isLost, "also the work of others");
  done();
});

test("a request that nobody wants any more is not made again", async () => {
  const { connection, asked, said, pass } = connect(refused);
  const reading = new AbortController();
  const got = connection.request("a", reading.signal).catch((error) => error.name);
  await pass(1000);
  reading.abort();
  await pass(5000);
  assert.equal(await got, "AbortError");
  assert.equal(asked.length, 1);
  assert.equal(said.at(-1), "recovered");
  await assert.rejects(connection.request("b", reading.signal));
  assert.equal(asked.length, 1);
});

test("a reader need not wait for Retry-After", async () => {
  let count = 0;
  const { connection, pass } = connect(() => ((count += 1) === 1 ? answer(429, { "retry-after": "3600" }) : answer(200)));
  const got = connection.request("a");
  await pass(1000);
  connection.retryNow();
  await pass(200);
  assert.equal((await got).status, 200);
});

test("Retry-After is a number of seconds or a date", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  assert.equal(waitOf("2", now), 2000);
  assert.equal(waitOf("Thu, 01 Jan 2026 00:00:30 GMT", now), 30_000);
  assert.equal(waitOf("Wed, 31 Dec 2025 00:00:00 GMT", now), 0);
  for (const none of [null, "", "soon"]) assert.equal(waitOf(none, now), null);
});
