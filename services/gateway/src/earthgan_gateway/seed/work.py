"""One piece of work in a worker process: all quantities of one radial shell, drawn by the gateway's own code."""

from __future__ import annotations

import asyncio
import logging
import threading
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from earthgan.errors import BadInput, EarthGANError
from earthgan.files import write_whole
from earthgan.surrogate import Surrogate
from earthgan_gateway.cache import LayeredCache, MemoryCache
from earthgan_gateway.cache.redis import RedisCache
from earthgan_gateway.drawing import render
from earthgan_gateway.engines import make_engine
from earthgan_gateway.fields import Fields
from earthgan_gateway.offer import Offer
from earthgan_gateway.pictures import Pictures, ShellPicture, Style, TilePicture
from earthgan_gateway.seed.outputs import Archives, Pyramid, Tiles, value_file
from earthgan_gateway.seed.plan import Plan
from earthgan_gateway.settings import Settings
from earthgan_gateway.telemetry import Metrics, make_traces

#: Long timeouts for the generator and Redis, because no reader waits for them.
ENGINE_TIMEOUT_S, REDIS_TIMEOUT_S = 600.0, 10.0
#: Enough memory for the shells of a piece. Its tiles are not needed again.
MEMORY_BYTES = 16 * 2**20


@dataclass(frozen=True)
class Recipe:
    """Everything that a worker needs to know. A worker on another machine needs the same folders at the same paths."""

    surrogate: str
    digest: str
    plan: Plan
    folder: str | None = None
    archives: bool = False
    values: bool = False
    redis_url: str | None = None

    @property
    def about(self) -> dict[str, Any]:
        """What identifies an output. Tiles that differ in any of this are never mixed in one output."""
        return {
            "surrogate": self.digest,
            "format": "pmtiles" if self.archives else "png",
            "tms": self.plan.tms,
            "zooms": list(self.plan.zooms),
            "style": render.VERSION,
        }


@dataclass(frozen=True)
class Done:
    """The outcome of a piece. An error is a sentence, because not all exceptions can be sent between processes."""

    drawn: int = 0
    skipped: int = 0
    tiles: int = 0
    bytes: int = 0
    error: str | None = None


class Studio:
    """An open surrogate with its generator, and the event loop that they run in."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        surrogate = Surrogate(recipe.surrogate)
        if surrogate.digest != recipe.digest:
            raise BadInput(f"{recipe.surrogate} has changed, or a worker's machine has another surrogate there")
        metrics, traces = Metrics(), make_traces(None, recipe.digest)
        self._redis_errors: list[BaseException] = []  # a gateway would log them and go on without Redis
        logging.getLogger("earthgan_gateway.cache").setLevel(logging.ERROR)
        redis = RedisCache(recipe.redis_url, REDIS_TIMEOUT_S, self._redis_errors.append) if recipe.redis_url else None
        cache = LayeredCache(MemoryCache(MEMORY_BYTES), redis)
        engine = make_engine(Settings(surrogate=Path(recipe.surrogate)), surrogate)
        self._fields = Fields(Offer.of(surrogate), engine, cache, ENGINE_TIMEOUT_S, metrics, traces)
        self._pictures = Pictures(self._fields, cache, metrics, traces)
        self._tiles = recipe.plan.tiles()
        self._runner = asyncio.Runner()

    def make(self, t: int, r: int) -> Done:
        """Draw one shell in every quantity that is not there yet. Raises EarthGANError."""
        done = [self._runner.run(self._quantity(name, t, r)) for name in self._recipe.plan.quantities]
        return Done(*(sum(getattr(each, part) for each in done) for part in ("drawn", "skipped", "tiles", "bytes")))

    async def _quantity(self, name: str, t: int, r: int) -> Done:
        output = self._output()
        if output is not None and output.has(name, t, r):
            return Done(skipped=1)
        style = Style.of(self._fields.offer.check(name, t=t, r=r))
        tiles: dict[Any, bytes] = {}
        hits = 0
        for tile in self._tiles:
            picture = TilePicture(quantity=name, t=t, r=r, format="png", style=style, tile=tile)
            answer = await self._pictures.draw(picture)
            hits += answer.hit
            if self._redis_errors:
                raise BadInput(f"Redis failed ({self._redis_errors[0]}); run the command again to continue")
            tiles[tile] = answer.body
        if output is not None:
            if self._recipe.values:
                await self._write_values(name, t, r)
            output.write(name, t, r, tiles)
        if hits == len(tiles):
            return Done(skipped=1)
        return Done(drawn=1, tiles=len(tiles) - hits, bytes=_size(tiles))

    async def _write_values(self, name: str, t: int, r: int) -> None:
        answer = await self._pictures.draw(ShellPicture(quantity=name, t=t, r=r, format="npy", style=None))
        assert self._recipe.folder is not None
        write_whole(value_file(Path(self._recipe.folder), name, t, r), answer.body, durable=False)

    def _output(self) -> Pyramid | Archives | None:
        recipe = self._recipe
        if recipe.folder is None:
            return None  # drawing a picture puts it into Redis
        if not recipe.archives:
            return Pyramid(Path(recipe.folder))
        spec = self._fields.offer.surrogate.spec
        metadata = {
            "description": spec.title,
            "attribution": f"{spec.provenance.notice} ({spec.provenance.licence})",
        }
        return Archives(Path(recipe.folder), recipe.about, metadata)


def make_piece(recipe: Recipe, piece: tuple[int, int]) -> Done:
    """Draw one `(step, shell)`. Dask calls this. An error that a person can correct is returned, not raised."""
    try:
        return _studio(recipe, threading.get_ident()).make(*piece)
    except EarthGANError as error:
        return Done(error=str(error))
    except OSError as error:  # a full disk, or a folder without write permission
        return Done(error=f"{error.filename or recipe.folder}: {error.strerror or error}")


@lru_cache(maxsize=64)
def _studio(recipe: Recipe, thread: int) -> Studio:
    """Return the studio of a worker's thread. Each thread has its own, because an event loop belongs to its thread."""
    return Studio(recipe)


def _size(tiles: Tiles) -> int:
    return sum(len(png) for png in tiles.values())
