"""Spreads work over the processes of this machine or over the workers of a Dask scheduler. Needs Dask."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from typing import Any, TypeVar

from earthgan.errors import BadInput

Task = TypeVar("Task")
Result = TypeVar("Result")
#: Applies a function to tasks and gives the results in the order in which they are finished.
Spread = Callable[[Callable[[Task], Result], Sequence[Task]], Iterable[Result]]

#: How long the connection to somebody's scheduler may take, and to one that is started here, beside other work.
CONNECT_S, BUSY_S = 10, 120


@contextmanager
def spread(workers: int, scheduler: str | None) -> Iterator[Spread]:  # type: ignore[type-arg]
    """Yield a function that does many tasks: on the Dask scheduler at the address `scheduler`, or without an address on
    `workers` processes of this machine. With 0 workers, this process does the tasks itself, without Dask.

    Raises BadInput if no scheduler answers. The yielded function raises BadInput if a worker dies.
    """
    if scheduler is None and workers == 0:
        yield lambda function, tasks: map(function, tasks)
        return
    begun: list[Generator[Any, None, None]] = []

    def over(function: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[Result]:
        begun.append(results := _over_dask(client, function, tasks))
        return results

    with _client(workers, scheduler) as client:
        try:
            yield over
        finally:  # tasks may still run if the caller stops early, and they need the client until they are done
            for results in begun:
                results.close()


@contextmanager
def _client(workers: int, scheduler: str | None) -> Iterator[Any]:
    # Dask is imported here because only commands that spread their work need it.
    from dask import config
    from distributed import Client, LocalCluster

    # A busy machine may let its own processes wait for longer than Dask's ten seconds.
    patient = {"distributed.comm.timeouts.connect": f"{BUSY_S}s"} if scheduler is None else {}
    with config.set(patient), tempfile.TemporaryDirectory(prefix="earthgan-") as folder, ExitStack() as opened:
        address: Any = scheduler
        if scheduler is None:
            address = opened.enter_context(
                LocalCluster(  # type: ignore[no-untyped-call]
                    n_workers=workers,
                    threads_per_worker=1,  # BLAS has one thread too, so the bytes do not depend on the machine's cores
                    dashboard_address="127.0.0.1:0",  # any free port: another program may have 8787
                    host="127.0.0.1",
                    local_directory=folder,
                    silence_logs=logging.CRITICAL,
                )
            )
        try:
            # What else this process computes with Dask, or with xarray, stays where it is.
            client: Any = Client(address, timeout=CONNECT_S if scheduler else BUSY_S, set_as_default=False)  # type: ignore[no-untyped-call]
        except (OSError, ValueError) as error:
            raise BadInput(f"no Dask scheduler answers at {scheduler}: {error}") from error
        opened.callback(client.close)
        yield client


def _over_dask(client: Any, function: Callable[[Task], Result], tasks: Sequence[Task]) -> Generator[Result, None, None]:
    """Yield the results of tasks. Only a few tasks wait at the workers at a time. Raises BadInput if a worker dies."""
    from distributed import as_completed, wait

    waiting = iter(tasks)
    at_once = 2 * max(1, sum(client.nthreads().values()))
    running = {client.submit(function, task, pure=False, retries=2) for task in islice(waiting, at_once)}
    done: Any = as_completed(running, loop=client.loop)  # type: ignore[no-untyped-call]
    try:
        for future in done:
            running.discard(future)
            if future.status != "finished":
                raise BadInput(f"a worker failed: {future.exception()}")
            result: Result = future.result()
            yield result
            for task in islice(waiting, 1):
                running.add(another := client.submit(function, task, pure=False, retries=2))
                done.add(another)
    finally:
        # No task is stopped halfway. Tasks that have begun are finished, and the next run finds their results.
        with client.as_current():
            wait(running)  # type: ignore[no-untyped-call]
