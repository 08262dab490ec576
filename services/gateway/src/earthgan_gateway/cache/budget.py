"""How the memory that one process may keep is divided. All of its caches are made from this."""

from __future__ import annotations

from dataclasses import dataclass

_MB = 2**20


@dataclass(frozen=True)
class Budget:
    """Bytes for each cache; together they are no more than the whole."""

    #: Addresses that were parsed, with the headers of their answers: small, and they make every other answer cheap.
    urls_bytes: int
    #: Decoded time steps and conditional inputs.
    steps_bytes: int
    #: Shells that are ready to draw from.
    shells_bytes: int
    #: Where the pixels of tiles lie between the points of the grid.
    pixels_bytes: int
    #: Lateral means, and series that are not complete.
    places_bytes: int
    #: How often each client has asked.
    clients_bytes: int
    #: Packed shells and pictures, as Redis holds them too.
    answers_bytes: int

    @classmethod
    def of(cls, whole_bytes: int) -> Budget:
        """The caches' parts of a whole."""
        urls = min(whole_bytes // 4, 16 * _MB)
        rest = whole_bytes - urls
        steps, shells, pixels = rest // 4, rest // 6, rest // 16
        places, clients = rest // 32, rest // 64
        return cls(
            urls_bytes=urls,
            steps_bytes=steps,
            shells_bytes=shells,
            pixels_bytes=pixels,
            places_bytes=places,
            clients_bytes=clients,
            answers_bytes=rest - steps - shells - pixels - places - clients,
        )
