"""Makes requests that reach what the gateway computes, and leaves out those that break a rule of no JSON schema.

A schema does not say which variables, steps and shells a surrogate has. Three of four requests with a valid path get
those of the surrogate that is served: otherwise, a 404 for the path would hide what the query does. All requests that
are left must be accepted if they are valid, and refused if they are not.

A range has its lower end first, and its ends differ as float32 numbers; a place has a latitude, and a section two
places; a depth lies in the planet, and a path has at most nine places; a file has so many shells; only one of two
parameters is given.
"""

import json
import math
import os
import random
from itertools import pairwise
from typing import Any

import schemathesis
from schemathesis import GenerationMode
from schemathesis.core.parameters import ParameterLocation

#: The ends of a range must be further apart than this, and no larger than that.
NARROWEST, LARGEST = 1e-6, 1e37
#: The two ends of a section are neither the same place nor opposite ones, and no longitude has lost its digits.
NEAREST_DEG, FARTHEST_DEG = 0.1, 1e9
SURFACE_KM = 6371
MOST_PLACES = 9
MOST_SHELLS = 2**24 // (180 * 360)
#: The share of the paths that become those of something that exists, and the largest zoom among them.
EXISTING, MOST_ZOOM = 0.75, 4
#: A range of existing steps or shells has at most so many, because a file holds at most `MOST_SHELLS` in all.
FEW = int(MOST_SHELLS**0.5)
#: What there is, by the names of the paths' parameters (`{"var": […], "t": […], "r": […]}`).
THERE = json.loads(os.environ.get("SCHEMA_THERE", "{}"))


def _pair(text: str) -> tuple[float, float]:
    try:
        first, second = (float(part) for part in text.split(","))
    except ValueError:
        return math.nan, math.nan
    return first, second


def keeps_the_rules(query: dict[str, Any]) -> bool:
    """Whether the values of a query go together. Values of another kind than the schema's are not looked at."""
    if "depth_km" in query and "radius_km" in query:
        return False
    for name in ("depth_km", "radius_km"):
        if isinstance(query.get(name), int | float) and not 0 <= query[name] <= SURFACE_KM:
            return False
    rescale = query.get("rescale")
    if isinstance(rescale, str) and "," in rescale:
        low, high = _pair(rescale)
        if not (abs(low) < LARGEST and abs(high) < LARGEST and high - low > NARROWEST * max(1, abs(low), abs(high))):
            return False
    if math.prod(_count(query[name]) for name in ("t", "r") if isinstance(query.get(name), str)) > MOST_SHELLS:
        return False
    depths = query.get("z")
    if isinstance(depths, str) and not _are_depths(depths):
        return False
    coords = query.get("coords")
    if isinstance(coords, str) and "(" in coords and not _path_is_right(coords):
        return False
    ends = [_pair(place) for name in ("from", "to") if isinstance(place := query.get(name), str) and "," in place]
    return _are_apart(ends)


def _count(numbers: str) -> int:
    """How many numbers there are in numbers and ranges, at most."""
    ends = [[int(end) for end in part.split("-") if end.isdecimal()] for part in numbers.split(",")]
    return sum(max(part) - min(part) + 1 for part in ends if part)


def _are_depths(text: str) -> bool:
    try:
        numbers = [float(part) for part in text.replace("/", ",").split(",")]
    except ValueError:  # it breaks the schema
        return True
    return all(map(math.isfinite, numbers)) and ("/" not in text or numbers == sorted(numbers))


def _path_is_right(coords: str) -> bool:
    places = [_pair(",".join(place.split())) for place in coords.partition("(")[2].rstrip(")").split(",")]
    return len(places) <= MOST_PLACES and _are_apart([(latitude, longitude) for longitude, latitude in places])


def _are_apart(places: list[tuple[float, float]]) -> bool:
    """Whether latitudes and longitudes are places, and each is away from the next one and from what is opposite."""
    if not all(abs(latitude) <= 90 and abs(longitude) < FARTHEST_DEG for latitude, longitude in places):
        return False
    return all(NEAREST_DEG < _angle_deg(*pair) < 180 - NEAREST_DEG for pair in pairwise(places))


def _angle_deg(start: tuple[float, float], end: tuple[float, float]) -> float:
    (a, b), (c, d) = ((math.radians(each) for each in place) for place in (start, end))
    cosine = math.sin(a) * math.sin(c) + math.cos(a) * math.cos(c) * math.cos(b - d)
    return math.degrees(math.acos(max(-1.0, min(1.0, cosine))))


def existing_path(path: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """The path of something that exists, in the place of a valid one."""
    z = rng.randint(0, MOST_ZOOM)
    tile = {"z": z, "x": rng.randrange(2**z), "y": rng.randrange(2**z)}
    there = {name: rng.choice(values) for name, values in THERE.items()}
    return {name: (there | tile).get(name, value) for name, value in path.items()}


def existing_query(query: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """A query for steps and shells that exist. Those of a query are numbers and ranges, as text."""
    texts = {}
    for name in ("t", "r"):
        first = rng.randrange(len(THERE[name]))
        few = THERE[name][first : first + rng.randint(1, FEW)]
        texts[name] = str(few[0]) if len(few) == 1 else f"{few[0]}-{few[-1]}"
    return {name: texts.get(name, value) for name, value in query.items()}


def existing_inputs(rng: random.Random) -> dict[str, Any]:
    """An inference of something that exists."""
    shells = rng.sample(THERE["r"], rng.randint(1, 3))
    values = {"variables": [rng.choice(THERE["var"])], "step": [rng.choice(THERE["t"])], "shells": shells}
    return {
        "inputs": [
            {
                "name": name,
                "datatype": "BYTES" if name == "variables" else "INT64",
                "shape": [len(data)],
                "data": data,
            }
            for name, data in values.items()
        ]
    }


@schemathesis.hook
def map_case(context: Any, case: Any) -> Any:
    """Called by schemathesis for each request that is not left out. Only its valid parts become others."""
    rng = random.Random(repr((case.path_parameters, case.query, case.body)))  # the same request becomes the same
    if not THERE or not case.meta or rng.random() > EXISTING:
        return case
    parts = case.meta.components
    valid = {part for part, how in parts.items() if how.mode is GenerationMode.POSITIVE}
    if case.path_parameters and ParameterLocation.PATH in valid:
        case.path_parameters = existing_path(dict(case.path_parameters), rng)
    if case.query and ParameterLocation.QUERY in valid:
        case.query = existing_query(dict(case.query), rng)
    if isinstance(case.body, dict) and ParameterLocation.BODY in valid:
        case.body = existing_inputs(rng)
    return case


@schemathesis.hook
def filter_query(context: Any, query: Any) -> bool:
    """Called by schemathesis for each query that it makes."""
    return query is None or keeps_the_rules(query)


@schemathesis.hook
def filter_case(context: Any, case: Any) -> bool:
    """Called by schemathesis for each request that it makes of a boundary of the schema, which has no strategy."""
    return keeps_the_rules(case.query or {})


@schemathesis.hook
def before_add_examples(context: Any, examples: Any) -> None:
    """Called by schemathesis with the requests that it makes of the document's own examples."""
    examples[:] = [case for case in examples if keeps_the_rules(case.query or {})]
