"""One model for each JSON document that a route answers. OpenAPI and generated clients take their types from these.

Radii, depths and distances are in km, unless `length_unit` is "1": then they have no unit. Depths are negative above
the planet's surface. Angles are in degrees, and values in the document's `unit`. null means "no value" or "not known".
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Numbers = list[float | None]
LengthUnit = Literal["km", "1"]
#: The lower end and the upper end of a range.
Ends = Annotated[list[float], Field(min_length=2, max_length=2)]


class Document(BaseModel):
    """What every document is: a value that does not change."""

    model_config = ConfigDict(frozen=True)


class Generator(Document):
    """The kind of the surrogate's generator."""

    preset: str


class Step(Document):
    """A time step. `label` is the source's own text for it. `time_myr` is null if the time is unknown."""

    t: int
    label: str | None
    time_myr: float | None


class Shell(Document):
    """A radial shell. Shell 0 lies next to the core."""

    r: int
    radius_km: float
    depth_km: float


class Grid(Document):
    """The rows and columns of a shell."""

    latitudes_deg: list[float]
    longitudes_deg: list[float]


class TileMatrixSet(Document):
    """A tile matrix set. Zooms beyond `max_native_zoom` show no more detail."""

    max_native_zoom: int


class Default(Document):
    """What a client shows first."""

    variable: str
    t: int
    r: int


class Draws(Document):
    """The variables of which a generator with noise makes draws. `seed` is that of answers to requests without one; if
    it is null, they have no noise. A statistic takes `fewest` to `most` draws, and `usual` by default.
    """

    variables: list[str]
    seed: int | None
    fewest: int
    most: int
    usual: int


class Catalog(Document):
    """Everything that clients can ask for. `nearest` is present if the query gave a depth or a radius.

    `draws` is null if the generator has no noise.

    `max_error` is the largest error of each variable, in its unit, that any cell of the grid has; null if the surrogate
    promises none.

    `simulated` says whether the data are simulated or measured, and is null if nobody has said. `length_decimals` is
    the number of decimals with which radii and depths are shown. If `time_scale` is not null, all times have been
    divided by it and all speeds multiplied, from the scale of the equations to that of the Earth's plates.
    """

    title: str
    description: str
    notice: str
    simulated: bool | None
    source: str
    licence: str
    credit: str
    time_scale: float | None
    digest: str
    max_error: dict[str, float] | None
    generator: Generator
    variables: list[str]
    steps: list[Step]
    shells: list[Shell]
    surface_radius_km: float
    core_radius_km: float | None
    length_unit: LengthUnit
    length_decimals: int
    grid: Grid
    tile_matrix_sets: dict[str, TileMatrixSet]
    default: Default
    draws: Draws | None
    nearest: Shell | None = None


class Variable(Document):
    """A variable or derived quantity, with the ranges of its colours."""

    name: str
    long_name: str
    unit: str
    range: Ends
    anomaly_range: Ends
    colormap: str
    derived: bool


class Variables(Document):
    """Every variable and derived quantity."""

    variables: list[Variable]


class Colormap(Document):
    """A colour map with samples from low to high. `licence` is an SPDX name."""

    name: str
    kind: str
    licence: str
    colors: list[str]


class Colormaps(Document):
    """Every colour map."""

    colormaps: list[Colormap]


class Tick(Document):
    """A value on a legend and its text."""

    value: float
    label: str


class Legend(Document):
    """The colours of a style from low to high, and the ticks to print beside them. `factor` times a value of the
    variable is a value in the legend's unit.
    """

    variable: str
    long_name: str
    unit: str
    factor: float
    range: Ends
    colormap: str
    colors: list[str]
    ticks: list[Tick]


class TileJson(Document):
    """A TileJSON 3.0.0 document."""

    tilejson: str
    name: str
    description: str
    attribution: str
    scheme: str
    tiles: list[str]
    minzoom: int
    maxzoom: int
    bounds: Annotated[list[float], Field(min_length=4, max_length=4)]


class ShellValues(Document):
    """The values of a radial shell on its own grid, as `values[row][column]`."""

    variable: str
    unit: str
    latitudes_deg: list[float]
    longitudes_deg: list[float]
    values: list[Numbers]


class _About(Document):
    variable: str
    long_name: str
    unit: str
    length_unit: LengthUnit
    time_scale: float | None


class Point(_About):
    """The value of a quantity at a place of a shell, and the values of all quantities there."""

    t: int
    time_myr: float | None
    r: int
    radius_km: float
    depth_km: float
    lat: float
    lon: float
    value: float | None
    values: dict[str, float | None]


class Profile(_About):
    """The values below a place, one for each shell. `lateral_mean` is present if the query asked for it."""

    t: int
    time_myr: float | None
    lat: float
    lon: float
    radius_km: list[float]
    depth_km: list[float]
    values: Numbers
    lateral_mean: Numbers | None = None


class Series(_About):
    """The values at a place of a shell, one for each time step."""

    r: int
    radius_km: float
    depth_km: float
    lat: float
    lon: float
    t: list[int]
    time_myr: Numbers
    values: Numbers


class Section(_About):
    """The values below a great circle. `values[r][i]` is the value of shell `r` below the place `lat[i]`, `lon[i]`."""

    t: int
    time_myr: float | None
    radius_km: list[float]
    depth_km: list[float]
    lat: list[float]
    lon: list[float]
    angle_deg: list[float]
    surface_distance_km: list[float]
    values: list[Numbers]


class Histogram(Document):
    """The shares of the area with values in equal intervals of the range, below the range and above it."""

    range: Ends
    bins: list[float]
    below: float
    above: float


class Statistics(_About):
    """The area-weighted statistics of a shell. `missing` is the share of the sphere without values."""

    t: int
    time_myr: float | None
    r: int
    radius_km: float
    depth_km: float
    mean: float | None
    std: float | None
    min: float | None
    max: float | None
    missing: float
    percentiles: dict[str, float | None]
    histogram: Histogram


class Health(Document):
    """The process is alive."""

    status: str


class Ready(Document):
    """The generator answers. It has the surrogate of this digest."""

    status: str
    digest: str


class ZarrNode(Document):
    """The metadata of the store or of an array, by version 3 of the Zarr specification. Only arrays have a shape."""

    zarr_format: int
    node_type: Literal["group", "array"]
    attributes: dict[str, Any]
    consolidated_metadata: dict[str, Any] | None = None
    shape: list[int] | None = None
    data_type: str | None = None
    chunk_grid: dict[str, Any] | None = None
    chunk_key_encoding: dict[str, Any] | None = None
    fill_value: float | str | None = None
    codecs: list[dict[str, Any]] | None = None
    dimension_names: list[str] | None = None


class Link(Document):
    """A link of OGC API. `templated` says that its address has variables in braces."""

    href: str
    rel: str
    type: str
    title: str
    templated: bool = False


class OgcLanding(Document):
    """The landing page of OGC API - Tiles."""

    title: str
    description: str
    attribution: str
    links: list[Link]


class OgcConformance(Document):
    """The conformance classes of OGC standards."""

    conformsTo: list[str]  # noqa: N815


class OgcCollection(Document):
    """A variable as a collection."""

    id: str
    title: str
    description: str
    attribution: str
    extent: dict[str, Any]
    crs: list[str]
    links: list[Link]
    data_queries: dict[str, dict[str, Any]]
    output_formats: list[str]
    parameter_names: dict[str, dict[str, Any]]


class OgcCollections(Document):
    """All variables as collections."""

    links: list[Link]
    collections: list[OgcCollection]


class _TileSetInList(Document):
    title: str
    dataType: Literal["map"]  # noqa: N815
    crs: str
    tileMatrixSetURI: str  # noqa: N815
    links: list[Link]


class OgcTileSet(_TileSetInList):
    """The map of a variable at a time step and on a radial shell, as tiles of a tile matrix set."""

    attribution: str
    boundingBox: dict[str, Any]  # noqa: N815
    tileMatrixSetLimits: list[dict[str, Any]]  # noqa: N815


class OgcTileSets(Document):
    """The tile sets of a variable."""

    links: list[Link]
    tilesets: list[_TileSetInList]


class OgcTileMatrixSets(Document):
    """The tile matrix sets by name."""

    tileMatrixSets: list[dict[str, Any]]  # noqa: N815


class OgcTileMatrixSet(Document):
    """A tile matrix set of OGC 17-083r4."""

    id: str
    title: str
    uri: str
    crs: str
    orderedAxes: list[str]  # noqa: N815
    wellKnownScaleSet: str  # noqa: N815
    tileMatrices: list[dict[str, Any]]  # noqa: N815
