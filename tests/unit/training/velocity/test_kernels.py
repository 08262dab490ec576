"""Fine tuning of kernels finds what a profile lacks, and changes nothing if a profile lacks nothing."""

import numpy as np

from earthgan.flow.stokes import Knots
from earthgan_training.velocity.gate import measured_verdict
from earthgan_training.velocity.kernels import tuned
from known_flow import INNER_KM, OUTER_KM, SHELLS_KM, TRUE, smooth_moments

DEGREE = 8


def test_kernels_make_good_a_wrong_viscosity() -> None:
    wrong = TRUE.model_copy(update={"log_viscosity": Knots(radii_km=(INNER_KM, OUTER_KM), values=(0.0, -0.8))})
    maps = wrong.shell_maps(SHELLS_KM, DEGREE)
    judged = smooth_moments(2, DEGREE)
    found = tuned(
        smooth_moments(0, DEGREE) + smooth_moments(3, DEGREE) + smooth_moments(4, DEGREE),
        smooth_moments(1, DEGREE),
        maps,
    )
    before, after = measured_verdict(judged, maps), measured_verdict(judged, found.maps)
    assert found.ridge is not None
    assert 1 - after.whole[0] < 0.2 * (1 - before.whole[0])
    assert 1 - after.whole[1] < 0.2 * (1 - before.whole[1])


def test_tuned_kernels_flow_without_divergence() -> None:
    wrong = TRUE.model_copy(update={"strength": 0.7 * TRUE.strength})
    maps = wrong.shell_maps(SHELLS_KM, DEGREE)
    found = tuned(smooth_moments(0, DEGREE), smooth_moments(1, DEGREE), maps).maps
    temperature = np.sin((SHELLS_KM - INNER_KM) / 500)
    u, v = ((b[5] - a[5]) @ temperature for a, b in ((maps.radial, found.radial), (maps.lateral, found.lateral)))
    divergence = np.gradient(u * SHELLS_KM**2, SHELLS_KM) / SHELLS_KM - 30 * v
    assert np.abs(u).max() > 0
    assert np.abs(divergence[1:-1]).max() < 0.05 * np.abs(30 * v).max()


def test_exact_kernels_stay_as_they_are() -> None:
    maps = TRUE.shell_maps(SHELLS_KM, DEGREE)
    found = tuned(smooth_moments(0, DEGREE), smooth_moments(1, DEGREE), maps)
    after = measured_verdict(smooth_moments(2, DEGREE), found.maps)
    assert min(after.radial) > 1 - 1e-9
