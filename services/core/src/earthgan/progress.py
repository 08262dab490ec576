"""Progress bars of long commands. They appear on stderr if it is a terminal. Needs rich."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.progress import TaskID


class Show(Protocol):
    """Moves the bar of the piece of work `what`: `done` units of `total` are done.

    `total` is None if nobody knows it. `note` appears beside the bar.
    """

    def __call__(self, what: str, done: float, total: float | None, note: str = "") -> None: ...


@contextmanager
def progress(shown: bool = True) -> Iterator[Show]:
    """Yield a function that shows a bar for each piece of work that is reported to it. The bars vanish at the end.

    Nothing is shown if stderr is not a terminal or `shown` is False.
    """
    # rich is imported here so that `earthgan --help` does not wait for it.
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    bars: dict[str, TaskID] = {}
    with Progress(*columns, console=console, transient=True, disable=not (shown and console.is_terminal)) as shower:

        def show(what: str, done: float, total: float | None, note: str = "") -> None:
            if what not in bars:
                bars[what] = shower.add_task(what, total=total, note=note)
            shower.update(bars[what], completed=done, total=total, note=note)

        yield show
