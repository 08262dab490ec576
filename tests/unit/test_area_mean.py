"""Area means on the sphere."""

import numpy as np
import pytest

from earthgan.grid import ShellGrid
from earthgan_training.area_mean import area_mean, meridional_overlaps, zonal_overlaps
from earthgan_training.contest import CONTEST_LATITUDES_DEG

RADII_KM = (3500.0, 6300.0)
FINE = ShellGrid(
    radii_km=RADII_KM,
    latitudes_deg=tuple(CONTEST_LATITUDES_DEG.tolist()),
    longitudes_deg=tuple((np.arange(359) * 360 / 359).tolist()),
)
COARSE = ShellGrid.cell_centred(RADII_KM, 14, 28)


def test_a_constant_stays_what_it_is() -> None:
    mean = area_mean(np.full(FINE.shape, 3.5, np.float32), FINE, COARSE)
    np.testing.assert_allclose(mean, 3.5, rtol=1e-6)


def test_the_integral_over_the_sphere_is_kept() -> None:
    field = np.random.default_rng(0).normal(size=FINE.shape).astype(np.float32)
    edges = np.sin(np.radians(90 - np.arange(15) * 180 / 14))
    areas = -np.diff(edges) / 2
    whole = ShellGrid(radii_km=RADII_KM, latitudes_deg=(45.0, -45.0), longitudes_deg=(0.0, 180.0))
    coarse_total = (area_mean(field, FINE, COARSE).mean(axis=-1) * areas).sum(axis=-1)
    fine_total = area_mean(field, FINE, whole).mean(axis=(-1, -2))
    np.testing.assert_allclose(coarse_total, fine_total, rtol=0, atol=1e-4)


def test_a_cells_mean_is_the_integral_over_it() -> None:
    """sin(latitude) averaged over a band is the mean of its sine at the band's edges."""
    latitudes = np.array(FINE.latitudes_deg)
    field = np.broadcast_to(np.sin(np.radians(latitudes))[:, None], FINE.shape).astype(np.float32)
    edges = np.sin(np.radians(90 - np.arange(15) * 180 / 14))
    expected = (edges[1:] + edges[:-1]) / 2
    np.testing.assert_allclose(area_mean(field, FINE, COARSE)[0, :, 0], expected, rtol=0, atol=3e-4)


@pytest.mark.parametrize("overlaps", [meridional_overlaps, zonal_overlaps])
def test_weights_are_shares(overlaps: object) -> None:
    weights = overlaps(FINE, COARSE)  # type: ignore[operator]
    assert weights.min() >= 0
    np.testing.assert_allclose(weights.sum(axis=1), 1)


def test_the_first_column_gathers_from_both_sides_of_greenwich() -> None:
    weights = zonal_overlaps(FINE, COARSE)[0]
    assert weights[:6].min() > 0
    assert weights[-6:].min() > 0
    assert weights[10:-10].max() == 0
    assert weights[1:7] == pytest.approx(weights[:-7:-1])
