"""Flow and features of the page are those of Python: the same numbers and outlines, and the same ways of tracers."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import earthgan
from earthgan.features.criterion import Criterion, Measure
from earthgan.features.find import Finder
from earthgan.sphere.grid import ShellGrid, Window
from earthgan_training.evaluate.tracers import Flow, advected, start
from features_blobs import GRID, PLANET
from places import DEFAULT_SURROGATE

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
PROGRAM = Path(__file__).with_name("mantle.mjs")
#: 1 m/s in km/Myr.
KM_PER_MYR = 86400 * 365.25 * 1e3  # seconds of a year, 1e6 years, 1e-3 km


def asked(tmp_path: Path, ask: str, **question: Any) -> Any:
    """Return what the page's modules answer."""
    file = tmp_path / "question.json"
    file.write_text(json.dumps({"ask": ask, **question}))
    done = subprocess.run(["node", str(PROGRAM), str(file)], capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def rough(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """An anomaly and a radial velocity `(shell, latitude, longitude)` with many blobs, also at poles."""
    rng = np.random.default_rng(seed)
    fields = rng.standard_normal((2, *GRID.shape))
    for _ in range(2):
        for axis in (0, 1, 2):
            fields = (fields + np.roll(fields, 1, axis + 1) + np.roll(fields, -1, axis + 1)) / 3
    anomaly = (500 * fields[0]).astype(np.float32)
    return anomaly, (1e-9 * (fields[0] + fields[1])).astype(np.float32)


@pytest.mark.parametrize(
    ("measure", "threshold", "flow"), [("std", 1.0, 0.0), ("largest", 0.4, 0.3), ("unit", 60.0, 0.0)]
)
def test_features_are_those_of_python(tmp_path: Path, measure: Measure, threshold: float, flow: float) -> None:
    anomaly, radial = rough(seed=3)
    finder = Finder(GRID, PLANET, Criterion(threshold, measure, flow))
    inside = slice(finder.shells.start, finder.shells.stop)
    finder.add(anomaly[inside], radial[inside])
    due = finder.found()
    assert min(len(due.slabs), len(due.plumes)) > 5, "there is something to find"
    r = finder.shells[len(finder.shells) // 2]
    found = asked(
        tmp_path,
        "features",
        grid={"latitudes_deg": GRID.latitudes_deg, "longitudes_deg": GRID.longitudes_deg},
        radii=GRID.radii_km,
        planet={"surface": PLANET.radius_km, "core": PLANET.core_radius_km, "unit": "km", "decimals": 0},
        criterion={"threshold": threshold, "measure": measure, "flow": flow},
        anomaly=anomaly.tolist(),
        flow=radial.tolist(),
        r=r,
    )
    assert found["shells"] == list(finder.shells)
    assert found["left_out"] == due.left_out
    assert [row["id"] for row in found["rows"]] == [feature.id for feature in due.features]
    for row, feature in zip(found["rows"], due.features, strict=True):
        expected = feature.row()
        crossings = expected.pop("crossings")
        for one, other in zip([row, *row.pop("crossings")], [expected, *crossings], strict=True):
            assert one == {name: near(value) for name, value in other.items()}
    outlines = due.geojson(r)["features"]
    assert len(outlines) > 3
    assert [each["id"] for each in found["outlines"]] == [each["id"] for each in outlines]
    for one, other in zip(found["outlines"], outlines, strict=True):
        assert areas(one["geometry"]) == pytest.approx(areas(other["geometry"]), abs=1e-6)
        assert corners(one["geometry"]) == corners(other["geometry"])


def near(value: Any) -> Any:
    """What may be rounded differently."""
    return pytest.approx(value, rel=2e-5, abs=2e-4) if isinstance(value, float) else value


def areas(geometry: dict[str, Any]) -> list[float]:
    """The signed areas of all rings, sorted."""
    rings = (np.array(ring).T for polygon in geometry["coordinates"] for ring in polygon)
    return sorted(float(x[:-1] @ y[1:] - x[1:] @ y[:-1]) / 2 for x, y in rings)


def corners(geometry: dict[str, Any]) -> list[tuple[float, float]]:
    """The corners of all rings, sorted. Where a ring begins does not matter."""
    return sorted({(x, y) for polygon in geometry["coordinates"] for ring in polygon for x, y in ring})


def test_points_are_carried_as_tracers_are(tmp_path: Path) -> None:
    grid = ShellGrid.cell_centred((3500.0, 4900.0, 6300.0), 8, 16)
    points = start(7, grid)
    spin, rise, growth, duration, steps = np.array([0.02, -0.01, 0.05]), 0.01, 0.5, 20.0, 9

    def flow(factor: float) -> Any:
        return lambda at: factor * (np.cross(spin, at, axisb=0, axisc=0) + rise * at)

    due = advected(points, (flow(1.0), flow(1.0 + growth)), duration, 1.0, steps, grid)
    assert np.linalg.norm(due, axis=0).max() == pytest.approx(6300), "some come to the last shell"
    found = asked(
        tmp_path,
        "carried",
        points=points.tolist(),
        spin=spin.tolist(),
        rise=rise,
        growth=growth,
        duration=duration,
        steps=steps,
        radii=[3500.0, 6300.0],
    )
    np.testing.assert_allclose(np.reshape(found, (3, -1)), due, rtol=1e-12)


@pytest.mark.slow
def test_paths_through_the_shipped_surrogate_are_those_of_tracers(tmp_path: Path) -> None:
    """Two intervals of 2 Myr, half of the second one. Interpolation between shells and cells is all that differs."""
    run = earthgan.open(DEFAULT_SURROGATE)
    grid, steps = run.grid, (1, 2, 3)
    whole = Window(*(range(count) for count in grid.shape))
    times = dict(zip(run.steps, run.times_myr, strict=True))
    points = start(24, grid)
    until = float(times[2] + 0.5 * (times[3] - times[2]))
    flows = [Flow([KM_PER_MYR * run.window(name, t, whole) for name in ("vx", "vy", "vz")], grid) for t in steps]
    due = points
    for (a, b), share in (((0, 1), 1.0), ((1, 2), 0.5)):
        duration = share * (times[steps[b]] - times[steps[a]])
        due = advected(due, (flows[a], flows[b]), float(duration), share, 5, grid)
    found = asked(tmp_path, "path", folder=str(DEFAULT_SURROGATE), t=1, points=points.tolist(), reach=2, untilMyr=until)
    apart = np.linalg.norm(np.reshape(found["points"], (3, -1)) - due, axis=0)
    assert np.median(np.linalg.norm(due - points, axis=0)) > 10, "they move"
    assert np.median(apart) < 0.1
    assert apart.max() < 2
