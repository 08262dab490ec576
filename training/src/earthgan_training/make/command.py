"""The command lines of `earthgan make`, `earthgan view` and `earthgan example`."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from earthgan.cli import add_command, positive
from earthgan_training.make.codes import KINDS
from earthgan_training.make.goal import USUAL_DB, Quality, Size, asked_bounds, decibels
from earthgan_training.simulations.arguments import (
    add_provenance_options,
    add_source_options,
    provenance_of,
    source_of,
)

if TYPE_CHECKING:
    from earthgan_training.make.report import Report
    from earthgan_training.make.run import Wish
    from earthgan_training.simulations.labelled import Source
    from earthgan_training.simulations.opening import Missing


def add_make(subcommands: Any) -> None:
    """Add `make`, `view` and `example`."""
    parser = add_command(
        subcommands,
        "make",
        _make,
        "make a surrogate folder of somebody's files: it chooses the kind and the size by measuring",
        "earthgan make dvs.nc --out dvs",
    )
    _add_options(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="the surrogate folder to make")
    parser.add_argument("--overwrite", action="store_true", help="replace the folder if it exists")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the report to FILE as JSON")

    parser = add_command(
        subcommands,
        "view",
        _view,
        "show somebody's files as a map in a browser",
        "earthgan view dvs.nc",
    )
    _add_options(parser)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on (default: 8000, or another if that is taken)")
    parser.add_argument("--no-browser", action="store_true", help="only print the address of the page")

    parser = add_command(
        subcommands,
        "example",
        _example,
        "write an invented file to try `view` and `make` with",
        "earthgan example tomography dvs.nc",
    )
    parser.add_argument(
        "what",
        choices=("tomography", "series"),
        help="a tomography model in the layout of the EMC, or several time steps of convection in one file",
    )
    parser.add_argument("out", type=Path, metavar="FILE.nc", help="the file to write")


def _add_options(parser: argparse.ArgumentParser) -> None:
    add_source_options(parser, missing=("refuse", "fill", "mask"))
    goal = parser.add_mutually_exclusive_group()
    goal.add_argument(
        "--quality", type=decibels, metavar="DB", help=f"PSNR of each variable in each step (default: {USUAL_DB:g})"
    )
    goal.add_argument("--bytes", type=positive, metavar="N", help="bytes of a step, with its share of the model")
    goal.add_argument(
        "--max-error",
        type=asked_bounds,
        metavar="X[UNIT|%]",
        help="largest error in every cell, such as 0.1, 5K, 0.5%% (of the range) or temperature=5K,vx=1%%; it is "
        "proved by decoding",
    )
    parser.add_argument("--kind", choices=("auto", *KINDS), default="auto", help="kind of surrogate (default: auto)")
    parser.add_argument(
        "--memory", type=positive, default=1000, metavar="MB", help="memory to use, roughly (default: 1000)"
    )
    add_provenance_options(parser)


def _make(arguments: argparse.Namespace) -> None:
    from earthgan.files import write_json
    from earthgan_training.surrogates.folder import check_place

    check_place(arguments.out, arguments.overwrite)
    report = _made(arguments, arguments.out, _wish(arguments))
    if arguments.json:
        write_json(arguments.json, report.as_json())
    print("\n".join(report.lines()))


def _view(arguments: argparse.Namespace) -> None:
    from earthgan_training.make.view import find_gateway, view

    find_gateway()
    wish = replace(_wish(arguments), rival=False)

    def make(folder: Path) -> None:
        print("\n".join(_made(arguments, folder, wish).lines()), flush=True)

    view(make, _facts(arguments), arguments.host, arguments.port, browser=not arguments.no_browser)


def _made(arguments: argparse.Namespace, out: Path, wish: Wish) -> Report:
    from earthgan.progress import progress
    from earthgan_training.make.absent import opened
    from earthgan_training.make.codes import all_codes
    from earthgan_training.make.identity import identity_by_digests
    from earthgan_training.make.run import make_surrogate
    from earthgan_training.simulations.opening import Missing

    def open_as(missing: Missing | None) -> Source:
        source = source_of(argparse.Namespace(**{**vars(arguments), "missing": missing}))
        title = arguments.title or source.title
        return replace(source, title=title, provenance=provenance_of(arguments, source))

    source, with_gaps = opened(open_as, Missing(arguments.missing) if arguments.missing else None)
    identity = _identity(arguments) or identity_by_digests(source, arguments.missing)
    with progress() as show:
        return make_surrogate(source, out, wish, all_codes(), identity, show, with_gaps)


def _wish(arguments: argparse.Namespace) -> Wish:
    from earthgan_training.make.run import Wish

    goal = arguments.max_error or (Size(arguments.bytes) if arguments.bytes else Quality(arguments.quality or USUAL_DB))
    return Wish(
        goal=goal,
        kind=None if arguments.kind == "auto" else arguments.kind,
        memory_bytes=arguments.memory * 2**20,
        overwrite=getattr(arguments, "overwrite", False),
    )


def _identity(arguments: argparse.Namespace) -> dict[str, Any] | None:
    from earthgan_training.make.identity import identity_of

    return identity_of(arguments.source, arguments.mapping, arguments.missing)


def _facts(arguments: argparse.Namespace) -> dict[str, Any] | None:
    """All that a view follows from; None if that is not known without opening the source."""
    from earthgan import __version__

    identity = _identity(arguments)
    without = ("run", "source", "mapping", "host", "port", "no_browser", "memory")
    options = {name: repr(value) for name, value in vars(arguments).items() if name not in without}
    return None if identity is None else {"version": __version__, "identity": identity, "options": options}


def _example(arguments: argparse.Namespace) -> None:
    from earthgan_training.make.example import write_series, write_tomography

    write = {"tomography": write_tomography, "series": write_series}[arguments.what]
    print(write(arguments.out))
