"""Measures the cost of a surrogate without a gateway, in a process of its own.

`python -m load.engine_bench FOLDER [--one-shell | --evaluation]` prints the CPU seconds for a new time step, a shell
and the whole volume, for all variables at once, and the peak memory.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from earthgan import Surrogate
from earthgan.backends.onnx import onnx_backend
from earthgan.kinds.kept_inputs import KEPT_BYTES
from earthgan.kinds.spectral_arguments import SpectralArguments
from earthgan.kinds.spectral_planner import SpectralPlanner
from earthgan.sphere.grid import Window

SHELLS = range(3, 198, 24)
#: The number of rounds for the transform and for ducc0.
ROUNDS = 5
#: The number of time steps that are read from cold.
CHAINS = 12


def cpu_s(work: Callable[[], object]) -> float:
    """Return the CPU seconds of all threads so far."""
    started = time.process_time()
    work()
    return time.process_time() - started


def costs(folder: Path, one_shell: bool) -> dict[str, float]:
    """Return the numbers by name. `one_shell` leaves out the volume, which takes a minute for some surrogates."""
    surrogate = Surrogate(folder)
    backend, names = onnx_backend(surrogate), surrogate.variables
    voxel = Window(range(1), range(1), range(1))
    opening = cpu_s(lambda: surrogate.normalised(backend, surrogate.steps[0].t, voxel, None))
    t = surrogate.steps[-1].t
    if one_shell:
        return {"engine_shell_cpu_ms": 1e3 * cpu_s(lambda: surrogate.shells(backend, names, t, [100]))}
    surrogate.shells(backend, names, surrogate.steps[0].t, [100])
    next_step, from_cold = step_costs(surrogate)
    shells = [cpu_s(lambda r=r: surrogate.shells(backend, names, t, [r])) for r in SHELLS]
    everything = list(range(len(surrogate.grid.radii_km)))
    return {
        "opening_cpu_s": opening,
        "next_step_cpu_s": next_step,
        "cold_step_cpu_s": from_cold,
        "engine_shell_cpu_ms": 1e3 * float(np.mean(shells)),
        "volume_cpu_s": cpu_s(lambda: surrogate.shells(backend, names, t, everything)),
        "engine_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def step_costs(surrogate: Surrogate) -> tuple[float, float]:
    """Return the CPU seconds for a time step after the one before it was read, and for one of the longest chain of
    predictions when nothing is in memory. Both are the mean of a few steps that take longest.
    """
    steps = {step.t: step for step in surrogate.steps}

    def chain(t: int) -> list[int]:
        before = steps[t].predicted_from
        return [t] if before is None else [*chain(before), t]

    chains = sorted((chain(t) for t in steps), key=len)[-CHAINS:]
    next_s, cold_s = [], []
    for *before, last in chains:
        surrogate.inputs.keep(KEPT_BYTES)
        cold_s.append(cpu_s(lambda t=last: surrogate.state(t)))
        surrogate.inputs.keep(KEPT_BYTES)
        for t in before:
            surrogate.state(t)
        next_s.append(cpu_s(lambda t=last: surrogate.state(t)))
    return float(np.mean(next_s)), float(np.mean(cold_s))


def evaluation_costs(folder: Path) -> dict[str, float]:
    """Return CPU milliseconds for a cold shell of a decoded step on one thread, by the transform and by ducc0.

    The transform computes temperature alone, and all variables that do not follow from others by curves. ducc0
    evaluates only the harmonics, on the same grid: two scalars and a gradient for four variables.
    """
    import ducc0  # not at the top, because the memory that `costs` reports must not include it

    surrogate = Surrogate(folder)
    planner, arguments = surrogate.planner, surrogate.spec.generator.arguments
    assert isinstance(planner, SpectralPlanner)
    assert isinstance(arguments, SpectralArguments)
    x = surrogate.conditional_input(surrogate.steps[-1].t)
    every = range(surrogate.kind.computed or len(surrogate.variables))
    _, rows, columns = surrogate.grid.shape
    degree, around = arguments.degree, {"geometry": "F1", "ntheta": rows, "nphi": columns, "nthreads": 1}
    alm = np.random.default_rng(0).standard_normal((1, (degree + 1) * (degree + 2) // 2)).astype(np.complex64)

    def by_ducc0(scalars: int, gradients: int) -> None:
        for _ in range(scalars):
            ducc0.sht.synthesis_2d(alm=alm, spin=0, lmax=degree, **around)
        for _ in range(gradients):
            ducc0.sht.synthesis_2d_deriv1(alm=alm, lmax=degree, **around)

    moving = len(every) > 1
    ways: dict[str, Callable[[int], object]] = {
        "transform_shell_cpu_ms": lambda r: planner.evaluate(x, surrogate.grid.shell(r), every),
        "transform_temperature_cpu_ms": lambda r: planner.evaluate(x, surrogate.grid.shell(r), [0]),
        "ducc0_shell_cpu_ms": lambda r: by_ducc0(1 + moving, int(moving)),
        "ducc0_temperature_cpu_ms": lambda r: by_ducc0(1, 0),
    }
    found = {}
    with threadpool_limits(1):
        for name, way in ways.items():
            way(0)
            rounds = [[cpu_s(partial(way, r)) for r in SHELLS] for _ in range(ROUNDS)]
            # The cheapest round of each shell, because other work on the machine can only add CPU time.
            found[name] = 1e3 * float(np.min(rounds, axis=0).mean())
    return found | {
        f"transform_{what}_per_ducc0": found[f"transform_{what}_cpu_ms"] / found[f"ducc0_{what}_cpu_ms"]
        for what in ("shell", "temperature")
    }


def measured(folder: Path, *options: str) -> dict[str, float]:
    """Run `costs` in a process of its own."""
    command = [sys.executable, "-m", "load.engine_bench", str(folder), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent.parent)
    numbers: dict[str, float] = json.loads(done.stdout)
    return numbers


def paper_surrogate(folder: Path) -> Path:
    """Write a generator of the paper's size and the published geometry, with random weights and inputs.

    It costs as much as a trained one.
    """
    import torch  # not at the top, because the memory that `costs` reports must not include it

    from earthgan.kinds.networks import PaperGenerator
    from earthgan.kinds.paper import PaperArguments
    from earthgan_training.surrogates.published import import_published

    source = folder / "source"
    source.mkdir()
    torch.manual_seed(0)
    torch.save({"gen": PaperGenerator(4, PaperArguments()).state_dict()}, source / "gen.pt")
    np.save(source / "x_001.npy", np.random.default_rng(0).random((1, 4, 198, 14, 27), np.float32))
    import_published(source, folder / "paper")
    return folder / "paper"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="engine_bench", description=__doc__.split("\n\n")[0])
    parser.add_argument("surrogate", type=Path)
    parser.add_argument("--one-shell", action="store_true")
    parser.add_argument("--evaluation", action="store_true", help="compare a spectral surrogate's transform with ducc0")
    arguments = parser.parse_args()
    if arguments.evaluation:
        print(json.dumps(evaluation_costs(arguments.surrogate)))
    else:
        print(json.dumps(costs(arguments.surrogate, arguments.one_shell)))
