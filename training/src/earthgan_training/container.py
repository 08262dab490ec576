"""What the training container does if no command is given to it: it puts a surrogate where the model server and the
gateway find it.

Without `EARTHGAN_TRAIN`, this is the surrogate folder of the operator. With the name of a preset of `earthgan train`,
the container makes one: it simulates, prepares and trains. A run that was stopped goes on where it stopped, because
each command does.
"""

from __future__ import annotations

import os
import resource
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from earthgan.errors import BadInput, EarthGANError
from earthgan.surrogate import Surrogate
from earthgan_training.prepare.recipe import Preset
from earthgan_training.simulate.parameters import PRESETS as SIMULATIONS
from earthgan_training.surrogates.archive import HANDLER, archive
from earthgan_training.surrogates.folder import copy_files, new_folder
from earthgan_training.train.config import PRESETS, read_preset
from earthgan_training.train.run_folder import CONFIG_FILE, SURROGATE_FOLDER

#: The operator's surrogate, the volume that the other services read, and the volume of data and runs.
GIVEN, SHELF, DATA = Path("/model_store/default"), Path("/archive"), Path("/data")


def chain(settings: Mapping[str, str], data: Path) -> tuple[list[list[str]], Path]:
    """The commands that `EARTHGAN_TRAIN` and `EARTHGAN_SIMULATION` ask for, and the surrogate that they make in a
    folder of `data`. Raises BadInput for a value that is not a preset.

    The preset `debug` learns from the simulation `quick` by default, and every other preset from `earth`.
    """
    preset = _choice(settings, "EARTHGAN_TRAIN", PRESETS)
    simulation = _choice(settings, "EARTHGAN_SIMULATION", SIMULATIONS, "quick" if preset == "debug" else "earth")
    method = read_preset(preset).dataset or Preset.DEFAULT
    raw, dataset, run = (data / simulation / name for name in ("raw", f"dataset-{method}", f"run-{preset}"))
    how = ["--resume"] if (run / CONFIG_FILE).exists() else ["--preset", preset]
    commands = [
        ["simulate", "--preset", simulation, "--out", str(raw)],
        ["prepare", str(raw), "--preset", method, "--out", str(dataset)],
        ["train", "--data", str(dataset), "--out", str(run), *how],
    ]
    return commands, run / SURROGATE_FOLDER


def _choice(settings: Mapping[str, str], name: str, known: tuple[str, ...] | Mapping[str, Any], usual: str = "") -> str:
    told = settings.get(name) or usual
    if told not in known:
        raise BadInput(f"{name}: {told!r} is none of the presets {', '.join(known)}")
    return told


def run(command: list[str]) -> int:
    """Run a command of `earthgan`, say how long it took, and return its exit status. The command also gets the signal
    that stops the container, so that it can write its checkpoint.
    """
    print("earthgan", shlex.join(command), flush=True)
    began, cpu_began_s = time.monotonic(), _cpu_s()
    with subprocess.Popen([sys.executable, "-m", "earthgan.cli", *command]) as child:
        stops = (signal.SIGTERM, signal.SIGINT)
        before = {number: signal.signal(number, lambda number, _: child.send_signal(number)) for number in stops}
        status = child.wait()
    for number, handler in before.items():
        signal.signal(number, handler)
    if status == -signal.SIGKILL:
        raise BadInput(f"earthgan {command[0]} was killed: it may need more memory (EARTHGAN_TRAINING_MEMORY)")
    print(f"# {time.monotonic() - began:.0f} s, {_cpu_s() - cpu_began_s:.0f} CPU s", flush=True)
    return status if status >= 0 else 128 - status


def _cpu_s() -> float:
    """The processor time of all commands so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def publish(surrogate: Path, shelf: Path) -> None:
    """Copy a surrogate folder to `shelf/surrogate`, for the gateway, and pack the copy as `shelf/earthgan.mar`, for the
    model server. Both then hold the same digest. Raises BadInput.
    """
    copy = shelf / "surrogate"
    with new_folder(copy, overwrite=True) as draft:
        copy_files(Surrogate(surrogate), draft)
    archive(copy, shelf / "earthgan.mar", HANDLER)


def main(settings: Mapping[str, str], given: Path = GIVEN, shelf: Path = SHELF, data: Path = DATA) -> int:
    """Do what the settings ask for. Returns the exit status. A command that fails has printed its own line."""
    try:
        surrogate = given
        if settings.get("EARTHGAN_TRAIN"):
            commands, surrogate = chain(settings, data)
            for command in commands:
                if status := run(command):
                    return status
        publish(surrogate, shelf)
    except EarthGANError as error:
        print(f"earthgan: {error}", file=sys.stderr)
        return 1
    print(f"{surrogate}: is ready to serve")
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
