"""`make load`: readers who wait for what they asked for and then look at it (a closed workload).

From the root of the repository, with a gateway running:

    PYTHONPATH=tests locust -f tests/load/locustfile.py --headless -u 16 -r 16 -t 60s --host http://127.0.0.1:8000

`--processes 2` spreads it over cores; `--master` and `--worker --master-host` over machines. An open workload is in
`arrivals.py`.
"""

import random

import gevent
from locust import between, task

from load.journeys import Reader


class PanAndZoom(Reader):
    """Wanders over one shell: aside, in and out; now and then to another one."""

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
        # Two beyond the native zoom, for clients that do not enlarge on their own.
        self.z = min(max(self.z + random.choice((-1, 1)), 0), self.max_zoom + 2)
        self.look(self.field, self.z, self.x, self.y)

    @task(1)
    def go_elsewhere(self) -> None:
        self.field = self.anywhere()
        self.look(self.field, self.z, self.x, self.y)


class SweepDepth(Reader):
    """Drags the depth slider: a run of shells next to each other, one place, one step."""

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
    """Plays the time steps of one shell, four a second, as the client's play button does."""

    journey = "time"
    wait_time = between(0.5, 1.5)

    @task
    def play(self) -> None:
        variable, _, r = self.anywhere()
        for t in self.steps:
            self.look((variable, t, r), 1, 0.5, 0.5)
            gevent.sleep(0.25)
