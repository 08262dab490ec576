"""The command line of `earthgan seed`."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from earthgan.cli import add_command
from earthgan.errors import BadInput

if TYPE_CHECKING:
    from earthgan.surrogate import Surrogate
    from earthgan_gateway.seed.plan import Plan
    from earthgan_gateway.seed.work import Recipe

_EXAMPLE = """earthgan seed model_store/default --zoom 0-1 --out tiles
  earthgan seed model_store/default --variables temperature --steps 120 --shells 150 --out mantle.pmtiles
  earthgan seed model_store/default --shells 140-160 --redis redis://127.0.0.1:6379/0"""


def register(subcommands: Any) -> None:
    """Add `seed`."""
    parser = add_command(
        subcommands, "seed", _seed, "draw tiles before anybody asks: into files, or the gateways' Redis", _EXAMPLE
    )
    parser.add_argument("surrogate", type=Path, help="the surrogate folder")
    parser.add_argument("--variables", metavar="A,B", help="variables and derived quantities (its own variables)")
    parser.add_argument("--steps", metavar="RANGE", help="time steps, such as 113-128 or 113,120 (all)")
    parser.add_argument("--shells", metavar="RANGE", help="radial shells, 0 next to the core (all)")
    parser.add_argument("--zoom", metavar="RANGE", default="0-1", help="zooms (0-1)")
    parser.add_argument("--tms", default="WebMercatorQuad", help="tile matrix set (WebMercatorQuad)")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--out", type=Path, metavar="DIR", help="a folder, or one FILE.pmtiles of one shell")
    where.add_argument("--redis", metavar="URL", help="the Redis of the gateways")
    parser.add_argument("--format", choices=["png", "pmtiles"], default="png", help="of a folder (png)")
    parser.add_argument("--values", action="store_true", help="also write each shell as shells/...npy, in units")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes of this machine (2)")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="a Dask scheduler, such as tcp://host:8786, instead")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write what was done as JSON")


def _seed(arguments: argparse.Namespace) -> None:
    from earthgan.surrogate import Surrogate
    from earthgan_gateway.seed.outputs import claim, write_json
    from earthgan_gateway.seed.plan import make_plan
    from earthgan_gateway.seed.run import Report
    from earthgan_gateway.seed.work import Recipe

    surrogate = Surrogate(arguments.surrogate)
    plan = make_plan(surrogate, arguments.variables, arguments.steps, arguments.shells, arguments.zoom, arguments.tms)
    one_file = arguments.out is not None and arguments.out.suffix == ".pmtiles"
    archives = one_file or arguments.format == "pmtiles"
    _check(arguments, plan, archives=archives, one_file=one_file)
    # A single archive is drawn in a folder beside it, so that the rename at the end is one.
    folder = arguments.out.with_name(f".{arguments.out.name}.seed") if one_file else arguments.out
    recipe = Recipe(
        surrogate=str(arguments.surrogate.resolve()),
        digest=surrogate.digest,
        plan=plan,
        folder=None if folder is None else str(folder.resolve()),
        archives=archives,
        values=arguments.values,
        redis_url=arguments.redis,
    )
    if one_file and _is_there(arguments.out, recipe):
        report = asdict(Report(surrogate.digest, shells_skipped=1))
    else:
        if folder is not None:
            claim(folder, recipe.about)
        report = _run(recipe, arguments.workers, arguments.scheduler)
        if one_file:
            _take_out(folder, arguments.out)
        elif folder is not None:
            _write_metadata(surrogate, plan, folder, archives=archives)
    print(
        f"{report['shells_drawn']} shells drawn, {report['shells_skipped']} were there; {report['tiles']} tiles, "
        f"{report['bytes'] / 1e6:.1f} MB, {report['seconds']:.1f} s"
    )
    if arguments.json:
        write_json(arguments.json, report)


def _check(arguments: argparse.Namespace, plan: Plan, *, archives: bool, one_file: bool) -> None:
    """Raises BadInput for options that do not go together."""
    if archives and arguments.redis:
        raise BadInput("--format pmtiles makes files: give --out, not --redis")
    if archives and plan.tms != "WebMercatorQuad":
        raise BadInput("PMTiles holds WebMercatorQuad alone: its tiles are numbered as a quadtree")
    if one_file and len(plan.pieces) * len(plan.quantities) != 1:
        raise BadInput("one .pmtiles file holds one variable, step and shell: for more, --format pmtiles --out DIR")
    if arguments.values and (one_file or arguments.redis):
        raise BadInput("--values writes beside a folder of tiles: give --out DIR")
    if arguments.workers < 1:
        raise BadInput("--workers: at least one process has to work")


def _is_there(file: Path, recipe: Recipe) -> bool:
    """Whether the one archive was made before. Raises BadInput where the file is something else."""
    from earthgan_gateway.seed.outputs import is_archive_of, shell_place

    if not file.exists():
        return False
    place = shell_place(recipe.plan.quantities[0], *recipe.plan.pieces[0])
    if not is_archive_of(file, recipe.about | place):
        raise BadInput(f"{file} is there, and something else")
    return True


def _run(recipe: Recipe, workers: int, scheduler: str | None) -> dict[str, Any]:
    try:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        from earthgan_gateway.seed.run import dask_client, seed

        with dask_client(workers, scheduler) as client:
            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
            )
            console = Console(stderr=True)
            with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
                bar = progress.add_task("shells", total=len(recipe.plan.pieces))
                return asdict(seed(client, recipe, lambda: progress.advance(bar)))
    except ModuleNotFoundError as error:
        raise BadInput(f"seeding needs the package {error.name}: pip install 'earthgan-gateway[seed]'") from error


def _take_out(folder: Path, file: Path) -> None:
    import shutil

    (archive,) = folder.glob("pmtiles/*/*/*.pmtiles")
    archive.replace(file)
    shutil.rmtree(folder)


def _write_metadata(surrogate: Surrogate, plan: Plan, folder: Path, *, archives: bool) -> None:
    """`catalog.json`, `variables.json` and `legends/`, as the gateway answers them, of what was drawn, before too."""
    import json

    from earthgan_gateway.seed.metadata import metadata, offered
    from earthgan_gateway.seed.outputs import Archives, Pyramid, value_file, write_json

    if (catalog := folder / "catalog.json").exists():
        output = Archives(folder, {}, {}) if archives else Pyramid(folder)
        try:
            plan = offered(plan, json.loads(catalog.read_text()), output.has)
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput(f"{catalog}: is not a catalog") from error
    values = all(value_file(folder, name, *piece).exists() for name in plan.quantities for piece in plan.pieces)
    for name, content in metadata(surrogate, plan, values=values).items():
        write_json(folder / name, content)
