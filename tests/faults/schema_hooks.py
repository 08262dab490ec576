"""Leaves out requests that break a rule that no JSON schema can say, so that all other valid requests must be accepted.

A range has its lower end first, and its ends differ as float32 numbers; a place has a latitude; only one of two
parameters is given.
"""

import math
from typing import Any

import schemathesis

#: The ends of a range must be further apart than this, and no larger than that.
NARROWEST, LARGEST = 1e-6, 1e37


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
    rescale = query.get("rescale")
    if isinstance(rescale, str) and "," in rescale:
        low, high = _pair(rescale)
        if not (abs(low) < LARGEST and abs(high) < LARGEST and high - low > NARROWEST * max(1, abs(low), abs(high))):
            return False
    for name in ("from", "to"):
        if isinstance(place := query.get(name), str) and "," in place:
            latitude, longitude = _pair(place)
            if not (abs(latitude) <= 90 and math.isfinite(longitude)):
                return False
    return True


@schemathesis.hook
def filter_query(context: Any, query: Any) -> bool:
    """Called by schemathesis for each query that it makes."""
    return query is None or keeps_the_rules(query)


@schemathesis.hook
def before_add_examples(context: Any, examples: Any) -> None:
    """Called by schemathesis with the requests that it makes of the document's own examples."""
    examples[:] = [case for case in examples if keeps_the_rules(case.query or {})]
