"""Radial modes: the principal components of the training steps in each band of degrees.

The Karhunen-Loève basis of a band holds more of the field in fewer coefficients than any other basis. Convection is
coherent in radius, and no fixed basis makes use of that. Modes are orthogonal over the surrogate's shells and have a
mean square of 4 pi. So the squares of a field's coefficients sum to its mean square over the sphere and the shells.
Modes of temperature are stored as values at the Chebyshev nodes, where the Stokes maps use them. Modes of velocity are
stored at the knots of the shells that store velocity.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from earthgan.kinds.spectral_arguments import SpectralArguments

Array = NDArray[np.float64]
Field = NDArray[np.floating]

#: The first degree of each band. Bands are narrow where each degree has a shape of its own; later, two bands make an
#: octave.
BANDS = (0, 1, 2, 3, 4, 6, 8, 11, 15, 20, 27, 36, 48, 64, 91, 128, 181, 256)
#: The smallest ratio between a profile's size on the shells and that of the profile that the shells show best. With 45
#: nodes and 199 shells, it is 0.012 for two profiles and at least 0.37 for all others.
LEAST_SEEN = 0.1


def bands_to(degree: int) -> tuple[int, ...]:
    """The bands up to a degree. The last band has at least a third of its usual width, or is joined to the band before
    it.
    """
    kept = [first for first in BANDS if first <= degree]
    if len(kept) > 4 and degree + 1 - kept[-1] < (kept[-1] - kept[-2]) / 3:
        kept.pop()
    return tuple(kept)


@dataclass(frozen=True)
class Shells:
    """The shells that a component is coded on. `interpolation` `(shell, node)` goes from its nodes or knots to these
    shells. Mean squares are taken over `of` shells, which is the total number in the surrogate.
    """

    interpolation: Array
    of: int

    @classmethod
    def of_component(cls, field: str, arguments: SpectralArguments, radii_km: ArrayLike) -> Shells:
        """The shells of a component. Temperature is coded on all shells; velocity is coded on those where the gate
        rejects the Stokes maps.
        """
        radii = np.asarray(radii_km)
        if field == "temperature":
            return cls(arguments.radial_grid.interpolation(radii / arguments.thickness_km), len(radii))
        stored = arguments.stored
        return cls(stored.interpolation(radii[stored.holds(radii)]), len(radii))

    @property
    def count(self) -> int:
        return len(self.interpolation)

    @property
    def to_nodes(self) -> Array:
        """A matrix `(node, shell)` that gives the polynomial on the nodes that is nearest to a profile
        on the shells.
        """
        return np.asarray(np.linalg.pinv(self.interpolation))

    @property
    def span(self) -> Array:
        """Orthonormal profiles `(shell, profile)` that span all profiles on the nodes."""
        return np.asarray(np.linalg.svd(self.interpolation, full_matrices=False)[0])

    def seen_by(self, span: Array) -> Shells:
        """The same, where coefficients of the profiles `span` take the place of those of shells."""
        return replace(self, interpolation=span.T @ self.interpolation)

    @property
    def profiles(self) -> Array:
        """Orthonormal profiles `(shell, profile)`. They span all profiles on the nodes, except those that lie between a
        boundary and the shell next to it. The shells hardly show these, so noise could make them as large as anything.
        """
        profiles, sizes, _ = np.linalg.svd(self.interpolation, full_matrices=False)
        return np.asarray(profiles[:, sizes > LEAST_SEEN * sizes[0]])


class Covariance:
    """Sums the products of coefficients over training steps, for each band of degrees.

    Coefficients are `(degree, order, part, shell)` and already normalised.
    """

    def __init__(self, degree: int, shells: Shells) -> None:
        self.bands, self.degree, self._shells = bands_to(degree), degree, shells
        self._sums = np.zeros((len(self.bands), shells.count, shells.count))
        self._mean, self._steps = np.zeros(shells.count), 0

    def add(self, coefficients: Field) -> None:
        """Add a training step."""
        self._steps += 1
        profile = coefficients[0, 0, 0]
        self._mean += (profile - self._mean) / self._steps
        for sums, (first, last) in zip(self._sums, self._edges(), strict=True):
            of_band = [weighted(coefficients[n, : n + 1]) for n in range(first, last)]
            values = np.concatenate(of_band).reshape(-1, self._shells.count)
            sums += values.T @ values

    def _edges(self) -> list[tuple[int, int]]:
        return list(zip(self.bands, (*self.bands[1:], self.degree + 1), strict=True))

    @property
    def mean(self) -> Array:
        """The mean profile `(shell,)` as a coefficient of degree 0."""
        return self._mean

    def modes(self, count: int, mean_first: bool) -> Array:
        """The modes `(band, mode, node)`, the strongest first. With `mean_first`, the first mode of degree 0 is the
        mean profile. A mode that the nodes cannot represent is zero.
        """
        interpolation, to_nodes, profiles = self._shells.interpolation, self._shells.to_nodes, self._shells.profiles
        out = np.zeros((len(self.bands), count, interpolation.shape[1]))
        mean, wide = profiles.T @ self._mean, profiles.T @ sum(self._sums[1:5]) @ profiles
        for band, sums in enumerate(self._sums):
            covariance = profiles.T @ sums @ profiles
            if band == 0 and mean_first:
                # The mean profile comes first, and then the differences between steps. A few steps give little
                # information about these, so low degrees contribute a little.
                covariance -= self._steps * np.outer(mean, mean)
                covariance += 1e-3 * wide * (np.trace(covariance) / np.trace(wide) + 1e-9)
                unit = mean / np.linalg.norm(mean)
                outside = np.eye(len(unit)) - np.outer(unit, unit)
                covariance = outside @ covariance @ outside + np.outer(unit, unit) * np.trace(sums)
            vectors = (profiles @ np.linalg.eigh(covariance)[1][:, ::-1])[:, :count]
            if band == 0 and mean_first:
                vectors[:, 0] = self._mean / np.linalg.norm(self._mean)  # includes the parts at the boundaries
            on_nodes = to_nodes @ vectors
            square = np.sum((interpolation @ on_nodes) ** 2, axis=0) / self._shells.of
            held = square > 1e-3 / self._shells.of
            out[band, : vectors.shape[1]][held] = (on_nodes * np.sqrt(4 * np.pi / np.where(held, square, 1))).T[held]
        return out


def weighted(of_degree: Field) -> Array:
    """Multiply coefficients `(order, part, ...)` of one degree by the root of 2 if their order is above 0, because each
    of those stands for two. Their squares then sum to the mean square over the sphere times 4 pi.
    """
    out = np.asarray(of_degree * np.sqrt(2.0))
    out[0] = of_degree[0]
    return out


def in_rows(coefficients: Field) -> Array:
    """Reorder `(degree, order, part, mode)` to `(coefficient, mode)`, degree by degree, weighted as in `weighted`."""
    rows = [weighted(of_degree[: n + 1]).reshape(-1, of_degree.shape[-1]) for n, of_degree in enumerate(coefficients)]
    return np.concatenate(rows)


def degrees_of_rows(degree: int) -> NDArray[np.intp]:
    """The degree of each row of `in_rows`: `(coefficient,)`."""
    return np.repeat(np.arange(degree + 1), 2 * (np.arange(degree + 1) + 1))


def projected(coefficients: Field, modes: Array, bands: tuple[int, ...], shells: Shells) -> Array:
    """Project coefficients `(degree, order, part, shell)` on the modes of their bands: `(degree, order,
    part, mode)`.
    """
    out = np.zeros((*coefficients.shape[:3], modes.shape[1]))
    for of_band, first, last in zip(modes, bands, (*bands[1:], len(coefficients)), strict=True):
        used = np.any(of_band != 0, axis=1)
        inverse = np.linalg.pinv(shells.interpolation @ of_band[used].T)
        out[first:last][..., used] = coefficients[first:last] @ inverse.T
    return out
