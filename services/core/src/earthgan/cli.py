"""The `earthgan` command. Each installed package adds its subcommands through the entry-point group
`earthgan.commands`.

An entry point is a function `register(subcommands)` that adds parsers. It sets `run` on each parser to a function that
takes the parsed arguments and returns nothing. `run` raises WrongUsage for options that do not go together, and another
EarthGANError when it fails. The exit status is 0 on success. On failure it is 1 and on wrong usage 2, and the command
prints one line that says why.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import entry_points
from itertools import pairwise
from pathlib import Path
from typing import Any

from earthgan import __version__
from earthgan.errors import EarthGANError, WrongUsage
from earthgan.files import write_json
from earthgan.surrogate import Surrogate
from earthgan.verify import verify

#: No range of time steps or shells holds more numbers than this. A longer one is a typing error.
MOST_NUMBERS = 100_000
#: Numbers with more digits may not fit into a 64-bit integer.
MOST_DIGITS = 18
_PIECE = re.compile(r"(\d+)(?:-(\d+))?", re.ASCII)


def make_parser() -> argparse.ArgumentParser:
    """The parser of all installed packages' subcommands."""
    parser = argparse.ArgumentParser(
        prog="earthgan", description="Look into a mantle-convection simulation without its data."
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    subcommands = parser.add_subparsers(metavar="COMMAND", required=True)
    register(subcommands)
    for entry_point in sorted(entry_points(group="earthgan.commands"), key=lambda entry: entry.name):
        entry_point.load()(subcommands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    arguments = make_parser().parse_args(argv)
    try:
        arguments.run(arguments)
    except EarthGANError as error:
        print(f"earthgan: {error}", file=sys.stderr)
        return 2 if isinstance(error, WrongUsage) else 1
    except OSError as error:
        reason = error.strerror or str(error)
        print(f"earthgan: {error.filename}: {reason}" if error.filename else f"earthgan: {reason}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def add_command(
    subcommands: Any, name: str, run: Callable[[argparse.Namespace], None], summary: str, example: str
) -> argparse.ArgumentParser:
    """Add a subcommand whose `--help` ends with an example."""
    parser: argparse.ArgumentParser = subcommands.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    return parser


def numbers(text: str) -> list[int]:
    """Parse whole numbers such as `1-3,10` and return them in ascending order. This is the `type` of an argument.

    >>> numbers("10,1-3")
    [1, 2, 3, 10]

    Raises ArgumentTypeError, with one sentence, if the text is not a list of numbers and ascending ranges, if it names
    a number twice, or if it stands for more than `MOST_NUMBERS` numbers.
    """
    found: list[int] = []
    for piece in text.split(","):
        match = _PIECE.fullmatch(piece.strip())
        if match is None:
            raise argparse.ArgumentTypeError(f"{piece!r} is neither a whole number nor a range such as 3-7")
        first, last = _digits(match[1]), _digits(match[2] or match[1])
        if last < first:
            raise argparse.ArgumentTypeError(f"the range {piece!r} ends before it begins")
        if last - first + len(found) >= MOST_NUMBERS:
            raise argparse.ArgumentTypeError(f"{text!r} stands for more than {MOST_NUMBERS:,} numbers")
        found.extend(range(first, last + 1))
    for before, after in pairwise(found := sorted(found)):
        if before == after:
            raise argparse.ArgumentTypeError(f"{text!r} names {after} twice")
    return found


def count(text: str) -> int:
    """Parse a whole number of at least 0. This is the `type` of an argument. Raises ArgumentTypeError."""
    return _at_least(0, text)


def positive(text: str) -> int:
    """Parse a whole number of at least 1. This is the `type` of an argument. Raises ArgumentTypeError."""
    return _at_least(1, text)


def add_spread_options(parser: argparse.ArgumentParser, kind: Callable[[str], int], default: int, words: str) -> None:
    """Add `--workers`, whose help is `words`, and `--scheduler`, which `earthgan.spread.spread` takes."""
    parser.add_argument("--workers", type=kind, default=default, metavar="N", help=f"{words} (default: {default})")
    parser.add_argument(
        "--scheduler", metavar="ADDRESS", help="use this Dask scheduler instead, such as tcp://host:8786"
    )


def _at_least(least: int, text: str) -> int:
    if not text.isascii() or not text.isdigit() or (number := _digits(text)) < least:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {least}")
    return number


def _digits(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise argparse.ArgumentTypeError(f"a number of {len(text)} digits is too large")
    return int(text)


def shortened(path: Path) -> str:
    """The path as a document names it. Only the last part of an absolute path means anything on another machine."""
    return path.name if path.is_absolute() else str(path)


def register(subcommands: Any) -> None:
    """Add the core's own subcommand, `info`."""
    info = add_command(
        subcommands, "info", _info, "verify a surrogate folder and describe it", "earthgan info model_store/default"
    )
    info.add_argument("surrogate", type=Path, help="the surrogate folder")
    info.add_argument("--json", type=Path, metavar="FILE", help="also write the description to FILE as JSON")


def _info(arguments: argparse.Namespace) -> None:
    surrogate = Surrogate(arguments.surrogate)
    verify(surrogate)
    spec, planet, rounded = surrogate.spec, surrogate.spec.planet, surrogate.spec.planet.rounded
    depths_km = [rounded(surrogate.depth_km(r)) for r in (0, surrogate.grid.shape[0] - 1)]
    facts: dict[str, Any] = {
        "title": spec.title,
        "notice": spec.provenance.notice,
        "credit": spec.provenance.credit,
        "licence": spec.provenance.licence,
        "simulated": spec.provenance.simulated,
        "digest": surrogate.digest,
        "preset": spec.generator.arguments.preset,
        "variables": list(surrogate.variables),
        "steps": [step.t for step in surrogate.steps],
        "grid": list(surrogate.grid.shape),
        "missing": _missing(surrogate),
        "radius_km": planet.radius_km,
        "core_km": planet.core_radius_km,
        "depths_km": depths_km,
        "length_unit": planet.unit,
    }
    facts = {name: value for name, value in facts.items() if value not in ("", None)}
    facts |= surrogate.kind.facts()
    if any(step.strength != 1 for step in surrogate.steps):
        facts["strength"] = [step.strength for step in surrogate.steps]
    for name, value in facts.items():
        print(f"{name:12} {value}")
    if arguments.json:
        write_json(arguments.json, facts)


def _missing(surrogate: Surrogate) -> str | None:
    """In how many steps cells have no value, and the largest share of them; None if all have one."""
    masks = [mask for step in surrogate.steps if (mask := surrogate.mask_of(step.t)) is not None]
    if not masks:
        return None
    share = max(mask.share for mask in masks)
    return f"up to {share:.2%} of the cells have no value, in {len(masks)} of {len(surrogate.steps)} steps"


if __name__ == "__main__":
    sys.exit(main())
