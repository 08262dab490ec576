"""The division of one process's memory among its caches."""

from __future__ import annotations

from dataclasses import dataclass

_MB = 2**20


@dataclass(frozen=True)
class Budget:
    """The size of each cache in bytes. The sizes add up to no more than the whole."""

    #: Parsed addresses with the headers of their answers. They are small, and they make every other answer cheap.
    urls_bytes: int
    #: Decoded time steps and conditional inputs.
    steps_bytes: int
    #: Unpacked shells, from which tiles are drawn.
    shells_bytes: int
    #: The positions of tile pixels between the points of the grid.
    pixels_bytes: int
    #: Previews of time steps, for tiles while the generator is away.
    previews_bytes: int
    #: Lateral means and incomplete series.
    places_bytes: int
    #: Slabs and plumes of time steps, and those of a step that is being read.
    features_bytes: int
    #: The times of each client's recent requests, for the rate limit.
    clients_bytes: int
    #: Packed shells and pictures, which Redis holds in the same form.
    answers_bytes: int

    @classmethod
    def of(cls, whole_bytes: int) -> Budget:
        """Divide a number of bytes among the caches."""
        urls = min(whole_bytes // 3, 32 * _MB)
        rest = whole_bytes - urls
        # A step takes up to a second to decode, and an answer takes milliseconds to make.
        steps, shells, pixels = 3 * rest // 8, rest // 6, rest // 16
        previews, places, features, clients = rest // 64, rest // 32, rest // 16, rest // 64
        return cls(
            urls_bytes=urls,
            steps_bytes=steps,
            shells_bytes=shells,
            pixels_bytes=pixels,
            previews_bytes=previews,
            places_bytes=places,
            features_bytes=features,
            clients_bytes=clients,
            answers_bytes=rest - steps - shells - pixels - previews - places - features - clients,
        )
