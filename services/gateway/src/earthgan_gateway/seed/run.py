"""Draws all pieces of work in several processes, and counts what was done."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from earthgan.errors import BadInput
from earthgan.spread import Spread
from earthgan_gateway.seed.work import Done, Recipe, make_piece


@dataclass
class Report:
    """What a run of `earthgan seed` has done. It counts each quantity of a shell as one shell."""

    digest: str
    shells_drawn: int = 0
    shells_skipped: int = 0
    tiles: int = 0
    bytes: int = 0
    seconds: float = 0.0


def seed(spread: Spread, recipe: Recipe, on_piece: Callable[[], None]) -> Report:  # type: ignore[type-arg]
    """Draw everything, and call `on_piece` after each piece. Raises BadInput if a piece fails."""
    report, started = Report(recipe.digest), time.monotonic()
    pieces: Iterable[Done] = spread(partial(make_piece, recipe), recipe.plan.pieces)
    for done in pieces:
        if done.error is not None:
            raise BadInput(done.error)
        report.shells_drawn += done.drawn
        report.shells_skipped += done.skipped
        report.tiles += done.tiles
        report.bytes += done.bytes
        on_piece()
    report.seconds = time.monotonic() - started
    return report
