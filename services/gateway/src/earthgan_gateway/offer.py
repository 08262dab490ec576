"""The quantities, time steps and radial shells that one surrogate offers, and the checks of a request for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from earthgan.errors import UnknownVariable
from earthgan.quantities import Quantity
from earthgan.surrogate import Surrogate
from earthgan.verify import offered


@dataclass(frozen=True)
class Offer:
    """A surrogate, and its quantities by name."""

    surrogate: Surrogate
    quantities: Mapping[str, Quantity]

    @classmethod
    def of(cls, surrogate: Surrogate) -> Offer:
        """Find everything that the surrogate offers. This reads a few steps for the ranges, so call it only once.

        Raises DamagedSurrogate.
        """
        return cls(surrogate, offered(surrogate))

    def quantity(self, name: str) -> Quantity:
        """Return the quantity of that name. Raises UnknownVariable."""
        if name not in self.quantities:
            raise UnknownVariable(name, tuple(self.quantities))
        return self.quantities[name]

    def check(self, name: str, *, t: int | None = None, r: int | None = None) -> Quantity:
        """Check a quantity's name, and a step and a shell if they are given, and return the quantity.

        Raises UnknownVariable, UnknownStep or UnknownShell.
        """
        found = self.quantity(name)
        if t is not None:
            self.surrogate.check_step(t)
        if r is not None:
            self.surrogate.check_shell(r)
        return found
