"""The command line of `earthgan inspect`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from earthgan.cli import add_command
from earthgan.files import write_json, write_whole

_EXAMPLE = """earthgan inspect model.nc
  earthgan inspect model.nc --write-mapping model.toml
  earthgan inspect run/*.nc --mapping model.toml --json"""

#: The value of `--json` without a file.
_PRINTED = Path("-")


def add_inspect(subcommands: Any) -> None:
    """Add `inspect`."""
    parser = add_command(
        subcommands, "inspect", _inspect, "say what is understood of a model's files, and what is suspicious", _EXAMPLE
    )
    parser.add_argument(
        "source", nargs="+", metavar="SOURCE", help="files, folders or stores that make up one simulation or model"
    )
    parser.add_argument(
        "--mapping", type=Path, metavar="FILE.toml", help="what the source does not say itself, or says wrongly"
    )
    parser.add_argument("--step", type=int, metavar="T", help="time step to look at (default: the first)")
    parser.add_argument(
        "--json",
        nargs="?",
        type=Path,
        const=_PRINTED,
        metavar="FILE",
        help="write what was found as JSON; without a file, print it instead of the text",
    )
    parser.add_argument("--write-mapping", type=Path, metavar="FILE.toml", help="write the mapping that says the same")
    parser.add_argument("--picture", type=Path, metavar="FILE.png", help="draw the profiles of all variables")
    parser.add_argument("--overwrite", action="store_true", help="replace the mapping if the file exists")


def _inspect(arguments: argparse.Namespace) -> None:
    from earthgan.errors import BadInput, WrongUsage
    from earthgan_training.inspection.report import report_on
    from earthgan_training.simulations.opening import open_source

    mapping = arguments.write_mapping
    if arguments.picture is not None and arguments.picture.suffix != ".png":
        raise WrongUsage(f"{arguments.picture}: the name of the picture must end in .png")
    if mapping is not None and mapping.exists() and not arguments.overwrite:
        raise BadInput(f"{mapping}: exists already; say --overwrite to replace it")
    source = open_source(arguments.source, arguments.mapping)
    report = report_on(source, arguments.step)
    if arguments.json == _PRINTED:
        print(json.dumps(report.as_json(), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        print("\n".join(report.lines()))
        if mapping is None:
            print(f"\n{source.mapping}", end="")
    if arguments.json not in (None, _PRINTED):
        write_json(arguments.json, report.as_json())
    if mapping is not None:
        write_whole(mapping, source.mapping)
    if arguments.picture is not None:
        from earthgan_training.inspection.picture import draw

        draw(report.damage, arguments.picture)
