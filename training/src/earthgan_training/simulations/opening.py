"""Opens a source: finds its files, understands them, and refuses what cannot be true."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from earthgan.errors import BadInput
from earthgan.records import PlanetSpec
from earthgan.spec import Provenance
from earthgan.sphere.grid import EARTH_RADIUS_KM
from earthgan.surrogate import file_sha256
from earthgan_training.simulations.contest import CORE_RADIUS_KM
from earthgan_training.simulations.labelled import Field, Source, SourceStep, Stored
from earthgan_training.simulations.layout import Layout
from earthgan_training.simulations.mapping import layout_of
from earthgan_training.simulations.source import SourceFile


class Missing(StrEnum):
    """What to do where cells have no value: refuse the source, fill them smoothly, or keep them as NaN."""

    REFUSE = "refuse"
    FILL = "fill"
    MASK = "mask"


@dataclass(frozen=True)
class _Files:
    files: dict[int, Path]
    layout: Layout
    stored: Stored

    def raw(self, t: int, name: str) -> Field:
        with SourceFile(self.files[t], self.layout) as file:
            return file.all_shells(name)

    def read(self, t: int, name: str, shells: range) -> Field:
        with SourceFile(self.files[t], self.layout) as file:
            return file.shells(name)[shells.start : shells.stop]

    def digest(self, t: int, names: Iterable[str]) -> str:
        return file_sha256(self.files[t])


def open_source(
    addresses: Sequence[str | Path], mapping: Path | None = None, *, missing: Missing = Missing.REFUSE
) -> Source:
    """Understand files, folders or stores as one source. A mapping file overrides what they say themselves.

    Raises BadInput, in one line that names the file, the variable, what was found, and the way out.
    """
    layout = layout_of(mapping)
    files = layout.steps(Path(addresses[0]))
    times: dict[int, float | None] = {}
    with SourceFile(first := next(iter(files.values())), layout) as file:
        grid, stored = file.grid, file.stored
    for t, path in files.items():
        with SourceFile(path, layout) as file:
            times[t] = file.time_myr
            if file.grid != grid:
                raise BadInput(f"{path}: its axes differ from those of {first.name}")
            held = tuple(each for each in layout.variables if file.has(each.variable.name))
    return Source(
        address=str(addresses[0]),
        title=layout.title,
        provenance=Provenance(source=Path(addresses[0]).resolve().name),
        planet=PlanetSpec(radius_km=EARTH_RADIUS_KM, core_radius_km=CORE_RADIUS_KM),
        grid=grid,
        variables=held,
        steps=tuple(SourceStep(t, None, time_myr) for t, time_myr in times.items()),
        reader=_Files(files, layout, stored),
        vector=layout.vector,
    )
