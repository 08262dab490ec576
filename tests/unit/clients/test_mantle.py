"""The slabs and plumes that the page finds are those of Python: the same numbers and outlines."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from earthgan.features.criterion import Criterion, Measure
from earthgan.features.find import Finder
from features_blobs import GRID, PLANET

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
PROGRAM = Path(__file__).with_name("mantle.mjs")


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
