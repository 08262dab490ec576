"""A kind of surrogate that the tests register is opened, described and served like those that ship."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import numpy as np
import pytest
from PIL import Image

from earthgan import Surrogate
from earthgan.cli import main
from earthgan.errors import DamagedSurrogate
from earthgan.kinds.registry import Kind, kind_named, register
from earthgan_gateway import Settings, create_app
from gateway_server import serving
from toy_kind import SineKind, write_sine


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sine(tmp_path_factory.mktemp("toy") / "sine")


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[httpx.Client]:
    with serving(create_app(Settings(surrogate=folder))) as url, httpx.Client(base_url=url, trust_env=False) as client:
        yield client


def test_a_tile_of_it_is_served(client: httpx.Client) -> None:
    answer = client.get("/tiles/temperature/2/1/0/0/0.npy?tms=WorldCRS84Quad")
    assert answer.status_code == 200
    values = np.load(io.BytesIO(answer.content))
    assert values[:, 0] == pytest.approx(
        2000 + 1000 * np.sin(np.radians(90 - (np.arange(256) + 0.5) * 180 / 256)), abs=20
    )
    picture = client.get("/tiles/temperature/1/0/0/0/0")
    assert Image.open(io.BytesIO(picture.content)).size == (256, 256)


def test_it_has_derived_quantities_and_numbers_at_places(client: httpx.Client) -> None:
    assert client.get("/catalog").json()["variables"] == ["temperature", "temperature_anomaly"]
    point = client.get("/points/temperature_anomaly/1/0?lat=90&lon=0").json()
    assert point["value"] == pytest.approx(2000, rel=0.02)
    assert client.get("/series/temperature/0?lat=-30&lon=7").json()["values"] == pytest.approx([1000, 1500], rel=0.03)
    assert client.get("/readyz").status_code == 200


def test_info_describes_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(folder)]) == 0
    assert "sine" in capsys.readouterr().out


def test_its_spec_is_read_as_it_was_written(folder: Path) -> None:
    spec = Surrogate(folder).spec
    assert spec.generator.arguments.warmest == 4000  # type: ignore[attr-defined]
    assert json.loads(spec.to_json()) == json.loads((folder / "spec.json").read_text())


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('"preset": "sine"', '"preset": "cosine"', "there is no kind of surrogate named 'cosine': the kinds are"),
        ('"preset": "sine"', '"preset": 7', "there is no kind of surrogate named 7"),
        ('"warmest": 4000.0', '"warmest": "hot"', "warmest"),
        ('"text": "json"', '"text": "xml"', "text"),
        ('"preset": "sine"', '"preset": "interpolate"', "warmest"),
    ],
)
def test_what_does_not_fit_its_models_is_named(tmp_path: Path, old: str, new: str, reason: str) -> None:
    folder = write_sine(tmp_path / "sine")
    text = (folder / "spec.json").read_text()
    assert old in text
    (folder / "spec.json").write_text(text.replace(old, new))
    with pytest.raises(DamagedSurrogate, match=r"spec\.json") as caught:
        Surrogate(folder)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_name_belongs_to_one_kind() -> None:
    with pytest.raises(ValueError, match="two kinds of surrogate named 'sine'"):
        register(type("Other", (SineKind,), {}))
    assert kind_named("sine") is SineKind
    assert all(issubclass(kind_named(name), Kind) for name in ("paper", "residual", "interpolate", "spectral"))
