"""What a source was understood as: labelled variables on one grid, at time steps, with their origin.

Whatever is read becomes a `Source`: NetCDF files, a Zarr store, or a Dataset that a caller has in hand. Everything that
makes surrogates takes a `Source`, and nothing else reads the files of a simulation.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from earthgan.errors import BadInput
from earthgan.records import PlanetSpec
from earthgan.spec import Provenance
from earthgan.sphere.grid import ShellGrid
from earthgan_training.simulations.layout import Missing, SourceVariable

Field = NDArray[np.float32]


@dataclass(frozen=True)
class SourceStep:
    """A time step. `label` is the source's own text for it, such as `0.5Ma` or `2001-01-01`, if that is not `t`."""

    t: int
    label: str | None = None
    time_myr: float | None = None


@dataclass(frozen=True)
class Storage:
    """How the shells and meridians of a source are stored, for what must see more than its grid.

    `radii_km` and `numbers` are of every stored shell from the core outwards: its radius, and its place on the file's
    own axis from 0. `kept` are the places of the grid's shells among them. `closed` says that the file stores the first
    meridian again at the end.
    """

    radii_km: tuple[float, ...]
    numbers: tuple[int, ...]
    kept: range
    closed: bool = False


@dataclass(frozen=True)
class Understood:
    """An axis as it was understood. `name` is the source's coordinate along its dimension `dimension`.

    `kind` is what the numbers count, such as colatitude or depth. `unit` is the one that they were read in, and
    `first` and `last` are the numbers at the ends as they are stored. `why` says what the axis was recognised by.
    """

    role: str
    name: str
    dimension: str
    kind: str
    unit: str
    first: float
    last: float
    count: int
    why: str


class Reader(Protocol):
    """Reads what a `Source` describes. It can be sent to another process."""

    @property
    def missing(self) -> Missing:
        """What is done with cells that have no value."""

    @property
    def storage(self) -> Storage:
        """How the shells and meridians are stored."""

    def raw(self, t: int, name: str) -> Field:
        """A variable `(shell, latitude, longitude)` on every stored shell, without any checks: NaN where the file has
        no value. Raises BadInput only for what cannot be read.
        """

    def read(self, t: int, name: str, shells: range) -> Field:
        """A variable `(shell, latitude, longitude)` on some shells of the source's grid, in the variable's unit.

        All values are finite, except where the caller asked for missing cells to stay NaN. Raises BadInput.
        """

    def digest(self, t: int, names: Iterable[str]) -> str:
        """The SHA-256 that changes when the stored numbers of a time step change. Raises BadInput."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A simulation or a model of a mantle, as it was understood.

    `address` is what the caller named, for messages. `grid` has shells from the core outwards, rows from north to
    south, and each meridian once. `vector` names the Cartesian, planet-centred components x, y and z of one velocity.
    `notes` are sentences about what was sorted out or looks unusual. `understood` are the axes, as
    they were found. `mapping` is the text of a mapping file that says the same.
    """

    address: str
    title: str
    provenance: Provenance
    planet: PlanetSpec
    grid: ShellGrid
    variables: tuple[SourceVariable, ...]
    steps: tuple[SourceStep, ...]
    reader: Reader
    vector: tuple[str, str, str] | None = None
    notes: tuple[str, ...] = ()
    understood: tuple[Understood, ...] = ()
    mapping: str = ""

    def named(self, name: str) -> SourceVariable:
        """Find a variable by our name for it. Raises BadInput, which lists the names."""
        for each in self.variables:
            if each.variable.name == name:
                return each
        known = ", ".join(each.variable.name for each in self.variables)
        raise BadInput(f"{self.address}: has no variable {name!r}; its variables: {known}")

    def step(self, t: int) -> SourceStep:
        """Find a time step. Raises BadInput, which names the first and the last."""
        for each in self.steps:
            if each.t == t:
                return each
        raise BadInput(f"{self.address}: has no step {t}; its steps: {self.steps[0].t} to {self.steps[-1].t}")

    def read(self, t: int, name: str, shells: range | None = None) -> Field:
        """A variable `(shell, latitude, longitude)` in its unit, on all shells or some. Raises BadInput."""
        self.named(name), self.step(t)
        return self.reader.read(t, name, range(len(self.grid.radii_km)) if shells is None else shells)

    def digest(self, t: int) -> str:
        """The SHA-256 that changes when a time step's stored numbers change. Raises BadInput."""
        return self.reader.digest(t, [each.variable.name for each in self.variables])

    def chosen(self, variables: Iterable[str] | None = None, steps: Iterable[int] | None = None) -> Source:
        """The same source with some of its variables and steps, in the order given. Raises BadInput."""
        kept = self.variables if variables is None else tuple(self.named(name) for name in variables)
        names = {each.variable.name for each in kept}
        return replace(
            self,
            variables=kept,
            steps=self.steps if steps is None else tuple(self.step(t) for t in sorted(set(steps))),
            vector=self.vector if self.vector and set(self.vector) <= names else None,
        )
