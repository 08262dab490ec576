"""The page's map in a cell of a notebook, which the extra `notebook` adds to the runs of `earthgan.open`."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from earthgan.run.run import Run

if TYPE_CHECKING:
    from earthgan_gateway.notebook.widget import Map


def map_of(run: Run, **options: Any) -> Map:
    """Return a map of a run: `Run.map` says what it takes. Raises ImportError without the extra `notebook`."""
    if find_spec("anywidget") is None:
        raise ImportError("a map in a notebook needs anywidget: pip install 'earthgan-gateway[notebook]'")
    from earthgan_gateway.notebook.widget import Map

    return Map(run, **options)
