"""The options that every command which reads a source shares, and what they mean.

`add_source_options` and `source_of` read the same source in every command. `add_provenance_options` and `provenance_of`
say where it comes from: a flag overrides what the source says of itself, and nothing is assumed.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from earthgan.cli import numbers
from earthgan.errors import BadInput
from earthgan.spec import Provenance

if TYPE_CHECKING:
    from earthgan_training.simulations.labelled import Source

_MISSING = {
    "refuse": "refuse the source",
    "fill": "fill cells without a value smoothly",
    "mask": "keep them transparent in maps and NaN in answers",
}


def add_source_options(parser: argparse.ArgumentParser, missing: Sequence[str] = ("refuse", "fill")) -> None:
    """Add the positional SOURCE, and `--variables`, `--steps` and those of `add_reading_options`."""
    parser.add_argument(
        "source", nargs="+", metavar="SOURCE", help="files, folders or stores that make up one simulation or model"
    )
    add_reading_options(parser, missing)
    parser.add_argument(
        "--variables", type=names, metavar="A,B", help="variables (default: all; of the contest's, the paper's four)"
    )
    parser.add_argument("--steps", type=numbers, metavar="RANGE", help="time steps, such as 1-3,10 (default: all)")


def add_reading_options(parser: argparse.ArgumentParser, missing: Sequence[str] = ("refuse", "fill")) -> None:
    """Add `--mapping` and `--missing`, which say how any source of the command is read."""
    parser.add_argument(
        "--mapping", type=Path, metavar="FILE.toml", help="what the source does not say itself, or says wrongly"
    )
    parser.add_argument(
        "--missing",
        choices=missing,
        help="where cells have no value: "
        + "; ".join(f"{name}: {_MISSING[name]}" for name in missing)
        + " (default: as the mapping says, or refuse)",
    )
    parser.set_defaults(missing_choices=missing)


def add_provenance_options(parser: argparse.ArgumentParser, title: bool = True) -> None:
    """Add `--title`, `--credit`, `--licence`, `--notice`, and `--simulated` or `--measured`."""
    if title:
        parser.add_argument("--title", help="title to show on the page (default: the source's own)")
    parser.add_argument("--credit", help="whom to credit wherever the data are shown (default: as the source says)")
    parser.add_argument("--licence", help="licence of the data (default: as the source says)")
    parser.add_argument("--notice", help="notice to show wherever the data are shown (default: as the source says)")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--simulated", action="store_const", const=True, help="say that the data are simulated")
    kind.add_argument(
        "--measured",
        action="store_const",
        const=False,
        dest="simulated",
        help="say that the data are measured, not simulated",
    )


def names(text: str) -> tuple[str, ...]:
    """Parse names such as `vx,vy`, each kept once. This is the `type` of an argument."""
    return tuple(dict.fromkeys(name.strip() for name in text.split(",")))


def source_of(arguments: argparse.Namespace) -> Source:
    """The source that the options name, with the chosen variables and steps. Raises BadInput."""
    source = read_by(arguments, arguments.source, arguments.steps)
    return source.chosen(arguments.variables or usual_variables(source))


def read_by(
    arguments: argparse.Namespace, addresses: Sequence[str | Path], steps: Iterable[int] | None = None
) -> Source:
    """Addresses read as the options say, with all variables, and with some steps or all. Raises BadInput."""
    from earthgan_training.simulations.opening import Missing, open_source

    asked = Missing(arguments.missing) if arguments.missing else None
    source = open_source(addresses, arguments.mapping, missing=asked, steps=steps)
    if source.reader.missing not in arguments.missing_choices:
        raise BadInput(
            f"{arguments.mapping}: keeps cells without a value, but this command needs one in every cell: --missing "
            f"{arguments.missing_choices[-1]}"
        )
    return source


def usual_variables(source: Source) -> tuple[str, ...]:
    """All variables of a source; but if some have known defects, as in the contest's files, only the paper's four."""
    from earthgan.variables import PAPER_VARIABLES

    held = [each.variable.name for each in source.variables]
    sound = [each.name for each in PAPER_VARIABLES if each.name in held]
    return tuple(sound if sound and any(each.degraded for each in source.variables) else held)


def provenance_of(arguments: argparse.Namespace, source: Source) -> Provenance:
    """Where the data come from: what the flags say, and otherwise what the source says."""
    flags = ("licence", "notice", "credit", "simulated")
    given = {name: value for name in flags if (value := getattr(arguments, name)) is not None}
    return source.provenance.model_copy(update=given)
