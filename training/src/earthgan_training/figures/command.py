"""The command line of `earthgan figures`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from earthgan.cli import add_command, count, numbers
from earthgan.errors import WrongUsage
from earthgan.files import write_json

_KINDS = ("preparation", "size", "maps", "profiles", "animation", "shells")
_EXAMPLE = """earthgan figures --surrogate model_store/default --truth raw --out figures
  earthgan figures --surrogate model_store/default --truth raw --out figures --kind maps --depths 660,1600
  earthgan figures --surrogate model_store/default --out figures --kind shells,animation --variables speed"""


def add_figures(subcommands: Any) -> None:
    """Add `figures`."""
    parser = add_command(
        subcommands, "figures", _figures, "draw a surrogate, beside the truth, for papers and lectures", _EXAMPLE
    )
    parser.add_argument("--surrogate", type=Path, required=True, metavar="FOLDER", help="the surrogate folder")
    parser.add_argument(
        "--truth", type=Path, metavar="RAW|DATASET", help="the simulation's files, or a dataset of them"
    )
    parser.add_argument("--mapping", type=Path, metavar="FILE.toml", help="the layout of those files (the contest's)")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the figures go")
    parser.add_argument(
        "--kind", type=_kinds, default=_KINDS[:-1], metavar="A,B", help=f"of {','.join(_KINDS)} (all but shells)"
    )
    parser.add_argument("--variables", type=_names, metavar="A,B", help="variables, derived ones too (the stored ones)")
    parser.add_argument("--shells", type=numbers, metavar="RANGE", help="such as 0-9,150 (three at random; all images)")
    parser.add_argument("--depths", type=_depths, metavar="KM,KM", help="the shells nearest to these depths")
    parser.add_argument("--steps", type=numbers, metavar="RANGE", help="time steps (the first; all in an animation)")
    parser.add_argument("--seed", type=count, default=0, metavar="N", help="of the random choice of shells (0)")
    parser.add_argument(
        "--projection", choices=["mollweide", "plate-carree"], default="mollweide", help="of maps (mollweide)"
    )
    parser.add_argument("--centre", type=float, default=0.0, metavar="DEG", help="the longitude in the middle (0)")
    parser.add_argument("--per-shell-range", action="store_true", help="colour limits of each shell, not of all")
    parser.add_argument("--animation", choices=["gif", "apng"], default="gif", help="format of animations (gif)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write what was drawn and counted as JSON")


def _kinds(text: str) -> tuple[str, ...]:
    for name in (names := _names(text)):
        if name not in _KINDS:
            raise argparse.ArgumentTypeError(f"unknown kind {name!r}: there are {', '.join(_KINDS)}")
    return names


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in text.split(",")))


def _depths(text: str) -> tuple[float, ...]:
    return tuple(float(depth) for depth in text.split(","))


# Modules that draw are imported when the command runs: `earthgan --help` should not wait for matplotlib.


def _figures(arguments: argparse.Namespace) -> None:
    from earthgan.progress import progress
    from earthgan_training.figures.animation import Animated
    from earthgan_training.figures.projection import Projection
    from earthgan_training.figures.run import Kind, Request, draw_figures
    from earthgan_training.simulations.mapping import layout_of

    if not -360 <= arguments.centre <= 360:
        raise WrongUsage(f"--centre {arguments.centre:g}: a longitude between -360 and 360 is needed")
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
    with progress() as show:
        report = draw_figures(
            arguments.surrogate,
            arguments.truth,
            layout_of(arguments.mapping),
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
