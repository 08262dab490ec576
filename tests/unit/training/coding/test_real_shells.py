"""Curves of temperature on a few shells of the contest's own data, which were read from pictures of 8 bits.

A picture shows each column of a shell, but some of its columns show their eastern neighbour: it is a little narrower
than the shell. Rounding to 8 bits alone leaves 0.29 steps.
"""

import numpy as np
import pytest

from earthgan.kinds.curves import Curve
from earthgan_training.coding.curves import Sample, fitted_ranges, fitted_table, judged
from places import REAL, needs_real

pytestmark = needs_real
#: Temperatures of the whole run.
COLDEST_K, HOTTEST_K = 293.0, 3607.0
RADIUS_KM = {45: 4130.0, 184: 6146.0, 200: 6371.0}
ENDS_KM = 3485.0, 6371.0


def picture(name: str, r: int) -> np.ndarray:
    with np.load(REAL / "real_shells_8bit.npz") as file:
        return file[f"{name}_r{r}"].astype(np.float64)


def temperature(r: int) -> np.ndarray:
    """The temperature of a shell: exact at index 45, and read from a picture elsewhere. It runs from 0 to 1 as in a
    surrogate of the run; a picture's own range is printed on it.
    """
    if r == 45:
        kelvins = np.load(REAL / "temperature_t001_r045.npy").astype(np.float64)
    else:
        low, high = {184: (1300.0, 2280.0), 200: (293.0, 293.0)}[r]
        kelvins = low + (high - low) * picture("temperature", r)
    return (kelvins - COLDEST_K) / (HOTTEST_K - COLDEST_K)


def sample(seen: np.ndarray, shown: np.ndarray, first_row: int) -> Sample:
    """Every other row of a picture, without the cells under its text."""
    kept = np.isfinite(seen) & np.isfinite(shown)
    kept[1 - first_row :: 2] = False
    return Sample(
        seen[kept][None].astype(np.float32), shown[kept][None].astype(np.float32), np.full(kept.sum(), 1 / kept.sum())
    )


def residual(name: str, r: int) -> tuple[float, float]:
    """What a curve leaves of a picture in steps of 8 bits, and the share of the variance that it explains.

    The curve is fitted to every other row, which also say what each column shows. The rows between them judge.
    """
    shown, radii_km = picture(name, r), np.array([RADIUS_KM[r]])
    here, east = temperature(r), np.roll(temperature(r), -1, axis=1)
    moved = np.zeros(here.shape[1], bool)
    for _ in range(4):
        seen = np.where(moved, east, here)
        fitting = sample(seen, shown, 0)
        ranges = fitted_ranges(fitting.extents, radii_km, ENDS_KM, 2)
        table = fitted_table([fitting], radii_km, ENDS_KM, ranges, less_mean=False)
        curve = Curve(*ENDS_KM, less_mean=False, table=table.astype(np.float64), ranges=ranges.astype(np.float64))

        def errors(of: np.ndarray, curve: Curve = curve) -> np.ndarray:
            made = curve.of(np.nan_to_num(of)[None].astype(np.float32), np.empty((1, 0)), (), radii_km)[0]
            return np.nansum(np.square(made - shown + 0 * of)[::2], axis=0)

        moved = errors(east) < errors(here)
    seen = np.where(moved, east, here)
    seen[:, -1] = np.nan  # the first meridian again, whose neighbour is not the first column
    found = judged(curve, [sample(seen, shown, 1)], radii_km)
    return 255 * float(np.sqrt(found.errors[0])), 1 - float(found.errors[0] / found.variances[0])


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("temperature_anomaly", 0.4),
        ("thermal_conductivity", 0.6),
        ("thermal_expansivity", 0.6),
        ("spin_density", 0.7),
    ],
)
def test_all_properties_follow_at_2241_km_depth(name: str, most: float) -> None:
    left, explained = residual(name, 45)
    print(f"\n45 {name}: {left:.3f} steps, {explained:.5f} of the variance")
    assert left <= most
    assert explained > 0.998


@pytest.mark.parametrize(
    ("name", "most", "least"),
    [("temperature_anomaly", 0.4, 0.999), ("thermal_conductivity", 0.5, 0.998), ("thermal_expansivity", 1.2, 0.95)],
)
def test_properties_follow_near_the_surface_as_far_as_pictures_tell(name: str, most: float, least: float) -> None:
    """Here temperature comes from a picture too, whose 256 steps of 3.8 K are all that is known. Expansivity is at its
    largest in 99 of 100 cells, so the few cold ones have all of its variance.
    """
    left, explained = residual(name, 184)
    print(f"\n184 {name}: {left:.3f} steps, {explained:.5f} of the variance")
    assert left <= most
    assert explained > least


def test_there_is_no_spin_transition_near_the_surface() -> None:
    assert np.nanmax(picture("spin_density", 184)) < 0.03
    assert np.nanmax(picture("spin_density", 200)) < 0.03


@pytest.mark.parametrize("name", ["temperature_anomaly", "thermal_conductivity", "thermal_expansivity"])
def test_nothing_follows_on_the_boundary_face(name: str) -> None:
    """Its temperature is one number, and the anomalies are what rounding leaves: 1e-13 K by the pictures' own text."""
    left, explained = residual(name, 200)
    print(f"\n200 {name}: {left:.3f} steps, {explained:.5f} of the variance")
    assert explained < 0.1
