"""The model server lies, hangs, drips, is away, or is asked for too much."""

from __future__ import annotations

import asyncio
import gzip
import resource
import socket
import struct
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import redis

from earthgan import Surrogate
from earthgan.surrogate import Field
from earthgan.wire import MAGIC, ShellRequest, encode
from earthgan_gateway.engines import guard
from engines import CountingEngine
from faults.rows import Measured, fault
from faults.servers import (
    DIGEST,
    TILE,
    Answer,
    Liar,
    fetch,
    hang,
    honest,
    right,
    served,
    shape_of,
    tile,
    with_header,
    wrapped,
)
from integration.redis_server import redis_server
from places import DEFAULT_SURROGATE

pytestmark = pytest.mark.alone

#: A gateway that waits for a model server.
REMOTE: dict[str, Any] = {"engine": "torchserve"}


class Serial(CountingEngine):
    """An engine that computes one thing after another, and ends what it has begun, like the real ones. `begun` counts
    what it has not only been asked for.
    """

    def __init__(self, delay_s: float) -> None:
        super().__init__(Surrogate(DEFAULT_SURROGATE), delay_s)
        self.lock, self.begun = asyncio.Lock(), 0

    async def _answer(self, variables: int, shells: Sequence[int], rows: range, columns: int) -> Field:
        await self.lock.acquire()
        self.begun += 1
        computing = asyncio.ensure_future(super()._answer(variables, shells, rows, columns))
        computing.add_done_callback(lambda _: self.lock.release())
        return await asyncio.shield(computing)


def lie(body_of: bytes | None = None, *fields: str, status: str = "200 OK") -> Answer:
    async def answer(request: ShellRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(wrapped(right(request) if body_of is None else body_of, status, *fields))

    return answer


def header(said: object) -> Answer:
    async def answer(request: ShellRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(wrapped(with_header(request, said)))

    return answer


def numbers(value: float, extra: int = 0) -> Answer:
    async def answer(request: ShellRequest, writer: asyncio.StreamWriter) -> None:
        variables, *rest = shape_of(request)
        writer.write(wrapped(encode(np.full((variables + extra, *rest), value, np.float32), request.dtype, DIGEST)))

    return answer


def raw_bytes(data: bytes) -> Answer:
    async def answer(request: ShellRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        writer.close()

    return answer


async def endless(request: ShellRequest, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    piece = b"%x\r\n" % 2**16 + b"x" * 2**16 + b"\r\n"
    for _ in range(2**15):
        writer.write(piece)
        await writer.drain()


DEEP = b"[" * 4000
LIES: dict[str, Answer] = {
    "not a number": numbers(np.nan),
    "infinite": numbers(np.inf),
    "a variable too many": numbers(0.5, extra=1),
    "nothing": lie(b""),
    "text": lie(b"hello"),
    "JSON of another kind": lie(b"{}"),
    "a header of another length": lie(struct.pack("<4sI", MAGIC, 2**31) + b"x" * 100),
    "a deep header": header(DEEP),
    "a header of huge integers": header(b'{"shape": [' + b"9" * 3900 + b'], "dtype": "float16"}'),
    "65 dimensions": header({"shape": [1] * 65, "dtype": "float16", "digest": DIGEST}),
    "thousand dimensions": header({"shape": [1] * 1000, "dtype": "float16", "digest": DIGEST}),
    "a negative side": header({"shape": [-1, -1, 180, 360], "dtype": "float16", "digest": DIGEST}),
    "a side of nothing": header({"shape": [0, 1, 180, 360], "dtype": "float16", "digest": DIGEST}),
    "a truth for a side": header({"shape": [True, 1, 180, 360], "dtype": "float16", "digest": DIGEST}),
    "objects": header({"shape": [1], "dtype": "object", "digest": DIGEST}),
    "no digest": header({"shape": [1, 1, 180, 360], "dtype": "float16", "digest": "x"}),
    "broken gzip": lie(b"\x1f\x8b nonsense", "content-encoding: gzip"),
    "a bomb of gzip": lie(gzip.compress(b"\0" * 2**24), "content-encoding: gzip"),
    "an unknown coding": lie(None, "content-encoding: zstd, br"),
    "an endless answer": endless,
    "a redirect": lie(b"", "location: http://127.0.0.1:9/", status="302 Found"),
    "a status of its own": lie(b"", status="299 Fine"),
    "no HTTP": raw_bytes(b"\x00\x01\x02 nonsense\r\n\r\n"),
    "half a header": raw_bytes(b"HTTP/1.1 200 OK\r\ncontent-le"),
    "a huge header": raw_bytes(b"HTTP/1.1 200 OK\r\nx: " + b"a" * 2**22),
    "less than it says": raw_bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nEGA1"),
}


@fault("14", "the model server answers nonsense, of 26 kinds", "502 or 503, within 128 MB and 2 s, never kept")
def test_nonsense_is_refused_and_never_kept(measured: Measured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "AWAY_AFTER", 1000)  # each lie is heard
    statuses: Counter[int] = Counter()
    longest_s = 0.0
    with Liar(honest).running() as liar, served(**REMOTE, torchserve_url=liar.url, engine_timeout_s=10) as gateway:
        fetch(gateway.url + tile(5000))
        before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for number, (name, answer) in enumerate(LIES.items()):
            liar.answer = answer
            began = time.monotonic()
            told = fetch(gateway.url + tile(number))
            longest_s = max(longest_s, time.monotonic() - began)
            assert told.status_code in (502, 503), f"{name}: {told.status_code} {told.text}"
            assert told.headers["content-type"] == "application/problem+json", name
            assert told.headers["cache-control"] == "no-store", name
            statuses[told.status_code] += 1
            liar.answer = honest
            assert fetch(gateway.url + tile(number)).status_code == 200, f"{name} was kept"
        grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb) / 1024
    measured(f"{statuses[502]} x 502, {statuses[503]} x 503; {longest_s:.1f} s; {grown_mb:.0f} MB")
    assert statuses[500] == 0
    assert longest_s < 2
    assert grown_mb < 128


@fault("8", "the model server hangs", "after 5 s: 503 within 100 ms, with Retry-After; answers again within 15 s")
def test_a_hung_model_server_is_refused_at_once(measured: Measured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "STALLED_S", 1.0)
    with Liar(honest).running() as liar, served(**REMOTE, torchserve_url=liar.url, engine_timeout_s=4) as gateway:
        assert fetch(gateway.url + TILE).status_code == 200
        liar.answer = hang
        with ThreadPoolExecutor(8) as pool:
            stuck = [pool.submit(fetch, gateway.url + tile(n)) for n in range(1)]
            time.sleep(1.5)
            asked = liar.asked
            times = []
            for number in range(100, 150):
                began = time.monotonic()
                answer = fetch(gateway.url + tile(number) + ".npy")
                times.append(time.monotonic() - began)
                assert (answer.status_code, int(answer.headers["retry-after"]) > 0) == (503, True)
            assert fetch(gateway.url + TILE).status_code == 200
            assert fetch(gateway.url + "/servez").status_code == 200
            ready = fetch(gateway.url + "/readyz")
            liar.answer = honest
            began = time.monotonic()
            while fetch(gateway.url + tile(7000) + ".npy").status_code != 200:
                assert time.monotonic() - began < 15
                time.sleep(0.1)
            recovered_s = time.monotonic() - began
            for each in stuck:
                each.result()
    times.sort()
    measured(f"503 within {times[-2] * 1e3:.0f} ms; {liar.asked - asked} probes; answers after {recovered_s:.1f} s")
    assert ready.status_code == 503
    assert times[-2] < 0.1


@fault("9", "the model server is away", "cached tiles 200, /servez 200, /readyz 503")
def test_cached_tiles_are_served_while_the_model_server_is_away(measured: Measured) -> None:
    cached = [f"/tiles/{name}/121/150/2/{x}/{y}" for name in ("vx", "temperature") for x in range(4) for y in range(4)]
    liar = Liar(honest)
    with served(**REMOTE, torchserve_url=liar.url) as gateway:
        with liar.running():
            assert {fetch(gateway.url + path).status_code for path in cached} == {200}
        time.sleep(2.1)
        statuses = Counter(fetch(gateway.url + path).status_code for path in cached)
        cold = [fetch(gateway.url + tile(n) + ".npy") for n in range(5)]
        health = {path: fetch(gateway.url + path).status_code for path in ("/healthz", "/servez", "/readyz")}
        fresh = fetch(gateway.url + "/tiles/vy/121/150/0/0/0").status_code
    measured(f"{statuses[200]} of {len(cached)} cached; /servez {health['/servez']}, /readyz {health['/readyz']}")
    assert statuses == {200: len(cached)}
    assert fresh == 200, "a tile of a cached shell that was never drawn"
    assert {answer.status_code for answer in cold} == {503}
    assert all("retry-after" in answer.headers for answer in cold)
    assert health == {"/healthz": 200, "/servez": 200, "/readyz": 503}


@fault(
    "9",
    "the model server is away: tiles of shells that were never generated",
    "200, coarse, kept nowhere; values 503; in full within 15 s of its return",
)
def test_a_coarse_tile_is_better_than_none(measured: Measured, tmp_path: Path) -> None:
    liar, cold = Liar(honest), [tile(number) for number in range(100, 120)]
    values = [path + ".npy" for path in cold] + [f"/shells/vx/70/{r}.png" for r in range(4)]
    with (
        redis_server(tmp_path) as (redis_url, _),
        redis.Redis.from_url(redis_url) as client,
        served(**REMOTE, torchserve_url=liar.url, redis_url=redis_url) as gateway,
    ):
        away = [fetch(gateway.url + f"/shells/vx/70/{r}.npy").status_code for r in range(guard.AWAY_AFTER)]
        coarse = [fetch(gateway.url + path) for path in cold]
        refused = Counter(fetch(gateway.url + path).status_code for path in values)
        kept = client.dbsize()
        with liar.running():
            began = time.monotonic()
            while "coarse" in (whole := fetch(gateway.url + cold[0])).headers["cache-status"]:
                assert time.monotonic() - began < 15
                time.sleep(0.1)
            whole_s = time.monotonic() - began
            again = [fetch(gateway.url + path) for path in cold]
    told = sum(answer.headers.get("cache-status") == "earthgan; fwd=miss; detail=coarse" for answer in coarse)
    measured(
        f"{told} of {len(cold)} coarse, {kept} kept; {refused[503]} of {len(values)} 503; whole after {whole_s:.1f} s"
    )
    assert set(away) == {503}
    assert told == len(cold)
    assert {(answer.status_code, answer.headers["cache-control"]) for answer in coarse} == {(200, "no-store")}
    assert all("etag" not in answer.headers and int(answer.headers["retry-after"]) > 0 for answer in coarse)
    assert refused == {503: len(values)}
    assert not kept
    assert "etag" in whole.headers
    assert all(new.status_code == 200 and new.content != old.content for new, old in zip(again, coarse, strict=True))


@fault("–", "the model server drips its answer", "503 at the deadline of 1 s, not later")
def test_a_deadline_is_that_of_the_whole_answer(measured: Measured) -> None:
    async def drip(request: ShellRequest, writer: asyncio.StreamWriter) -> None:
        body = right(request)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body))
        for at in range(0, 1000):
            writer.write(body[at : at + 1])
            await writer.drain()
            await asyncio.sleep(0.1)

    with (
        Liar(drip).running() as liar,
        served(**REMOTE, torchserve_url=liar.url, engine_timeout_s=1) as gateway,
    ):
        began = time.monotonic()
        answer = fetch(gateway.url + TILE)
        took_s = time.monotonic() - began
    measured(f"{answer.status_code} after {took_s:.1f} s")
    assert answer.status_code == 503
    assert took_s < 2.5


@fault("–", "a hundred sections at once", "each is answered, or refused within 1 s; none waits in vain")
def test_sections_are_admitted_while_they_can_be_answered(measured: Measured) -> None:
    with served(Serial(0.2), read_wait_s=2, engine_timeout_s=30) as gateway, ThreadPoolExecutor(100) as pool:
        path = "/sections/vx/{t}?from=0,0&to=0,{lon}"
        fetch(gateway.url + path.format(t=65, lon=30))

        def ask(number: int) -> tuple[int, float]:
            began = time.monotonic()
            answer = fetch(gateway.url + path.format(t=66 + number % 60, lon=10 + number))
            assert answer.status_code == 200 or int(answer.headers["retry-after"]) >= 1
            return answer.status_code, time.monotonic() - began

        answers = list(pool.map(ask, range(100)))
    counts = Counter(status for status, _ in answers)
    refused_s = max(took for status, took in answers if status == 503)
    answered_s = max(took for status, took in answers if status == 200)
    measured(f"{counts[200]} answered within {answered_s:.1f} s, {counts[503]} refused within {refused_s:.2f} s")
    assert counts[200] >= 2
    assert counts[503] >= 50
    assert refused_s < answered_s


@fault("12", "200 readers leave before their tiles are there", "none of their tiles is begun; baseline within 10 s")
def test_work_whose_readers_have_left_is_dropped(measured: Measured) -> None:
    leave(measured, readers=200)


@pytest.mark.drill
@fault("12", "1,000 readers leave before their tiles are there", "none of their tiles is begun; baseline within 10 s")
def test_work_of_a_thousand_readers_is_dropped(measured: Measured) -> None:
    leave(measured, readers=1000)


def leave(measured: Measured, readers: int) -> None:
    shell_s = 0.5
    engine = Serial(shell_s)
    with served(engine, max_connections=2000, tile_wait_s=600, max_pending_shells=2000) as gateway:
        fetch(gateway.url + tile(9000))
        before, begun, arrived = gateway.tasks(), engine.begun, time.monotonic()
        for start in range(0, readers, 100):  # not all at once: descriptors of this process
            connections = [connected(gateway.url, tile(start + n)) for n in range(100)]
            for connection in connections:
                connection.close()
        left = time.monotonic()
        while gateway.tasks() > before or gateway.server.server_state.connections:
            assert time.monotonic() - left < 10, f"{gateway.tasks()} tasks instead of {before}"
            time.sleep(0.05)
        baseline_s = time.monotonic() - left
        under_way = engine.begun - begun
        time.sleep(1)
        later = engine.begun - begun - under_way
    measured(f"{under_way} of {readers} begun, {later} later; baseline after {baseline_s:.1f} s")
    assert under_way <= (left - arrived) / shell_s + 2  # those that were begun while the others came
    assert later == 0


def connected(url: str, path: str) -> socket.socket:
    host, port = url.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), timeout=30)
    connection.sendall(f"GET {path} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
    return connection
