"""The progress bar of a run, with the numbers that show its health. Silent where nobody looks."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from earthgan_training.simulate.diagnostics import Diagnostics


@contextmanager
def progress_bar(name: str, total: float | None) -> Iterator[Callable[[float, Diagnostics], None]]:
    """A bar on stderr and a function that moves it: from how much is done and the latest numbers."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[numbers]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task(name, total=total, numbers="")

        def show(done: float, now: Diagnostics) -> None:
            numbers = (
                f"step {now.step}  Nu {now.nusselt_top:.3f} {now.nusselt_bottom:.3f}  V_rms {now.v_rms:.1f}  "
                f"tails {now.lateral_tail:.0e} {now.radial_tail:.0e}"
            )
            progress.update(task, completed=done, numbers=numbers)

        yield show
