"""The command line of `earthgan seed`."""

from __future__ import annotations

import argparse
from dataclasses import asdict, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from earthgan.cli import add_command, add_spread_options, numbers, positive
from earthgan.errors import BadInput, WrongUsage
from earthgan.files import whole, write_json

if TYPE_CHECKING:
    from earthgan.surrogate import Surrogate
    from earthgan_gateway.seed.plan import Plan
    from earthgan_gateway.seed.work import Recipe

CATALOG = "catalog.json"

_EXAMPLE = """earthgan seed model_store/default --zoom 0-1 --out tiles
  earthgan seed model_store/default --variables temperature --steps 120 --shells 150 --out mantle.pmtiles
  earthgan seed model_store/default --shells 140-160 --redis redis://127.0.0.1:6379/0"""


def register(subcommands: Any) -> None:
    """Add `seed`."""
    parser = add_command(
        subcommands, "seed", _seed, "draw tiles ahead of time, into files or the gateways' Redis", _EXAMPLE
    )
    parser.add_argument("surrogate", type=Path, help="surrogate folder")
    parser.add_argument("--variables", metavar="A,B", help="variables and derived quantities to draw (all variables)")
    parser.add_argument(
        "--steps", type=numbers, metavar="RANGE", help="time steps to draw, such as 113-128 or 113,120 (all)"
    )
    parser.add_argument(
        "--shells", type=numbers, metavar="RANGE", help="radial shells to draw; shell 0 lies next to the core (all)"
    )
    parser.add_argument("--zoom", type=numbers, metavar="RANGE", default=[0, 1], help="zooms to draw (0-1)")
    parser.add_argument("--tms", default="WebMercatorQuad", help="tile matrix set (WebMercatorQuad)")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--out", type=Path, metavar="DIR", help="folder to write, or FILE.pmtiles for one shell")
    where.add_argument("--redis", metavar="URL", help="fill the gateways' Redis instead")
    parser.add_argument("--format", choices=["png", "pmtiles"], default="png", help="format of a folder's tiles (png)")
    parser.add_argument("--values", action="store_true", help="also write each shell's values as NPY")
    add_spread_options(parser, positive, 2, "processes on this machine")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the report as JSON")


def _seed(arguments: argparse.Namespace) -> None:
    from earthgan.surrogate import Surrogate
    from earthgan_gateway.seed.outputs import claim
    from earthgan_gateway.seed.plan import make_plan
    from earthgan_gateway.seed.work import Recipe

    surrogate = Surrogate(arguments.surrogate)
    plan = make_plan(surrogate, arguments.variables, arguments.steps, arguments.shells, arguments.zoom, arguments.tms)
    out: Path | None = arguments.out
    one_file = out is not None and out.suffix == ".pmtiles"
    archives = one_file or arguments.format == "pmtiles"
    _check(arguments, plan, archives=archives, one_file=one_file)
    recipe = Recipe(
        surrogate=str(arguments.surrogate.resolve()),
        digest=surrogate.digest,
        plan=plan,
        folder=None if out is None or one_file else str(out.resolve()),
        archives=archives,
        values=arguments.values,
        redis_url=arguments.redis,
    )
    if out is not None and one_file:
        report = _one_archive(recipe, out, arguments)
    else:
        if out is not None:
            claim(out, recipe.about)
        report = _run(recipe, arguments.workers, arguments.scheduler)
        if out is not None:
            _write_metadata(surrogate, plan, out, archives=archives)
    print(
        f"{report['shells_drawn']} shells drawn, {report['shells_skipped']} already there; {report['tiles']} tiles, "
        f"{report['bytes'] / 1e6:.1f} MB, {report['seconds']:.1f} s"
    )
    if arguments.json:
        write_json(arguments.json, report)


def _check(arguments: argparse.Namespace, plan: Plan, *, archives: bool, one_file: bool) -> None:
    """Raise WrongUsage for options that do not go together."""
    if archives and arguments.redis:
        raise WrongUsage("--format pmtiles writes files: give --out, not --redis")
    if archives and plan.tms != "WebMercatorQuad":
        raise WrongUsage("PMTiles archives number tiles as a quadtree, so they can only hold WebMercatorQuad")
    if one_file and len(plan.pieces) * len(plan.quantities) != 1:
        raise WrongUsage(
            "a .pmtiles file holds one variable, step and shell: use --format pmtiles --out DIR to draw more"
        )
    if arguments.values and (one_file or arguments.redis):
        raise WrongUsage("--values needs a folder of tiles: give --out DIR")


def _one_archive(recipe: Recipe, file: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Draw the only archive of a plan in a folder beside `file`, and rename it to `file`. Raises BadInput."""
    from earthgan_gateway.seed.outputs import is_archive_of, shell_place
    from earthgan_gateway.seed.run import Report

    if file.exists():
        place = shell_place(recipe.plan.quantities[0], *recipe.plan.pieces[0])
        if not is_archive_of(file, recipe.about | place):
            raise BadInput(f"{file} exists and is not an archive of these tiles")
        return asdict(Report(recipe.digest, shells_skipped=1))
    with whole(file) as part:
        drawn = replace(recipe, folder=str(part.parent))
        report = _run(drawn, arguments.workers, arguments.scheduler)
        (archive,) = part.parent.glob("pmtiles/*/*/*.pmtiles")
        archive.replace(part)
    return report


def _run(recipe: Recipe, workers: int, scheduler: str | None) -> dict[str, Any]:
    try:
        from earthgan.progress import progress
        from earthgan.spread import spread
        from earthgan_gateway.seed.run import seed

        done, total = count(1), len(recipe.plan.pieces)
        with spread(workers, scheduler) as way, progress() as show:
            show("shells", 0, total)
            return asdict(seed(way, recipe, lambda: show("shells", next(done), total)))
    except ModuleNotFoundError as error:
        raise BadInput(f"seeding needs the package {error.name}: pip install 'earthgan-gateway[seed]'") from error


def _write_metadata(surrogate: Surrogate, plan: Plan, folder: Path, *, archives: bool) -> None:
    """Write `catalog.json`, `variables.json` and `legends/` as the gateway answers them, for everything in the folder.

    The catalog is written last, so that it never offers anything that has no legend.
    """
    import json

    from earthgan_gateway.seed.metadata import metadata, offered
    from earthgan_gateway.seed.outputs import Archives, Pyramid, value_file

    catalog = folder / CATALOG
    if catalog.exists():
        output = Archives(folder, {}, {}) if archives else Pyramid(folder)
        try:
            plan = offered(plan, json.loads(catalog.read_text()), output.has)
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput(f"{catalog} is not a catalog") from error
    values = all(value_file(folder, name, *piece).exists() for name in plan.quantities for piece in plan.pieces)
    documents = metadata(surrogate, plan, values=values)
    for name in sorted(documents, key=lambda name: name == CATALOG):
        write_json(folder / name, documents[name])
