"""The query parameters of all routes. FastAPI and the grammar of tiles use the same definitions.

A route refuses parameters that it does not have, and a parameter that is given twice with different values. A client
then learns that it would not get what it asked for.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from fastapi import Depends
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema
from starlette.datastructures import QueryParams
from starlette.requests import Request

from earthgan.errors import InvalidRequest, NotFound
from earthgan.features.criterion import LARGEST, Criterion, Kind, Measure
from earthgan.quantities import Quantity
from earthgan.sphere.great_circle import within_a_turn
from earthgan.sphere.tiles import TILE_MATRIX_SETS, WEB_MERCATOR
from earthgan_gateway.drawing.colours import NAMES, STEPS
from earthgan_gateway.draws import FEWEST, MOST, USUAL, Draws, Statistic
from earthgan_gateway.offer import Offer
from earthgan_gateway.pictures import Style
from earthgan_gateway.places import LONGEST_SECTION

WHOLE = "(?:0|[1-9][0-9]{0,8})"
_USUAL = Criterion()
NUMBER = r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"


@dataclass(frozen=True)
class Pair:
    """Two numbers separated by a comma: a range, or a latitude and a longitude."""

    first: float
    second: float


@dataclass(frozen=True)
class Chosen:
    """Whole numbers and ranges of them, as the pairs of their ends. A single number is a range from it to itself."""

    ranges: tuple[tuple[int, int], ...]

    def among(self, known: Sequence[int], what: str) -> tuple[int, ...]:
        """Return those of the known numbers that are chosen, in ascending order. A range takes those that there are.

        Raises NotFound if a range has none. `what` is the name of such a number.
        """
        found: set[int] = set()
        for first, last in self.ranges:
            inside = [each for each in known if first <= each <= last]
            if not inside:
                raise NotFound(f"no {what} {first}" if first == last else f"no {what} from {first} to {last}")
            found.update(inside)
        return tuple(sorted(found))


def whole(text: str) -> int:
    """Read a whole number of at most nine digits in its only spelling. Raises ValueError."""
    if not re.fullmatch(WHOLE, text, re.ASCII):
        raise ValueError("must be a whole number in plain decimal digits, such as 12")
    return int(text)


def finite(text: str) -> float:
    """Read a finite number in plain notation. Raises ValueError."""
    value = float(text) if re.fullmatch(NUMBER, text, re.ASCII) else math.nan
    if not math.isfinite(value):
        raise ValueError("must be a finite number in plain notation, such as 48.2")
    return value


def _pair(text: str) -> Pair:
    parts = text.split(",")
    if len(parts) != 2:
        raise ValueError("must be two numbers with a comma between them")
    return Pair(finite(parts[0]), finite(parts[1]))


def _chosen(text: str) -> Chosen:
    ranges = []
    for part in text.split(","):
        ends = part.split("-")
        if len(ends) > 2:
            raise ValueError("must be whole numbers and ranges with commas between them, such as 0,4,8-16")
        first, last = sorted((whole(ends[0]), whole(ends[-1])))
        ranges.append((first, last))
    return Chosen(tuple(ranges))


def _place(text: str) -> Pair:
    pair = _pair(text)
    if abs(pair.first) > 90:
        raise ValueError("must be a latitude between -90 and 90, a comma, and a longitude")
    return pair


def _colour_map(name: str) -> str:
    if name not in NAMES:
        raise ValueError("must be a colour map that /colormaps lists")
    return name


def _pair_like(example: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^{NUMBER},{NUMBER}$", "examples": [example]})


def _indices_like(example: str) -> WithJsonSchema:
    part = f"{WHOLE}(?:-{WHOLE})?"
    return WithJsonSchema({"type": "string", "pattern": f"^{part}(?:,{part})*$", "examples": [example]})


# The limits precede the validator of the text, so that they appear as JSON Schema keywords in the OpenAPI document.
Finite = Annotated[float, BeforeValidator(finite)]
Latitude = Annotated[float, Field(ge=-90, le=90), BeforeValidator(finite)]
Positive = Annotated[float, Field(gt=0, le=LARGEST), BeforeValidator(finite)]
NotNegative = Annotated[float, Field(ge=0, le=LARGEST), BeforeValidator(finite)]
Margin = Annotated[float, Field(ge=0, lt=0.5), BeforeValidator(finite)]
Share = Annotated[float, Field(ge=0, lt=1), BeforeValidator(finite)]
PointCount = Annotated[int, Field(ge=2, le=LONGEST_SECTION), BeforeValidator(whole)]
BandCount = Annotated[int, Field(ge=2, le=STEPS), BeforeValidator(whole)]
Index = Annotated[int, Field(ge=0, le=999_999_999), BeforeValidator(whole)]
Seed = Annotated[int, Field(ge=0, le=999_999_999), BeforeValidator(whole)]
DrawCount = Annotated[int, Field(ge=FEWEST, le=MOST), BeforeValidator(whole)]
Colour = Annotated[str, Field(pattern="^[0-9a-fA-F]{6}$")]
ColourMapName = Annotated[str, BeforeValidator(_colour_map), WithJsonSchema({"type": "string", "enum": list(NAMES)})]
Range = Annotated[Pair, BeforeValidator(_pair), _pair_like("300,3600")]


class _Query(BaseModel):
    model_config = ConfigDict(frozen=True)


class CatalogQuery(_Query):
    """A depth or a radius, for which the nearest shell is found."""

    depth_km: Finite | None = Field(None, examples=[660], description="Also give the shell nearest to this depth")
    radius_km: Finite | None = Field(None, examples=[5711], description="Also give the shell nearest to this radius")


class MapQuery(_Query):
    """Which time step and radial shell a map shows."""

    step: Index | None = Field(None, examples=[120], description="A time step from /catalog, or its default")
    shell: Index | None = Field(
        None, examples=[150], description="A radial shell from /catalog; by default, its default"
    )

    def chosen(self, t: int, r: int) -> tuple[int, int]:
        """Return the step and the shell. `t` and `r` are the defaults."""
        return t if self.step is None else self.step, r if self.shell is None else self.shell


class DrawsQuery(_Query):
    """The draws of a generator with noise that an answer consists of. A surrogate without noise refuses them."""

    seed: Seed | None = Field(None, examples=[3], description="Give the draw of this seed")
    draws: DrawCount | None = Field(
        None, examples=[4], description=f"Give a statistic of the draws of the seeds from 0; {USUAL} by default"
    )
    statistic: Statistic | None = Field(
        None, examples=["std"], description="The statistic of the draws: their mean, by default, or how far they differ"
    )

    def chosen(self, offer: Offer) -> Draws:
        """Return the draws that the query asks for. Raises InvalidRequest."""
        return offer.draws(self.seed, self.draws, self.statistic)


#: The parameters that only surrogates with noise have.
DRAWS = tuple(DrawsQuery.model_fields)


class PlaceQuery(DrawsQuery):
    """A place on the sphere."""

    lat: Latitude = Field(examples=[48.2], description="Latitude in degrees")
    lon: Finite = Field(examples=[16.4], description="Longitude in degrees; any multiple of 360 may be added")

    @property
    def place(self) -> tuple[float, float]:
        """The latitude and the longitude. The longitude is within [-180, 180)."""
        return place_within_a_turn(self.lat, self.lon)


class ProfileQuery(PlaceQuery):
    """A place, and whether the answer should contain the lateral means."""

    lateral_mean: bool = Field(False, examples=[True], description="Also give the mean of each shell over the sphere")


class SectionQuery(DrawsQuery):
    """The two ends of a section, and its number of points."""

    start: Annotated[Pair, BeforeValidator(_place), _pair_like("48.2,16.4")] = Field(
        alias="from", description="Latitude and longitude of the first point"
    )
    end: Annotated[Pair, BeforeValidator(_place), _pair_like("35.7,139.7")] = Field(
        alias="to", description="Latitude and longitude of the last point"
    )
    n: PointCount | None = Field(
        None,
        examples=[64],
        description="Number of points; by default, they are as close as the grid's columns at the equator",
    )

    @property
    def ends(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """The latitude and the longitude of both ends. The longitudes are within [-180, 180)."""
        start, end = self.start, self.end
        return place_within_a_turn(start.first, start.second), place_within_a_turn(end.first, end.second)


class FeaturesQuery(_Query):
    """What counts as a slab or a plume, and which of them are asked for."""

    kind: Kind | None = Field(None, examples=["plume"], description="Give slabs only, or plumes only")
    threshold: Positive = Field(
        _USUAL.threshold, examples=[_USUAL.threshold], description="The least anomaly of a cell, in what measure says"
    )
    measure: Measure = Field(
        _USUAL.measure,
        examples=[_USUAL.measure],
        description="The threshold is a multiple of the shell's standard deviation (std), in the unit of temperature "
        "(unit), or a share of the shell's largest anomaly of that sign (largest)",
    )
    flow: NotNegative = Field(
        _USUAL.flow, examples=[_USUAL.flow], description="The least radial speed, in multiples of the shell's rms"
    )
    margin: Margin = Field(
        _USUAL.margin,
        examples=[_USUAL.margin],
        description="The share of the mantle's thickness that is left out next to the core and to the surface",
    )
    least: Share = Field(
        _USUAL.least, examples=[_USUAL.least], description="The least volume, as a share of the mantle's"
    )

    @property
    def criterion(self) -> Criterion:
        """What counts as a slab or a plume."""
        return Criterion(self.threshold, self.measure, self.flow + 0.0, self.margin + 0.0, self.least + 0.0)  # no -0


class OutlinesQuery(FeaturesQuery):
    """The shell on which outlines are drawn, and the features that are asked for."""

    shell: Index | None = Field(
        None,
        examples=[150],
        description="A radial shell from /catalog; by default, the one at 660 km in the Earth",
    )


class StyleQuery(DrawsQuery):
    """How values become colours, and whether the values are anomalies."""

    anomaly: bool = Field(False, examples=[True], description="Subtract the lateral mean of the shell")
    colormap: ColourMapName | None = Field(None, examples=["batlow"], description="A colour map from /colormaps")
    rescale: Range | None = Field(
        None, examples=["300,3600"], description="The values at the two ends of the colour map, the lower first"
    )
    steps: BandCount | None = Field(None, examples=[12], description="Draw this number of flat bands of colour")
    under: Colour | None = Field(None, examples=["000000"], description="The colour of values below the range")
    over: Colour | None = Field(None, examples=["ffffff"], description="The colour of values above the range")

    def style(self, quantity: Quantity) -> Style:
        """Return the style that the query asks for; the quantity's own style fills the gaps. Raises InvalidRequest."""
        return Style.of(
            quantity,
            self.anomaly,
            spread=self.statistic == "std",
            colormap=self.colormap,
            rescale=None if self.rescale is None else (self.rescale.first, self.rescale.second),
            steps=self.steps,
            under=self.under,
            over=self.over,
        )


class VolumeQuery(DrawsQuery):
    """Time steps and radial shells, all of which one file holds."""

    t: Annotated[Chosen, BeforeValidator(_chosen), _indices_like("118-120")] = Field(
        description="Time steps from /catalog: numbers and ranges, such as 0,4-8"
    )
    r: Annotated[Chosen, BeforeValidator(_chosen), _indices_like("149,150")] = Field(
        description="Radial shells from /catalog: numbers and ranges"
    )
    anomaly: bool = Field(False, examples=[True], description="Subtract the lateral mean of each shell")


class VersionQuery(_Query):
    """The version of an answer."""

    v: str | None = Field(
        None, examples=["digest"], description="The surrogate's digest, which makes the answer immutable"
    )


class ShellQuery(StyleQuery, VersionQuery):
    """The query of a radial shell."""


class TileQuery(ShellQuery):
    """The query of a map tile."""

    tms: Literal[TILE_MATRIX_SETS] = Field(  # type: ignore[valid-type]
        WEB_MERCATOR, examples=["WorldCRS84Quad"], description="Tile matrix set"
    )
    resampling: Literal["bilinear", "nearest"] = Field(
        "bilinear", examples=["nearest"], description="How values between the grid's points are found"
    )


class TileJsonQuery(TileQuery):
    """The query of a TileJSON. Its readers put every tile on Web Mercator, so it describes no other tile matrix set."""

    tms: Literal["WebMercatorQuad"] = Field(
        "WebMercatorQuad",
        examples=["WebMercatorQuad"],
        description="Tile matrix set; /ogc and /wmts describe the tiles of others",
    )


AnyQuery = TypeVar("AnyQuery", bound=_Query)


def read(model: type[AnyQuery], query: QueryParams) -> AnyQuery:
    """Read a query as a model, without FastAPI. Raises InvalidRequest."""
    check_names(query, [field.alias or name for name, field in model.model_fields.items()])
    try:
        return model.model_validate(dict(query))
    except ValidationError as error:
        raise InvalidRequest(one_line(error.errors()[0])) from None


def check_names(query: QueryParams, known: Collection[str]) -> None:
    """Raise InvalidRequest if a parameter is unknown or has two different values."""
    seen: dict[str, str] = {}
    for name, value in query.multi_items():
        if name not in known:
            raise InvalidRequest(f"there is no parameter {name[:40]!r} here: {_hint(name[:40], known)}")
        if seen.setdefault(name, value) != value:
            raise InvalidRequest(f"{name} is given twice with different values")


def one_line(error: Any) -> str:
    """Say what is wrong with a parameter, from pydantic's description of the error."""
    name, kind, message = error["loc"][-1], error["type"], str(error["msg"])
    if kind == "missing":
        return f"{name} is missing"
    if kind == "value_error":
        return f"{name} {error['ctx']['error']}"
    return f"{name} {message.removeprefix('Input ').removeprefix('String ')}"


def _hint(name: str, known: Collection[str]) -> str:
    if name in DRAWS:
        return "only values of a generator with noise have draws, and /catalog says which"
    nearest: Sequence[str] = difflib.get_close_matches(name.lower(), known, 1)
    if nearest:
        return f"did you mean {nearest[0]}?"
    return f"the known ones are {', '.join(known)}" if known else "this address takes no parameters"


def place_within_a_turn(latitude: float, longitude: float) -> tuple[float, float]:
    """The same place, with its longitude within [-180, 180)."""
    return latitude + 0.0, float(within_a_turn(longitude)) + 0.0  # no -0


async def _only_documented(request: Request) -> None:
    if not request.query_params:  # the document takes a quarter of a second to write, so it is not written at the start
        return
    described = request.app.openapi()["paths"][request.scope["route"].path_format][request.method.lower()]
    check_names(request.query_params, [p["name"] for p in described.get("parameters", []) if p["in"] == "query"])


#: A dependency of every router. The OpenAPI document decides which parameters a route takes.
ONLY_DOCUMENTED = Depends(_only_documented)
