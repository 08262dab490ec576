"""Depths, and lengths in words, on any planet."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earthgan.records import PlanetSpec

MOON, UNIT = PlanetSpec(radius_km=1737.4), PlanetSpec(radius_km=1.0, unit="1")


@pytest.mark.parametrize(
    ("planet", "radius_km", "decimals", "words"),
    [
        (PlanetSpec(), 5671.0, 0, "700 km deep"),
        (PlanetSpec(), 6371.0, 0, "0 km deep"),
        (PlanetSpec(), 6383.5, 1, "12.5 km above the surface"),
        (MOON, 1737.4, 1, "0.0 km deep"),
        (UNIT, 0.55, 2, "0.45 deep"),
        (UNIT, 1.25, 2, "0.25 above the surface"),
    ],
)
def test_places_are_said_in_words(planet: PlanetSpec, radius_km: float, decimals: int, words: str) -> None:
    assert planet.place_in_words(radius_km, decimals) == words


@pytest.mark.parametrize(
    ("planet", "radii_km", "decimals"),
    [
        (PlanetSpec(), np.linspace(3485, 6371, 200), 0),
        (PlanetSpec(), [6370.5, 6371.0], 1),
        (PlanetSpec(), [5971.0, 6071.0, 6371.0], 0),
        (MOON, [1000.0, 1737.4], 0),
        (UNIT, np.linspace(0.55, 1, 41), 3),
        (UNIT, [0.55, 0.6, 0.65], 2),
    ],
)
def test_lengths_have_the_decimals_that_the_shells_need(planet: PlanetSpec, radii_km: list, decimals: int) -> None:
    assert planet.decimals(radii_km) == decimals


@given(st.floats(1e-3, 1e6), st.integers(2, 300), st.floats(0.01, 0.99))
def test_words_are_exact_to_a_twentieth_of_a_shell(radius_km: float, shells: int, inner: float) -> None:
    planet = PlanetSpec(radius_km=radius_km, unit="1")
    radii = np.linspace(inner * radius_km, radius_km, shells)
    decimals = planet.decimals(radii.tolist())
    gap = np.diff(radii).min()
    for radius in radii.tolist():
        due = max(gap / 20, 0.5 * 10.0**-6) * (1 + 1e-9)
        assert abs(float(planet.in_words(radius, decimals)) - radius) <= due
        assert planet.rounded(radius) == pytest.approx(radius, rel=0, abs=1e-7 * radius_km)
