"""The quantities, time steps and radial shells that one surrogate offers, and the checks of a request for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from earthgan.errors import InvalidRequest, UnknownVariable
from earthgan.quantities import Quantity
from earthgan.surrogate import Surrogate
from earthgan.verify import offered
from earthgan_gateway.draws import OWN, USUAL, Draws, Statistic


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

    @property
    def has_draws(self) -> bool:
        """Whether the generator has noise, so that each seed gives another draw of every quantity."""
        return self.surrogate.kind.has_noise

    def draws(self, seed: int | None = None, count: int | None = None, statistic: Statistic | None = None) -> Draws:
        """Return the draw of one seed, or the statistic of the draws of the seeds 0 to `count - 1`.

        Without any of them, it is the surrogate's own draw. The draw of the surrogate's own seed is the same. Raises
        InvalidRequest if the surrogate has no draws, or if both a seed and a statistic are asked for.
        """
        if seed is None and count is None and statistic is None:
            return OWN
        if not self.has_draws:
            raise InvalidRequest("this surrogate has no draws, because its generator has no noise")
        if seed is None:
            return Draws(tuple(map(self._canonical, range(count or USUAL))), statistic or "mean")
        if count is not None or statistic is not None:
            raise InvalidRequest("give a seed for one draw, or draws and a statistic of them, not both")
        return Draws((self._canonical(seed),))

    def _canonical(self, seed: int) -> int | None:
        return None if seed == self.surrogate.spec.seed else seed
