"""An open workload: views arrive at random times, whether or not earlier ones were answered.

Each user makes one arrival per second on average, so `-u 20` is a Poisson stream of 20 views (about 80 tiles) per
second. The streams of several users and processes add up to one stream. A slow server does not slow the arrivals down.

    PYTHONPATH=tests locust -f tests/load/arrivals.py --headless -u 20 -r 20 -t 60s --host http://127.0.0.1:8000
"""

import random

import gevent
from gevent.pool import Group
from locust import task

from load.journeys import Reader

#: If there are more views at once than this, the gateway cannot keep up. Later views still arrive, but are given up.
MOST_AT_ONCE = 200


class Arrivals(Reader):
    """A stream of readers, each of whom looks at one view."""

    journey = "open"
    concurrency = 6 * MOST_AT_ONCE

    def wait_time(self) -> float:
        return random.expovariate(1.0)

    def on_start(self) -> None:
        super().on_start()
        self.views = Group()

    def on_stop(self) -> None:
        self.views.join(timeout=5)
        self.views.kill()

    @task
    def arrive(self) -> None:
        self.tags.clear()  # a new reader has seen nothing yet
        if len(self.views) < MOST_AT_ONCE:
            place = self.anywhere(), random.randint(0, self.max_zoom), random.random(), random.random()
            self.views.add(gevent.spawn(self.look, *place))
        else:
            self.environment.events.request.fire(
                request_type="GET",
                name="open: given up",
                response_time=0,
                response_length=0,
                exception=TimeoutError(f"{MOST_AT_ONCE} views are waiting"),
                context={},
            )
