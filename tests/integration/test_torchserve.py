"""The model server: its handler as TorchServe loads it, the real TorchServe, and archives that are not whole."""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
import sys
import time
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import numpy as np
import psutil
import pytest
import yaml

from earthgan.errors import DamagedSurrogate, EngineAnswerInvalid
from earthgan.onnx_backend import onnx_backend
from earthgan.surrogate import Backend, Surrogate
from earthgan.wire import ShellRequest, WireType, decode
from earthgan_training.archive import archive
from integration.torchserve_server import SERVICE, TorchServe, torchserve
from places import BASELINE_SURROGATE, DEFAULT_SURROGATE

with warnings.catch_warnings(action="ignore", category=ResourceWarning):  # ts leaves files of its own open
    import ts
    from ts.metrics.metric_cache_yaml_impl import MetricsCacheYamlImpl
    from ts.model_loader import TsModelLoader
    from ts.model_server import load_properties
    from ts.service import Service

#: float16 keeps 11 bits of a number.
TOLERANCE: dict[WireType, float] = {"float32": 1e-5, "float16": 2e-3}


@pytest.fixture(scope="session")
def mar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped surrogate's archive."""
    path = tmp_path_factory.mktemp("mar") / "earthgan.mar"
    archive(DEFAULT_SURROGATE, path, SERVICE / "handler.py")
    return path


def in_process(surrogate: Surrogate, request: ShellRequest) -> np.ndarray:
    """The shells that the server should give."""
    return surrogate.shells(onnx_backend(surrogate), request.variables, request.t, request.shells, request.seed)


# --- the handler, loaded by TorchServe's own loader, without Java ---


class Handler:
    """An unpacked archive's handler in this process: `ask` gives the status, the message and the answers' parts."""

    def __init__(self, folder: Path, gpu: int | None = None) -> None:
        with warnings.catch_warnings(action="ignore", category=ResourceWarning):
            metrics = MetricsCacheYamlImpl(str(Path(ts.__file__).with_name("configs") / "metrics.yaml"))
            metrics.initialize_cache()
            self.service: Service = TsModelLoader().load(
                "earthgan", str(folder), "handler.py", gpu, batch_size=1, metrics_cache=metrics
            )
        self.service.set_cl_socket(None)

    def ask(self, body: bytes) -> tuple[int, str, str, bytes]:
        parameter = {"name": "body", "contentType": "application/json", "value": bytearray(body)}
        frame = bytes(self.service.predict([{"requestId": b"1", "parameters": [parameter]}]))
        return _read_frame(frame)


def _read_frame(frame: bytes) -> tuple[int, str, str, bytes]:
    """Status, message, content type and body of the one answer in TorchServe's frame."""
    at = 0

    def number() -> int:
        nonlocal at
        at += 4
        return int(struct.unpack_from("!i", frame, at - 4)[0])

    def text() -> bytes:
        nonlocal at
        length = number()
        at += length
        return frame[at - length : at]

    status, message, _request, content_type, _status, _phrase = number(), text(), text(), text(), number(), text()
    for _header in range(number()):
        text(), text()
    return status, message.decode(), content_type.decode(), text()


@pytest.fixture
def unpack(tmp_path: Path, mar: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Path]:
    """Unpacks the archive as a worker finds it: its folder is importable, and no other `handler` is."""

    def unpack() -> Path:
        folder = tmp_path / "model"
        with zipfile.ZipFile(mar) as file:
            file.extractall(folder)
        monkeypatch.syspath_prepend(folder)
        monkeypatch.delitem(sys.modules, "handler", raising=False)
        return folder

    return unpack


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_the_handler_answers_with_the_shells_that_the_engine_computes(
    unpack: Callable[[], Path], dtype: WireType
) -> None:
    request = ShellRequest(variables=("vx", "temperature"), t=115, shells=(0, 7, 8), dtype=dtype)

    status, _, content_type, body = Handler(unpack()).ask(request.model_dump_json().encode())

    assert (status, content_type) == (200, "application/octet-stream")
    field, digest = decode(body)
    surrogate = Surrogate(DEFAULT_SURROGATE)
    assert digest == surrogate.digest
    np.testing.assert_allclose(field, in_process(surrogate, request), atol=TOLERANCE[dtype], rtol=0)


def test_a_part_of_a_shell_is_that_part_and_may_be_of_many_shells(unpack: Callable[[], Path]) -> None:
    request = ShellRequest(
        variables=("vx", "temperature", "vy", "vz"),
        t=115,
        shells=tuple(range(199)),
        dtype="float32",  # whole, this would be a hundred times what the handler lets pass
        rows=(20, 30),
        columns=(-3, 4),
    )

    status, message, _, body = Handler(unpack()).ask(request.model_dump_json().encode())

    assert status == 200, message
    field, _ = decode(body)
    assert field.shape == (4, 199, 10, 7)
    some = request.model_copy(update={"shells": (0, 100), "rows": None, "columns": None})
    expected = in_process(Surrogate(DEFAULT_SURROGATE), some)[:, :, 20:30][..., np.arange(-3, 4)]
    np.testing.assert_allclose(field[:, [0, 100]], expected, atol=1e-5, rtol=0)


GOOD = {"variables": ["temperature"], "t": 113, "shells": [0]}

BAD = {
    b"": "Invalid JSON",
    b"not json": "Invalid JSON",
    b"\xff\xfe\x00": "Invalid JSON",
    b"5": "should be an object",
    b"[10000000000]": "should be an object",
    b"{}": "variables: Field required",
    json.dumps({**GOOD, "t": 1}).encode(): "no time step 1",
    json.dumps({**GOOD, "t": "113"}).encode(): "t: ",
    json.dumps({**GOOD, "t": 10**40}).encode(): "t",
    json.dumps({**GOOD, "shells": [199]}).encode(): "no radial shell 199",
    json.dumps({**GOOD, "shells": [-1]}).encode(): "shells.0: ",
    json.dumps({**GOOD, "shells": []}).encode(): "shells: ",
    json.dumps({**GOOD, "variables": ["salt\nwater"]}).encode(): "unknown variable",
    json.dumps({**GOOD, "seed": -1}).encode(): "seed: ",
    json.dumps({**GOOD, "dtype": "float64"}).encode(): "dtype: ",
    json.dumps({**GOOD, "shells": list(range(199)), "dtype": "float32"}).encode(): "ask for fewer shells",
    json.dumps({**GOOD, "rows": [0, 181]}).encode(): "rows 0 to 181 are not a part of 0 to 180",
    json.dumps({**GOOD, "rows": [5, 5]}).encode(): "rows 5 to 5",
    json.dumps({**GOOD, "rows": [-1, 5]}).encode(): "rows.0: ",
    json.dumps({**GOOD, "rows": [1]}).encode(): "rows.1: ",
    json.dumps({**GOOD, "columns": [0, 361]}).encode(): "not at most one turn",
    json.dumps({**GOOD, "columns": [10**9, 10**9 + 1]}).encode(): "not at most one turn",
    json.dumps({**GOOD, "columns": [0.5, 1]}).encode(): "columns.0: ",
}


@pytest.mark.parametrize(("body", "reason"), BAD.items())
def test_an_impossible_request_is_a_400_with_one_line(unpack: Callable[[], Path], body: bytes, reason: str) -> None:
    status, message, _, _ = Handler(unpack()).ask(body)

    assert status == 400
    assert reason in message
    assert "\n" not in message


def test_a_generator_that_fails_is_a_500_with_one_line(unpack: Callable[[], Path]) -> None:
    handler = Handler(unpack())

    def broken(feeds: object) -> np.ndarray:
        raise EngineAnswerInvalid("the generator could not compute the window")

    sys.modules["handler"].ShellHandler.backend = property(lambda self: broken, lambda self, value: None)
    status, message, _, _ = handler.ask(json.dumps(GOOD).encode())

    assert (status, message) == (500, "the generator could not compute the window")


def test_on_a_gpu_the_handler_runs_torch_there_within_its_share_of_memory(
    unpack: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A card of 4 GiB in name only: the calls are what is tested."""
    calls: dict[str, Any] = {}

    def backend(surrogate: Surrogate, device: str) -> Backend:
        calls["device"] = device
        return onnx_backend(surrogate)

    monkeypatch.setattr("earthgan.torch_backend.torch_backend", backend)
    monkeypatch.setattr("torch.cuda.get_device_properties", lambda gpu: SimpleNamespace(total_memory=2**32))
    monkeypatch.setattr("torch.cuda.set_per_process_memory_fraction", lambda share, gpu: calls.update(share=share))

    status, _, _, _ = Handler(unpack(), gpu=1).ask(json.dumps(GOOD).encode())

    assert status == 200
    assert calls["device"] == "cuda:1"
    assert 0.8 < calls["share"] < 0.9


def test_the_largest_answer_the_handler_gives_is_one_the_server_lets_pass() -> None:
    model = yaml.safe_load((SERVICE / "model-config.yaml").read_text())
    server = load_properties(str(SERVICE / "config.properties"))

    longest_header = 4096 + 8
    assert model["earthgan"]["max_answer_bytes"] + longest_header <= int(server["max_response_size"])


# --- archives that are not whole ---


def cut_the_weights_short(folder: Path) -> str:
    path = folder / "generator.onnx"
    path.write_bytes(path.read_bytes()[:-100])
    return "generator.onnx"


def alter_one_byte_of_the_weights(folder: Path) -> str:
    path = folder / "generator.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    return "generator.safetensors"


def remove_a_step(folder: Path) -> str:
    (folder / "inputs" / "120.bin").unlink()
    return "120.bin"


def hide_a_pickle_in_a_step(folder: Path) -> str:
    """With the digest that belongs to it, so that only the refusal to unpickle can help."""
    path = folder / "inputs" / "120.npy"
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    np.save(path, np.array([{"a": "pickle"}], dtype=object), allow_pickle=True)
    after = hashlib.sha256(path.read_bytes()).hexdigest()
    spec = folder / "spec.json"
    spec.write_text(spec.read_text().replace(before, after))
    return "120.npy"


def break_the_spec(folder: Path) -> str:
    path = folder / "spec.json"
    path.write_bytes(path.read_bytes()[:1000])
    return "spec.json"


DAMAGES = [cut_the_weights_short, alter_one_byte_of_the_weights, remove_a_step, break_the_spec]


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_handler_does_not_load_a_damaged_surrogate_and_names_the_file(
    unpack: Callable[[], Path], damage: Callable[[Path], str]
) -> None:
    folder = unpack()
    file = damage(folder)

    with pytest.raises(DamagedSurrogate, match=file):
        Handler(folder)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_surrogate_is_not_archived(tmp_path: Path, damage: Callable[[Path], str]) -> None:
    assert_not_archived(DEFAULT_SURROGATE, tmp_path, damage)


def test_a_pickle_is_not_archived(tmp_path: Path) -> None:
    assert_not_archived(BASELINE_SURROGATE, tmp_path, hide_a_pickle_in_a_step)


def assert_not_archived(surrogate: Path, tmp_path: Path, damage: Callable[[Path], str]) -> None:
    folder = tmp_path / "surrogate"
    shutil.copytree(surrogate, folder)
    file = damage(folder)
    earlier = tmp_path / "earthgan.mar"
    earlier.write_bytes(b"an earlier archive")

    with pytest.raises(DamagedSurrogate, match=file):
        archive(folder, earlier, SERVICE / "handler.py")
    assert earlier.read_bytes() == b"an earlier archive"


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


# --- the real TorchServe ---


@pytest.fixture(scope="module")
def server(mar: Path) -> Iterator[TorchServe]:
    """One for the tests below: each leaves it as it was."""
    with TorchServe({"earthgan": mar}) as server:
        server.wait_until_ready("earthgan")
        yield server


def ask(url: str, request: ShellRequest) -> tuple[np.ndarray, str]:
    answer = httpx.post(
        url, content=request.model_dump_json(), headers={"Content-Type": "application/json"}, timeout=60
    )
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

    assert field.shape == (1, 199, 180, 360)
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
    server.wait_until_ready("earthgan", seconds=15)

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
        "truncated": "Failed to load model: truncated.mar",
        "escaping": "Failed to load model: escaping.mar",
        "altered": "generator.safetensors: does not have the digest that spec.json states",
        "stepless": "120.bin: No such file or directory",
    }

    with TorchServe(models) as server:
        server.wait_until_ready("whole")
        _wait_for(lambda: all(reason in server.log for reason in reasons.values()), lambda: server.log)
        statuses = {name: _status(server.predictions(name)) for name in models}
        escaped = list(server.folder.rglob("escaped"))

    assert [name for name, status in statuses.items() if status == 200] == ["whole"], statuses
    assert not escaped


def test_leaving_a_server_leaves_no_process(mar: Path) -> None:
    with TorchServe({"earthgan": mar}) as server:
        server.wait_until_ready("earthgan")
        (worker,) = map(psutil.Process, server.workers())
        processes = [worker, *worker.parents()[:1]]
        assert "java" in processes[1].name()

    assert not [process for process in processes if process.is_running()]


def _wait_for(condition: Callable[[], bool], otherwise: Callable[[], str], seconds: float = 30) -> None:
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, otherwise()
        time.sleep(0.2)


def _status(url: str) -> Any:
    """The status of a question, or the error where no answer comes within two seconds."""
    try:
        return httpx.post(url, json=GOOD, timeout=2).status_code
    except httpx.HTTPError as error:
        return error
