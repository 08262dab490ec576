"""Rivals of a surrogate: codecs at given bytes, interpolation, and the count of a surrogate's own bytes."""

import zlib
from pathlib import Path

import numpy as np
import pytest

from earthgan import ShellGrid, Surrogate
from earthgan_training.evaluate.accuracy import psnr
from earthgan_training.evaluate.codecs import CONSTANTS_BYTES, Codec, available_codecs, code
from earthgan_training.evaluate.footprint import footprint
from earthgan_training.evaluate.interpolation import METHODS, paper_input, paper_input_grid
from places import DEFAULT_SURROGATE

GRID = ShellGrid.cell_centred(tuple(np.linspace(3500, 6300, 40).tolist()), 72, 144)


def smooth(grid: ShellGrid) -> np.ndarray:
    """A field of low degrees `(shell, latitude, longitude)`, with an offset and a scale that no code is made for."""
    radii = np.asarray(grid.radii_km)[:, None, None] / 1000
    latitude, longitude = np.radians(grid.latitudes_deg)[:, None], np.radians(grid.longitudes_deg)
    x, z = np.cos(latitude) * np.cos(longitude), np.sin(latitude) + 0 * longitude
    return (2e-10 * (np.sin(3 * x + radii) + z**3 * x)).astype(np.float32)


def rough(noise: float = 1e-11) -> np.ndarray:
    return smooth(GRID) + np.float32(noise) * np.random.default_rng(0).standard_normal(GRID.shape).astype(np.float32)


def toy(finest: float) -> Codec:
    """A codec that rounds to steps of 2**-quality, but no finer than its limit, and then uses zlib."""

    def encode(field: np.ndarray, quality: float) -> bytes:
        levels = np.float64(2 ** min(quality, finest))
        return zlib.compress(levels.tobytes() + np.round(field * levels).astype(np.int16).tobytes())

    def decode(stream: bytes, shape: tuple[int, int, int]) -> np.ndarray:
        raw = zlib.decompress(stream)
        levels = np.frombuffer(raw[:8])[0]
        return (np.frombuffer(raw[8:], np.int16).reshape(shape) / levels).astype(np.float32)

    return Codec("toy", encode, decode, coarsest=0.0, finest=14.0, resolution=1e-3)


@pytest.mark.parametrize("wanted", [60_000, 150_000, 300_000])
def test_the_bytes_asked_for_are_met_to_two_percent(wanted: int) -> None:
    found = code(toy(14), rough(), wanted)
    assert found.bytes == pytest.approx(wanted, rel=0.02)


def test_a_codec_that_cannot_states_what_it_took() -> None:
    most = code(toy(6.5), rough(), 10**7)
    assert most.bytes < 10**6
    assert psnr(most.field, rough()) > 40
    least = code(toy(14), rough(), 10)
    assert least.bytes == len(toy(14).encode((rough() - rough().min()) / np.ptp(rough()), 0)) + CONSTANTS_BYTES


@pytest.mark.parametrize("name", ["sperr", "sz3", "av1"])
def test_more_bytes_come_nearer_to_the_field(name: str) -> None:
    codec = {each.name: each for each in available_codecs()}.get(name)
    if codec is None:
        pytest.skip(f"{name} is not installed")
    field = rough(1e-12)
    few, many = (code(codec, field, size) for size in (4_000, 40_000))
    assert few.bytes <= 4_000 * 1.02
    assert many.bytes <= 40_000 * 1.02
    assert psnr(few.field, field) + 1 < psnr(many.field, field)
    assert few.field.shape == GRID.shape


@pytest.mark.parametrize("method", METHODS)
def test_interpolation_of_the_papers_input(method: str) -> None:
    coarse_grid = paper_input_grid(GRID)
    coarse, size = paper_input(smooth(GRID), GRID, coarse_grid)
    assert size == 30 * 9 * 18 + 8
    field = METHODS[method](coarse, coarse_grid, GRID)
    assert field.shape == GRID.shape
    assert psnr(field, smooth(GRID)) > {"trilinear": 30, "cubic": 33}[method]


def test_the_papers_input_has_the_papers_size() -> None:
    grid = ShellGrid.cell_centred(tuple(np.linspace(3500, 6300, 198).tolist()), 108, 216)
    assert paper_input_grid(grid).shape == (30, 14, 27)


def test_every_byte_of_a_folder_is_counted_once() -> None:
    surrogate = Surrogate(DEFAULT_SURROGATE)
    size = footprint(surrogate)
    files = sum(path.stat().st_size for path in Path(DEFAULT_SURROGATE).rglob("*") if path.is_file())
    counted = size.model + size.onnx + size.inputs_per_step * len(surrogate.steps)
    assert files <= counted < files + len(surrogate.steps)  # a step's share is rounded up
    assert size.per_step == size.inputs_per_step + size.model / 251
