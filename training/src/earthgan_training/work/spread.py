"""Steps spread over Dask: a cluster of this machine's processes, or whatever scheduler is named; or none at all."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar

from earthgan.errors import BadInput

Task = TypeVar("Task")
Result = TypeVar("Result")
#: Gives the results of a function of tasks, as they are done.
Spread = Callable[[Callable[[Task], Result], Sequence[Task]], Iterable[Result]]

#: How long a scheduler may take to be found.
CONNECT_S = 10


@contextmanager
def spread(workers: int, scheduler: str | None) -> Iterator[Spread]:  # type: ignore[type-arg]
    """A way to do many tasks: on the scheduler at an address, on as many processes of this machine, or with no
    workers in this one. Raises BadInput where no scheduler answers or a worker dies.
    """
    if scheduler is None and workers == 0:
        yield lambda function, tasks: map(function, tasks)
        return
    from distributed import Client, LocalCluster, as_completed, wait

    with tempfile.TemporaryDirectory(prefix="earthgan-prepare-") as scratch:
        if scheduler is None:
            cluster = LocalCluster(  # type: ignore[no-untyped-call]
                n_workers=workers,
                threads_per_worker=1,  # and one BLAS thread: the bytes do not depend on the machine's cores
                dashboard_address="127.0.0.1:0",  # any free port: 8787 may be another's
                host="127.0.0.1",
                local_directory=scratch,
                silence_logs=logging.CRITICAL,
            )
        else:
            cluster = None
        try:
            client: Any = Client(cluster or scheduler, timeout=CONNECT_S)  # type: ignore[no-untyped-call]
        except (OSError, ValueError) as error:
            raise BadInput(f"no Dask scheduler answers at {scheduler}: {error}") from error

        def over_dask(function: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[Result]:
            waiting = iter(tasks)
            at_once = 2 * max(1, sum(client.nthreads().values()))
            running = {client.submit(function, task, pure=False, retries=2) for task in islice(waiting, at_once)}
            done: Any = as_completed(running)  # type: ignore[no-untyped-call]
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
                # Nobody is stopped halfway: what has begun is finished, and is there the next time.
                wait(running)  # type: ignore[no-untyped-call]

        try:
            yield over_dask
        finally:
            client.close()
            if cluster is not None:
                cluster.close()
