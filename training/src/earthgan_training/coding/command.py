"""The command lines of `earthgan spectral` and `earthgan add-steps`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from earthgan.cli import add_command, count, numbers, positive
from earthgan.errors import BadInput, WrongUsage
from earthgan_training.simulations.arguments import (
    add_provenance_options,
    add_reading_options,
    add_source_options,
    provenance_of,
    read_by,
    usual_variables,
)
from earthgan_training.simulations.bounds import asked_bounds

#: The usual size of a time step, and the usual number of nodes. Nodes that are hardly fewer than shells are determined
#: so badly that temperature stays below 50 dB.
USUAL_BYTES, USUAL_NODES = 12_000, 45


def add_spectral(subcommands: Any) -> None:
    """Add `spectral` and `add-steps`."""
    parser = add_command(
        subcommands,
        "spectral",
        _spectral,
        "make a surrogate that stores variables as coded harmonics, and can compute the velocity from temperature",
        "earthgan spectral raw --train 1-112 --velocity velocity.json --bytes 12000 --out model_store/default",
    )
    add_source_options(parser)
    add_provenance_options(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="the surrogate folder to make")
    parser.add_argument(
        "--train",
        type=numbers,
        metavar="RANGE",
        help="time steps to fit the code to (default: some, or all with --velocity)",
    )
    parser.add_argument(
        "--bytes",
        type=positive,
        metavar="N",
        help="average size of a coded time step; without --velocity, everything is counted (default: 12000)",
    )
    parser.add_argument(
        "--max-error",
        type=asked_bounds,
        metavar="X",
        help="largest error of each variable in any cell of the source, such as 1%%, 5K or temperature=5K,vx=1%%,…; "
        "needs --velocity, and chooses the size unless --bytes does",
    )
    parser.add_argument(
        "--degree",
        type=positive,
        metavar="L",
        help="highest harmonic degree (default: what the source's grid bears; 95 at most with --velocity)",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace the folder if it exists")
    flow = parser.add_argument_group("velocity from temperature")
    flow.add_argument(
        "--velocity",
        type=Path,
        metavar="FILE",
        help="result of `fit-velocity` (default: none, and components of velocity are coded like other variables)",
    )
    flow.add_argument(
        "--also",
        type=Path,
        nargs="+",
        default=[],
        metavar="SOURCE",
        help="other runs, whose time steps are all used for fitting too",
    )
    flow.add_argument(
        "--nodes",
        type=positive,
        metavar="N",
        help="number of Chebyshev nodes in radius (default: 45, or half the number of shells if that is less)",
    )
    flow.add_argument(
        "--updates",
        type=count,
        default=6000,
        metavar="N",
        help="number of training updates for the network; 0 makes no network (default: 6000)",
    )
    flow.add_argument(
        "--key-every",
        type=positive,
        default=1,
        metavar="N",
        help="make one time step in N a key frame, and predict the others from the step before (default: 1)",
    )

    parser = add_command(
        subcommands,
        "add-steps",
        _add_steps,
        "encode further time steps into a surrogate of coded harmonics",
        "earthgan add-steps model_store/default raw --steps 129-140",
    )
    parser.add_argument("surrogate", type=Path, help="the surrogate folder")
    parser.add_argument("source", nargs="+", metavar="SOURCE", help="files, folders or stores that hold the steps")
    add_reading_options(parser)
    parser.add_argument("--steps", type=numbers, metavar="RANGE", help="time steps to encode (default: all)")


def _spectral(arguments: argparse.Namespace) -> None:
    from dataclasses import replace

    from earthgan.progress import progress
    from earthgan_training.coding.harmonics import fit_harmonics
    from earthgan_training.coding.make import Recipe, make_spectral
    from earthgan_training.coding.promise import bounds_in
    from earthgan_training.velocity.gate import VelocityFit

    fit = VelocityFit.read(arguments.velocity) if arguments.velocity else None
    if fit is None and arguments.max_error:
        raise WrongUsage("--max-error needs --velocity here; `earthgan make --max-error` takes any variables")
    if fit is None and arguments.also:
        raise BadInput("--also needs --velocity: without it, a code is fitted to the source alone")
    if fit is None and arguments.key_every > 1:
        raise BadInput("--key-every needs --velocity: without it, every time step is a key frame")
    # Without --velocity, the code is fitted to some of the steps that it holds; with it, to all.
    known = arguments.steps and (arguments.train or fit is None)
    source = read_by(arguments, arguments.source, [*arguments.steps, *(arguments.train or ())] if known else None)
    source = replace(
        source.chosen(arguments.variables or usual_variables(source)),
        title=arguments.title or source.title,
        provenance=provenance_of(arguments, source),
    )
    with progress() as report:
        if fit is None:
            fit_harmonics(
                source,
                arguments.out,
                step_bytes=arguments.bytes or USUAL_BYTES,
                degree=arguments.degree,
                train=arguments.train,
                steps=arguments.steps,
                measure=0,
                report=report,
                overwrite=arguments.overwrite,
            )
        else:
            every = [step.t for step in source.steps]
            train, steps = arguments.train or every, arguments.steps or every
            largest = bounds_in(source, arguments.max_error, steps) if arguments.max_error else None
            recipe = Recipe(
                step_bytes=arguments.bytes or (None if largest else USUAL_BYTES),
                max_error=largest,
                degree=arguments.degree,
                nodes=arguments.nodes or max(4, min(USUAL_NODES, (source.grid.shape[0] + 1) // 2)),
                updates=arguments.updates,
                key_every=arguments.key_every,
                profile=fit.profile,
                gate=fit.gate,
            )
            also = [read_by(arguments, [each]) for each in arguments.also]
            make_spectral(source, train, steps, arguments.out, recipe, report, arguments.overwrite, also)
    print(arguments.out)


def _add_steps(arguments: argparse.Namespace) -> None:
    from earthgan.progress import progress
    from earthgan_training.coding.make import add_steps

    source = read_by(arguments, arguments.source, arguments.steps)
    with progress() as report:
        notes = add_steps(arguments.surrogate, source, [step.t for step in source.steps], report)
    for note in notes:
        print(note, file=sys.stderr)
    print(arguments.surrogate)
