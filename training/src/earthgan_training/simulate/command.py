"""`earthgan simulate`."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from earthgan.cli import add_command, add_spread_options, count, positive
from earthgan.errors import BadInput, WrongUsage
from earthgan.files import write_json

if TYPE_CHECKING:
    from earthgan.progress import Show
    from earthgan_training.simulate.diagnostics import Diagnostics
    from earthgan_training.simulate.parameters import Preset, Setup

_PRESETS = ("quick", "demo", "contest-like", "earth")
_BENCHMARKS = ("tetrahedral", "cubic")


def add_simulate(subcommands: Any) -> None:
    """Add `simulate`."""
    parser = add_command(
        subcommands,
        "simulate",
        _simulate,
        "simulate mantle convection and write files in the contest's layout",
        "earthgan simulate --out raw --preset quick\n  earthgan simulate --benchmark tetrahedral --json benchmark.json",
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--out", type=Path, metavar="DIR", help="folder for the files spherical<step>.nc; a stopped run continues there"
    )
    what.add_argument(
        "--benchmark",
        choices=_BENCHMARKS,
        metavar="CASE",
        help="run a case from Zhong et al. (2008): tetrahedral or cubic",
    )
    what.add_argument("--list-presets", action="store_true", help="print what each preset computes and needs")
    parser.add_argument("--preset", choices=_PRESETS, default="quick", help="settings of the run (default: quick)")
    parser.add_argument(
        "--from",
        dest="archive",
        type=Path,
        metavar="DIR",
        help="write the files of a run that kept its coefficients in DIR, and compute nothing anew",
    )
    parser.add_argument(
        "--keep",
        choices=("files", "coefficients"),
        default="files",
        help="what to keep of each time step: its file, or only the coefficients of temperature, from which --from "
        "writes the file later (default: files)",
    )
    parser.add_argument("--steps", type=positive, metavar="N", help="number of files (default: the preset's)")
    parser.add_argument(
        "--seed",
        type=count,
        nargs="+",
        default=[0],
        metavar="N",
        help="seed of the start (default: 0); each of several seeds gets a folder DIR/seed-<N>",
    )
    add_spread_options(
        parser, count, 0, "number of processes for several seeds; 0 runs one after another in this process"
    )
    parser.add_argument(
        "--rayleigh",
        type=_positive,
        metavar="RA",
        help="Rayleigh number, for the shell's thickness and the viscosity at the core",
    )
    parser.add_argument("--heating", type=float, metavar="H", help="dimensionless internal heating")
    parser.add_argument(
        "--no-slip", action="store_true", help="hold the flow at both boundaries (default: it slips freely)"
    )
    parser.add_argument("--nodes", type=positive, metavar="N", help="number of Chebyshev nodes in radius")
    parser.add_argument("--degree", type=positive, metavar="L", help="highest harmonic degree")
    parser.add_argument("--cfl", type=_positive, metavar="C", help="CFL number, which sets the solver's step length")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the final numbers as JSON")


# The modules of the simulation are imported when the command runs, so that `earthgan --help` does not wait for SciPy.


def _simulate(arguments: argparse.Namespace) -> None:
    if arguments.list_presets:
        _list_presets()
        return
    if arguments.archive:
        _write_files(arguments)
        return
    results = {"benchmark": _benchmark(arguments.benchmark)} if arguments.benchmark else _runs(arguments)
    for name, diagnostics in results.items():
        for key, value in _numbers(diagnostics).items():
            print(f"{name} {key} {value:.6g}" if len(results) > 1 else f"{key:17} {value:.6g}")
    if arguments.json:
        summaries = {name: _numbers(diagnostics) for name, diagnostics in results.items()}
        only = next(iter(summaries.values())) if len(summaries) == 1 else summaries
        write_json(arguments.json, only)


def _benchmark(name: str) -> Diagnostics:
    from earthgan.progress import progress
    from earthgan_training.simulate.benchmark import BENCHMARKS, run_benchmark

    case = BENCHMARKS[name]
    with progress() as show:
        found = run_benchmark(case, lambda diagnostics: show(name, 0, None, _health(diagnostics)))
    print(f"published: Nu {case.nusselt}, V_rms {case.v_rms} (Zhong et al., 2008)")
    return found


def _runs(arguments: argparse.Namespace) -> dict[str, Diagnostics]:
    from earthgan.progress import progress
    from earthgan_training.simulate.parameters import PRESETS
    from earthgan_training.simulate.run import Progress, simulate

    preset = PRESETS[arguments.preset]
    setup = _changed(preset.setup, arguments)
    steps = preset.steps if arguments.steps is None else arguments.steps
    print(_description(preset), file=sys.stderr)
    seeds = list(dict.fromkeys(arguments.seed))
    folders = {seed: arguments.out if len(seeds) == 1 else arguments.out / f"seed-{seed}" for seed in seeds}
    if arguments.workers or arguments.scheduler:
        return _spread_runs(arguments, setup, steps, folders)
    results = {}
    for seed, folder in folders.items():
        with progress() as show:

            def watch(now: Progress, show: Show = show, what: str = f"{setup.name} seed {seed}") -> None:
                show(what, now.intervals, now.of, _health(now.diagnostics))

            results[str(folder)] = simulate(setup, seed, steps, folder, watch, arguments.keep)
    return results


def _spread_runs(
    arguments: argparse.Namespace, setup: Setup, steps: int, folders: dict[int, Path]
) -> dict[str, Diagnostics]:
    """Run all seeds on workers. Each folder's bytes are those of a run in this process."""
    from earthgan.progress import progress
    from earthgan.spread import spread
    from earthgan_training.simulate.run import simulate_seed

    run = partial(simulate_seed, setup, steps, arguments.keep)
    tasks = [(seed, folder.absolute()) for seed, folder in folders.items()]
    results, failed = {}, []
    with spread(min(arguments.workers, len(tasks)), arguments.scheduler) as way, progress() as show:
        show("runs", 0, len(tasks))
        for done, (seed, found) in enumerate(way(run, tasks), 1):
            show("runs", done, len(tasks))
            if isinstance(found, str):
                failed.append(f"seed {seed}: {found}")
            else:
                results[seed] = found
    if failed:
        raise BadInput("; ".join(failed))
    return {str(folder): results[seed] for seed, folder in folders.items()}


def _write_files(arguments: argparse.Namespace) -> None:
    from earthgan.progress import progress
    from earthgan_training.simulate.run import write_archived

    if arguments.out is None:
        raise WrongUsage("--from needs --out, the folder for the files")
    with progress() as show:
        write_archived(arguments.archive, arguments.out, arguments.steps, lambda done, of: show("files", done, of, ""))


def _changed(setup: Setup, arguments: argparse.Namespace) -> Setup:
    """The preset's set-up with the changes from the command line. Its name then says that it was changed."""
    physics, resolution = setup.physics, setup.resolution
    if arguments.rayleigh is not None:
        physics = replace(physics, rayleigh=arguments.rayleigh)
    if arguments.heating is not None:
        physics = replace(physics, heating=arguments.heating)
    if arguments.no_slip:
        physics = replace(physics, free_slip=False)
    if arguments.nodes is not None:
        resolution = replace(resolution, nodes=arguments.nodes)
    if arguments.degree is not None:
        resolution = replace(resolution, degree=arguments.degree)
    cfl = setup.cfl if arguments.cfl is None else arguments.cfl
    changed = replace(setup, physics=physics, resolution=resolution, cfl=cfl)
    return setup if changed == setup else replace(changed, name=f"{setup.name}, changed")


def _positive(text: str) -> float:
    if not 0 < (value := float(text)) < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value


def _health(now: Diagnostics) -> str:
    """The numbers that show whether a run is healthy."""
    return (
        f"step {now.step}  Nu {now.nusselt_top:.3f} {now.nusselt_bottom:.3f}  V_rms {now.v_rms:.1f}  "
        f"tails {now.lateral_tail:.0e} {now.radial_tail:.0e}"
    )


def _numbers(diagnostics: Diagnostics) -> dict[str, float]:
    return {
        "nusselt_top": diagnostics.nusselt_top,
        "nusselt_bottom": diagnostics.nusselt_bottom,
        "v_rms": diagnostics.v_rms,
        "mean_temperature": diagnostics.mean_temperature,
    }


def _description(preset: Preset) -> str:
    setup = preset.setup
    return (
        f"{setup.name}: Ra {setup.physics.rayleigh:g}, H {setup.physics.heating:g}, {setup.resolution.nodes} nodes, "
        f"degree {setup.resolution.degree}, {preset.steps} files of {setup.grid.latitudes} x {setup.grid.radii} x "
        f"{setup.grid.longitudes}. Needs {preset.needs}."
    )


def _list_presets() -> None:
    from earthgan_training.simulate.parameters import PRESETS

    for preset in PRESETS.values():
        print(_description(preset))
