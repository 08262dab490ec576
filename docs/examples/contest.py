"""Answers to the tasks of the SciVis contest of 2021, from a surrogate and from the run that it was made of.

    python docs/examples/contest.py model_store/default seed-1 118

writes the answers as JSON. `clients/web/pages/contest.html` shows them.
"""

import json
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

import earthgan
from earthgan.features.criterion import KINDS, Criterion
from earthgan.features.find import Finder, nearest_shell
from earthgan.quantities import DERIVED, anomaly
from earthgan.sphere.grid import ShellGrid, Window, cell_weights
from earthgan_training.simulations.opening import open_source

NAMES = ("temperature", "vx", "vy", "vz")
DEPTHS_KM = (660, 1600)
#: Stagnant: slower than this share of the shell's root mean square of radial velocity.
STAGNANT = 0.5
CM_PER_YR = 100 * 86400 * 365.25

Fields = dict[str, NDArray[np.float32]]


def answers(fields: Fields, grid: ShellGrid, planet: Any) -> dict[str, Any]:
    """The answers from fields `(shell, latitude, longitude)` in K and m/s."""
    hot = anomaly(fields["temperature"], grid)
    rising = DERIVED["v_radial"].of(fields, grid)
    finder = Finder(grid, planet)
    finder.add(hot[finder.shells.start : finder.shells.stop], rising[finder.shells.start : finder.shells.stop])
    found, weights = finder.found(), cell_weights(grid)
    out: dict[str, Any] = {}
    speed = np.sqrt(sum(np.square(fields[name], dtype=np.float64) for name in NAMES[1:]))
    for depth in DEPTHS_KM:
        r = nearest_shell(grid, planet, depth)
        owners, rms = found.on_shell(r), float(np.sqrt((rising[r].astype(np.float64) ** 2 * weights).sum()))
        size = float(np.sqrt((hot[r].astype(np.float64) ** 2 * weights).sum()))
        for kind in KINDS:
            sign = -1 if kind == "slab" else 1
            crossings = [each for feature in found.of(kind) for each in feature.crossings if each.asked_km == depth]
            extreme = sign * hot[r] > Criterion().threshold * size
            slow = extreme & (sign * rising[r] < STAGNANT * rms)
            members = np.array([*(each.kind == kind for each in found.features), False])[owners]
            out[f"{kind}_{depth}"] = {
                "count": sum(each.area_km2 > 0 for each in crossings),
                "area_percent": 100 * float(weights[members].sum()),
                "volume_flux_km3_per_yr": sum(each.volume_flux for each in crossings),
                "stagnant_percent": 100 * float(weights[slow].sum() / weights[extreme].sum()),
            }
        out[f"correlation_{depth}"] = float((hot[r] * rising[r].astype(np.float64) * weights).sum() / size / rms)
        out[f"speed_{depth}"] = CM_PER_YR * float(np.sqrt((speed[r] ** 2 * weights).sum()))
    out["fastest"] = CM_PER_YR * float(speed.max())
    return out


def main(surrogate: str, truth: str, t: int) -> None:
    """Print the answers of a time step as JSON."""
    run, source = earthgan.open(surrogate), open_source([truth])
    grid, planet = run.grid, run.surrogate.spec.planet
    first = int(np.abs(np.asarray(source.grid.radii_km) - grid.radii_km[0]).argmin())
    shells = range(first, first + grid.shape[0])
    whole = Window(*(range(count) for count in grid.shape))
    true = {name: np.asarray(source.read(t, name, shells), np.float32)[:, :, : grid.shape[2]] for name in NAMES}
    if true["vx"].shape != grid.shape:
        raise SystemExit(f"{truth} has cells {true['vx'].shape}, and {surrogate} has {grid.shape}")
    ours = {name: run.window(name, t, whole) for name in NAMES}
    found = {"t": t, "truth": answers(true, grid, planet), "surrogate": answers(ours, grid, planet)}
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
