"""The command line of `earthgan site`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from earthgan.cli import add_command
from earthgan.errors import BadInput
from earthgan.files import whole, write_json

_EXAMPLE = """earthgan site model_store/default --out site
  earthgan site model_store/default mine --out site
  python3 -m http.server --directory site"""


def register(subcommands: Any) -> None:
    """Add `site`."""
    parser = add_command(
        subcommands,
        "site",
        _site,
        "write the page and surrogates as files for any web server; readers' browsers compute everything",
        _EXAMPLE,
    )
    parser.add_argument(
        "surrogates", type=Path, nargs="+", metavar="FOLDER", help="surrogate folder; first shown first"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write: a new or an empty one")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the report as JSON")


def _site(arguments: argparse.Namespace) -> None:
    from earthgan_gateway.settings import SHIPPED
    from earthgan_gateway.site.write import opened, write_site

    out: Path = arguments.out
    _check_empty(out)
    shown = opened(arguments.surrogates)
    with whole(out) as part:
        write_site(part, (SHIPPED / "client").resolve(), shown)
    files = [path for path in out.rglob("*") if path.is_file()]
    names, size = [each.name for each in shown], sum(path.stat().st_size for path in files)
    print(f"{out}: {len(files)} files, {size / 1e6:.1f} MB, with {', '.join(names)}")
    print(f"to look at it: python3 -m http.server --directory {out}")
    if arguments.json:
        write_json(arguments.json, {"surrogates": names, "files": len(files), "bytes": size})


def _check_empty(out: Path) -> None:
    """Raise BadInput if there is anything at `out` but an empty folder."""
    if out.is_dir():
        if any(out.iterdir()):
            raise BadInput(f"{out} is not empty: a site is written into a new or an empty folder")
    elif out.exists() or out.is_symlink():
        raise BadInput(f"{out} is not a folder")
