"""`make load`, a closed workload: readers wait for each answer and then look at it.

From the root of the repository, with a gateway running:

    PYTHONPATH=tests locust -f tests/load/locustfile.py --headless -u 16 -r 16 -t 60s --host http://127.0.0.1:8000

`--processes 2` distributes the load over cores, `--master` and `--worker --master-host` over machines. `arrivals.py` is
an open workload.
"""

import random

import gevent
from locust import between, task

from load.journeys import Reader


class PanAndZoom(Reader):
    """Pans over one shell and zooms in and out. Now and then, it goes to another shell."""

    journey = "pan"
    wait_time = between(0.2, 0.8)

    def on_start(self) -> None:
        super().on_start()
        self.field, self.z, self.x, self.y = self.anywhere(), 1, 0.5, 0.5

    @task(8)
    def pan(self) -> None:
        step = 1 / 2**self.z
        self.x = (self.x + random.uniform(-step, step)) % 1
        self.y = min(max(self.y + random.uniform(-step, step), 0.0), 1.0)
        self.look(self.field, self.z, self.x, self.y)

    @task(4)
    def zoom(self) -> None:
        # Two zooms beyond the native one, because some clients do not enlarge tiles themselves.
        self.z = min(max(self.z + random.choice((-1, 1)), 0), self.max_zoom + 2)
        self.look(self.field, self.z, self.x, self.y)

    @task(1)
    def go_elsewhere(self) -> None:
        self.field = self.anywhere()
        self.look(self.field, self.z, self.x, self.y)


class SweepDepth(Reader):
    """Drags the depth slider through neighbouring shells, at one place and one time step."""

    journey = "depth"
    wait_time = between(0.5, 1.5)

    @task
    def sweep(self) -> None:
        variable, t, _ = self.anywhere()
        length = min(12, len(self.shells))
        start = random.randrange(len(self.shells) - length + 1)
        for r in self.shells[start : start + length]:
            self.look((variable, t, r), 1, 0.5, 0.5)
            gevent.sleep(0.1)


class AnimateTime(Reader):
    """Plays four time steps of one shell per second, as the client's play button does."""

    journey = "time"
    wait_time = between(0.5, 1.5)

    @task
    def play(self) -> None:
        variable, _, r = self.anywhere()
        for t in self.steps:
            self.look((variable, t, r), 1, 0.5, 0.5)
            gevent.sleep(0.25)
