"""The command line of `earthgan study`."""

from __future__ import annotations

import argparse
import itertools
import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from earthgan.cli import add_command, count, positive, shortened
from earthgan.files import write_json, write_whole

if TYPE_CHECKING:
    from earthgan.progress import Show
    from earthgan_training.study.result import Study

NAMES = ("input-size", "variables", "noise", "stripes", "condition")
ALL = "all"

_EXAMPLE = """earthgan study input-size --data dataset --out studies
  earthgan study all --data dataset --out studies --markdown studies.md"""


def add_study(subcommands: Any) -> None:
    """Add `study`."""
    parser = add_command(
        subcommands, "study", _study, "train small variants of the generator and find out which choice helps", _EXAMPLE
    )
    parser.add_argument("name", choices=(*NAMES, ALL), metavar="NAME", help=f"the study: {', '.join(NAMES)}, or {ALL}")
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DATASET", help="a data set made by `earthgan prepare`"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="folder for NAME.json and NAME.md")
    parser.add_argument("--seed", type=count, default=0, metavar="N", help="the first seed (default: 0)")
    parser.add_argument(
        "--updates", type=positive, metavar="N", help="number of updates for each variant (default: the study's own)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write all results as one JSON file")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also write all results as a Markdown document")


# The modules of the training are imported when the command runs, so that `earthgan --help` does not wait for torch.


def _study(arguments: argparse.Namespace) -> None:
    # Threads that wait for each other in a loop would take the cores of a shared machine. torch reads this when it is
    # loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from earthgan.progress import progress
    from earthgan_training.prepare.dataset import Dataset
    from earthgan_training.study.markdown import document
    from earthgan_training.study.run import run_study

    data, seed = Dataset(arguments.data), arguments.seed
    found: list[Study] = []
    for name in NAMES if arguments.name == ALL else (arguments.name,):
        with progress() as show:
            study = run_study(name, data, seed, arguments.updates, _shown(show, name))
        _print(study)
        write_json(arguments.out / f"{name}.json", study.as_json())
        write_whole(arguments.out / f"{name}.md", document([study], data, seed, _as_typed(arguments)))
        found.append(study)
    if arguments.json:
        write_json(arguments.json, {study.name: study.as_json() for study in found})
    if arguments.markdown:
        write_whole(arguments.markdown, document(found, data, seed, _as_typed(arguments)))


def _shown(show: Show, name: str) -> Callable[[str], None]:
    """A function that shows how many variants of a study are trained, and which one was the last."""
    done = itertools.count(1)
    show(name, 0, None)
    return lambda what: show(name, next(done), None, what)


def _print(study: Study) -> None:
    from rich.console import Console

    from earthgan_training.study.table import results, verdicts

    console = Console(highlight=False)
    results(study).show(console)
    verdicts(study).show(console, numbers=False)


def _as_typed(arguments: argparse.Namespace) -> str:
    """The command that writes the document again. Paths on this machine are shortened to their names."""
    words = [
        "earthgan",
        "study",
        arguments.name,
        "--data",
        shortened(arguments.data),
        "--out",
        shortened(arguments.out),
    ]
    if arguments.seed:
        words += ["--seed", str(arguments.seed)]
    if arguments.updates:
        words += ["--updates", str(arguments.updates)]
    if arguments.markdown:
        words += ["--markdown", shortened(arguments.markdown)]
    return shlex.join(words)
