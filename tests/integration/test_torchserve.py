"""The real TorchServe, with whole archives and with others."""

from __future__ import annotations

import shutil
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2 as httpx
import numpy as np
import psutil
import pytest

from earthgan.surrogate import Surrogate
from earthgan.wire import ShellRequest, WireType, decode
from earthgan_training.surrogates.archive import archive
from integration.damages import alter_one_byte_of_the_weights, remove_a_step
from integration.shell_requests import BAD, GOOD, TOLERANCE, in_process
from integration.torchserve_server import SERVICE, TorchServe, torchserve
from places import DEFAULT_SURROGATE


@pytest.fixture(scope="module")
def server(mar: Path) -> Iterator[TorchServe]:
    """One for the tests below: each leaves it as it was."""
    with TorchServe({"earthgan": mar}) as server:
        server.wait_until_ready("earthgan")
        yield server


def ask(url: str, request: ShellRequest) -> tuple[np.ndarray, str]:
    answer = httpx.post(url, content=request.model_dump_json(), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/octet-stream"), answer.text
    return decode(answer.content)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_the_server_gives_what_the_engine_computes_in_process(server: TorchServe, dtype: WireType) -> None:
    surrogate = Surrogate(DEFAULT_SURROGATE)
    request = ShellRequest(variables=surrogate.variables, t=128, shells=(0, 1, 100, 198), dtype=dtype)

    field, digest = ask(server.predictions("earthgan"), request)

    assert digest == surrogate.digest
    np.testing.assert_allclose(field, in_process(surrogate, request), atol=TOLERANCE[dtype], rtol=0)


def test_the_largest_allowed_answer_passes_and_costs_no_worker(server: TorchServe) -> None:
    workers = server.workers()
    request = ShellRequest(variables=("temperature",), t=113, shells=tuple(range(199)))

    field, _ = ask(server.predictions("earthgan"), request)

    assert field.shape == (1, *Surrogate(DEFAULT_SURROGATE).grid.shape)
    assert server.workers() == workers


def test_bad_requests_are_400s_with_one_line_and_the_worker_survives_them(server: TorchServe) -> None:
    workers = server.workers()

    for body, reason in BAD.items():
        answer = httpx.post(server.predictions("earthgan"), content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400, body
        assert reason in answer.json()["message"], body
        assert "\n" not in answer.json()["message"], body

    assert server.workers() == workers
    ask(server.predictions("earthgan"), ShellRequest.model_validate(GOOD))


def test_a_request_longer_than_any_question_is_refused(server: TorchServe) -> None:
    answer = httpx.post(server.predictions("earthgan"), content=b" " * 100_000)

    assert answer.status_code == 413


def test_a_killed_worker_comes_back(server: TorchServe) -> None:
    (worker,) = server.workers()

    psutil.Process(worker).kill()
    server.wait_until_ready("earthgan")

    assert server.workers() != [worker]


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/model.mar", "http://169.254.169.254/model.mar", "file:///etc/passwd"]
)
def test_no_model_can_be_registered_on_a_running_server(server: TorchServe, url: str) -> None:
    management = next(line for line in server.log.splitlines() if line.startswith("Management address: ")).split()[-1]

    answer = httpx.post(f"{management}/models", params={"url": url})

    assert answer.status_code == 405


def test_the_server_gives_the_published_generators_shells(published_folder: Path, tmp_path: Path) -> None:
    mar = tmp_path / "published.mar"
    archive(published_folder, mar, SERVICE / "handler.py")
    surrogate = Surrogate(published_folder)

    with torchserve(mar) as url:
        for dtype, tolerance in TOLERANCE.items():
            request = ShellRequest(variables=("temperature", "vz"), t=1, shells=(0, 90, 91, 197), seed=7, dtype=dtype)
            field, digest = ask(f"{url}/predictions/earthgan", request)
            assert digest == surrogate.digest
            np.testing.assert_allclose(field, in_process(surrogate, request), atol=tolerance, rtol=0)


def test_damaged_archives_never_answer_and_do_not_hurt_a_whole_one(mar: Path, tmp_path: Path) -> None:
    models = {
        "whole": mar,
        "truncated": truncated(mar, tmp_path / "truncated.mar"),
        "escaping": escaping(mar, tmp_path / "escaping.mar"),
        "altered": repacked(mar, tmp_path / "altered.mar", alter_one_byte_of_the_weights),
        "stepless": repacked(mar, tmp_path / "stepless.mar", remove_a_step),
    }
    reasons = {
        "truncated": "truncated.mar: cannot be unpacked: File is not a zip file",
        "escaping": "escaping.mar: is refused: '../../escaped' is no plain path inside it",
        "altered": "altered.mar: is refused: 'generator.safetensors' does not have the digest that spec.json states",
        "stepless": "stepless.mar: is refused: it lacks 'inputs/120.bin'",
    }

    with TorchServe(models) as server:
        server.wait_until_ready("whole")
        _wait_for(lambda: all(reason in server.log for reason in reasons.values()), lambda: server.log)
        statuses = {name: _status(server.predictions(name)) for name in models}
        escaped = list(server.folder.rglob("escaped"))
        (worker,) = map(psutil.Process, server.workers())
        processes = [worker, *worker.parents()[:1]]
        assert "java" in processes[1].name()

    assert not [process for process in processes if process.is_running()], "leaving a server leaves no process"
    assert [name for name, status in statuses.items() if status == 200] == ["whole"], statuses
    assert not escaped


def _wait_for(condition: Callable[[], bool], otherwise: Callable[[], str], seconds: float = 120) -> None:
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, otherwise()
        time.sleep(0.2)


def _status(url: str) -> Any:
    """The status of a question, or the error where no answer comes."""
    try:
        return httpx.post(url, json=GOOD).status_code
    except httpx.HTTPError as error:
        return error


def repacked(mar: Path, out: Path, damage: Callable[[Path], str]) -> Path:
    """The archive with a damage inside."""
    folder = out.with_suffix("")
    with zipfile.ZipFile(mar) as file:
        file.extractall(folder)
    damage(folder)
    with zipfile.ZipFile(out, "w") as file:
        for path in folder.rglob("*"):
            file.write(path, path.relative_to(folder))
    return out


def truncated(mar: Path, out: Path) -> Path:
    """The archive without its last third."""
    content = mar.read_bytes()
    out.write_bytes(content[: len(content) * 2 // 3])
    return out


def escaping(mar: Path, out: Path) -> Path:
    """The archive with a member that would be written outside the folder it is unpacked to."""
    shutil.copyfile(mar, out)
    with zipfile.ZipFile(out, "a") as file:
        file.writestr("../../escaped", "outside")
    return out
