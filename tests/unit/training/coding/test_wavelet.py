"""Wavelet surrogates reach their aim: bytes, PSNR, or a tolerance in every cell of the source."""

from pathlib import Path

import numpy as np
import pytest

from code_fields import rough, source_of, tomography
from earthgan import Surrogate
from earthgan.errors import BadInput
from earthgan.kinds import wavelet
from earthgan_training.coding.wavelet import add_wavelet_steps, coding_for, fit_wavelet
from earthgan_training.coding.wavelet_encode import WaveletEncoder, filled
from earthgan_training.simulations.labelled import Source

SMOOTH = tomography(12, 30, 60).astype(np.float32)
ROUGH = (1e5 + 30 * rough((12, 30, 60), 1.5, 1)).astype(np.float32)
FIELDS = {t: {"dlnVs": SMOOTH * np.float32(1 + t / 10), "eta": ROUGH + np.float32(t)} for t in (1, 5, 9)}


@pytest.fixture(scope="module")
def source() -> Source:
    return source_of(FIELDS)


def _coding(folder: Path) -> tuple[wavelet.VariableCoding, ...]:
    arguments = Surrogate(folder).spec.generator.arguments
    assert isinstance(arguments, wavelet.WaveletArguments)
    return arguments.coding


def decoded(folder: Path, t: int) -> dict[str, np.ndarray]:
    surrogate = Surrogate(folder)
    shells = range(len(surrogate.grid.radii_km))
    field = surrogate.in_units(surrogate.shells(None, surrogate.variables, t, shells), surrogate.variables)
    return dict(zip(surrogate.variables, field, strict=True))


def test_it_takes_the_bytes_that_were_asked_for_and_shares_them(source: Source, tmp_path: Path) -> None:
    result = fit_wavelet(source, tmp_path / "out", step_bytes=9000)
    sizes = [path.stat().st_size for path in (tmp_path / "out" / "inputs").iterdir()]
    assert len(sizes) == 3
    assert result.bytes == pytest.approx(np.mean(sizes))
    assert 0.97 * 9000 < result.bytes <= 1.01 * 9000
    smooth, rough = (each.step for each in _coding(tmp_path / "out"))
    extents = [score.high - score.low for score in (result.scores["dlnVs"], result.scores["eta"])]
    assert smooth / extents[0] == pytest.approx(rough / extents[1], rel=1e-3)


@pytest.mark.parametrize("psnr", [30.0, 60.0])
def test_it_has_the_psnr_that_was_asked_for(source: Source, tmp_path: Path, psnr: float) -> None:
    result = fit_wavelet(source, tmp_path / "out", psnr=psnr)
    for name in ("dlnVs", "eta"):
        assert result.psnr_db[name] == pytest.approx(psnr, abs=0.1)
        found = np.stack([decoded(tmp_path / "out", t)[name] for t in FIELDS]).astype(np.float64)
        truth = np.stack([FIELDS[t][name] for t in FIELDS]).astype(np.float64)
        again = 10 * np.log10(np.ptp(truth) ** 2 / ((found - truth) ** 2).mean())
        assert result.psnr_db[name] == pytest.approx(again, abs=1e-3)


@pytest.mark.parametrize("tolerances", [{"dlnVs": 0.1, "eta": 1.0}, {"dlnVs": 1e-5, "eta": 0.0}])
def test_every_cell_is_within_its_tolerance(source: Source, tmp_path: Path, tolerances: dict[str, float]) -> None:
    result = fit_wavelet(source, tmp_path / "out", max_error=tolerances)
    for name, tolerance in tolerances.items():
        errors = [np.abs(decoded(tmp_path / "out", t)[name].astype(float) - FIELDS[t][name]).max() for t in FIELDS]
        assert max(errors) == result.max_error[name] <= tolerance


def test_many_boxes_are_as_good_as_one_and_decode_alone(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = fit_wavelet(source, tmp_path / "whole", max_error={"dlnVs": 0.01, "eta": 1.0})
    monkeypatch.setattr(wavelet, "BOX_CELLS", 5 * 30 * 60)
    parts = fit_wavelet(source, tmp_path / "parts", max_error={"dlnVs": 0.01, "eta": 1.0})
    assert parts.max_error["eta"] <= 1.0
    assert parts.bytes < 1.3 * whole.bytes
    surrogate = Surrogate(tmp_path / "parts")
    every = decoded(tmp_path / "parts", 5)["eta"]
    for r in (0, 3, 4, 11):
        np.testing.assert_array_equal(surrogate.shells(None, ["eta"], 5, [r])[0, 0], every[r])
    grid, look = surrogate.preview(5)
    assert look.shape == (2, *grid.shape)


def test_later_steps_keep_the_tolerance(tmp_path: Path) -> None:
    tolerances = {"dlnVs": 0.01, "eta": 1.0}
    fit_wavelet(source_of({1: FIELDS[1]}), tmp_path / "out", max_error=tolerances)
    before = (tmp_path / "out" / "inputs" / "001.bin").read_bytes()
    add_wavelet_steps(tmp_path / "out", source_of({9: FIELDS[9]}))
    assert [step.t for step in Surrogate(tmp_path / "out").steps] == [1, 9]
    assert (tmp_path / "out" / "inputs" / "001.bin").read_bytes() == before
    for name, tolerance in tolerances.items():
        assert np.abs(decoded(tmp_path / "out", 9)[name].astype(float) - FIELDS[9][name]).max() <= tolerance


def test_a_source_on_another_grid_is_refused_and_nothing_changes(tmp_path: Path) -> None:
    fit_wavelet(source_of({1: FIELDS[1]}), tmp_path / "out", max_error={"dlnVs": 0.1, "eta": 30.0})
    before = (tmp_path / "out" / "spec.json").read_bytes()
    other = {2: {name: field[:, :, ::2] for name, field in FIELDS[1].items()}}
    with pytest.raises(BadInput, match="its grid is not that of"):
        add_wavelet_steps(tmp_path / "out", source_of(other))
    assert (tmp_path / "out" / "spec.json").read_bytes() == before


def test_cells_without_a_value_are_masked_and_cost_little(tmp_path: Path) -> None:
    land = np.zeros(SMOOTH.shape, bool)
    land[:, 8:20, 10:30] = True
    fields = {1: {"dlnVs": np.where(land, np.float32(np.nan), SMOOTH)}}
    result = fit_wavelet(source_of(fields), tmp_path / "out", max_error={"dlnVs": 0.01})
    served = decoded(tmp_path / "out", 1)["dlnVs"]
    np.testing.assert_array_equal(np.isnan(served), land)
    assert np.abs(served.astype(float) - SMOOTH)[~land].max() <= 0.01
    without = fit_wavelet(source_of({1: {"dlnVs": SMOOTH}}), tmp_path / "whole", max_error={"dlnVs": 0.01})
    assert result.bytes < 1.15 * without.bytes


def test_other_cells_without_a_value_in_a_later_step_are_refused(tmp_path: Path) -> None:
    holed = np.where(np.arange(60) == 7, np.float32(np.nan), SMOOTH)
    both = {1: {"dlnVs": holed}, 2: {"dlnVs": SMOOTH}}
    with pytest.raises(BadInput, match="step 2 lacks values in other cells"):
        fit_wavelet(source_of(both), tmp_path / "both", max_error={"dlnVs": 0.1})
    assert not (tmp_path / "both").exists()
    fit_wavelet(source_of({1: both[1]}), tmp_path / "out", max_error={"dlnVs": 0.1})
    with pytest.raises(BadInput, match="step 2 lacks values in other cells"):
        add_wavelet_steps(tmp_path / "out", source_of({2: both[2]}))
    add_wavelet_steps(tmp_path / "out", source_of({2: {"dlnVs": holed + 1}}))
    assert [step.t for step in Surrogate(tmp_path / "out").steps] == [1, 2]


def test_filling_keeps_values_and_continues_them() -> None:
    field = SMOOTH.copy()
    field[3:5, 10:14, 20:25] = np.nan
    out = filled(field)
    known = ~np.isnan(field)
    np.testing.assert_array_equal(out[known], field[known])
    assert np.abs(out - SMOOTH).max() < 0.25 * np.ptp(SMOOTH)
    assert not filled(np.full((2, 3, 4), np.nan, np.float32)).any()


@pytest.mark.parametrize("name", ["constant", "step"])
def test_plain_fields_take_next_to_nothing(name: str) -> None:
    values = np.full((4, 30, 60), 293.0, np.float32)
    if name == "step":
        values[2:] = 1e4
    source = source_of({1: {"T": values}})
    coded = WaveletEncoder(source.grid, coding_for(source, step_bytes=4000)).encode(source, 1)
    assert len(coded.data) < 4000
    assert coded.scores[0].max_error <= 1e-3
