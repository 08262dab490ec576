"""The parts of a path, as types for FastAPI. A number has one spelling, and a path that cannot be read is a 404."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path
from pydantic import BeforeValidator, Field

from earthgan_gateway.routes.query import whole

VARIABLE = "[A-Za-z][A-Za-z0-9_]*"

_Index = Annotated[int, Field(ge=0), BeforeValidator(whole)]

Variable = Annotated[
    str,
    Path(
        pattern=f"^{VARIABLE}$", examples=["temperature"], description="A variable or derived quantity from /variables"
    ),
]
Step = Annotated[_Index, Path(examples=[120], description="A time step from /catalog")]
Shell = Annotated[
    _Index,
    Path(examples=[150], description="A radial shell from /catalog; shell 0 lies next to the core"),
]
Zoom = Annotated[_Index, Path(examples=[1], description="Zoom: the number of the tile matrix")]
Column = Annotated[_Index, Path(examples=[0], description="Column of the tile, counted from the west")]
Row = Annotated[_Index, Path(examples=[0], description="Row of the tile, counted from the north")]
