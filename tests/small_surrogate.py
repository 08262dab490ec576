"""A small surrogate of any planet, with any variables and steps, and with cells that have no value."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from earthgan.kinds.inputs import InputsSpec
from earthgan.kinds.interpolate import InterpolateArguments
from earthgan.records import GridSpec, PlanetSpec
from earthgan.spec import GeneratorSpec, Provenance, SurrogateSpec
from earthgan.sphere.grid import ShellGrid
from earthgan.variables import TEMPERATURE, Variable
from earthgan_training.surrogates.export import write_onnx
from earthgan_training.surrogates.folder import new_folder, write_mask, write_spec, write_step, write_weights
from earthgan_training.surrogates.grid_code import codes_of, coding_of
from earthgan_training.surrogates.ranges import colour_range, described, extent, normalisation

EARTH, UNKNOWN = PlanetSpec(), Provenance(source="waves")
MOON = PlanetSpec(radius_km=1737.4, core_radius_km=380.0)
UNIT_SHELL = PlanetSpec(radius_km=1.0, core_radius_km=0.55, unit="1")
DLNVS = Variable("dlnVs", "Shear-wave velocity perturbation", "percent", "crameri:roma", symmetric=True)
ROWS, COLUMNS = 18, 36


def radii_of(planet: PlanetSpec, shells: int = 9) -> tuple[float, ...]:
    """Evenly spaced radii from the core, or from half the radius, to the surface."""
    inner = planet.core_radius_km or planet.radius_km / 2
    return tuple(np.linspace(inner, planet.radius_km, shells).tolist())


def waves(grid: ShellGrid, k: int, size: float = 1.0, offset: float = 0.0) -> NDArray[np.float32]:
    """A smooth field `(shell, latitude, longitude)` that differs for each `k`."""
    r = np.linspace(0, 1, grid.shape[0])[:, None, None]
    latitudes, longitudes = (np.radians(axis) for axis in grid.axes_deg)
    field = np.cos(latitudes) * np.cos((k + 1) * longitudes + r) * (1 - r / 2) + 0.3 * np.sin(latitudes) * r
    return np.asarray(offset + size * field, dtype=np.float32)


def make_small(
    out: Path,
    planet: PlanetSpec = EARTH,
    variables: Sequence[Variable] = (TEMPERATURE,),
    radii_km: tuple[float, ...] | None = None,
    labels: Sequence[str | None] = (None, None),
    size: float = 1.0,
    offset: float = 0.0,
    hidden: NDArray[np.bool_] | None = None,
    provenance: Provenance = UNKNOWN,
    title: str = "Waves",
) -> Path:
    """Write a surrogate of kind `interpolate`, whose inputs lie on its own grid."""
    grid = ShellGrid.cell_centred(radii_km or radii_of(planet), ROWS, COLUMNS)
    fields = [
        np.stack([waves(grid, len(variables) * t + i, size, offset) for i in range(len(variables))])
        for t in range(len(labels))
    ]
    ranges = [
        colour_range(np.array([extent(field[i], variable) for field in fields]), variable)
        for i, variable in enumerate(variables)
    ]
    affines = [normalisation(span, variable) for span, variable in zip(ranges, variables, strict=True)]
    offsets, scales = (
        np.array([getattr(each, part) for each in affines])[:, None, None, None] for part in ("offset", "scale")
    )
    normalised = [(field - offsets) / scales for field in fields]
    coding = coding_of(normalised)
    arguments = InterpolateArguments()
    with new_folder(out) as folder:
        steps = [
            write_step(folder, t, codes_of(each, coding)).model_copy(update={"label": labels[t]})
            for t, each in enumerate(normalised)
        ]
        spec = SurrogateSpec(
            title=title,
            description="Waves that were made up.",
            variables=tuple(
                described(each, span, affine) for each, span, affine in zip(variables, ranges, affines, strict=True)
            ),
            grid=GridSpec.of(grid),
            inputs=InputsSpec(grid=GridSpec.of(grid), dtype="uint16", coding=coding, steps=tuple(steps)),
            generator=GeneratorSpec(
                arguments=arguments,
                weights=write_weights(folder, {}),
                onnx=write_onnx(folder, len(variables), arguments, {}),
            ),
            mask=None if hidden is None else write_mask(folder, hidden),
            planet=planet,
            provenance=provenance,
        )
        write_spec(folder, spec)
    return out
