"""Coefficients of variables: in every shell, in sums over the shells, and as real numbers."""

import numpy as np
import pytest

from earthgan.records import Affine
from earthgan.sphere.grid import ShellGrid
from earthgan_training.coding.harmonics_fit import Sample, best_groups, fit_code, needed_degree, step_for
from earthgan_training.coding.scalars import (
    coefficients_of,
    from_real_rows,
    profile_coefficients_of,
    real_rows,
)
from earthgan_training.harmonics.analysis import fast_coefficients, scalar_coefficients
from memory_source import smooth_field, source_of

GRID = ShellGrid.cell_centred(tuple(np.linspace(3500, 6350, 12).tolist()), 40, 80)
AFFINE = Affine(offset=0.2, scale=0.7)


@pytest.mark.parametrize("degree", [0, 7, 20, 39])
def test_float32_is_as_near_as_its_numbers(degree: int) -> None:
    field = smooth_field(GRID, 12)
    found, due = fast_coefficients(field, GRID, degree), scalar_coefficients(field, GRID, degree)
    assert found.dtype == np.float32
    assert np.sqrt(np.square(found - due).sum()) < 1e-6 * np.sqrt(np.square(due).sum())


@pytest.mark.parametrize("at_once", [1, 5, 12])
@pytest.mark.parametrize("profiles", [1, 4, 12])
def test_sums_over_the_shells_may_come_first(profiles: int, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The analysis is linear, whatever part of the shells is read at a time."""
    monkeypatch.setattr("earthgan_training.coding.scalars.VALUES", at_once * 40 * 80)
    field = smooth_field(GRID, 12)
    source, weights = source_of(GRID, {(1, "rho"): field}), np.random.default_rng(0).standard_normal((profiles, 12))
    found = profile_coefficients_of(source, 1, "rho", 12, AFFINE, weights)
    np.testing.assert_allclose(found, coefficients_of(source, 1, "rho", 12, AFFINE) @ weights.T, atol=1e-5)
    assert (source.read(1, "rho") == field).all(), "the source is left as it was"


@pytest.mark.parametrize("degree", [0, 1, 9])
def test_real_rows_come_back(degree: int) -> None:
    rows = np.random.default_rng(0).standard_normal(((degree + 1) ** 2, 3)).astype(np.float32)
    np.testing.assert_allclose(real_rows(from_real_rows(rows)), rows, rtol=1e-6)


def sample_of(steepness: float, steps: int = 1) -> Sample:
    fields = {(t, "rho"): smooth_field(GRID, 35, t, steepness) for t in range(steps)}
    source = source_of(GRID, fields)
    rows = [real_rows(coefficients_of(source, t, "rho", 39, AFFINE)) for t in range(steps)]
    return Sample(GRID.radii_km, 3 * steps, {"rho": rows})


@pytest.mark.parametrize("steepness", [1.0, 2.0, 4.0])
@pytest.mark.parametrize("psnr_db", [20, 40, 60, 90])
def test_no_degree_above_the_needed_one_is_coded(steepness: float, psnr_db: float) -> None:
    """A sample without these degrees gives the same code."""
    sample, square_error = sample_of(steepness), 10 ** (-psnr_db / 10)
    cut = sample.cut(needed_degree(sample, "rho", square_error))
    found = []
    for each in (sample, cut):
        step = step_for(each, "rho", (), square_error)
        fitted = fit_code(each, {"rho": step}, {"rho": best_groups(each, "rho", step)})
        found.append((fitted.arguments.degree, fitted.bytes))
    (degree, size), (degree_of_cut, size_of_cut) = found
    assert degree_of_cut == degree <= cut.degree
    assert size_of_cut == pytest.approx(size, rel=0.01)


def test_a_smooth_field_needs_few_degrees() -> None:
    sample = sample_of(4.0)
    needed = [needed_degree(sample, "rho", 10 ** (-psnr_db / 10)) for psnr_db in (20, 40, 60, 200)]
    assert needed == sorted(needed)
    assert needed[0] < 20
    assert needed[-1] == 39


@pytest.mark.parametrize("guess", [None, 1e-6, 1e-3, 1.0])
@pytest.mark.parametrize(
    ("groups", "square_error", "share"),
    [
        ((), 1e-3, 0.95),
        ((), 1e-5, 0.95),
        ((), 1e-8, 0.95),
        # Where a learned mode is dropped, the error jumps.
        ((0, 6), 1e-3, 0.8),
        ((0, 6), 1e-5, 0.8),
    ],
)
def test_a_rounding_step_has_the_error_that_is_asked_for(
    groups: tuple[int, ...], square_error: float, share: float, guess: float | None
) -> None:
    sample = sample_of(2.0, steps=3)
    step = step_for(sample, "rho", groups, square_error, guess)
    found = fit_code(sample, {"rho": step}, {"rho": groups}).square_error["rho"]
    assert share * square_error < found <= square_error


def test_a_field_of_nothing_needs_no_more_than_the_margin() -> None:
    sample = Sample(GRID.radii_km, 1, {"rho": [np.zeros((1600, 12), np.float32)]})
    assert needed_degree(sample, "rho", 1e-6) == 8
