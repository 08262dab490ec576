"""Clients that are slow, large, too many, or do not read; and the end of a gateway under load."""

from __future__ import annotations

import asyncio
import random
import signal
import socket
import statistics
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import httpx2 as httpx
import psutil
import pytest

from earthgan import Surrogate
from earthgan_gateway import edge
from engines import CountingEngine
from faults.rows import Measured, fault
from faults.servers import TILE, Served, ask, fetch, raw, served, tile
from faults.test_redis import gateways
from places import DEFAULT_SURROGATE

pytestmark = pytest.mark.alone


@contextmanager
def quick(monkeypatch: pytest.MonkeyPatch, **settings: int) -> Iterator[Served]:
    """A gateway that loses patience after a second instead of ten or fifteen."""
    for name in ("HEAD_S", "BODY_S", "READ_S"):
        monkeypatch.setattr(edge, name, 1.0)
    monkeypatch.setattr(edge, "READ_BYTES_PER_S", 1e9)
    with served(CountingEngine(Surrogate(DEFAULT_SURROGATE)), **settings) as gateway:
        fetch(gateway.url + TILE)
        yield gateway


def connect(url: str, stack: ExitStack) -> socket.socket:
    return stack.enter_context(raw(url))


def is_closed(connection: socket.socket) -> bool:
    """Whether the other side has closed it. What it has sent is read away."""
    connection.settimeout(0.01)
    try:
        while connection.recv(65536):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


def p99_ms(url: str, count: int = 200) -> float:
    times = []
    with httpx.Client(base_url=url, trust_env=False, timeout=30) as client:
        for _ in range(count):
            began = time.perf_counter()
            assert client.get(TILE).status_code == 200
            times.append(time.perf_counter() - began)
    return statistics.quantiles(times, n=100)[-1] * 1e3


GET = f"GET {TILE} HTTP/1.1\r\nhost: x\r\n".encode()
SHELL = b"GET /shells/vx/121/150.json HTTP/1.1\r\nhost: x\r\n\r\n"
#: What a slow client has sent. It sends a byte more now and then, or nothing.
SLOW = {
    "nothing": b"",
    "a line": b"GET / HT",
    "half a head": GET,
    "a head without its body": b"POST /catalog HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n",
    "an answer and then half a head": GET + b"\r\nGET / HT",
}


@fault("13", "200 slow clients, of 5 kinds", "closed after 10 s; others are served")
def test_slow_clients_are_closed(measured: Measured, monkeypatch: pytest.MonkeyPatch) -> None:
    with quick(monkeypatch) as gateway, ExitStack() as stack:
        slow = []
        for _ in range(40):
            for sent in SLOW.values():
                connection = connect(gateway.url, stack)
                connection.sendall(sent)
                slow.append(connection)
        began = time.monotonic()
        served_meanwhile = 0
        while time.monotonic() - began < 8 and len(gateway.server.server_state.connections) > 0:
            for connection, sent in zip(slow, list(SLOW.values()) * 40, strict=True):
                if sent.endswith(b"HT"):
                    try:
                        connection.send(b"x")
                    except OSError:
                        continue
            served_meanwhile += fetch(gateway.url + TILE).status_code == 200
            time.sleep(0.2)
        left = [connection for connection in slow if not is_closed(connection)]
    measured(f"{len(slow) - len(left)} of {len(slow)} closed; {served_meanwhile} others served meanwhile")
    assert not left
    assert served_meanwhile


@fault("13", "a client that does not read its answers", "cut after 15 s; its memory is given back")
def test_a_client_that_does_not_read_is_cut(measured: Measured, monkeypatch: pytest.MonkeyPatch) -> None:
    with quick(monkeypatch) as gateway, ExitStack() as stack:
        began = time.monotonic()
        connection = stack.enter_context(socket.socket())
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        host, port = gateway.url.removeprefix("http://").split(":")
        connection.connect((host, int(port)))
        connection.sendall(SHELL * 40)
        time.sleep(0.5)
        while gateway.server.server_state.connections:
            assert time.monotonic() - began < 15
            time.sleep(0.1)
        measured(f"cut after {time.monotonic() - began:.1f} s (limit 1 s in this test)")


LARGE = {
    "a field of 64 KB": (GET + b"a: " + b"a" * 65536 + b"\r\n\r\n", 431),
    "a field of 16 MB": (GET + b"a: " + b"a" * 2**24, 431),
    "10,000 fields": (GET + b"a: b\r\n" * 10_000 + b"\r\n", 431),
    "101 fields": (GET + b"a: b\r\n" * 100 + b"\r\n", 431),
    "a line of 1 MB": (b"GET /" + b"a" * 2**20 + b" HTTP/1.1\r\nhost: x\r\n\r\n", 431),
    "a line of 5 KB": (b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nhost: x\r\n\r\n", 414),
    "a body of 10 MB": (b"POST /catalog HTTP/1.1\r\nhost: x\r\ncontent-length: 10000000\r\n\r\n" + b"x" * 10**7, 405),
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
}


@fault("13", "requests that are too large, or no HTTP", "431, 414, 405 or 400 as problem+json, and closed")
def test_large_requests_are_refused(measured: Measured, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {}
    with quick(monkeypatch) as gateway:
        for name, (data, status) in LARGE.items():
            with raw(gateway.url) as connection:
                with suppress(OSError):
                    connection.sendall(data)
                answer = connection.recv(65536)
                found[name] = int(answer.split()[1])
                assert b"application/problem+json" in answer, name
                assert found[name] == status, name
        assert fetch(gateway.url + TILE, **{f"x-{n}": "a" * 200 for n in range(60)}).status_code == 200
    measured(", ".join(f"{count} x {status}" for status, count in sorted(Counter(found.values()).items())))


@fault("–", "more connections than the limit", "idle ones are closed first; then 503 with Retry-After")
def test_connections_are_limited(measured: Measured) -> None:
    engine = CountingEngine(Surrogate(DEFAULT_SURROGATE), delay_s=2)
    with served(engine, max_connections=20, tile_wait_s=600) as gateway, ExitStack() as stack:
        idle = [connect(gateway.url, stack) for _ in range(20)]
        time.sleep(0.3)
        engine.delay_s = 0
        assert fetch(gateway.url + TILE).status_code == 200
        time.sleep(0.2)
        closed = sum(is_closed(each) for each in idle)
        engine.delay_s = 5
        for number in range(20):
            busy = connect(gateway.url, stack)
            busy.sendall(b"GET /shells/vx/121/%d.npy HTTP/1.1\r\nhost: x\r\n\r\n" % number)
        until = time.monotonic() + 30
        while [each._is_idle for each in gateway.server.server_state.connections] != [False] * 20:
            assert time.monotonic() < until, "the server has not read the requests"
            time.sleep(0.05)
        with raw(gateway.url) as one_more:
            answer = one_more.recv(4096)
    measured(f"{closed} idle ones closed for 1 new; then {answer.split()[1].decode()}")
    assert closed >= 1
    assert answer.startswith(b"HTTP/1.1 503")
    assert b"retry-after" in answer


@fault("–", "what an answer tells and allows", "security headers, no Server; the page's policy")
def test_answers_have_security_headers(measured: Measured) -> None:
    with served(CountingEngine(Surrogate(DEFAULT_SURROGATE))) as gateway:
        answers = {path: fetch(gateway.url + path) for path in (TILE, "/", "/catalog", "/nothing", "/client/main.js")}
        with raw(gateway.url) as connection:
            connection.sendall(b"nonsense\r\n\r\n")
            refused = connection.recv(4096).lower()
    for path, answer in answers.items():
        assert answer.headers["x-content-type-options"] == "nosniff", path
        assert "server" not in answer.headers, path
    assert b"x-content-type-options" in refused
    assert b"server:" not in refused
    policy = answers["/"].headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "'unsafe-eval'" not in policy.replace("'wasm-unsafe-eval'", "")
    measured("on 6 of 6 kinds of answers")


class Load:
    """Clients that ask all the time, each on one connection until the gateway closes it."""

    def __init__(self, url: str, clients: int) -> None:
        self._url = url
        self.statuses: Counter[int | str] = Counter()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(n,)) for n in range(clients)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *rest: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, client: int) -> None:
        number = 0
        with httpx.Client(base_url=self._url, trust_env=False, timeout=30) as connection:
            while not self._stop.is_set():
                number += 1
                try:
                    answer = connection.get(f"/tiles/vx/121/150/5/{client}/{number % 32}")
                    self.statuses[answer.status_code] += 1
                except httpx.ConnectError:  # nobody listens any more
                    return
                except httpx.TransportError as error:
                    self.statuses[type(error).__name__] += 1
                    return


@pytest.mark.drill
@pytest.mark.parametrize("workers", [1, 2])
@fault("11", "SIGTERM under load, and a client that does not read", "0 resets, exit within 30 s")
def test_a_gateway_ends_without_cutting_anybody(measured: Measured, workers: int) -> None:
    with gateways(1, workers=str(workers)) as [(url, process)], ExitStack() as stack:
        fetch(url + TILE)
        stubborn = stack.enter_context(socket.socket())
        stubborn.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        host, port = url.removeprefix("http://").split(":")
        stubborn.connect((host, int(port)))
        stubborn.sendall(SHELL * 20)
        with Load(url, 16) as load:
            time.sleep(3)
            process.send_signal(signal.SIGTERM)
            began = time.monotonic()
            process.wait(60)
            took_s = time.monotonic() - began
    counts = load.statuses
    cut = {name: count for name, count in counts.items() if name != 200}
    measured(f"{workers} worker{'s' * (workers > 1)}: {sum(cut.values())} of {counts.total()} cut; exit {took_s:.0f} s")
    assert not cut
    assert took_s <= 30


@pytest.mark.drill
@fault("–", "the supervisor of two workers is killed", "no worker outlives it by 30 s")
def test_workers_end_with_their_supervisor(measured: Measured) -> None:
    with gateways(1, workers="2") as [(_, process)]:
        workers = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        began = time.monotonic()
        gone, alive = psutil.wait_procs(workers, timeout=30)
        took_s = time.monotonic() - began
        for each in alive:
            each.kill()
    measured(f"{len(gone)} of {len(workers)} gone after {took_s:.1f} s")
    assert len(workers) >= 2
    assert not alive


@pytest.mark.drill
@fault("10", "ten times the load that can be answered", "rejects carry Retry-After; accepted p99 at most 2 x unloaded")
def test_an_overload_slows_down_nobody_who_is_admitted(measured: Measured) -> None:
    with gateways(1) as [(url, _)]:
        alone, answers, rate = asyncio.run(alone_and_overloaded(url))
    accepted = [took for status, took in answers if status == 200]
    refused = [took for status, took in answers if status == 503]
    unloaded, loaded = statistics.quantiles(alone, n=100)[-1], statistics.quantiles(accepted, n=100)[-1]
    measured(
        f"{len(answers)} at {rate:.0f} per second: p99 {unloaded * 1e3:.0f} ms alone, {loaded * 1e3:.0f} ms for "
        f"{len(accepted)} accepted ({loaded / unloaded:.1f} x); {len(refused)} refused, half of them within "
        f"{statistics.median(refused) * 1e3:.0f} ms"
    )
    assert loaded <= 2 * unloaded


#: The shells that are asked for alone, and the seconds of the tenfold rate.
ALONE, OVERLOAD_S = 150, 60


async def alone_and_overloaded(url: str) -> tuple[list[float], list[tuple[int, float]], float]:
    """Ask for shells of any step one after another, and then ten times as often, whether or not they are answered."""
    numbers = iter(random.Random(7).sample(range(199 * 64), 199 * 64))

    async def one() -> tuple[int, float]:
        status, fields, took = await ask(url, tile(next(numbers)))
        assert status == 200 or (status == 503 and int(fields["retry-after"]) >= 1), status
        return status, took

    alone = [(await one())[1] for _ in range(ALONE)]
    rate = 10 * len(alone) / sum(alone)
    count = min(int(rate * OVERLOAD_S), 199 * 64 - ALONE)
    running = []
    began = time.perf_counter()
    for n in range(count):
        await asyncio.sleep(max(0.0, began + n / rate - time.perf_counter()))
        running.append(asyncio.create_task(one()))
    return alone, await asyncio.gather(*running), rate
