"""The published generator, with its real weights and input."""

from pathlib import Path

import numpy as np
import pytest
import torch

from earthgan import Surrogate, Window
from earthgan.backends.onnx import onnx_backend
from earthgan.backends.torch import torch_backend
from earthgan.errors import BadInput
from earthgan_training.simulations.contest import contest_radius_km
from earthgan_training.surrogates.published import LAYERS, import_published, published_grids
from places import PUBLISHED, needs_published

WINDOWS = {
    "a shell next to the core": Window(range(0, 1), range(0, 108), range(0, 216)),
    "a shell": Window(range(101, 102), range(0, 108), range(0, 216)),
    "the last shell": Window(range(197, 198), range(0, 108), range(0, 216)),
    "a tile over the date line": Window(range(60, 61), range(20, 74), range(-27, 27)),
    "a brick": Window(range(33, 65), range(1, 33), range(7, 39)),
    "a meridian section": Window(range(0, 198), range(0, 108), range(55, 56)),
    "a point at the north pole": Window(range(150, 151), range(0, 1), range(215, 216)),
    "a point at the south pole": Window(range(3, 4), range(107, 108), range(0, 1)),
}


@pytest.fixture(scope="module")
def whole_pass(published_surrogate: Surrogate) -> np.ndarray:
    backend = torch_backend(published_surrogate, device="cpu", dtype=torch.float32)
    return backend(published_surrogate.feeds(1, published_surrogate.planner.whole_pass, None))  # type: ignore[attr-defined]


@pytest.mark.slow
def test_one_pass_gives_the_whole_globe(whole_pass: np.ndarray) -> None:
    assert whole_pass.shape == (1, 4, 198, 118, 222)
    assert np.isfinite(whole_pass).all()


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["onnx", "torch"])
@pytest.mark.parametrize("window", WINDOWS.values(), ids=WINDOWS)
def test_every_window_equals_the_one_pass(
    published_surrogate: Surrogate, whole_pass: np.ndarray, window: Window, backend: str
) -> None:
    run = onnx_backend(published_surrogate) if backend == "onnx" else torch_backend(published_surrogate, device="cpu")
    part = run(published_surrogate.feeds(1, window, None))
    shells, rows = (slice(axis.start + first, axis.stop + first) for axis, first in zip(window.axes[:2], (0, 5)))
    columns = np.arange(window.columns.start, window.columns.stop) % 216 + 3
    np.testing.assert_allclose(part, whole_pass[:, :, shells, rows][..., columns], rtol=0, atol=1e-5)


@needs_published
def test_noise_makes_no_seam_where_the_globe_closes(published_surrogate: Surrogate) -> None:
    backend = onnx_backend(published_surrogate)
    window = Window(range(90, 91), range(30, 50), range(-4, 220))
    field = backend(published_surrogate.feeds(1, window, 42))[0]
    np.testing.assert_allclose(field[..., :8], field[..., 216:], rtol=0, atol=1e-5)


def test_output_shells_are_where_the_generator_puts_them() -> None:
    """The published system took output shell i for input shell i, which is off by 17 shells at 180."""
    _, outputs = published_grids()
    km_per_shell, first_km = 14.5025, 3492.25 + 14.5025
    true_shell = (np.array(outputs.radii_km) - first_km) / km_per_shell
    assert true_shell[180] == pytest.approx(163, abs=0.3)
    assert true_shell[0] == pytest.approx(14.4, abs=0.3)
    assert true_shell[-1] == pytest.approx(177, abs=0.3)
    assert np.diff(outputs.radii_km).mean() == pytest.approx(0.825 * km_per_shell, rel=0.01)


@needs_published
@pytest.mark.slow
def test_what_is_generated_matches_the_real_shell_at_its_stated_radius(whole_pass: np.ndarray) -> None:
    """Which of the 198 real shells does each generated shell resemble? It is the one at its radius, within a shell or
    two.
    """
    real = np.load(PUBLISHED / "x_001.npy")[0, 3]
    field = whole_pass[0, 3, :, 5:113, 3:219]
    rows, columns = 8 * np.arange(14) + 1, 8 * np.arange(27) + 3  # coarse points lie half way to the next fine ones
    coarse = sum(field[:, rows + i][..., columns + j] for i in (0, 1) for j in (0, 1)) / 4

    def patterns(shells: np.ndarray) -> np.ndarray:
        flat = (shells - shells.mean(axis=(1, 2), keepdims=True)).reshape(len(shells), -1)
        return flat / np.linalg.norm(flat, axis=1, keepdims=True)

    likest = (patterns(coarse) @ patterns(real).T).argmax(axis=1)
    radii_km = contest_radius_km(likest + 2)
    error_km = np.abs(radii_km - np.array(published_grids()[1].radii_km))
    assert np.median(error_km) < 30
    published_error_km = np.abs(radii_km - contest_radius_km(np.arange(198) + 2))
    assert np.median(published_error_km) > 100
    assert published_error_km.max() > 250


def test_thirty_layers_reach_from_the_first_shell_almost_to_the_last() -> None:
    assert len(LAYERS) == 30
    assert LAYERS[0] == 0
    assert LAYERS[-1] == 191


def test_coarse_rows_lie_where_the_preparation_put_them() -> None:
    inputs, outputs = published_grids()
    assert inputs.latitudes_deg[0] == pytest.approx(87.64, abs=0.01)
    assert -np.diff(inputs.latitudes_deg).mean() == pytest.approx(13.48, abs=0.01)
    assert outputs.latitudes_deg[0] == -outputs.latitudes_deg[-1]
    assert 0 < outputs.longitudes_deg[0] < 0.5


@needs_published
def test_the_import_says_what_its_licence_is(published_surrogate: Surrogate) -> None:
    assert published_surrogate.spec.provenance.licence == "GPL-3.0"
    np.testing.assert_array_equal(
        published_surrogate.conditional_input(1), np.load(PUBLISHED / "x_001.npy")[0][:, LAYERS]
    )


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no generator weights"):
        import_published(tmp_path, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", ["weights", "inputs"])
def test_damaged_files_are_named_and_nothing_is_left(tmp_path: Path, damage: str) -> None:
    source = tmp_path / "source"
    source.mkdir()
    state = {"gen": {"block0.0.weight": torch.zeros(1)}} if damage == "weights" else None
    if damage == "inputs" and not PUBLISHED.is_dir():
        pytest.skip("the published artefacts are not here")
    if state:
        torch.save(state, source / "gen_example.pt")
        np.save(source / "x_001.npy", np.zeros(3))
    else:
        (source / "gen_example.pt").symlink_to(PUBLISHED / "gen_example.pt")
        (source / "x_001.npy").write_bytes((PUBLISHED / "x_001.npy").read_bytes()[:5000])
    with pytest.raises(BadInput, match=r"gen_example\.pt" if damage == "weights" else r"x_001\.npy"):
        import_published(source, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


@needs_published
def test_half_precision_stays_within_its_tolerance(published_surrogate: Surrogate) -> None:
    """The float16 computation of a GPU, done on the CPU, differs by at most 2e-3 of the range."""
    feeds = published_surrogate.feeds(1, Window(range(100, 101), range(20, 60), range(30, 80)), 3)
    exact, half = (torch_backend(published_surrogate, "cpu", d)(feeds) for d in (torch.float32, torch.float16))
    assert 0 < np.abs(exact - half).max() < 2e-3
