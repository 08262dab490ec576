"""The command line of `earthgan train`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from earthgan.cli import add_command
from earthgan.errors import WrongUsage
from earthgan.files import write_json

if TYPE_CHECKING:
    from earthgan.progress import Show
    from earthgan_training.train.config import TrainConfig
    from earthgan_training.train.parallel import Processes
    from earthgan_training.train.run import Progress

_EXAMPLE = """earthgan train --preset debug --data dataset --out run
  earthgan train --preset small --data dataset --estimate
  earthgan train --data dataset --out run --resume
  earthgan train --preset paper --data paper-dataset --weights model_store/published --out run
  torchrun --nproc-per-node 2 --no-python earthgan train --data dataset --out run --set batch=8"""


def add_train(subcommands: Any) -> None:
    """Add `train`."""
    parser = add_command(subcommands, "train", _train, "train a generator on a prepared data set", _EXAMPLE)
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DATASET", help="a data set made by `earthgan prepare`"
    )
    parser.add_argument("--out", type=Path, metavar="RUN", help="folder of the run")
    parser.add_argument(
        "--estimate", action="store_true", help="say what the run would take in time and memory, and start nothing"
    )
    parser.add_argument(
        "--preset",
        metavar="NAME",
        help="debug, small, gan, default, paper, paper-256, or a .toml file (default: default)",
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="change one value, such as adversarial.steps=0"
    )
    parser.add_argument(
        "--max-memory-gb", type=float, metavar="GB", help="limit for the memory (default: the preset's)"
    )
    parser.add_argument(
        "--weights",
        type=Path,
        metavar="FILE",
        help="initial weights of the generator: a surrogate folder or a .safetensors file",
    )
    parser.add_argument("--resume", action="store_true", help="continue the run in --out with its configuration")
    parser.add_argument("--device", metavar="NAME", help="cpu, cuda or cuda:N (default: a GPU if there is one)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the result of the run as JSON")


#: Options of a preset that are cut to what the data have, unless they are set.
_CUT = {"samples.patch", "generator.blocks"}

# The modules of the training are imported when the command runs, so that `earthgan --help` does not wait for torch.


def _train(arguments: argparse.Namespace) -> None:
    # Threads that wait for each other in a loop would take the cores of a shared machine. torch reads this when it is
    # loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from threadpoolctl import threadpool_limits

    from earthgan.progress import progress
    from earthgan_training.prepare.dataset import Dataset
    from earthgan_training.train.config import read_preset
    from earthgan_training.train.parallel import processes
    from earthgan_training.train.run import train

    config = None
    if arguments.estimate == (arguments.out is not None) or (arguments.estimate and arguments.resume):
        raise WrongUsage("give either --out, the folder of the run, or --estimate")
    if arguments.resume:
        if arguments.preset or arguments.set or arguments.max_memory_gb or arguments.weights:
            raise WrongUsage(
                "--resume continues with the run's own configuration: leave out the options that would change it"
            )
    else:
        cap = [] if arguments.max_memory_gb is None else [f"max_memory_gb={arguments.max_memory_gb}"]
        config = read_preset(arguments.preset or "default", [*arguments.set, *cap])
    cut = _CUT - {change.partition("=")[0].strip() for change in arguments.set}
    # NumPy makes the samples beside torch's threads. If NumPy had more threads of its own, they would wait for each
    # other.
    one_thread = threadpool_limits(1, user_api="blas")
    with (
        one_thread,
        processes(arguments.device) as ours,
        _stop_signals() as stopped,
        progress(ours.rank == 0) as show,
    ):
        if config is not None and arguments.estimate:
            _estimate(arguments, config, ours, cut)
            return
        result = train(
            Dataset(arguments.data),
            arguments.out,
            config,
            ours,
            weights=arguments.weights,
            cut=cut,
            watch=_shown(show),
            stopped=stopped,
        )
    if ours.rank:
        return
    if arguments.json:
        write_json(arguments.json, asdict(result))
    if not result.finished:
        print(f"{arguments.out}: stopped after step {result.step}; --resume continues the run", file=sys.stderr)
        raise KeyboardInterrupt
    gains = {name.partition("/")[2]: gain for name, gain in result.best.items() if name.startswith("gain_db/")}
    print(
        f"{arguments.out / 'surrogate'}: gain over interpolation on {result.measured_on}: "
        + ", ".join(f"{name} {gain:+.2f} dB" for name, gain in gains.items())
        + f"; at most {result.peak_memory_gb:.2f} GB"
    )


def _estimate(arguments: argparse.Namespace, config: TrainConfig, ours: Processes, cut: Set[str]) -> None:
    from earthgan_training.prepare.dataset import Dataset
    from earthgan_training.train.estimate import estimate
    from earthgan_training.train.setup import set_up

    found = estimate(set_up(Dataset(arguments.data), config, ours, arguments.weights, cut), ours)
    if arguments.json:
        write_json(arguments.json, asdict(found))
    of = "" if ours.device.type == "cuda" else "CPU "
    print(
        f"{found.total_s / 60:.0f} {of}minutes: "
        f"{config.content.steps} content updates of {found.content_s:.2f} {of}s, "
        f"{config.adversarial.steps} adversarial updates of {found.adversarial_s:.2f} {of}s; "
        f"{found.expected_gb:.1f} GB of memory, of which {found.peak_gb:.1f} GB were measured"
    )


@contextmanager
def _stop_signals() -> Iterator[Callable[[], bool]]:
    """Give a function that tells whether SIGTERM or SIGINT has arrived. A run then ends with a checkpoint. A second
    SIGINT ends it at once.
    """
    came: list[int] = []

    def note(number: int, _: Any) -> None:
        if number == signal.SIGINT and came:
            raise KeyboardInterrupt
        came.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield lambda: bool(came)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _shown(show: Show) -> Callable[[Progress], None]:
    """A function that shows a run's stage and its losses."""
    told = ("content/charbonnier", "content/squared", "adversarial", "critic/pairing", "critic/penalty")

    def watch(now: Progress) -> None:
        numbers = "  ".join(f"{name.split('/')[-1]} {now.metrics[name]:.3g}" for name in told if name in now.metrics)
        show("updates", now.step, now.of, f"{now.stage}  {numbers}")

    return watch
