"""The differentiable Stokes layer: it gives the core's maps and the right derivatives, and a fit through it works."""

import numpy as np
import pytest
import torch

from earthgan.errors import BadInput
from earthgan.flow.stokes import Knots, Sheet
from earthgan.flow.stokes_system import unit_flow
from earthgan_training.velocity.fit import Settings, first_profile, fit_profile
from earthgan_training.velocity.gate import Verdict, measured_verdict
from earthgan_training.velocity.layer import StokesLayer
from earthgan_training.velocity.moments import Spectra, step_moments
from known_flow import INNER_KM, OUTER_KM, SHELLS_KM, TRUE, smooth_moments, smooth_spectra


@pytest.mark.parametrize("free_slip", [True, False])
def test_the_layer_is_the_cores_flow(free_slip: bool) -> None:
    profile = TRUE.model_copy(update={"free_slip": free_slip})
    grid = profile.grid(24)
    radial, lateral = StokesLayer(profile, [1, 3, 9], 24)()
    for i, degree in enumerate((1, 3, 9)):
        flow = unit_flow(grid, degree, profile.viscosity(grid.nodes), free_slip)
        for found, due in zip((radial[i], lateral[i]), flow):
            due = due * profile.strength * profile.buoyancy(grid.nodes)
            np.testing.assert_allclose(found.detach(), due, atol=1e-10 * np.abs(due).max())


def test_slopes_are_those_of_differences() -> None:
    layer = StokesLayer(TRUE.model_copy(update={"strength": 1.0}), [2, 5], 10)
    parameters = list(layer.parameters())

    def flow(*values: torch.Tensor) -> torch.Tensor:
        names = dict(zip(dict(layer.named_parameters()), values))
        return torch.cat([part[:, 3:9:3, 4:6] for part in torch.func.functional_call(layer, names, ())])

    assert torch.autograd.gradcheck(flow, parameters, eps=1e-6, atol=1e-7, rtol=1e-4)


def test_a_profile_is_the_same_flow_as_its_parameters() -> None:
    """The strength takes the common factors of viscosity and expansivity."""
    layer = StokesLayer(TRUE, [2], 24)
    with torch.no_grad():
        layer.log_viscosity += 0.7
        layer.expansivity *= 3
        layer.sheets *= 3
    read = layer.profile()
    assert read.log_viscosity.values[0] == 0
    assert read.strength == pytest.approx(3 * TRUE.strength * np.exp(-0.7), rel=0.05)
    for found, due in zip(StokesLayer(read, [2], 24)(), layer()):
        np.testing.assert_allclose(found.detach(), due.detach(), atol=1e-10 * float(due.detach().abs().max()))


def test_a_fit_finds_the_rock_that_made_the_flow() -> None:
    wanted = Settings(degrees=(1, 2, 3, 5, 8), nodes=32, iterations=70)
    start = first_profile(INNER_KM, OUTER_KM, wanted)
    start = start.model_copy(update={"log_viscosity": Knots(radii_km=TRUE.log_viscosity.radii_km, values=(0.0,) * 4)})
    start = start.model_copy(update={"sheets": (Sheet(radius_km=5711.0, thickness_km=0, width_km=100.0),)})
    errors: list[float] = []
    found = fit_profile(smooth_moments(0, 8), start, wanted, errors.append)
    assert errors[-1] < 1e-5 < 0.05 < errors[0]
    np.testing.assert_allclose(found.log_viscosity.values, TRUE.log_viscosity.values, atol=0.05)
    gate = measured_verdict(smooth_moments(1, 8), found.shell_maps(SHELLS_KM, 8))
    assert gate.served.all()
    assert min(gate.radial) > 0.9999


def test_a_velocity_that_cannot_be_fitted_is_said() -> None:
    spectra = smooth_spectra(0, 8)
    still = Spectra(spectra.temperature, 0 * spectra.u, 0 * spectra.v, spectra.w)
    wanted = Settings(degrees=(1, 2), nodes=24, iterations=5)
    with pytest.raises(BadInput, match="nothing moves"), np.errstate(all="ignore"):
        fit_profile(step_moments(still, SHELLS_KM), first_profile(INNER_KM, OUTER_KM, wanted), wanted)


def test_the_gate_counts_what_is_left_of_the_variance() -> None:
    spectra = smooth_spectra(2, 6, toroidal=0.1)
    moments, maps = step_moments(spectra, SHELLS_KM), TRUE.shell_maps(SHELLS_KM, 6)
    gate = measured_verdict(moments, maps)
    np.testing.assert_allclose(gate.radial, 1, atol=1e-9)
    # The lateral velocity lacks only the toroidal part.
    np.testing.assert_allclose(1 - np.array(gate.lateral), moments.ww.sum(axis=0) / moments.lateral.sum(axis=0))
    np.testing.assert_allclose(gate.radial_of_degree, 1, atol=1e-9)
    # A kernel that is wrong by a factor leaves the square of its error.
    off = measured_verdict(moments, type(maps)(maps.radial * 0.8, maps.lateral * 0.8))
    np.testing.assert_allclose(off.radial, 1 - 0.2**2, atol=1e-9)


def test_bands_are_runs_of_one_verdict() -> None:
    gate = Verdict(
        radii_km=(1.0, 2, 3, 4, 5),
        radial=(0.95, 0.95, 0.95, 0.95, 0.95),
        lateral=(0.95, 0.5, 0.89, 0.9, 0.99),
        radial_of_degree=(),
        lateral_of_degree=(),
        whole=(0.95, 0.8),
        toroidal_share=0.0,
    )
    assert gate.bands() == [(1.0, 1.0, True), (2.0, 3.0, False), (4.0, 5.0, True)]
