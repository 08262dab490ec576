"""The command lines of `earthgan spectral` and `earthgan add-steps`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from earthgan.cli import add_command, count, numbers, positive


def add_spectral(subcommands: Any) -> None:
    """Add `spectral` and `add-steps`."""
    parser = add_command(
        subcommands,
        "spectral",
        _spectral,
        "make a surrogate that stores coded temperature and computes the velocity from it",
        "earthgan spectral raw --train 1-112 --velocity velocity.json --bytes 12000 --out model_store/default",
    )
    parser.add_argument("raw", type=Path, metavar="RAW", help="folder of spherical<step>.nc files")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="the surrogate folder to make")
    parser.add_argument(
        "--train", type=numbers, metavar="RANGE", help="time steps to fit modes and tables to (default: all)"
    )
    parser.add_argument(
        "--also",
        type=Path,
        nargs="+",
        default=[],
        metavar="RAW",
        help="folders of other runs, whose time steps are all used for fitting too",
    )
    parser.add_argument("--steps", type=numbers, metavar="RANGE", help="time steps to encode (default: all)")
    parser.add_argument(
        "--velocity",
        type=Path,
        metavar="FILE",
        help="result of `fit-velocity` (default: none, and the surrogate has no velocity)",
    )
    parser.add_argument(
        "--bytes", type=positive, default=12_000, metavar="N", help="average size of a coded time step (default: 12000)"
    )
    parser.add_argument(
        "--degree", type=positive, default=95, metavar="L", help="highest harmonic degree (default: 95)"
    )
    parser.add_argument(
        "--nodes", type=positive, default=45, metavar="N", help="number of Chebyshev nodes in radius (default: 45)"
    )
    parser.add_argument(
        "--updates",
        type=count,
        default=6000,
        metavar="N",
        help="number of training updates for the network; 0 makes no network (default: 6000)",
    )
    parser.add_argument("--title", default="Mantle convection, in harmonics", help="title to show on the page")
    parser.add_argument(
        "--notice", default="Reconstructed from coded harmonics", help="notice to show wherever the data are shown"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace the folder if it exists")

    parser = add_command(
        subcommands,
        "add-steps",
        _add_steps,
        "encode further time steps into a spectral surrogate",
        "earthgan add-steps model_store/default raw --steps 129-140",
    )
    parser.add_argument("surrogate", type=Path, help="the surrogate folder")
    parser.add_argument("raw", type=Path, metavar="RAW", help="folder of spherical<step>.nc files")
    parser.add_argument("--steps", type=numbers, metavar="RANGE", help="time steps to encode (default: all)")


def _spectral(arguments: argparse.Namespace) -> None:
    from earthgan.progress import progress
    from earthgan_training.coding.make import Recipe, make_spectral
    from earthgan_training.simulations.contest import contest_files
    from earthgan_training.velocity.gate import VelocityFit

    fit = VelocityFit.read(arguments.velocity) if arguments.velocity else None
    recipe = Recipe(
        step_bytes=arguments.bytes,
        degree=arguments.degree,
        nodes=arguments.nodes,
        updates=arguments.updates,
        profile=fit.profile if fit else None,
        gate=fit.gate if fit else None,
        title=arguments.title,
        notice=arguments.notice,
    )
    there = list(contest_files(arguments.raw))
    train, steps = arguments.train or there, arguments.steps or there
    with progress() as report:
        make_spectral(arguments.raw, train, steps, arguments.out, recipe, report, arguments.overwrite, arguments.also)
    print(arguments.out)


def _add_steps(arguments: argparse.Namespace) -> None:
    from earthgan.progress import progress
    from earthgan_training.coding.make import add_steps
    from earthgan_training.simulations.contest import contest_files

    with progress() as report:
        add_steps(arguments.surrogate, arguments.raw, arguments.steps or list(contest_files(arguments.raw)), report)
    print(arguments.surrogate)
