"""The `earthgan` command. Each installed package adds its subcommands through the entry-point group
`earthgan.commands`.

An entry point is a function `register(subcommands)` that adds parsers and sets `run` on each: a function from the
parsed arguments to nothing, which raises EarthGANError where it fails. Exit status: 0, 1 with one line on failure, 2
on wrong usage.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from earthgan import __version__
from earthgan.errors import EarthGANError
from earthgan.surrogate import Surrogate


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
    """Whole numbers such as `1-3,10`, each once, ascending: the `type` of an argument. Raises ValueError."""
    found: set[int] = set()
    for piece in text.split(","):
        first, _, last = piece.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    if not found:
        raise ValueError(text)
    return sorted(found)


def count(text: str) -> int:
    """A whole number from 0 on: the `type` of an argument. Raises ValueError."""
    if (number := int(text)) < 0:
        raise ValueError(text)
    return number


def positive(text: str) -> int:
    """A whole number from 1 on: the `type` of an argument. Raises ValueError."""
    if (number := int(text)) < 1:
        raise ValueError(text)
    return number


def shortened(path: Path) -> str:
    """A path as a document names it: of one on this machine alone, its last part."""
    return path.name if path.is_absolute() else str(path)


def register(subcommands: Any) -> None:
    """Add the core's own subcommand, `info`."""
    info = add_command(
        subcommands, "info", _info, "verify a surrogate folder and say what it is", "earthgan info model_store/default"
    )
    info.add_argument("surrogate", type=Path, help="the surrogate folder")
    info.add_argument("--json", type=Path, metavar="FILE", help="also write it as JSON")


def _info(arguments: argparse.Namespace) -> None:
    surrogate = Surrogate(arguments.surrogate)
    spec = surrogate.spec
    facts: dict[str, Any] = {
        "title": spec.title,
        "notice": spec.provenance.notice,
        "licence": spec.provenance.licence,
        "digest": surrogate.digest,
        "preset": spec.generator.arguments.preset,
        "variables": list(surrogate.variables),
        "steps": [step.t for step in surrogate.steps],
        "grid": list(surrogate.grid.shape),
        "depths_km": [surrogate.grid.depth_km(0), surrogate.grid.depth_km(len(surrogate.grid.radii_km) - 1)],
    }
    facts |= surrogate.kind.facts()
    for name, value in facts.items():
        print(f"{name:12} {value}")
    if arguments.json:
        arguments.json.write_text(json.dumps(facts, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
