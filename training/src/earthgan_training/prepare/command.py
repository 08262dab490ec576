"""The command line of `earthgan prepare`."""

from __future__ import annotations

import argparse
import itertools
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from earthgan.cli import add_command, add_spread_options, count, numbers
from earthgan.errors import WrongUsage
from earthgan.files import write_json
from earthgan_training.simulations.arguments import (
    add_provenance_options,
    add_source_options,
    provenance_of,
    read_by,
    source_of,
)

if TYPE_CHECKING:
    from earthgan_training.prepare.recipe import Recipe
    from earthgan_training.simulations.labelled import Source

_EXAMPLE = """earthgan prepare raw --out dataset
  earthgan prepare raw --preset paper --out paper-dataset --workers 4
  earthgan prepare raw --inspect --out shells.png --json shells.json
  earthgan prepare atmosphere --mapping atmosphere.toml --out dataset"""


def add_prepare(subcommands: Any) -> None:
    """Add `prepare`."""
    parser = add_command(
        subcommands, "prepare", _prepare, "make a data set for training from a simulation's files", _EXAMPLE
    )
    add_source_options(parser)
    parser.add_argument(
        "--out", type=Path, metavar="DATASET", help="folder of the data set; with --inspect, a .png file"
    )
    parser.add_argument(
        "--preset", choices=["default", "paper"], default="default", help="method of preparation (default: default)"
    )
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
        "--truth",
        type=_size,
        metavar="RxC",
        help="rows and columns of the ground truth (default: 112x224, or what the source has)",
    )
    parser.add_argument(
        "--inputs",
        type=_size,
        metavar="LxRxC",
        help="layers, rows and columns of the conditional input (default: an eighth of the truth's, at most 30x14x28)",
    )
    add_provenance_options(parser)
    add_spread_options(parser, count, 2, "number of worker processes; 0 uses this process")
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
    from earthgan.spread import spread
    from earthgan_training.prepare.recipe import about_sizes
    from earthgan_training.prepare.run import prepare

    _check(arguments)
    if arguments.inspect:
        _inspect(arguments)
        return
    source = source_of(arguments)
    recipe, total = _recipe(arguments, source), len(source.steps)
    done = itertools.count(1)
    with spread(min(arguments.workers, total), arguments.scheduler) as way, progress() as show:
        show("steps", 0, total)
        report = prepare(
            source,
            arguments.out,
            recipe,
            provenance_of(arguments, source),
            way,
            title=arguments.title,
            held_out=arguments.held_out,
            gap=arguments.gap,
            overwrite=arguments.overwrite,
            on_step=lambda: show("steps", next(done), total),
        )
    for note in report.notes:
        print(note, file=sys.stderr)
    if line := about_sizes(recipe, source.grid):
        print(line)
    print(
        f"{arguments.out}: {report.made} steps were made, {report.found} existed already; "
        f"at most {report.peak_worker_mb:.0f} MB per worker"
    )
    if arguments.json:
        write_json(arguments.json, asdict(report))


def _check(arguments: argparse.Namespace) -> None:
    from earthgan_training.prepare.recipe import Preset

    if arguments.inspect and arguments.out is not None and arguments.out.suffix != ".png":
        raise WrongUsage(f"{arguments.out}: the name of the picture must end in .png")
    if not arguments.inspect and arguments.out is None:
        raise WrongUsage("--out is missing: it names the data set's folder")
    if (arguments.truth or arguments.inputs) and Preset(arguments.preset) is Preset.PAPER:
        raise WrongUsage("the preset paper has its own sizes: leave out --truth and --inputs")
    for name, axes in (("truth", 2), ("inputs", 3)):
        size = getattr(arguments, name)
        if size and len(size) != axes:
            raise WrongUsage(f"--{name}: {axes} sizes are needed, such as {'112x224' if axes == 2 else '30x14x28'}")


def _inspect(arguments: argparse.Namespace) -> None:
    from earthgan_training.inspection.damage import inspect_step
    from earthgan_training.inspection.picture import draw

    source = read_by(arguments, arguments.source, arguments.steps).chosen(arguments.variables)
    # The steps of a run share their faults, so one step is enough.
    steps = source.steps if arguments.steps else source.steps[:1]
    found = {step.t: inspect_step(source, step.t) for step in steps}
    for inspection in found.values():
        for line in inspection.lines():
            print(line)
    if arguments.out is not None:
        draw(next(iter(found.values())), arguments.out)
        print(arguments.out)
    if arguments.json:
        content = {str(t): inspection.as_json() for t, inspection in found.items()}
        write_json(arguments.json, content)


def _recipe(arguments: argparse.Namespace, source: Source) -> Recipe:
    from earthgan_training.prepare.recipe import Preset, Recipe, fitting

    preset = Preset(arguments.preset)
    if preset is Preset.PAPER:
        return Recipe(preset=preset, missing=source.reader.missing.value)
    truth, inputs = fitting(source.grid, arguments.truth, arguments.inputs)
    return Recipe(preset=preset, truth=truth, inputs=inputs, missing=source.reader.missing.value)
