"""A profile of rock: its splines, its maps, and the profiles that are refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from earthgan.flow.stokes import Knots, Sheet, StokesProfile, stokes_maps
from earthgan.numerics.radial import RadialGrid
from earthgan.numerics.spline import spline

INNER_KM, OUTER_KM = 3485.0, 6371.0


def profile(**changes: object) -> StokesProfile:
    given = {
        "log_viscosity": Knots(radii_km=(INNER_KM, 5000.0, 5700.0, OUTER_KM), values=(0.0, 0.3, -0.5, -1.2)),
        "expansivity": Knots(radii_km=(INNER_KM, OUTER_KM), values=(0.8, 1.2)),
        "sheets": (Sheet(radius_km=5711.0, thickness_km=-300.0),),
        "strength": 3.0,
    }
    return StokesProfile.model_validate(given | changes)


@settings(max_examples=30, deadline=None)
@given(gaps=st.lists(st.floats(0.5, 3), min_size=2, max_size=8), seed=st.integers(0, 99))
def test_a_spline_goes_through_its_knots_smoothly(gaps: list[float], seed: int) -> None:
    knots = np.cumsum(gaps)
    values = np.random.default_rng(seed).standard_normal(len(knots))
    np.testing.assert_allclose(spline(knots, knots) @ values, values, atol=1e-12)
    # Straight lines are their own natural splines.
    inside = np.linspace(knots[0], knots[-1], 17)
    np.testing.assert_allclose(spline(knots, inside) @ (2 * knots + 1), 2 * inside + 1, atol=1e-10)
    # The first and the second derivative are continuous at every inner knot.
    h = 1e-3
    for x in knots[1:-1]:
        around = spline(knots, x + h * np.arange(-3, 4)) @ values
        third = np.diff(around, n=3)
        assert np.abs(third).max() < 1e-3 * h * (1 + np.abs(values).max())


def test_beyond_its_ends_a_spline_is_constant() -> None:
    assert (spline([1.0, 2.0, 3.0], [0.0, 4.0]) @ [5.0, 6.0, 8.0]).tolist() == [5.0, 8.0]


def test_rock_of_one_kind_has_the_plain_maps() -> None:
    ends = (INNER_KM, OUTER_KM)
    plain = profile(
        log_viscosity=Knots(radii_km=ends, values=(0.0, 0.0)),
        expansivity=Knots(radii_km=ends, values=(1.0, 1.0)),
        sheets=(),
    )
    grid = plain.grid(20)
    found, due = plain.maps(grid, 5), stokes_maps(grid, 5, 3.0, np.ones_like, fine_nodes=96)
    np.testing.assert_array_equal(found.radial, due.radial)
    np.testing.assert_array_equal(found.lateral, due.lateral)


def test_a_sheet_is_as_buoyant_as_its_thickness_says() -> None:
    rock = profile()
    radii_km = np.linspace(INNER_KM, OUTER_KM, 20001)
    without = profile(sheets=())
    sheet = (rock.buoyancy(radii_km / rock.thickness_km) - without.buoyancy(radii_km / rock.thickness_km)).mean()
    assert sheet * rock.thickness_km == pytest.approx(-300, rel=1e-3)


def test_shells_and_nodes_agree() -> None:
    rock = profile()
    grid = rock.grid(30)
    shells_km = INNER_KM + (np.arange(199) + 0.5) * (OUTER_KM - INNER_KM) / 199
    on_nodes, on_shells = rock.maps(grid, 6), rock.shell_maps(shells_km, 6)
    to_shells = grid.interpolation(shells_km / rock.thickness_km)
    warm = np.sin(4 * (grid.nodes - grid.inner))
    for nodes, shells in ((on_nodes.radial, on_shells.radial), (on_nodes.lateral, on_shells.lateral)):
        due = to_shells @ nodes[6] @ warm
        assert np.abs(shells[6] @ to_shells @ warm - due).max() < 2e-3 * np.abs(due).max()


def test_shell_maps_have_no_divergence() -> None:
    rock = profile()
    radii = rock.grid(40).nodes[1:-1]
    maps = rock.shell_maps(radii * rock.thickness_km, 4)
    warm = np.cos(3 * radii)
    u, v = maps.radial[4] @ warm, maps.lateral[4] @ warm
    # The flow on all nodes of a polynomial grid. The boundaries admit no radial flow.
    grid = RadialGrid(40, rock.grid(2).inner, rock.grid(2).outer)
    slope = (grid.derivative @ np.r_[0, u, 0])[1:-1]
    assert np.abs(slope + 2 * u / radii - 20 * v / radii).max() < 1e-3 * np.abs(slope).max()


def test_a_few_dozen_numbers_come_back_from_json() -> None:
    rock = profile()
    text = rock.model_dump_json()
    assert StokesProfile.model_validate_json(text) == rock
    assert len(text) < 600


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"expansivity": Knots(radii_km=(3000.0, OUTER_KM), values=(1.0, 1.0))}, "at the same radii"),
        ({"strength": float("nan")}, "finite"),
        ({"density": 1.0}, "not permitted"),
        ({"log_viscosity": {"radii_km": (INNER_KM, OUTER_KM), "values": (0.0,)}}, "one value per radius"),
        ({"log_viscosity": {"radii_km": (OUTER_KM, INNER_KM), "values": (0.0, 0.0)}}, "ascend"),
    ],
)
def test_what_is_no_profile_is_refused(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        profile(**changes)
