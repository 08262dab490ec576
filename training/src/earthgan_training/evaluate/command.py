"""The command line of `earthgan evaluate`."""

from __future__ import annotations

import argparse
import json
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from earthgan.cli import add_command, numbers, positive, shortened
from earthgan_training.files import write_whole

if TYPE_CHECKING:
    from earthgan_training.evaluate.results import Evaluation

_EXAMPLE = """earthgan evaluate --surrogate model_store/default --truth raw --steps 113-116 --json fidelity.json
  earthgan evaluate --surrogate run/surrogate --truth raw --figures figures --markdown fidelity.md
  earthgan evaluate --surrogate model_store/default --truth raw --steps 30 --codecs sperr --rates 3000,6000,12000"""


def add_evaluate(subcommands: Any) -> None:
    """Add `evaluate`."""
    parser = add_command(
        subcommands, "evaluate", _evaluate, "measure a surrogate against the truth and against codecs", _EXAMPLE
    )
    parser.add_argument("--surrogate", type=Path, required=True, metavar="FOLDER", help="the surrogate folder")
    parser.add_argument("--truth", type=Path, required=True, metavar="RAW", help="a folder of files, a step each")
    parser.add_argument("--mapping", type=Path, metavar="FILE.toml", help="the files' layout (the contest's)")
    parser.add_argument("--steps", type=numbers, metavar="RANGE", help="time steps, such as 1-3,10 (all)")
    parser.add_argument("--members", type=positive, metavar="N", help="draws of a surrogate with noise (4)")
    parser.add_argument(
        "--codecs", metavar="A,B", help="of sperr, sz3, av1; none for no codec (all that are installed)"
    )
    parser.add_argument(
        "--rates", type=_rates, default=(), metavar="N,N", help="also code the first step in so many bytes"
    )
    parser.add_argument(
        "--beside", type=Path, nargs="+", default=[], metavar="FOLDER", help="surrogates of other sizes, for its curve"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write what was found as JSON")
    parser.add_argument("--figures", type=Path, metavar="DIR", help="also draw it: PNG files in this folder")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also write it as a document")


def _rates(text: str) -> tuple[int, ...]:
    return tuple(positive(piece) for piece in text.split(","))


def _evaluate(arguments: argparse.Namespace) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from earthgan_training.evaluate.markdown import document
    from earthgan_training.evaluate.pictures import draw
    from earthgan_training.evaluate.run import evaluate
    from earthgan_training.prepare.mapping import layout_of

    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("steps", total=None)

        def show(done: int, total: int, what: str) -> None:
            progress.update(bar, completed=done, total=total, description=what)

        found = evaluate(
            arguments.surrogate,
            arguments.truth,
            layout_of(arguments.mapping),
            steps=arguments.steps,
            members=arguments.members,
            codecs=_codecs(arguments.codecs),
            rates=arguments.rates,
            beside=arguments.beside,
            on_work=show,
        )
    _print(found)
    pictures = draw(found, arguments.figures) if arguments.figures else {}
    if arguments.markdown:
        beside = arguments.markdown.absolute().parent
        paths = {name: os.path.relpath(path, beside) for name, path in pictures.items()}
        write_whole(arguments.markdown, document(found, _as_typed(arguments), paths))
    if arguments.json:
        write_whole(arguments.json, json.dumps(found.as_json(), indent=2) + "\n")


def _codecs(names: str | None) -> list[str] | None:
    if names is None:
        return None
    return [] if names == "none" else names.split(",")


def _print(found: Evaluation) -> None:
    from rich.console import Console
    from rich.table import Table

    from earthgan_training.evaluate.table import tables

    console = Console(highlight=False)
    size = found.footprint
    console.print(f"{found.title}: {found.notice}", markup=False)
    console.print(
        f"{size.inputs_per_step:,} bytes a step and {size.model:,} of model: {size.per_step:,.0f} a step of 251"
    )
    for each in tables(found):
        table = Table(title=each.title, title_justify="left")
        for number, head in enumerate(each.head):
            table.add_column(head, justify="right" if number else "left")
        for row in each.rows:
            table.add_row(*(cell.replace("**", "") for cell in row))
        console.print(table)
    for step in found.steps:
        if step.clipped:
            console.print(f"step {step.t}: {step.clipped} numbers of the input lie outside what the surrogate stores")


def _as_typed(arguments: argparse.Namespace) -> str:
    """The command that makes the document again, folders of this machine shortened to their names."""
    words = [
        "earthgan",
        "evaluate",
        "--surrogate",
        shortened(arguments.surrogate),
        "--truth",
        shortened(arguments.truth),
    ]
    if arguments.mapping:
        words += ["--mapping", shortened(arguments.mapping)]
    if arguments.steps:
        words += ["--steps", _ranges(arguments.steps)]
    if arguments.members:
        words += ["--members", str(arguments.members)]
    if arguments.codecs:
        words += ["--codecs", arguments.codecs]
    if arguments.rates:
        words += ["--rates", ",".join(map(str, arguments.rates))]
    if arguments.beside:
        words += ["--beside", *map(shortened, arguments.beside)]
    if arguments.figures:
        words += ["--figures", shortened(arguments.figures)]
    return shlex.join([*words, "--markdown", shortened(arguments.markdown)])


def _ranges(steps: list[int]) -> str:
    """Such as 1-3,10."""
    firsts = [t for t in steps if t - 1 not in steps]
    lasts = [t for t in steps if t + 1 not in steps]
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in zip(firsts, lasts, strict=True))
