"""What one surrogate offers: its quantities, time steps and radial shells, and the checks that a request passes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from earthgan.errors import UnknownVariable
from earthgan.quantities import Quantity, quantities
from earthgan.surrogate import Surrogate


@dataclass(frozen=True)
class Offer:
    """A surrogate with the quantities that can be drawn of it, by name."""

    surrogate: Surrogate
    quantities: Mapping[str, Quantity]

    @classmethod
    def of(cls, surrogate: Surrogate) -> Offer:
        """Everything that the surrogate offers. It reads a few steps for the ranges: make it once."""
        return cls(surrogate, quantities(surrogate))

    def quantity(self, name: str) -> Quantity:
        """The quantity of that name. Raises UnknownVariable."""
        if name not in self.quantities:
            raise UnknownVariable(name, tuple(self.quantities))
        return self.quantities[name]

    def check(self, name: str, *, t: int | None = None, r: int | None = None) -> Quantity:
        """The quantity, after its name and the step and shell that are given have been checked.

        Raises UnknownVariable, UnknownStep or UnknownShell.
        """
        found = self.quantity(name)
        if t is not None:
            self.surrogate.check_step(t)
        if r is not None:
            self.surrogate.check_shell(r)
        return found
