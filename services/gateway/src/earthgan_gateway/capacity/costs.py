"""What requests cost, as `make capacity` measures it on the machine that it runs on."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, fields
from pathlib import Path

from earthgan.errors import BadInput


@dataclass(frozen=True)
class Costs:
    """CPU milliseconds of each kind of work, and bytes.

    The defaults were measured with the surrogate that ships, on a virtual machine of two cores with nothing beside it.
    While other work shared its cores, they were up to twice as high.
    """

    #: A tile from a process's memory.
    tile_memory_cpu_ms: float = 0.07
    #: A tile from Redis, in the gateway and in Redis itself.
    tile_redis_cpu_ms: float = 0.21
    redis_own_cpu_ms: float = 0.016
    #: A tile that is drawn from a shell in memory, and what is added where the shell must be unpacked first.
    tile_rendered_cpu_ms: float = 0.63
    unpack_cpu_ms: float = 0.93
    #: A shell of all variables, of a time step in memory, and what is added for each step that is decoded for it.
    shell_cpu_ms: float = 27.0
    step_cpu_ms: float = 175.0
    #: A profile over all depths, of a time step in memory.
    profile_cpu_ms: float = 28.0
    #: An answer with a tile, and one with a profile, with their header fields.
    tile_bytes: float = 12_600
    profile_bytes: float = 6_000
    #: A time step in memory that was predicted from another one, and one that was not.
    step_bytes: float = 1_850_000
    key_frame_bytes: float = 210_000

    @classmethod
    def read(cls, file: Path) -> Costs:
        """Read a JSON object with some or all of the fields. Raises BadInput in one line."""
        try:
            given = json.loads(file.read_text())
        except ValueError as error:
            raise BadInput(f"{file}: not JSON: {error}") from error
        if not isinstance(given, dict):
            raise BadInput(f"{file}: not an object of costs")
        known = {field.name for field in fields(cls)}
        for name, value in given.items():
            if name not in known:
                raise BadInput(f"{file}: unknown cost {name!r}: the known ones are {', '.join(sorted(known))}")
            if not isinstance(value, int | float) or not 0 < value < math.inf:
                raise BadInput(f"{file}: {name} must be a positive number")
        return cls(**given)
