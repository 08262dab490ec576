"""The code of a time step, from its file: for the steps a surrogate is made of, and for steps it has never seen."""

from __future__ import annotations

import numpy as np

from earthgan.coded import Code
from earthgan.errors import BadInput
from earthgan.spec import SpectralArguments, SurrogateSpec
from earthgan_training.contest import Snapshot
from earthgan_training.spectra.analysis import highest_degree, scalar_coefficients
from earthgan_training.spectral.modes import Shells, projected


def encoded(spec: SurrogateSpec, code: Code, snapshot: Snapshot) -> bytes:
    """The code of a snapshot for a spectral surrogate; the temperature is the snapshot's first variable.

    Raises BadInput where its shells are not those of the surrogate, its grid is too coarse, or a value is beyond all
    measure.
    """
    arguments = spec.generator.arguments
    assert isinstance(arguments, SpectralArguments)
    refuse_coarse(snapshot, arguments.degree)
    if not np.allclose(snapshot.grid.radii_km, spec.grid.radii_km, atol=1e-3):
        raise BadInput(f"step {snapshot.t}: its shells are not those of the surrogate")
    affine = spec.variables[0].normalisation
    normalised = (snapshot.values[0] - np.float32(affine.offset)) / np.float32(affine.scale)
    coefficients = scalar_coefficients(normalised, snapshot.grid, arguments.degree)
    shells = Shells.of(spec.grid.radii_km, arguments.nodes, arguments.inner_km, arguments.outer_km)
    modes = code.components["temperature"].basis[list(arguments.bands)]
    try:
        return code.encode({"temperature": projected(coefficients, modes, arguments.bands, shells)})
    except ValueError as error:
        raise BadInput(f"step {snapshot.t}: {error}") from error


def refuse_coarse(snapshot: Snapshot, degree: int) -> None:
    """Raises BadInput where a snapshot's grid does not determine harmonics of that degree."""
    if highest_degree(snapshot.grid) < degree:
        rows, columns = snapshot.grid.shape[1:]
        raise BadInput(f"step {snapshot.t}: {rows} x {columns} points are too few for degree {degree}")
