"""Use cases: a map tile, and a radial shell on its own grid, as PNG or NPY bytes with an entity tag."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import Literal

from earthgan.errors import InvalidRequest
from earthgan.sampling import ShellSampler
from earthgan.spec import VariableSpec
from earthgan.tiles import Tile, pixel_centres
from earthgan_gateway import render
from earthgan_gateway.cache import LayeredCache, SingleFlight
from earthgan_gateway.colours import colours
from earthgan_gateway.fields import Fields, Source

Format = Literal["png", "npy"]
MEDIA_TYPES: dict[Format, str] = {"png": "image/png", "npy": "application/x-npy"}


@dataclass(frozen=True)
class Style:
    """How values become colours: a colour map's name and the values at its ends."""

    colormap: str
    low: float
    high: float

    @classmethod
    def of(cls, variable: VariableSpec, colormap: str | None, rescale: tuple[float, float] | None) -> Style:
        """The variable's own style, but for what is given. Raises InvalidRequest."""
        low, high = rescale or variable.range
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise InvalidRequest("rescale takes two finite numbers, the lower first")
        name = colormap or variable.colormap
        colours(name)
        return cls(name, low, high)


@dataclass(frozen=True)
class ShellPicture:
    """A radial shell on its own grid; `style` is None for NPY."""

    variable: str
    t: int
    r: int
    format: Format
    style: Style | None

    @property
    def name(self) -> str:
        """Canonical text that identifies the bytes, given the surrogate."""
        style = f"{self.style.colormap},{self.style.low!r},{self.style.high!r}" if self.style else "values"
        return f"{self.variable}/{self.t}/{self.r}/{self.format}/{style}/{render.VERSION}"


@dataclass(frozen=True)
class TilePicture(ShellPicture):
    """A radial shell cut and sampled for a map tile, `pixels` wide."""

    tile: Tile
    pixels: int

    @property
    def name(self) -> str:
        return f"{self.tile.tms}/{self.tile.z}/{self.tile.x}/{self.tile.y}/{self.pixels}/{super().name}"


@dataclass(frozen=True)
class Answer:
    """The bytes of a picture and where they, or the shell they were drawn from, came from."""

    body: bytes
    media_type: str
    hit: bool
    source: Source


class Pictures:
    """Draws pictures of one surrogate and keeps them."""

    def __init__(self, fields: Fields, cache: LayeredCache) -> None:
        self._fields = fields
        self._cache = cache
        self._sampler = ShellSampler(fields.surrogate.grid)
        self._flights: SingleFlight[Answer] = SingleFlight()

    def etag(self, picture: ShellPicture) -> str:
        """A strong entity tag, known before anything is computed: of the surrogate's digest and the picture's name."""
        return f'"{hashlib.sha256(self._key(picture).encode()).hexdigest()[:32]}"'

    def _key(self, picture: ShellPicture) -> str:
        kind = "tile" if isinstance(picture, TilePicture) else "picture"
        return f"{self._fields.surrogate.digest}/{kind}/{picture.name}"

    async def draw(self, picture: ShellPicture) -> Answer:
        """The picture, kept if it was drawn before. Raises NotFound and EngineError."""
        self._fields.check(picture.variable, picture.t, picture.r)
        key = self._key(picture)
        if found := await self._cache.get(key):
            return Answer(found[0], MEDIA_TYPES[picture.format], hit=True, source=found[1])
        return await self._flights.do(key, lambda: self._draw(key, picture))

    async def _draw(self, key: str, picture: ShellPicture) -> Answer:
        shell = await self._fields.shell(picture.variable, picture.t, picture.r)
        values = shell.values
        if isinstance(picture, TilePicture):
            values = self._sampler.sample(values, *pixel_centres(picture.tile, picture.pixels))
        if picture.style is None:
            body = render.npy(values)
        else:
            body = render.png(values, picture.style.colormap, picture.style.low, picture.style.high)
        await self._cache.set(key, body)
        return Answer(body, MEDIA_TYPES[picture.format], hit=False, source=shell.source)
