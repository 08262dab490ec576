"""How far the features of two runs agree, for blobs at known places."""

import numpy as np
import pytest

from earthgan.sphere.vectors import LocalAxes
from earthgan_training.evaluate.features import FeatureAgreement
from features_blobs import GRID, PLANET, fields

HOT, COLD = range(2, 8), range(20, 26)


def run(hot: range, cold: range) -> dict[str, np.ndarray]:
    """A blob that rises and one that sinks, from the deepest shells to the shallowest, as Cartesian velocities."""
    anomaly, flow = fields(
        hot=[(slice(None), slice(8, 10), list(hot))] if hot else [],
        cold=[(slice(None), slice(8, 10), list(cold))] if cold else [],
    )
    axes = LocalAxes.at(*GRID.axes_deg, np.float64)
    latitudes, longitudes = (np.radians(axis) for axis in GRID.axes_deg)
    up = np.cos(latitudes) * np.cos(longitudes), np.cos(latitudes) * np.sin(longitudes), np.sin(latitudes)
    velocity = {name: (flow * each).astype(np.float32) for name, each in zip(("vx", "vy", "vz"), up, strict=True)}
    assert np.allclose(axes.outwards(*velocity.values()), flow)
    return {"temperature": anomaly + 2000, **velocity}


def test_a_run_agrees_with_itself() -> None:
    agreement = FeatureAgreement(GRID, PLANET)
    for t in range(3):
        moved = run(range(2 + t, 8 + t), COLD)
        agreement.see(t, moved, moved)
    found = agreement.agreement()
    assert found.overlaps == {kind: {660.0: 1.0, 1600.0: 1.0} for kind in ("slab", "plume")}
    assert (found.identities, found.tracks, found.steps) == (1.0, 2, 3)
    assert found.as_json()["overlaps"]["slab"] == {"660": 1.0, "1600": 1.0}


def test_overlaps_are_those_of_the_areas_in_all_steps() -> None:
    agreement = FeatureAgreement(GRID, PLANET)
    agreement.see(0, run(HOT, COLD), run(range(4, 10), COLD))  # 4 of 8 columns
    agreement.see(1, run(HOT, COLD), run(HOT, range(0)))
    found = agreement.agreement()
    assert found.overlaps["plume"][660.0] == pytest.approx((4 + 6) / (8 + 6))
    assert found.overlaps["slab"][1600.0] == pytest.approx(6 / 12)
    assert found.identities == pytest.approx(3 / 4), "two steps of the plume, and one of the slab"


def test_one_step_has_no_identities_and_nothing_has_no_overlap() -> None:
    agreement = FeatureAgreement(GRID, PLANET)
    agreement.see(0, run(range(0), COLD), run(range(0), COLD))
    found = agreement.agreement()
    assert found.identities is None
    assert np.isnan(found.overlaps["plume"][660.0])
