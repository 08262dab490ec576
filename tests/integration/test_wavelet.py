"""A wavelet surrogate is opened, described and served: the decoded cells of the source's own grid are served."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import numpy as np
import pytest

from code_fields import rough, source_of
from earthgan import Surrogate
from earthgan.backends.onnx import onnx_file_backend
from earthgan.backends.torch import torch_backend
from earthgan.cli import main
from earthgan.errors import DamagedSurrogate
from earthgan.verified import file_sha256
from earthgan_gateway import Settings, create_app
from earthgan_training.coding.wavelet import fit_wavelet
from gateway_server import serving

VISCOSITY = (21 + 2 * rough((5, 36, 72), 1.3, 3)).astype(np.float32)
TOLERANCE = 0.05


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wavelet") / "out"
    fields = {1: {"viscosity": VISCOSITY, "other": -VISCOSITY}, 2: {"viscosity": VISCOSITY + 1, "other": VISCOSITY}}
    fit_wavelet(source_of(fields), out, max_error={"viscosity": TOLERANCE, "other": 0.5})
    return out


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[httpx.Client]:
    with serving(create_app(Settings(surrogate=folder))) as url, httpx.Client(base_url=url, trust_env=False) as client:
        yield client


def test_served_shells_are_within_the_tolerance_in_every_cell(client: httpx.Client) -> None:
    for r, truth in enumerate(VISCOSITY):
        answer = client.get(f"/shells/viscosity/1/{r}.npy")
        assert answer.status_code == 200
        served = np.load(io.BytesIO(answer.content))
        assert served.shape == truth.shape
        assert np.abs(served.astype(np.float64) - truth).max() <= TOLERANCE


def test_every_backend_gives_the_decoded_cells(folder: Path) -> None:
    surrogate = Surrogate(folder)
    shells = range(1, 4)
    decoded = surrogate.shells(None, ["other", "viscosity"], 2, shells, columns=range(-5, 9))
    for backend in (torch_backend(surrogate), onnx_file_backend(surrogate.onnx_path)):
        np.testing.assert_array_equal(
            surrogate.shells(backend, ["other", "viscosity"], 2, shells, columns=range(-5, 9)), decoded
        )


def test_a_step_is_read_ahead_if_it_fits(folder: Path) -> None:
    surrogate = Surrogate(folder)
    assert not surrogate.read_ahead(1)
    small = Surrogate(folder, steps_bytes=10_000)
    assert small.read_ahead(1)
    np.testing.assert_array_equal(
        small.shells(None, ["viscosity"], 1, range(5)), surrogate.shells(None, ["viscosity"], 1, range(5))
    )


def test_info_describes_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(folder)]) == 0
    assert "wavelet" in capsys.readouterr().out


def _altered(data: bytes, how: str) -> bytes:
    match how:
        case "cut":
            return data[:-7]
        case "longer":
            return data + b"\0"
        case "empty":
            return b""
        case "version":
            return data[:11] + b"\x63" + data[12:]
        case "boxes":
            return data[:13] + b"\xff" + data[14:]
    return data[:-40] + bytes([data[-40] ^ 1]) + data[-39:]


@pytest.mark.parametrize("how", ["cut", "longer", "empty", "version", "boxes", "bit"])
def test_altered_steps_are_refused(folder: Path, tmp_path: Path, how: str) -> None:
    """Even where the spec states the digest of the altered file."""
    damaged = tmp_path / "damaged"
    (damaged / "inputs").mkdir(parents=True)
    for path in folder.rglob("*.*"):
        (damaged / path.relative_to(folder)).write_bytes(path.read_bytes())
    step = damaged / "inputs" / "001.bin"
    step.write_bytes(_altered(step.read_bytes(), how))
    spec = json.loads((damaged / "spec.json").read_text())
    spec["inputs"]["steps"][0]["sha256"] = file_sha256(step)
    (damaged / "spec.json").write_text(json.dumps(spec))
    with pytest.raises(DamagedSurrogate, match=r"001\.bin"):
        Surrogate(damaged).shells(None, ["viscosity"], 1, [0])
