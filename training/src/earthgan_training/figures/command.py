"""The command line of `earthgan figures`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from earthgan.cli import add_command, count, numbers
from earthgan.errors import WrongUsage
from earthgan.files import write_json
from earthgan_training.simulations.arguments import add_reading_options, read_by

_KINDS = ("preparation", "size", "maps", "profiles", "animation", "shells")
_EXAMPLE = """earthgan figures --surrogate model_store/default --truth raw --out figures
  earthgan figures --surrogate model_store/default --truth raw --out figures --kind maps --depths 660,1600
  earthgan figures --surrogate model_store/default --out figures --kind shells,animation --variables speed
  earthgan figures --training run --out figures"""


def add_figures(subcommands: Any) -> None:
    """Add `figures`."""
    parser = add_command(
        subcommands,
        "figures",
        _figures,
        "draw figures of a surrogate and the ground truth, or of a training run, for papers and lectures",
        _EXAMPLE,
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--surrogate", type=Path, metavar="FOLDER", help="the surrogate folder")
    what.add_argument(
        "--training",
        type=Path,
        metavar="RUN",
        help="a run of `earthgan train` instead: its measurements, and an animation of its pictures",
    )
    parser.add_argument(
        "--truth",
        nargs="+",
        metavar="SOURCE|DATASET",
        help="files, folders or stores of the ground truth, or a data set made from them",
    )
    add_reading_options(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the figures")
    parser.add_argument(
        "--kind",
        type=_kinds,
        default=_KINDS[:-1],
        metavar="A,B",
        help=f"kinds of figure among {','.join(_KINDS)} (default: all except shells)",
    )
    parser.add_argument(
        "--variables", type=_names, metavar="A,B", help="variables, stored or derived (default: the stored ones)"
    )
    parser.add_argument(
        "--shells",
        type=numbers,
        metavar="RANGE",
        help="radial shells, such as 0-9,150 (default: three at random; all for the kind shells)",
    )
    parser.add_argument(
        "--depths", type=_depths, metavar="KM,KM", help="draw the radial shells nearest to these depths"
    )
    parser.add_argument(
        "--steps", type=numbers, metavar="RANGE", help="time steps (default: the first; all in an animation)"
    )
    parser.add_argument(
        "--seed", type=count, default=0, metavar="N", help="seed for the random choice of shells (default: 0)"
    )
    parser.add_argument(
        "--projection",
        choices=["mollweide", "plate-carree"],
        default="mollweide",
        help="projection of maps (default: mollweide)",
    )
    parser.add_argument(
        "--centre", type=float, default=0.0, metavar="DEG", help="longitude in the middle of maps (default: 0)"
    )
    parser.add_argument("--per-shell-range", action="store_true", help="give each shell its own colour limits")
    parser.add_argument(
        "--animation", choices=["gif", "apng"], default="gif", help="format of animations (default: gif)"
    )
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="also write the list of figures and the counted bytes as JSON"
    )


def _kinds(text: str) -> tuple[str, ...]:
    for name in (names := _names(text)):
        if name not in _KINDS:
            raise argparse.ArgumentTypeError(f"unknown kind {name!r}: choose from {', '.join(_KINDS)}")
    return names


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in text.split(",")))


def _depths(text: str) -> tuple[float, ...]:
    return tuple(float(depth) for depth in text.split(","))


# The modules that draw are imported when the command runs, so that `earthgan --help` does not wait for matplotlib.


def _figures(arguments: argparse.Namespace) -> None:
    from earthgan.progress import progress
    from earthgan_training.figures.animation import Animated
    from earthgan_training.figures.projection import Projection
    from earthgan_training.figures.run import Kind, Request, draw_figures
    from earthgan_training.figures.training import draw_training
    from earthgan_training.prepare.spec import DATASET_FILE

    if arguments.training:
        for path in draw_training(arguments.training, arguments.out, Animated(arguments.animation)):
            print(path)
        return
    if not -360 <= arguments.centre <= 360:
        raise WrongUsage(f"--centre {arguments.centre:g}: must be a longitude between -360 and 360")
    request = Request(
        kinds=tuple(Kind(name) for name in arguments.kind),
        variables=arguments.variables,
        shells=arguments.shells,
        depths_km=arguments.depths or (),
        steps=arguments.steps,
        seed=arguments.seed,
        projection=Projection(arguments.projection),
        centre_deg=arguments.centre,
        per_shell_range=arguments.per_shell_range,
        animated=Animated(arguments.animation),
    )
    truth = None
    if arguments.truth:
        first = Path(arguments.truth[0])
        truth = first if (first / DATASET_FILE).exists() else read_by(arguments, arguments.truth, arguments.steps)
    with progress() as show:
        report = draw_figures(
            arguments.surrogate,
            truth,
            arguments.out,
            request,
            lambda done, of: show("pictures", done, of),
        )
    for path in report.files:
        print(path)
    for name, reason in report.left_out.items():
        print(f"left out: {name} ({reason})")
    if arguments.json:
        sizes = report.sizes
        found = {
            "files": [path.relative_to(arguments.out).as_posix() for path in report.files],
            "left_out": report.left_out,
            "bytes": {"truth": sizes.truth, "surrogate": sizes.total, "parts": sizes.parts} if sizes else None,
        }
        write_json(arguments.json, found)
