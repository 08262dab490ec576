"""The command line of `earthgan evaluate`."""

from __future__ import annotations

import argparse
import os
import shlex
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from earthgan.cli import add_command, numbers, positive, shortened
from earthgan.errors import WrongUsage
from earthgan.files import write_json, write_whole
from earthgan_training.simulations.arguments import add_reading_options, names, read_by

if TYPE_CHECKING:
    from earthgan_training.evaluate.results import Evaluation

_EXAMPLE = """earthgan evaluate --surrogate model_store/default --truth raw --steps 113-116 --json fidelity.json
  earthgan evaluate --surrogate run/surrogate --truth raw --figures figures --markdown fidelity.md
  earthgan evaluate --surrogate run/surrogate --truth raw --steps 113-116 --truth another-run --steps 6,22
  earthgan evaluate --surrogate model_store/default --truth raw --steps 30 --codecs sperr --rates 3000,6000,12000"""


def add_evaluate(subcommands: Any) -> None:
    """Add `evaluate`."""
    parser = add_command(
        subcommands, "evaluate", _evaluate, "compare a surrogate with the ground truth and with codecs", _EXAMPLE
    )
    parser.add_argument("--surrogate", type=Path, required=True, metavar="FOLDER", help="the surrogate folder")
    parser.add_argument(
        "--truth",
        required=True,
        nargs="+",
        action="append",
        metavar="SOURCE",
        help="files, folders or stores of the ground truth; repeat the option for other runs",
    )
    add_reading_options(parser)
    parser.add_argument(
        "--steps",
        type=numbers,
        action="append",
        metavar="RANGE",
        help="time steps, such as 1-3,10 (default: all); once for each --truth, in the same order",
    )
    parser.add_argument(
        "--variables", type=names, metavar="A,B", help="variables to measure (default: all that the surrogate stores)"
    )
    parser.add_argument(
        "--members", type=positive, metavar="N", help="number of draws, for a surrogate with noise (default: 4)"
    )
    parser.add_argument(
        "--codecs", metavar="A,B", help="codecs among sperr, sz3 and av1, or none (default: all that are installed)"
    )
    parser.add_argument(
        "--rates",
        type=_rates,
        default=(),
        metavar="N,N",
        help="also code each variable of the first time step in these numbers of bytes",
    )
    parser.add_argument(
        "--beside",
        type=Path,
        nargs="+",
        default=[],
        metavar="FOLDER",
        help="surrogates of other sizes, for a curve through all sizes",
    )
    parser.add_argument(
        "--bounds",
        type=_percentages,
        default=(),
        metavar="%,%",
        help="also compare codecs that promise a largest error, in percent of each variable's range: SPERR, SZ3, EBCC",
    )
    parser.add_argument(
        "--tracers", type=positive, default=0, metavar="N", help="also carry N tracers by both flows for an overturn"
    )
    parser.add_argument(
        "--network",
        type=positive,
        default=0,
        metavar="UPDATES",
        help="also train coordinate networks of the same bytes on the first time step (slow)",
    )
    parser.add_argument(
        "--series",
        action="store_true",
        help="also compare the bytes of all time steps together with SPERR that uses time (slow)",
    )
    parser.add_argument(
        "--features", action="store_true", help="also compare slabs and plumes: where they are, and which is which"
    )
    parser.add_argument(
        "--grid",
        choices=("paper", "source"),
        default="paper",
        help="where to compare: on the grid of the paper's ground truth, or on the source's own (default: paper)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the results as JSON")
    parser.add_argument("--figures", type=Path, metavar="DIR", help="also draw the results as PNG files in this folder")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also write the results as a Markdown document")


def _rates(text: str) -> tuple[int, ...]:
    return tuple(positive(piece) for piece in text.split(","))


def _percentages(text: str) -> tuple[float, ...]:
    """Shares of a range, written as percentages from above 0 to 100."""
    percentages = [float(piece) for piece in text.split(",")]
    if not all(0 < each <= 100 for each in percentages):
        raise ValueError("a bound is more than 0 and at most 100 percent")
    return tuple(each / 100 for each in percentages)


def _evaluate(arguments: argparse.Namespace) -> None:
    from earthgan.progress import progress
    from earthgan.surrogate import Surrogate
    from earthgan_training.evaluate.asked import Asked
    from earthgan_training.evaluate.markdown import document
    from earthgan_training.evaluate.pictures import draw, draw_size
    from earthgan_training.evaluate.run import evaluate

    runs: list[list[str]] = arguments.truth
    steps = arguments.steps or [None] * len(runs)
    if len(steps) != len(runs):
        raise WrongUsage("--steps must be given once for each --truth, or not at all")
    of_runs = [Path(run[0]).absolute().name for run in runs]
    if len(set(of_runs)) != len(of_runs):
        raise WrongUsage("the sources of --truth need different names")
    sources = [read_by(arguments, run, chosen) for run, chosen in zip(runs, steps, strict=True)]
    with progress() as show:
        found = [
            evaluate(
                arguments.surrogate,
                source,
                members=arguments.members,
                codecs=_codecs(arguments.codecs),
                rates=arguments.rates,
                beside=arguments.beside,
                asked=Asked(
                    arguments.bounds, arguments.network, arguments.tracers, arguments.series, arguments.features
                ),
                on_source_grid=arguments.grid == "source",
                variables=arguments.variables,
                on_work=lambda done, total, what: show("steps", done, total, what),
            )
            for source in sources
        ]
    for source, each in zip(sources, found, strict=True):
        if len(runs) > 1:
            print(f"{source.address}:")
        _print(each)
    pictures = [
        draw(each, arguments.figures, f"fidelity-{name}" if number else "fidelity") if arguments.figures else {}
        for number, (name, each) in enumerate(zip(of_runs, found, strict=True))
    ]
    if arguments.figures:
        pictures[0]["size"] = draw_size(Surrogate(arguments.surrogate), arguments.figures)
    if arguments.markdown:
        beside = arguments.markdown.absolute().parent
        paths = [{name: os.path.relpath(path, beside) for name, path in of_run.items()} for of_run in pictures]
        write_whole(arguments.markdown, document(of_runs, found, _as_typed(arguments), paths))
    if arguments.json:
        others = {name: each.as_json() for name, each in zip(of_runs[1:], found[1:], strict=True)}
        write_json(arguments.json, found[0].as_json() | {"other_runs": others})


def _codecs(names: str | None) -> list[str] | None:
    if names is None:
        return None
    return [] if names == "none" else names.split(",")


def _print(found: Evaluation) -> None:
    from rich.console import Console

    from earthgan_training.evaluate.table import tables, verdict

    console = Console(highlight=False)
    size = found.footprint
    console.print(f"{found.title}: {found.notice}", markup=False)
    console.print(
        f"{size.inputs_per_step:,} bytes a step and {size.model:,} of model: {size.per_step:,.0f} a step of 251"
    )
    for each in tables(found):
        each.show(console)
    for line in verdict(found):
        print(line)
    for step in found.steps:
        if step.strength != 1:
            print(f"step {step.t}: its buoyancy is {step.strength:g} times that of the surrogate's profile")
        if step.clipped:
            console.print(f"step {step.t}: {step.clipped} numbers of the input lie outside what the surrogate stores")


def _as_typed(arguments: argparse.Namespace) -> str:
    """The command that writes the document again. Paths on this machine are shortened to their names."""
    words = ["earthgan", "evaluate", "--surrogate", shortened(arguments.surrogate)]
    for run, steps in zip_longest(arguments.truth, arguments.steps or []):
        words += ["--truth", *(shortened(Path(each)) for each in run), *(["--steps", _ranges(steps)] if steps else [])]
    if arguments.mapping:
        words += ["--mapping", shortened(arguments.mapping)]
    if arguments.missing:
        words += ["--missing", arguments.missing]
    if arguments.variables:
        words += ["--variables", ",".join(arguments.variables)]
    if arguments.members:
        words += ["--members", str(arguments.members)]
    if arguments.codecs:
        words += ["--codecs", arguments.codecs]
    if arguments.rates:
        words += ["--rates", ",".join(map(str, arguments.rates))]
    if arguments.beside:
        words += ["--beside", *map(shortened, arguments.beside)]
    if arguments.bounds:
        words += ["--bounds", ",".join(f"{100 * each:g}" for each in arguments.bounds)]
    if arguments.tracers:
        words += ["--tracers", str(arguments.tracers)]
    if arguments.network:
        words += ["--network", str(arguments.network)]
    if arguments.series:
        words += ["--series"]
    if arguments.features:
        words += ["--features"]
    if arguments.grid != "paper":
        words += ["--grid", arguments.grid]
    if arguments.figures:
        words += ["--figures", shortened(arguments.figures)]
    return shlex.join([*words, "--markdown", shortened(arguments.markdown)])


def _ranges(steps: list[int]) -> str:
    """The time steps as text, such as 1-3,10."""
    firsts = [t for t in steps if t - 1 not in steps]
    lasts = [t for t in steps if t + 1 not in steps]
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in zip(firsts, lasts, strict=True))
