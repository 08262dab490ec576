"""A small spectral surrogate of invented convection, and the truth from which it is made."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from contest_file import write_fields
from earthgan.flow.stokes import Knots, StokesProfile
from earthgan.numerics.transform import per_degree
from earthgan.sphere.grid import ShellGrid, cell_weights
from earthgan.sphere.vectors import LocalAxes
from earthgan.surrogate import Surrogate
from earthgan_training.coding.make import Recipe, make_spectral
from earthgan_training.harmonics.analysis import scalar_field, vector_field
from earthgan_training.simulations.contest import contest_radius_km
from earthgan_training.simulations.labelled import Source
from earthgan_training.simulations.opening import open_source
from earthgan_training.velocity.gate import Verdict
from memory_source import source_of

DEGREE, NODES = 10, 12
STIRRED_KM = 4600.0, 5500.0
INNER_KM, OUTER_KM = 3485.0, 6371.0
RADII_KM = np.r_[INNER_KM, contest_radius_km(np.linspace(1, 199, 24)), OUTER_KM]
LATITUDES_DEG = np.r_[90.0, 90 - (np.arange(34) + 0.5) * 180 / 34, -90.0]
LONGITUDES_DEG = np.linspace(0, 360, 73)
PROFILE = StokesProfile(
    log_viscosity=Knots(radii_km=(INNER_KM, 5000.0, OUTER_KM), values=(0.0, 0.0, -1.2)),
    expansivity=Knots(radii_km=(INNER_KM, OUTER_KM), values=(1.0, 1.0)),
    strength=1e-13,
)
#: What follows from temperature in `write_raw(..., followers=True)`, by our names and in the order of the files.
FOLLOWERS = ("thermal_conductivity", "temperature_anomaly", "spin_density_anomaly")


def temperature(t: int, waves: tuple[int, ...] = (1, 2, 3), times: float = 1.0) -> np.ndarray:
    """Return temperature `(degree, order, part, node)` in K: a cold lid, and blobs of every degree.

    The blobs vanish at the boundaries. They have `waves` half waves in radius and `times` the usual amplitude.
    """
    rng = np.random.default_rng(t)
    depth = (1 - np.cos(np.pi * np.arange(NODES) / (NODES - 1))) / 2
    c = np.zeros((DEGREE + 1, DEGREE + 1, 2, NODES))
    for degree in range(1, DEGREE + 1):
        shapes = [np.sin(np.pi * k * depth) / k for k in waves]
        c[degree, : degree + 1] = times * 800 / degree**1.5 * rng.standard_normal((degree + 1, 2, len(waves))) @ shapes
    c[:, 0, 1] = 0
    c[0, 0, 0] = np.sqrt(4 * np.pi) * (2500 - 2000 * depth**6 + 20 * rng.standard_normal() * np.sin(np.pi * depth))
    return c


def stirring(t: int, radii_km: np.ndarray) -> np.ndarray:
    """Return U, V and W `(field, degree, order, part, radius)` in m/s of a flow that no temperature drives.

    It lies between two radii and is about as fast as the flow around it.
    """
    inner_km, outer_km = STIRRED_KM
    x = np.clip((radii_km - inner_km) / (outer_km - inner_km), 0, 1)
    waves = np.array([np.sin(np.pi * x) ** 2, np.sin(np.pi * x) ** 2 * np.cos(np.pi * x)])
    degree, order = np.arange(DEGREE + 1), np.arange(DEGREE + 1)
    random = np.random.default_rng(1000 + t).standard_normal((3, DEGREE + 1, DEGREE + 1, 2, 2)) @ waves
    random[:, order[:, None] < order] = 0
    random[:, :, 0, 1] = 0
    random[:, 0] = 0
    return 4e-11 * random / np.maximum(degree, 1)[:, None, None, None] ** 1.5


def truth(
    t: int,
    radii_km: np.ndarray,
    latitudes_deg: np.ndarray,
    longitudes_deg: np.ndarray,
    stirred: bool = False,
    waves: tuple[int, ...] = (1, 2, 3),
    times: float = 1.0,
    profile: StokesProfile = PROFILE,
) -> dict[str, np.ndarray]:
    """Return the four variables `(shell, latitude, longitude)` at any shells, latitudes and longitudes."""
    grid = profile.grid(NODES)
    maps = profile.maps(grid, DEGREE)
    to_shells = grid.interpolation(np.asarray(radii_km) / profile.thickness_km)
    c = temperature(t, waves, times)
    u, v = per_degree(maps.radial, c), per_degree(maps.lateral, c)
    flow = np.array([u @ to_shells.T, v @ to_shells.T, np.zeros((*c.shape[:3], len(to_shells)))])
    flow += stirring(t, np.asarray(radii_km)) if stirred else 0
    radial, south, east = vector_field(*flow, latitudes_deg, longitudes_deg)
    vx, vy, vz = LocalAxes.on_grid(latitudes_deg, longitudes_deg).cartesian(radial, south, east)
    return {
        "temperature": scalar_field(c @ to_shells.T, latitudes_deg, longitudes_deg),
        "vx": vx,
        "vy": vy,
        "vz": vz,
    }


def following(kelvins: np.ndarray, radii_km: np.ndarray, latitudes_deg: np.ndarray) -> dict[str, np.ndarray]:
    """Return anomalies `(shell, latitude, longitude)` of invented curves of a temperature, by the files' names."""
    depth = (OUTER_KM - np.asarray(radii_km)[:, None, None]) / (OUTER_KM - INNER_KM)
    found = {
        "thermal conductivity": (3 + 2 * depth) * np.sqrt(1000 / (np.maximum(kelvins, -1000) + 2000)),
        "temperature anomaly": kelvins,
        "spin transition-induced density anomaly": 300 * depth / (1 + np.exp((kelvins - 2500 * depth) / 500)),
    }
    grid = ShellGrid(
        radii_km=tuple(np.asarray(radii_km).tolist()),
        latitudes_deg=tuple(np.asarray(latitudes_deg).tolist()),
        longitudes_deg=tuple(np.arange(0, 360, 5.0).tolist()),
    )
    rows = cell_weights(grid).sum(axis=1)
    return {
        name: each - np.einsum("rij,i->r", each, rows)[:, None, None] / each.shape[2] for name, each in found.items()
    }


def evaluated(surrogate: Surrogate, names: Sequence[str], t: int, shells: Sequence[int]) -> np.ndarray:
    """Evaluate radial shells `(variable, shell, latitude, longitude)` by the surrogate's kind, in units."""
    return surrogate.in_units(surrogate.shells(None, names, t, shells), names)


def write_raw(
    folder: Path,
    steps: range = range(1, 9),
    stirred: bool = False,
    waves: tuple[int, ...] = (1, 2, 3),
    times: float = 1.0,
    profile: StokesProfile = PROFILE,
    followers: bool = False,
) -> Path:
    """Write the truth as files in the contest's layout."""
    folder.mkdir(parents=True, exist_ok=True)
    for t in steps:
        fields = truth(t, RADII_KM, LATITUDES_DEG, LONGITUDES_DEG, stirred, waves, times, profile)
        if followers:
            of_once = following(fields["temperature"][..., :-1], RADII_KM, LATITUDES_DEG)
            fields |= {name: np.concatenate([each, each[..., :1]], axis=-1) for name, each in of_once.items()}
        write_fields(folder / f"spherical{t:03d}.nc", fields, LATITUDES_DEG, RADII_KM, LONGITUDES_DEG)
    return folder


Fields = dict[str, np.ndarray]


def stronger(factor: float) -> Callable[[Fields], Fields]:
    """Multiply the velocity, as another Rayleigh number does."""
    return lambda fields: {name: field * (1 if name == "temperature" else factor) for name, field in fields.items()}


def in_memory(
    steps: range,
    stirred: bool = False,
    waves: tuple[int, ...] = (1, 2, 3),
    times: float = 1.0,
    profile: StokesProfile = PROFILE,
    changed: Callable[[Fields], Fields] = lambda fields: fields,
    vector: tuple[str, str, str] | None = ("vx", "vy", "vz"),
) -> Source:
    """Return the truth as a source, whose temperature may be any number. Files of such temperatures are refused.

    `changed` turns the true variables of a step into those of the source.
    """
    grid = ShellGrid(
        radii_km=tuple(RADII_KM[1:-1].tolist()),
        latitudes_deg=tuple(LATITUDES_DEG.tolist()),
        longitudes_deg=tuple(LONGITUDES_DEG[:-1].tolist()),
    )
    axes = RADII_KM[1:-1], LATITUDES_DEG, LONGITUDES_DEG[:-1]
    fields = {
        (t, name): field
        for t in steps
        for name, field in changed(truth(t, *axes, stirred, waves, times, profile)).items()
    }
    source = source_of(grid, fields, vector=vector)
    units = {"temperature": "K"}
    variables = [
        replace(each, variable=replace(each.variable, unit=units.get(each.source, "m/s"))) for each in source.variables
    ]
    return replace(source, variables=tuple(variables))


def make(
    raw: Path,
    out: Path,
    step_bytes: int = 1200,
    profile: StokesProfile | None = PROFILE,
    gate: Verdict | None = None,
    nodes: int = NODES,
    updates: int = 0,
    also: Sequence[Path] = (),
    max_error: Mapping[str, float] | None = None,
) -> Path:
    """Make the surrogate of `write_raw`'s files. Modes and tables are those of steps 1 to 6; steps 5 to 8 are coded."""
    recipe = Recipe(
        step_bytes=step_bytes,
        max_error=max_error,
        degree=DEGREE,
        nodes=nodes,
        updates=updates,
        profile=profile,
        gate=gate,
    )
    runs = [open_source([run]) for run in also]
    make_spectral(open_source([raw]), range(1, 7), range(5, 9), out, recipe, lambda *_: None, False, runs)
    return out
