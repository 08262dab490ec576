"""Draws every shell of a time step as an image of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from earthgan.files import write_whole
from earthgan.quantities import Quantity
from earthgan.records import PlanetSpec
from earthgan.sphere.grid import ShellGrid
from earthgan_training.figures.frame import Frame
from earthgan_training.figures.globe_map import GlobeMap
from earthgan_training.figures.scale import Scale
from earthgan_training.figures.sources import Array


def shell_file(quantity: str, t: int, r: int, last: int) -> str:
    """The path of a shell's image. `last` is the highest shell number; it sets the number of digits, so that names
    sort.

    >>> shell_file("temperature", 113, 7, 198)
    'shells/temperature/step113-shell007.png'
    """
    return f"shells/{quantity}/step{t:03d}-shell{r:0{max(3, len(str(last)))}d}.png"


def write_shells(
    folder: Path,
    quantity: Quantity,
    name: str,
    field: Array,
    shells: Sequence[int],
    grid: ShellGrid,
    planet: PlanetSpec,
    globe: GlobeMap,
    t: int,
    when: str,
    about: str,
    per_shell_range: bool = False,
) -> Iterator[Path]:
    """Write an image for each shell of a source's field `(shell, latitude, longitude)`, one after another.

    All images have the same limits. With `per_shell_range`, each has its own.
    """
    frame, decimals = None, planet.decimals(grid.radii_km)
    for r, shell in zip(shells, field, strict=True):
        if frame is None or per_shell_range:
            frame = Frame(globe, Scale.of(quantity, [shell if per_shell_range else field]), {name: shell}, about)
        title = f"{quantity.long_name}, {planet.place_in_words(grid.radii_km[r], decimals)} (shell {r}), {when}"
        content = frame.png({name: shell}, title)
        yield write_whole(folder / shell_file(quantity.name, t, r, len(grid.radii_km) - 1), content)
