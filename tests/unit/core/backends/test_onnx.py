"""The number of threads that a generator takes."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from earthgan import Surrogate
from earthgan.backends import onnx


@pytest.mark.parametrize(
    ("multiply_adds", "told", "taken"), [(1e8, None, 1), (2e10, None, 0), (1e8, 0, 0), (2e10, 1, 1), (2e10, 3, 3)]
)
def test_one_thread_unless_a_reader_would_wait(
    monkeypatch: pytest.MonkeyPatch, default_surrogate: Surrogate, multiply_adds: float, told: int | None, taken: int
) -> None:
    asked = []

    def session(model: Path, threads: int) -> SimpleNamespace:
        asked.append(threads)
        return SimpleNamespace(get_inputs=list)

    monkeypatch.setattr(onnx, "session", session)
    monkeypatch.setattr(default_surrogate.planner, "multiply_adds", lambda *_: multiply_adds, raising=False)
    onnx.onnx_backend(default_surrogate, told)
    assert asked == [taken]


def test_the_shipped_surrogate_takes_one(monkeypatch: pytest.MonkeyPatch, default_surrogate: Surrogate) -> None:
    asked = []
    monkeypatch.setattr(onnx, "onnx_file_backend", lambda path, threads: asked.append(threads))
    onnx.onnx_backend(default_surrogate)
    assert asked == [1]
