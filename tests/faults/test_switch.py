"""The surrogate is switched under load, back again, and to one that is damaged."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2 as httpx
import pytest

from earthgan import Surrogate
from faults.rows import Measured, fault
from faults.servers import fetch
from gateway_server import EARTHGAN, READY_WITHIN_S, environment, free_port
from small_surrogate import make_small
from socketless import Gateway

pytestmark = [pytest.mark.alone, pytest.mark.drill]

PATHS = [f"/tiles/temperature/{t}/{r}/0/0/0.{form}" for t in (0, 1) for r in (2, 5) for form in ("png", "npy")]
PATHS += ["/catalog", "/variables", "/shells/temperature/1/4.npy", "/points/temperature/0/3?lat=10&lon=20"]
PATHS += ["/statistics/temperature/1/2", "/sections/temperature/0?from=0,0&to=30,60"]


#: Of an answer that both surrogates give, and that names none.
EITHER = "either"


def answers_of(folder: Path) -> dict[str, bytes]:
    """What a gateway of one surrogate answers."""
    gateway = Gateway(folder)
    try:
        return {path: gateway.get(path).content for path in PATHS}
    finally:
        gateway.close()


def point(link: Path, folder: Path) -> None:
    """Make a link lead to another folder, at once."""
    new = link.with_name("new")
    new.symlink_to(folder)
    new.replace(link)


class Load:
    """Readers who ask without a pause, and what they got: the digest of the surrogate that has answered, or a fault."""

    def __init__(self, url: str, due: dict[str, dict[str, bytes]]) -> None:
        self.url, self.due = url, due
        self.got: Counter[str] = Counter()
        self._done = threading.Event()

    def __enter__(self) -> Load:
        self._pool = ThreadPoolExecutor(4)
        self._readers = [self._pool.submit(self._read, n) for n in range(4)]
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._pool.shutdown()
        for reader in self._readers:
            reader.result()

    def _read(self, first: int) -> None:
        with httpx.Client(base_url=self.url, trust_env=False, timeout=60) as client:
            at = first
            while not self._done.is_set():
                path = PATHS[at % len(PATHS)]
                at += 1
                try:
                    answer = client.get(path)
                except httpx.TransportError as error:
                    self.got[f"no answer: {error!r}"] += 1
                    continue
                self.got[self._whose(path, answer)] += 1

    def _whose(self, path: str, answer: httpx.Response) -> str:
        if answer.status_code != 200:
            return f"status {answer.status_code}"
        said = answer.headers.get("earthgan-surrogate")
        mine = [digest for digest, answers in self.due.items() if answers[path] == answer.content]
        if not mine or said not in (None, *mine):
            return "mixed"
        return said or (mine[0] if len(mine) == 1 else EITHER)

    def until(self, digest: str, seconds: float = 240) -> float:
        """Wait until the latest 50 answers are of one surrogate. Returns the seconds."""
        began = time.monotonic()
        while True:
            before = self.got.copy()
            while (new := self.got - before).total() < 50:
                assert time.monotonic() - began < seconds, (digest, self.got)
                time.sleep(0.02)
            if set(new) - {EITHER} == {digest}:
                return time.monotonic() - began


@pytest.mark.parametrize("workers", [1, 2])
@fault(
    "20",
    "the surrogate is switched under load, and back, and to a damaged one",
    "0 mixed answers, 0 5xx, 0 cut; the damaged one is never served",
)
def test_no_answer_is_of_two_surrogates(measured: Measured, tmp_path: Path, workers: int) -> None:
    first, second, damaged = (make_small(tmp_path / name, size=size) for name, size in (("a", 1), ("b", 2), ("c", 3)))
    (damaged / "spec.json").write_text(json.dumps(json.loads((damaged / "spec.json").read_text()) | {"grid": {}}))
    due = {Surrogate(folder).digest: answers_of(folder) for folder in (first, second)}
    one, other = due
    link = tmp_path / "current"
    link.symlink_to(first)
    url = f"http://127.0.0.1:{(port := free_port())}"
    process = subprocess.Popen(
        [*EARTHGAN, "serve", str(link), "--port", str(port), "--workers", str(workers)], env=environment()
    )
    try:
        deadline = time.monotonic() + READY_WITHIN_S
        while True:
            try:
                if fetch(f"{url}/readyz").status_code == 200:
                    break
            except httpx.TransportError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        with Load(url, due) as load:
            load.until(one)
            point(link, second)
            os.kill(process.pid, signal.SIGUSR1)
            took_s = load.until(other)
            point(link, first)
            os.kill(process.pid, signal.SIGUSR1)
            back_s = load.until(one)
            point(link, damaged)
            os.kill(process.pid, signal.SIGUSR1)
            time.sleep(10)
            load.until(one)
    finally:
        process.terminate()
        process.wait(40)
    faults = load.got.total() - load.got[one] - load.got[other] - load.got[EITHER]
    measured(
        f"{workers} worker{'s' * (workers > 1)}: {load.got['mixed']} mixed, {faults} faults of {load.got.total()}; "
        f"switched after {took_s:.0f} s, back after {back_s:.0f} s"
    )
    assert min(load.got[one], load.got[other]) > 50
    assert not faults, load.got
