"""The command line of `earthgan download`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from earthgan.cli import add_command
from earthgan.errors import BadInput

_EXAMPLE = "earthgan download archives.toml --out raw"


def add_download(subcommands: Any) -> None:
    """Add `download`."""
    parser = add_command(
        subcommands, "download", _download, "fetch and verify archives that a table of your own names", _EXAMPLE
    )
    parser.add_argument(
        "table",
        type=Path,
        metavar="TABLE",
        help="TOML file with the name, address and sha256 of each of [[archives]]",
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder for the archives; a stopped run continues there"
    )


def _download(arguments: argparse.Namespace) -> None:
    from earthgan.files import locked
    from earthgan.progress import progress
    from earthgan_training.download.fetch import fetch
    from earthgan_training.download.table import read_table

    archives = read_table(arguments.table)
    arguments.out.mkdir(parents=True, exist_ok=True)
    faults = []
    with locked(arguments.out), progress() as show:
        for archive in archives:

            def watch(have: int, of: int | None, name: str = archive.name) -> None:
                show(f"{name} (MB)", have // 10**6, of and -(-of // 10**6))

            try:
                new = fetch(archive, arguments.out, watch)
            except BadInput as error:  # the other archives may come all the same
                faults.append(str(error))
            else:
                print(f"{arguments.out / archive.name}{'' if new else ': was there already'}")
    if faults:
        raise BadInput("\n".join(faults))
