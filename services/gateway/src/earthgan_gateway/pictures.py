"""Use cases: draw a map tile, or a radial shell on its own grid, as a file with an entity tag."""

from __future__ import annotations

import asyncio
import gzip
import math
import time
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from earthgan.errors import EngineError, InvalidRequest
from earthgan.quantities import Quantity
from earthgan.records import NARROWEST_RANGE
from earthgan.sphere.tiles import Tile
from earthgan_gateway.cache import LayeredCache, SingleFlight
from earthgan_gateway.coarse import CoarseTiles
from earthgan_gateway.drawing import colours, render
from earthgan_gateway.drawing.raster import TileRaster
from earthgan_gateway.draws import OWN, Draws
from earthgan_gateway.fields import Fields, Shell, Source
from earthgan_gateway.formats import COLOUR_FORMATS, FORMATS, VALUE_FORMATS, Contents
from earthgan_gateway.spreads import VERSION as SPREADS_VERSION
from earthgan_gateway.telemetry import Metrics, Traces

_ANOMALY_COLOURS, _SPREAD_COLOURS = "crameri:vik", "viridis"


@dataclass(frozen=True)
class Style:
    """How values become colours: a colour map and the values at its two ends.

    The range of a spread is found only when it is needed, so the style of a spread is open: its `high` is infinite
    until `within` closes it.

    `steps` asks for flat bands of colour. `under` and `over` are the colours of values below and above the range.
    """

    colormap: str
    low: float
    high: float
    steps: int | None = None
    under: str | None = None
    over: str | None = None

    @classmethod
    def of(
        cls,
        quantity: Quantity,
        anomaly: bool = False,
        *,
        spread: bool = False,
        colormap: str | None = None,
        rescale: tuple[float, float] | None = None,
        steps: int | None = None,
        under: str | None = None,
        over: str | None = None,
    ) -> Style:
        """Make the quantity's own style, changed by what is given. Raises InvalidRequest."""
        usual_range, usual_colours = quantity.range, quantity.colormap
        if spread:
            usual_range, usual_colours = (0.0, math.inf), _SPREAD_COLOURS
        elif anomaly:
            usual_range, usual_colours = quantity.anomaly_range, _ANOMALY_COLOURS
        low, high = rescale or usual_range
        if rescale or not spread:
            _check_range(low, high)
        name = colours.canonical(colormap or usual_colours)
        style = cls(name, low, high, steps, under and colours.hex_colour(under), over and colours.hex_colour(over))
        style.palette()
        return style

    def palette(self) -> bytes:
        """Return red, green and blue of all 256 indices."""
        return colours.palette(self.colormap, self.steps, self.under, self.over)

    @property
    def is_open(self) -> bool:
        """Whether the upper end of the range is not known yet."""
        return math.isinf(self.high)

    def within(self, low: float, high: float) -> Style:
        """Return the same style with another range."""
        return replace(self, low=low, high=high)

    @property
    def name(self) -> str:
        """A canonical text that identifies the style."""
        ends = f"spread{SPREADS_VERSION}" if self.is_open else f"{self.low!r},{self.high!r}"
        return f"{self.colormap},{ends},{self.steps},{self.under},{self.over}"


def _check_range(low: float, high: float) -> None:
    """Raise InvalidRequest unless the ends are finite, in order, and far enough apart as float32 numbers."""
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise InvalidRequest("rescale takes two finite numbers, the lower first")
    with np.errstate(over="ignore"):
        first, last = float(np.float32(low)), float(np.float32(high))
    if not (math.isfinite(first) and math.isfinite(last)):
        raise InvalidRequest("rescale takes numbers between -3.4e38 and 3.4e38, because values are float32 numbers")
    if min(high - low, last - first) < NARROWEST_RANGE:
        raise InvalidRequest("rescale takes two numbers that differ as float32 numbers and are at least 1e-36 apart")


@dataclass(frozen=True, kw_only=True)
class ShellPicture:
    """A radial shell on its own grid. `style` is None if the format holds values."""

    quantity: str
    anomaly: bool = False
    draws: Draws = OWN
    t: int
    r: int
    format: str
    style: Style | None
    gzipped: bool = False

    @property
    def name(self) -> str:
        """A canonical text that identifies the bytes, for one surrogate."""
        kind = "anomaly" if self.anomaly else "field"
        style = f"{self.style.name}/{render.VERSION}" if self.style else "values"
        written = f"{self.format}/{FORMATS[self.format].version}{'/gzip' if self.gzipped else ''}"
        return f"{self.quantity}/{kind}{self.draws.name}/{self.t}/{self.r}/{style}/{written}"


@dataclass(frozen=True, kw_only=True)
class TilePicture(ShellPicture):
    """A radial shell sampled for a map tile of `pixels` by `pixels`."""

    tile: Tile
    pixels: int = 256
    nearest: bool = False

    @property
    def name(self) -> str:
        """The name of the shell, preceded by the tile."""
        tile, resampling = self.tile, "nearest" if self.nearest else "bilinear"
        return f"{tile.tms}/{tile.z}/{tile.x}/{tile.y}/{self.pixels}/{resampling}/{super().name}"


@dataclass(frozen=True)
class Answer:
    """The bytes of a picture, whether they were in the cache (`hit`), and the source of them or of their shell."""

    body: bytes
    hit: bool
    source: Source


class Pictures:
    """Draws pictures of one surrogate and caches them."""

    def __init__(
        self,
        fields: Fields,
        cache: LayeredCache,
        metrics: Metrics,
        traces: Traces,
        pixels_bytes: int = 2**24,
        coarse: CoarseTiles | None = None,
    ) -> None:
        self._offer = fields.offer
        self._fields = fields
        self._cache = cache
        self._coarse = coarse
        self._raster = TileRaster(fields.offer.surrogate.grid, pixels_bytes)
        self._flights: SingleFlight[Answer] = SingleFlight(lambda: metrics.single_flight_wait("picture"))
        self._metrics = metrics
        self._traces = traces
        #: The time of the last request for a picture, by `time.monotonic()`. Prefetching waits for a quiet moment.
        self.asked_at = -math.inf

    def key(self, picture: ShellPicture) -> str:
        """Return the picture's cache key: its name, and everything else that its bytes depend on."""
        return self._fields.keys.picture(picture.name)

    def etag(self, picture: ShellPicture) -> str:
        """Return a strong entity tag. It is known before anything is computed."""
        return f'"{self._fields.keys.tag(self.key(picture))}"'

    def in_memory(self, key: str) -> bytes | None:
        """Return the picture under a key if this process's memory holds it."""
        return self._cache.memory.get(key)

    async def draw(self, picture: ShellPicture) -> Answer:
        """Return the picture from the cache, or draw it. Raises NotFound and EngineError."""
        return await self.find(picture) or await self.make(picture)

    async def find(self, picture: ShellPicture) -> Answer | None:
        """Return the picture if the cache has it."""
        found = await self._cache.get(self.key(picture))
        return None if found is None else Answer(found[0], hit=True, source=found[1])

    async def make(self, picture: ShellPicture) -> Answer:
        """Draw the picture. All that ask for it at the same time share the work. Raises NotFound and EngineError."""
        key = self.key(picture)
        deadline = self._fields.deadline()
        return await self._flights.do(key, deadline, lambda until: self._draw(key, picture, until))

    async def coarse(self, picture: ShellPicture, error: EngineError) -> bytes | None:
        """Draw a coloured tile without the generator, which gave this error, if that is away. It is not kept. Raises
        NotFound and EngineError.

        None stands for everything else: values are never coarse, and neither is a draw of a generator with noise.
        """
        if self._coarse is None or not self._coarse.are_due(error):
            return None
        if not isinstance(picture, TilePicture) or picture.style is None or picture.draws != OWN:
            return None
        quantity = self._offer.quantity(picture.quantity)
        values = await self._coarse.values(
            quantity, picture.t, picture.r, picture.anomaly, picture.tile, picture.pixels
        )
        return await asyncio.to_thread(self._encoded, picture, values, picture.tile)

    async def _draw(self, key: str, picture: ShellPicture, until: float) -> Answer:
        style = picture.style
        if style is not None and style.is_open:
            ends = await self._fields.spreads.of(self._offer.quantity(picture.quantity), until)
            picture = replace(picture, style=style.within(*ends))
        shell = await self._fields.shell(
            picture.quantity, picture.t, picture.r, picture.anomaly, until, draws=picture.draws
        )
        started = time.perf_counter()
        with self._traces.span("render", format=picture.format):
            if isinstance(picture, TilePicture):
                body = self._tile(picture, shell)  # it takes less than a millisecond, so a thread is not worth it
            else:
                body = await asyncio.to_thread(self._shell, picture, shell)
            if picture.gzipped:
                body = await asyncio.to_thread(gzip.compress, body, 1, mtime=0)
        self._metrics.rendered(time.perf_counter() - started)
        await self._cache.set(key, body)
        return Answer(body, hit=False, source=shell.source)

    def _tile(self, picture: TilePicture, shell: Shell) -> bytes:
        tile, pixels, style = picture.tile, picture.pixels, picture.style
        if style is not None and not (style.under or style.over):
            index = self._raster.indices(shell.padded, tile, pixels, picture.nearest, style.low, style.high)
            return COLOUR_FORMATS[picture.format].encode(index, style.palette())
        values = self._raster.values(shell.padded, tile, pixels, picture.nearest)
        return self._encoded(picture, values, tile)

    def _shell(self, picture: ShellPicture, shell: Shell) -> bytes:
        return self._encoded(picture, shell.values, None)

    def _encoded(self, picture: ShellPicture, values: NDArray[np.float32], tile: Tile | None) -> bytes:
        style = picture.style
        if style is None:
            return VALUE_FORMATS[picture.format].encode(values, self._contents(picture, tile))
        under, over = style.under is not None, style.over is not None
        index = render.coloured(values, style.low, style.high, under=under, over=over)
        return COLOUR_FORMATS[picture.format].encode(index, style.palette())

    def _contents(self, picture: ShellPicture, tile: Tile | None) -> Contents:
        surrogate, quantity = self._offer.surrogate, self._offer.quantity(picture.quantity)
        return Contents(
            variable=f"{quantity.name}_anomaly" if picture.anomaly else quantity.name,
            long_name=picture.draws.of(f"{quantity.long_name}{', less its lateral mean' if picture.anomaly else ''}"),
            unit=quantity.unit,
            description=picture.name,
            grid=surrogate.grid,
            tile=tile,
            r=picture.r,
            step=surrogate.check_step(picture.t),
            planet=surrogate.spec.planet,
            title=surrogate.spec.title,
            provenance=surrogate.spec.provenance,
        )
