"""The command line of `earthgan fit-velocity`."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from earthgan.cli import add_command, numbers, positive
from earthgan.sphere.grid import EARTH_RADIUS_KM
from earthgan_training.simulations.arguments import add_reading_options, read_by

if TYPE_CHECKING:
    from earthgan_training.velocity.gate import VelocityFit

_EXAMPLE = """earthgan fit-velocity raw --steps 1-90 --held-out 113-128 --out velocity.json
  earthgan fit-velocity x_001.npy --smoothness 1e-3 --out published.json"""

_DEPTHS_KM = (100, 300, 500, 650, 800, 1200, 1700, 2200, 2700)


def add_fit_velocity(subcommands: Any) -> None:
    """Add `fit-velocity`."""
    parser = add_command(
        subcommands,
        "fit-velocity",
        _fit_velocity,
        "fit the viscosity and buoyancy that give a simulation's velocity from its temperature",
        _EXAMPLE,
    )
    parser.add_argument(
        "source",
        nargs="+",
        metavar="SOURCE",
        help="files, folders or stores that make up one simulation, or a published x_<step>.npy",
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE.json", help="output file for the profile and its gate"
    )
    add_reading_options(parser)
    parser.add_argument("--steps", type=numbers, metavar="RANGE", help="time steps, such as 1-3,10 (default: all)")
    parser.add_argument(
        "--held-out", type=numbers, metavar="RANGE", help="time steps to judge the fit by (default: the last eighth)"
    )
    parser.add_argument(
        "--degree", type=positive, metavar="L", help="highest harmonic degree (default: 95, or the grid's limit)"
    )
    parser.add_argument(
        "--smoothness", type=_weight, metavar="W", help="weight of the roughness of the profiles (default: 1e-8)"
    )
    parser.add_argument("--tune", action="store_true", help="also measure how much tuned kernels could add at most")
    parser.add_argument("--no-sheets", action="store_true", help="fit no sheets of buoyancy at 410 and 660 km")
    parser.add_argument(
        "--no-slip", action="store_true", help="hold the flow at both boundaries (default: it slips freely)"
    )


def _weight(text: str) -> float:
    if not 0 <= (number := float(text)) < float("inf"):
        raise ValueError(text)
    return number


def _fit_velocity(arguments: argparse.Namespace) -> None:
    from earthgan.progress import progress
    from earthgan_training.velocity.fit import Settings
    from earthgan_training.velocity.run import fit_published, fit_velocity

    given = {} if arguments.smoothness is None else {"smoothness": arguments.smoothness}
    settings = Settings(sheets=not arguments.no_sheets, free_slip=not arguments.no_slip, tune=arguments.tune, **given)
    with progress() as watch:
        if arguments.source[0].endswith(".npy"):
            surface_km = EARTH_RADIUS_KM
            fit = fit_published(Path(arguments.source[0]), settings, watch)
        else:
            steps, held_out = arguments.steps, arguments.held_out
            source = read_by(arguments, arguments.source, [*steps, *(held_out or ())] if steps else None)
            surface_km = source.planet.radius_km
            fit = fit_velocity(
                source,
                settings,
                steps=steps,
                held_out=held_out,
                degree=arguments.degree,
                watch=watch,
            )
    fit.write(arguments.out)
    _print(fit, surface_km)
    print(arguments.out)


def _print(fit: VelocityFit, surface_km: float) -> None:
    import numpy as np

    profile, gate = fit.profile, fit.gate
    print("depth km   viscosity  expansivity")
    for radius_km in profile.log_viscosity.radii_km[::-1]:
        at = np.array([radius_km])
        print(
            f"{surface_km - radius_km:8.0f} {np.exp(profile.log_viscosity.at(at)[0]):11.3f}"
            f" {profile.expansivity.at(at)[0]:12.3f}"
        )
    for sheet in profile.sheets:
        print(f"sheet at {surface_km - sheet.radius_km:.0f} km: acts like {sheet.thickness_km:.1f} km of rock")
    print(f"strength {profile.strength:.4g}; toroidal share of the lateral velocity {gate.toroidal_share:.1e}")
    for first, last, served in gate.bands():
        print(
            f"depths {surface_km - last:.0f} to {surface_km - first:.0f} km: "
            + ("velocity is computed from temperature" if served else "velocity has to be stored")
        )
    for what, measured in (("profile", gate), ("tuned kernels, at most", fit.tuned)):
        if measured is not None:
            print(f"variance explained by {what}: radial {measured.whole[0]:.9f}, lateral {measured.whole[1]:.9f};")
            print(f"  lowest value of a shell: radial {min(measured.radial):.9f}, lateral {min(measured.lateral):.9f}")
    explained = np.array([gate.radial, gate.lateral])
    depths_km = surface_km - np.array(gate.radii_km)
    shells = sorted({int(np.abs(depths_km - depth).argmin()) for depth in _DEPTHS_KM}, reverse=True)
    print("  by shell, at depths in km: " + ", ".join(f"{depths_km[i]:.0f} {_pair(explained[:, i])}" for i in shells))
    of_degrees = zip(gate.radial_of_degree[:10], gate.lateral_of_degree[:10], strict=True)
    print("  by degree: " + ", ".join(f"{n} {_pair(each)}" for n, each in enumerate(of_degrees, 1)))
    if fit.psnr_db:
        print(
            "PSNR of velocity from exact temperature: " + ", ".join(f"{k} {v:.1f} dB" for k, v in fit.psnr_db.items())
        )


def _pair(explained: Iterable[float]) -> str:
    """The values for the radial and for the lateral velocity."""
    return "/".join(f"{share:.2f}" for share in explained)
