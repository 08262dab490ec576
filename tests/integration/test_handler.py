"""The model server's handler, loaded by TorchServe's own loader, without Java."""

from __future__ import annotations

import json
import struct
import sys
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import yaml

from earthgan.backends.onnx import onnx_backend
from earthgan.errors import DamagedSurrogate, EngineAnswerInvalid
from earthgan.surrogate import Backend, Surrogate
from earthgan.wire import ShellRequest, WireType, decode
from integration.damages import DAMAGES
from integration.shell_requests import BAD, GOOD, TOLERANCE, in_process
from integration.torchserve_server import SERVICE
from places import DEFAULT_SURROGATE

with warnings.catch_warnings(action="ignore", category=ResourceWarning):  # ts leaves files of its own open
    import ts
    from ts.metrics.metric_cache_yaml_impl import MetricsCacheYamlImpl
    from ts.model_loader import TsModelLoader
    from ts.model_server import load_properties
    from ts.service import Service


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

    monkeypatch.setattr("earthgan.backends.torch.torch_backend", backend)
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


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_handler_does_not_load_a_damaged_surrogate_and_names_the_file(
    unpack: Callable[[], Path], damage: Callable[[Path], str]
) -> None:
    folder = unpack()
    file = damage(folder)

    with pytest.raises(DamagedSurrogate, match=file):
        Handler(folder)
