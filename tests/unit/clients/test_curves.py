"""The page's curves of temperature give the same numbers as `earthgan.kinds.curves`."""

import shutil

import numpy as np
import pytest

from earthgan.kinds.curves import RANGES, Curves, CurveSpec, mean_rows, shares
from page_module import said

PROGRAM = """
import { Curves } from "./clients/web/surrogate/curves.js";
import { Matrix } from "./clients/web/surrogate/matrix.js";
let text = "";
for await (const chunk of process.stdin) text += chunk;
const { tensors, preset, scales, shell, everywhere, radii } = JSON.parse(text);
const matrix = (rows) => Matrix.of(rows.length, rows[0].length, (i, j) => rows[i][j]);
const curves = new Curves(tensors, preset, scales);
const found = radii.map((radius) =>
  preset.curves.map((_, i) => Array.from(curves.of(4 + i, matrix(shell), () => matrix(everywhere), radius).values)));
console.log(JSON.stringify({ found, needs: [[1], [5], [3, 0, 4], [0]].map((wanted) => curves.needs(wanted)) }));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
@pytest.mark.parametrize("degree", [4, 64, 127])
def test_javascript_follows_temperature_as_python_does(degree: int) -> None:
    rng, ends_km, scales = np.random.default_rng(0), (3480.0, 6371.0), [3300.0, 1e-9, 1e-9, 1e-9, 2.0, 1e-5, 800.0]
    specs = [
        CurveSpec(variable=name, form=form, explained=1, least=1)
        for name, form in (("a", "curve"), ("b", "curve less mean"), ("c", "less mean"))
    ]
    low = rng.uniform(0, 0.3, 7)
    arrays = {
        RANGES: np.stack([low, low + rng.uniform(0.2, 0.6, 7)], axis=1).astype(np.float16),
        "curves.a": rng.normal(0, 1, (7, 9)).astype(np.float16),
        "curves.b": rng.normal(0, 1, (7, 9)).astype(np.float16),
    }
    shell = rng.uniform(-0.2, 1.3, (5, 6)).astype(np.float32)
    everywhere = rng.uniform(0, 1, (mean_rows(degree), 2 * mean_rows(degree))).astype(np.float32)
    radii_km = [3480.0, 3500.0, 5000.123, 6371.0]
    case = {
        "tensors": {n: {"shape": a.shape, "values": a.astype(float).ravel().tolist()} for n, a in arrays.items()},
        "preset": {
            "degree": degree, "inner_km": ends_km[0], "outer_km": ends_km[1],
            "curves": [spec.model_dump() for spec in specs],
        },
        "scales": scales, "shell": shell.tolist(), "everywhere": everywhere.tolist(), "radii": radii_km,
    }  # fmt: skip
    answer = said(PROGRAM, case)
    assert answer["needs"] == [[1], [0], [0, 3], [0]]
    curves = Curves.of(arrays, specs, *ends_km, [scales[0] / scale for scale in scales[4:]]).curves
    for radius_km, theirs in zip(radii_km, answer["found"], strict=True):
        ours = [
            curve.of(shell[None], everywhere.reshape(1, -1), shares(degree), [radius_km])[0].ravel() for curve in curves
        ]
        for mine, other in zip(ours, theirs, strict=True):
            # These curves are steep, and temperature is float32 here.
            np.testing.assert_allclose(mine, other, atol=1e-4 * np.abs(mine).max())
