"""The command line of `earthgan prepare`."""

from __future__ import annotations

import argparse
import itertools
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from earthgan.cli import add_command, count, numbers
from earthgan.errors import WrongUsage
from earthgan.files import write_json

if TYPE_CHECKING:
    from earthgan_training.prepare.recipe import Recipe
    from earthgan_training.simulations.layout import Layout

_EXAMPLE = """earthgan prepare raw --out dataset
  earthgan prepare raw --preset paper --out paper-dataset --workers 4
  earthgan prepare raw --inspect --out shells.png --json shells.json
  earthgan prepare atmosphere --mapping atmosphere.toml --out dataset"""


def add_prepare(subcommands: Any) -> None:
    """Add `prepare`."""
    parser = add_command(
        subcommands, "prepare", _prepare, "make a data set for training from a simulation's files", _EXAMPLE
    )
    parser.add_argument(
        "raw", type=Path, metavar="RAW", help="folder of the simulation's files, one time step per file"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DATASET", help="folder of the data set; with --inspect, a .png file"
    )
    parser.add_argument(
        "--preset", choices=["default", "paper"], default="default", help="method of preparation (default: default)"
    )
    parser.add_argument(
        "--mapping", type=Path, metavar="FILE.toml", help="layout of the files (default: the contest's)"
    )
    parser.add_argument(
        "--variables", metavar="A,B", help="variables (default: temperature,vx,vy,vz, or all in the mapping)"
    )
    parser.add_argument("--steps", type=numbers, metavar="RANGE", help="time steps, such as 1-3,10 (default: all)")
    parser.add_argument(
        "--held-out",
        type=numbers,
        metavar="RANGE",
        help="one block of time steps to hold out from training (default: the last eighth)",
    )
    parser.add_argument(
        "--gap",
        type=count,
        metavar="N",
        help="number of time steps to leave out on each side of that block (default: 2)",
    )
    parser.add_argument(
        "--truth", type=_size, metavar="RxC", help="rows and columns of the ground truth (default: 112x224)"
    )
    parser.add_argument(
        "--inputs",
        type=_size,
        metavar="LxRxC",
        help="layers, rows and columns of the conditional input (default: 30x14x28)",
    )
    parser.add_argument("--licence", default="unknown", help="licence of the data, for dataset.json")
    parser.add_argument("--notice", default="", help="notice to show wherever the data are shown")
    parser.add_argument("--measured", action="store_true", help="say that the data are measured, not simulated")
    parser.add_argument(
        "--workers",
        type=count,
        default=2,
        metavar="N",
        help="number of worker processes; 0 uses this process (default: 2)",
    )
    parser.add_argument(
        "--scheduler", metavar="ADDRESS", help="use this Dask scheduler instead, such as tcp://host:8786"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace a data set that was made with other settings")
    parser.add_argument("--inspect", action="store_true", help="look for damaged shells instead, and draw a picture")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the result as JSON")


def _size(text: str) -> tuple[int, ...]:
    parts = text.split("x")
    if not all(part.isascii() and part.isdigit() and int(part) >= 2 for part in parts):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 112x224 with at least 2 along each axis")
    return tuple(map(int, parts))


def _prepare(arguments: argparse.Namespace) -> None:
    from earthgan.progress import progress
    from earthgan.spec import Provenance
    from earthgan.spread import spread
    from earthgan_training.prepare.run import chosen_files, prepare
    from earthgan_training.simulations.mapping import layout_of

    recipe = _recipe(arguments, layout_of(arguments.mapping))
    if arguments.inspect:
        _inspect(arguments, recipe)
        return
    if arguments.out is None:
        raise WrongUsage("--out is missing: it names the data set's folder")
    total = len(chosen_files(arguments.raw, recipe, arguments.steps))
    provenance = Provenance(
        source=arguments.raw.resolve().name,
        licence=arguments.licence,
        notice=arguments.notice,
        simulated=not arguments.measured,
    )
    done = itertools.count(1)
    with spread(min(arguments.workers, total), arguments.scheduler) as way, progress() as show:
        show("steps", 0, total)
        report = prepare(
            arguments.raw,
            arguments.out,
            recipe,
            provenance,
            way,
            steps=arguments.steps,
            held_out=arguments.held_out,
            gap=arguments.gap,
            overwrite=arguments.overwrite,
            on_step=lambda: show("steps", next(done), total),
        )
    print(
        f"{arguments.out}: {report.made} steps were made, {report.found} existed already; "
        f"at most {report.peak_worker_mb:.0f} MB per worker"
    )
    if arguments.json:
        write_json(arguments.json, asdict(report))


def _inspect(arguments: argparse.Namespace, recipe: Recipe) -> None:
    from earthgan_training.prepare.inspection import inspect_file
    from earthgan_training.prepare.picture import draw
    from earthgan_training.prepare.run import chosen_files

    if arguments.out is not None and arguments.out.suffix != ".png":
        raise WrongUsage(f"{arguments.out}: the name of the picture must end in .png")
    files = chosen_files(arguments.raw, recipe, arguments.steps)
    if arguments.steps is None:  # the files of a run share their faults, so one file is enough
        files = dict(list(files.items())[:1])
    found = {t: inspect_file(path, recipe.layout) for t, path in files.items()}
    for inspection in found.values():
        for line in inspection.lines():
            print(line)
    if arguments.out is not None:
        draw(next(iter(found.values())), arguments.out)
        print(arguments.out)
    if arguments.json:
        content = {str(t): inspection.as_json() for t, inspection in found.items()}
        write_json(arguments.json, content)


def _recipe(arguments: argparse.Namespace, layout: Layout) -> Recipe:
    from earthgan.variables import PAPER_VARIABLES
    from earthgan_training.prepare.recipe import Preset, Recipe

    preset = Preset(arguments.preset)
    if arguments.variables:
        names = tuple(dict.fromkeys(arguments.variables.split(",")))
    elif arguments.mapping:
        names = tuple(each.variable.name for each in layout.variables)
    else:
        names = tuple(each.name for each in PAPER_VARIABLES)
    for name in names:
        layout.named(name)
    sizes = {name: size for name in ("truth", "inputs") if (size := getattr(arguments, name))}
    if sizes and preset is Preset.PAPER:
        raise WrongUsage("the preset paper has its own sizes: leave out --truth and --inputs")
    for name, axes in (("truth", 2), ("inputs", 3)):
        if name in sizes and len(sizes[name]) != axes:
            raise WrongUsage(f"--{name}: {axes} sizes are needed, such as {'112x224' if axes == 2 else '30x14x28'}")
    return Recipe(preset=preset, layout=layout, variables=names, **sizes)
