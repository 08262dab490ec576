"""The parts of a path, for FastAPI: a number is written in one way only, and what cannot be read does not exist."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path
from pydantic import BeforeValidator, Field

from earthgan_gateway.routes.query import whole

VARIABLE = "[a-z][a-z0-9_]*"

_Index = Annotated[int, Field(ge=0), BeforeValidator(whole)]

Variable = Annotated[
    str,
    Path(pattern=f"^{VARIABLE}$", examples=["temperature"], description="A variable or derived quantity of /variables"),
]
Step = Annotated[_Index, Path(examples=[120], description="A time step of /catalog")]
Shell = Annotated[
    _Index,
    Path(examples=[150], description="A radial shell of /catalog, 0 next to the core"),
]
Zoom = Annotated[_Index, Path(examples=[1], description="Tile matrix")]
Column = Annotated[_Index, Path(examples=[0], description="Column of the tile, from west")]
Row = Annotated[_Index, Path(examples=[0], description="Row of the tile, from north")]
