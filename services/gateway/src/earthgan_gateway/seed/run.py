"""Pieces of work spread over Dask: a cluster of this machine's processes, or whatever scheduler is named."""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from earthgan.errors import BadInput
from earthgan_gateway.seed.work import Done, Recipe, make_piece

#: How long a scheduler may take to be found.
CONNECT_S = 10


@dataclass
class Report:
    """What a seed has done; `shells` are quantities on a shell."""

    digest: str
    shells_drawn: int = 0
    shells_skipped: int = 0
    tiles: int = 0
    bytes: int = 0
    seconds: float = 0.0


@contextmanager
def dask_client(workers: int, scheduler: str | None) -> Iterator[Any]:
    """A client of the scheduler at an address, or of as many processes of this machine. Raises BadInput."""
    from distributed import Client, LocalCluster

    if scheduler is not None:
        try:
            client = Client(scheduler, timeout=CONNECT_S)  # type: ignore[no-untyped-call]
        except (OSError, ValueError) as error:
            raise BadInput(f"no Dask scheduler answers at {scheduler}: {error}") from error
        with client:
            yield client
        return
    with (
        tempfile.TemporaryDirectory(prefix="earthgan-seed-") as scratch,
        LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=workers,
            threads_per_worker=1,
            dashboard_address="127.0.0.1:0",  # any free port: 8787 may be another's
            host="127.0.0.1",
            local_directory=scratch,
            silence_logs=logging.CRITICAL,
        ) as cluster,
        Client(cluster) as client,  # type: ignore[no-untyped-call]
    ):
        yield client


def seed(client: Any, recipe: Recipe, on_piece: Callable[[], None]) -> Report:
    """Draw everything; `on_piece` is called as each piece is done. Raises BadInput at the first that fails."""
    from distributed import as_completed

    report, started = Report(recipe.digest), time.monotonic()
    futures = client.map(partial(make_piece, recipe), recipe.plan.pieces, pure=False, retries=2)
    for future in as_completed(futures):  # type: ignore[no-untyped-call]
        if future.status != "finished":
            client.cancel(futures)
            raise BadInput(f"a worker failed: {future.exception()}")
        done: Done = future.result()
        if done.error is not None:
            client.cancel(futures)
            raise BadInput(done.error)
        report.shells_drawn += done.drawn
        report.shells_skipped += done.skipped
        report.tiles += done.tiles
        report.bytes += done.bytes
        on_piece()
    report.seconds = time.monotonic() - started
    return report
