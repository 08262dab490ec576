"""An open workload for `earthgan capacity`: single tiles whose shells are popular by Zipf's law.

Each user asks once a second on average, whether or not earlier requests were answered. `--zipf` is the exponent, and
`--looked-at` the number of variables. Which shell is how popular is what `earthgan capacity` assumes.
"""

import random
from argparse import ArgumentParser

import numpy as np
from locust import events, task

from earthgan_gateway.capacity.model import popularity
from load import arrivals


@events.init_command_line_parser.add_listener
def _add_options(parser: ArgumentParser) -> None:
    parser.add_argument("--zipf", type=float, default=1.0)
    parser.add_argument("--looked-at", type=int, default=1)


class Popular(arrivals.Arrivals):
    """A stream of readers, each of whom asks for one tile."""

    def on_start(self) -> None:
        super().on_start()
        options = self.environment.parsed_options
        self.looked_at = self.variables[: options.looked_at]
        self.shares = popularity(len(self.steps), len(self.shells), options.zipf).ravel().cumsum()

    def look(self, *_: object) -> None:
        t, r = divmod(int(np.searchsorted(self.shares, random.random() * self.shares[-1])), len(self.shells))
        z, x, y = random.choice([(z, x, y) for z in range(self.max_zoom + 1) for x in range(2**z) for y in range(2**z)])
        self.fetch(f"/tiles/{random.choice(self.looked_at)}/{self.steps[t]}/{self.shells[r]}/{z}/{x}/{y}.png")

    arrive = task(arrivals.Arrivals.arrive)
