"""The behaviour of every simulated reader: read /catalog, and then look at windows of tiles."""

import random
from typing import Any

import gevent
from locust import FastHttpUser
from locust.exception import StopUser

from load.checks import fault, view
from load.thresholds import seen_digests


class Reader(FastHttpUser):
    """A browser that shows the map. `journey` names its requests in the table, and the option for its threshold."""

    abstract = True
    journey = ""
    concurrency = 6  # a browser opens this many connections to one host

    def on_start(self) -> None:
        with self.client.get("/catalog", catch_response=True) as answer:
            if answer.status_code != 200:
                answer.failure(f"status {answer.status_code}")
                raise StopUser
            catalog = answer.json()
        seen_digests.add(catalog["digest"])
        self.digest: str = catalog["digest"]
        self.variables: list[str] = catalog["variables"]
        self.steps = [step["t"] for step in catalog["steps"]]
        self.shells = [shell["r"] for shell in catalog["shells"]]
        self.max_zoom: int = catalog["tile_matrix_sets"]["WebMercatorQuad"]["max_native_zoom"]
        self.tags: dict[str, str] = {}

    def anywhere(self) -> tuple[str, int, int]:
        """Choose a variable, a step and a shell."""
        return random.choice(self.variables), random.choice(self.steps), random.choice(self.shells)

    def look(self, field: tuple[str, int, int], z: int, x: float, y: float) -> None:
        """Fetch the tiles of a window at once, as a browser does."""
        variable, t, r = field
        fetches = [
            gevent.spawn(self.fetch, f"/tiles/{variable}/{t}/{r}/{z}/{column}/{row}.png")
            for z, column, row in view(z, x, y)
        ]
        gevent.joinall(fetches)

    def fetch(self, path: str) -> None:
        """Fetch one tile. A tile that was seen before is requested with its entity tag."""
        tag = self.tags.get(path)
        headers = {"accept": "image/png"} | ({"if-none-match": tag} if tag else {})
        name = f"{self.journey}: tile again" if tag else f"{self.journey}: tile"
        with self.client.get(path, headers=headers, name=name, catch_response=True) as answer:
            if tag and answer.status_code == 304:
                wrong = None if answer.headers.get("etag") == tag else "304 with another entity tag"
            else:
                wrong = fault(answer.status_code, _lower(answer.headers), answer.content or b"", self.digest)
            if digest := answer.headers.get("earthgan-surrogate"):
                seen_digests.add(digest)
            if wrong:
                answer.failure(wrong)
            else:
                answer.success()
                self.tags[path] = answer.headers["etag"]


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in (headers or {}).items()}
