"""Measures of fidelity against answers worked out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earthgan import ShellGrid
from earthgan.numerics.legendre import Legendre
from earthgan.sphere.grid import cell_weights
from earthgan_training.evaluate.accuracy import K1, K2, lateral_std, overlap, psnr, rms_gradient, ssim
from earthgan_training.evaluate.artefacts import pole_ratio, seam_ratio, stripe_ratio, wrap_meridian_deg
from earthgan_training.evaluate.ensemble import crps, ensemble_mean, spread
from earthgan_training.evaluate.flow import relative_divergence
from earthgan_training.evaluate.spectrum import DegreeSpectrum

RADII_KM = tuple(np.linspace(3500, 6300, 8).tolist())
GRID = ShellGrid.cell_centred(RADII_KM, 48, 96)
FINE = ShellGrid.cell_centred(RADII_KM, 96, 192)


def place(grid: ShellGrid) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cartesian coordinates of the points in km, `(shell, latitude, longitude)` each."""
    radii = np.asarray(grid.radii_km)[:, None, None]
    latitude, longitude = np.radians(grid.latitudes_deg)[:, None], np.radians(grid.longitudes_deg)
    flat = radii * np.cos(latitude)
    return flat * np.cos(longitude), flat * np.sin(longitude), radii * np.sin(latitude) * np.ones_like(longitude)


def mantle(seed: int = 0, degree: int = 40, shells: int = 8) -> np.ndarray:
    """A random field with the spectrum of a mantle, on `GRID`."""
    rng = np.random.default_rng(seed)
    values = Legendre(degree, np.radians(90 - np.asarray(GRID.latitudes_deg))).values
    longitude = np.radians(GRID.longitudes_deg)
    field = np.zeros((shells, *GRID.shape[1:]))
    for m, each in enumerate(values):
        degrees = np.arange(m, degree + 1)
        amplitude = rng.standard_normal((shells, 2, len(degrees))) / (1 + degrees)
        waves = np.stack([np.cos(m * longitude), np.sin(m * longitude)])
        field += np.einsum("spl,il,pj->sij", amplitude, each, waves)
    return field.astype(np.float32)


TRUTH = mantle()


def test_psnr_of_a_known_error() -> None:
    truth = np.zeros((2, 2, 4), np.float32)
    truth[0, 0, 0] = 10
    assert psnr(truth + 1, truth) == pytest.approx(20)
    assert psnr(truth, truth) == np.inf


def test_psnr_by_area_forgives_the_poles() -> None:
    at_poles = TRUTH.copy()
    at_poles[:, [0, -1]] += 1
    assert psnr(at_poles, TRUTH, cell_weights(GRID)) > psnr(at_poles, TRUTH) + 5


def test_the_lateral_std_of_a_harmonic() -> None:
    field = np.sqrt(3) * place(GRID)[2] / np.asarray(RADII_KM)[:, None, None] + 7  # degree 1, of mean square 1
    assert lateral_std(field.astype(np.float32), GRID) == pytest.approx(np.ones(8), rel=2e-3)


def test_ssim_is_wang_and_others_equation_13() -> None:
    """One shell, computed by plain loops. The rows beyond the poles lie half a turn away."""
    noise = np.random.default_rng(1).normal(size=TRUTH.shape).astype(np.float32) * 0.1
    taps = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
    window = np.outer(taps, taps) / taps.sum() ** 2
    low, extent = TRUTH[3].min(), np.ptp(TRUTH[3])
    shells = [(field[3].astype(float) - low) / extent for field in (TRUTH + noise, TRUTH)]
    half = [np.roll(shell, 48, -1) for shell in shells]
    x, y = (np.concatenate([b[4::-1], a, b[:-6:-1]]) for a, b in zip(shells, half))
    every = []
    for i in range(48):
        for j in range(96):
            columns = np.arange(j - 5, j + 6) % 96
            a, b = x[i : i + 11, columns], y[i : i + 11, columns]
            ma, mb = (window * a).sum(), (window * b).sum()
            va, vb = (window * a * a).sum() - ma**2, (window * b * b).sum() - mb**2
            cov = (window * a * b).sum() - ma * mb
            every.append((2 * ma * mb + K1**2) * (2 * cov + K2**2) / ((ma**2 + mb**2 + K1**2) * (va + vb + K2**2)))
    found = ssim(TRUTH + noise, TRUTH, GRID)
    assert found[3] == pytest.approx(np.mean(every), abs=1e-6)
    assert ssim(TRUTH, TRUTH, GRID) == pytest.approx(np.ones(8))
    assert (ssim(TRUTH + 3 * noise, TRUTH, GRID) < found).all()


@given(columns=st.integers(1, 95), factor=st.floats(0.1, 1e3))
@settings(max_examples=10, deadline=None)
def test_neither_the_meridian_nor_the_unit_matters(columns: int, factor: float) -> None:
    prediction = TRUTH[:2] + mantle(1, 10, 2) * 0.1
    grid = ShellGrid.cell_centred(RADII_KM[:2], 48, 96)
    turned = [np.roll(field, columns, -1) * np.float32(factor) for field in (prediction, TRUTH[:2])]
    assert psnr(*turned) == pytest.approx(psnr(prediction, TRUTH[:2]), abs=1e-3)
    assert ssim(*turned, grid) == pytest.approx(ssim(prediction, TRUTH[:2], grid), abs=1e-4)
    assert overlap(*turned, grid) == pytest.approx(overlap(prediction, TRUTH[:2], grid), abs=1e-3)


def test_hemispheres_turned_by_90_degrees_overlap_by_a_third() -> None:
    halves = np.where(np.arange(96) < 48, 1.5, -1.5) * np.ones((8, 48, 1), np.float32)
    halves[:, :, [0, 48]] = 0  # so that the rest lies beyond one standard deviation
    assert overlap(halves, halves, GRID) == (1, 1)
    assert overlap(np.roll(halves, 24, -1), halves, GRID) == pytest.approx((1 / 3, 1 / 3), abs=0.02)
    flat = np.zeros_like(halves)
    assert np.isnan(overlap(flat, flat, GRID)).all()


def test_the_gradient_of_a_slope() -> None:
    z_over_r = (place(FINE)[2] / np.asarray(RADII_KM)[:, None, None]).astype(np.float32)
    shells = np.asarray(RADII_KM)
    mean_square = (2 / 3) * (shells[-1] - shells[0]) / ((shells[-1] ** 3 - shells[0] ** 3) / 3)
    assert rms_gradient(z_over_r, FINE) == pytest.approx(np.sqrt(mean_square), rel=0.01)


@pytest.mark.parametrize(("degree", "order"), [(0, 0), (1, 1), (7, 0), (20, 13), (41, 41), (42, 3)])
def test_a_harmonic_has_the_power_of_its_degree(degree: int, order: int) -> None:
    spectrum = DegreeSpectrum(GRID)
    values = Legendre(degree, np.radians(90 - np.asarray(GRID.latitudes_deg))).values[order][:, degree - order]
    field = values[None, :, None] * np.cos(order * np.radians(GRID.longitudes_deg))
    power = spectrum.power(field.astype(np.float32))[0]
    expected = np.zeros(spectrum.degree + 1)
    expected[degree] = 1 / (4 * np.pi) * (1 if order == 0 else 0.5)
    assert power == pytest.approx(expected, abs=1e-6)


def test_all_degrees_make_the_mean_square() -> None:
    power = DegreeSpectrum(GRID).power(TRUTH)
    assert power[:, 1:].sum(axis=1) == pytest.approx(lateral_std(TRUTH, GRID) ** 2, rel=2e-3)
    assert DegreeSpectrum(GRID).power(np.roll(TRUTH, 11, -1)) == pytest.approx(power, rel=1e-4, abs=1e-9)


def test_bands_cover_every_degree_once() -> None:
    for grid in (GRID, FINE, ShellGrid.cell_centred(RADII_KM, 3, 4), ShellGrid.cell_centred(RADII_KM, 108, 216)):
        spectrum = DegreeSpectrum(grid)
        assert [degree for band in spectrum.bands() for degree in band] == list(range(1, spectrum.degree + 1))
    assert [band.start for band in spectrum.bands()] == [1, 14, 28, 55]


def test_the_divergence_of_flows_that_have_one_and_of_those_that_have_none() -> None:
    x, y, z = (each.astype(np.float32) for each in place(FINE))
    still, one = np.zeros_like(x), np.ones_like(x)
    thickness = RADII_KM[-1] - RADII_KM[0]
    speed = np.sqrt((RADII_KM[-1] ** 5 - RADII_KM[0] ** 5) / 5 / ((RADII_KM[-1] ** 3 - RADII_KM[0] ** 3) / 3))
    assert relative_divergence(x, y, z, FINE) == pytest.approx(3 * thickness / speed, rel=0.01)  # expansion
    assert relative_divergence(-y, x, still, FINE) < 1e-5  # rotation about the axis
    assert relative_divergence(still, -z, y, FINE) < 2e-3  # rotation about another: over the poles
    assert relative_divergence(one, 2 * one, -one, FINE) < 3e-3  # translation
    coarse = ShellGrid.cell_centred(RADII_KM, 48, 96)
    assert relative_divergence(*(each[:, :48, :96] * 0 + 1 for each in (x, y, z)), coarse) < 1e-2


def test_a_seam_is_seen_where_it_is() -> None:
    date_line, wrap = 180.0, wrap_meridian_deg(GRID)
    assert wrap == pytest.approx(-360 / 96 / 2)
    assert 0.7 < seam_ratio(TRUTH, GRID, (date_line, wrap)) < 1.4
    ramp = np.linspace(0, 3 * TRUTH.std(), 96, dtype=np.float32)  # closes with a jump at the first column
    assert seam_ratio(TRUTH + ramp, GRID, (wrap,)) > 3
    assert seam_ratio(TRUTH + ramp, GRID, (date_line,)) < 1.4
    assert seam_ratio(TRUTH + np.roll(ramp, 48), GRID, (date_line, wrap)) > 3


def test_damage_at_the_poles_is_seen() -> None:
    error = np.random.default_rng(2).normal(size=TRUTH.shape).astype(np.float32)
    assert pole_ratio(error, GRID) == pytest.approx(1, abs=0.1)
    error[:, :2] *= 5
    assert pole_ratio(error, GRID) > 2


def test_stripes_are_told_from_a_mantle() -> None:
    stripes = np.sin(np.radians(GRID.longitudes_deg) * 30).astype(np.float32)
    assert 0.5 < stripe_ratio(TRUTH, GRID) < 1.7
    assert stripe_ratio(TRUTH + 0.3 * TRUTH.std() * stripes, GRID) > 3
    assert stripe_ratio(np.tile(stripes, (8, 48, 1)), GRID) == pytest.approx(6)
    smooth = mantle(3, degree=8)
    assert stripe_ratio(smooth + 0.01 * smooth.std() * stripes, GRID) > 3  # faint, on a blurred field


def test_crps_of_one_and_of_two_members() -> None:
    truth = np.zeros(GRID.shape, np.float32)
    assert crps([truth + 2], truth, GRID) == pytest.approx(2)
    assert crps([truth + 1, truth - 1], truth, GRID) == pytest.approx(0)  # 1 - 2 / 2
    assert spread([truth + 1, truth - 1], GRID) == pytest.approx(np.sqrt(2))
    assert not ensemble_mean([truth + 1, truth - 1]).any()


@pytest.mark.parametrize("members", [2, 3, 8])
def test_crps_does_not_depend_on_the_number_of_members(members: int) -> None:
    """For normal draws and a normal truth, the CRPS is 1 / sqrt(pi)."""
    rng = np.random.default_rng(members)
    draws = rng.standard_normal((members + 1, *FINE.shape)).astype(np.float32)
    assert crps(list(draws[1:]), draws[0], FINE) == pytest.approx(1 / np.sqrt(np.pi), rel=0.01)
