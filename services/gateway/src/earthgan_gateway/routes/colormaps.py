"""The route `/colormaps`, which lists the colour maps of pictures."""

from __future__ import annotations

import numpy as np
from fastapi import APIRouter

from earthgan_gateway.drawing.colours import ColourMap, colour_maps, colours
from earthgan_gateway.routes.models import Colormap, Colormaps
from earthgan_gateway.routes.problems import ERRORS
from earthgan_gateway.routes.query import ONLY_DOCUMENTED

#: Enough to show a strip of the map in a menu.
SAMPLES = 16


def colormaps_router() -> APIRouter:
    """Make the route that lists the colour maps."""
    router = APIRouter(tags=["metadata"], dependencies=[ONLY_DOCUMENTED], responses=ERRORS)

    @router.get("/colormaps")
    async def get_colormaps() -> Colormaps:
        """List the colour maps that `colormap=` accepts, with kind, licence and 16 colours from low to high each.

        A name with `_r` at its end, such as `vik_r`, asks for the colours from high to low.
        """
        return Colormaps(colormaps=[_described(offered) for offered in colour_maps()])

    return router


def _described(offered: ColourMap) -> Colormap:
    table = colours(offered.name)
    samples = table[np.linspace(0, len(table) - 1, SAMPLES).round().astype(int)]
    return Colormap(
        name=offered.name,
        kind=offered.kind,
        licence=offered.licence,
        colors=[f"#{bytes(colour).hex()}" for colour in samples],
    )
