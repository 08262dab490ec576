"""Time stepping: exact solutions, order of accuracy, whole-number time, and the guard against too few modes."""

from dataclasses import replace

import numpy as np
import pytest

from earthgan.errors import BadInput
from earthgan_training.simulate import initial
from earthgan_training.simulate.clock import Clock
from earthgan_training.simulate.diagnostics import check_resolved, diagnose
from earthgan_training.simulate.model import MEAN, Model, Past, State, at_resolution, step_weights
from earthgan_training.simulate.parameters import Physics, Resolution

SMALL = Resolution(16, 8, "float64")


def followed(model: Model, state: State, intervals: int) -> State:
    while state.clock.done < intervals:
        state = model.advanced(state)
    return state


def test_conduction_with_internal_heating_becomes_the_closed_form() -> None:
    physics = Physics(rayleigh=1.0, heating=5.0, inner=1.2)
    model = Model(physics, SMALL, cfl=0.4)
    state = followed(model, model.start(initial.conduction(model.grid, 8), Clock(0.1)), 40)
    r, inner, outer = model.grid.nodes, 1.2, 2.2
    # T = a + b/r - H r^2 / 6
    b = (1 + 5 * (inner**2 - outer**2) / 6) / (1 / inner - 1 / outer)
    a = 5 * outer**2 / 6 - b / outer
    np.testing.assert_allclose(state.temperature[0, 0, 0] / MEAN, a + b / r - 5 * r**2 / 6, atol=1e-9)
    found = diagnose(model, state)
    assert found.v_rms == 0
    # The heat that leaves is the heat that enters plus the heat that is produced.
    made = 5 / 3 * (outer**3 - inner**3)
    per_nusselt = inner * outer / (outer - inner)
    assert (found.nusselt_top - found.nusselt_bottom) * per_nusselt == pytest.approx(made, rel=1e-9)


def test_conduction_has_nusselt_number_one() -> None:
    model = Model(Physics(rayleigh=1.0), SMALL, cfl=0.4)
    found = diagnose(model, model.start(initial.conduction(model.grid, 8), Clock(0.1)))
    assert found.nusselt_top == pytest.approx(1, abs=1e-9)
    assert found.nusselt_bottom == pytest.approx(1, abs=1e-9)


def test_error_falls_with_the_cube_of_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """From states of a run with much smaller steps, so that the first steps of lower order do not count."""
    model = Model(Physics(rayleigh=3000.0), SMALL, cfl=1e9)
    interval, finest = 0.02, 1 << 10
    start = initial.perturbed(model.grid, 8, {(2, 1): 0.3, (3, 0): 0.2})
    state = model.start(start, Clock(interval, level=10))
    advection = model._advection
    monkeypatch.setattr(model, "_advection", lambda t, measure: advection(t, False))  # the length of the steps stays
    exact = [state]
    while exact[-1].clock.done < 2:
        exact.append(model.advanced(exact[-1]))
    errors = []
    for level in (4, 5):
        stride = finest >> level
        past = tuple(
            Past(exact[i].temperature, exact[i + 1].past[0].advection, interval / 2**level)
            for i in (finest - stride, finest - 2 * stride)
        )
        state = State(exact[finest].temperature, past, Clock(interval, done=1, level=level), step=1)
        while state.clock.done < 2:
            state = model.advanced(state)
        errors.append(np.abs(state.temperature - exact[-1].temperature).max())
    assert 6 < errors[0] / errors[1] < 11


@pytest.mark.parametrize("ages", [[0.3], [0.1, 0.3], [0.2, 0.4, 0.6], [0.1, 0.2, 0.4], [0.3, 0.45, 0.5]])
def test_step_weights_are_exact_for_polynomials(ages: list[float]) -> None:
    when = 0.7 - np.array(ages)  # the step ends at 0.7
    extrapolated, derivative = step_weights(np.array(ages))
    for power in range(len(ages)):
        assert extrapolated @ when**power == pytest.approx(0.7**power)
    for power in range(len(ages) + 1):
        assert derivative @ (0.7**power - when**power) == pytest.approx(power * 0.7 ** (power - 1), abs=1e-9)


@pytest.mark.parametrize("more", [0.0, 10.0, 1000.0])
def test_the_vanishing_viscosity_leaves_the_low_degrees_and_the_mean_untouched(more: float) -> None:
    plain, other = Resolution(16, 20), Resolution(16, 20, vanishing=more)
    np.testing.assert_array_equal(other.diffusivity[:19], 1)
    assert other.diffusivity[20] == pytest.approx(1 + more)
    assert (np.diff(other.diffusivity) >= 0).all()
    inverses = [Model(Physics(1.0), each, 0.4)._implicit_inverses(100.0) for each in (plain, other)]
    np.testing.assert_array_equal(inverses[0][:19], inverses[1][:19])
    assert (inverses[0][20] == inverses[1][20]).all() == (more == 0)


@pytest.mark.parametrize("finer", [Resolution(16, 8), Resolution(24, 8), Resolution(17, 12), Resolution(30, 20)])
def test_a_finer_resolution_holds_the_same_field(finer: Resolution) -> None:
    coarse, fine = Model(Physics(1.0), Resolution(16, 8), 0.4), Model(Physics(1.0), finer, 0.4)
    field = initial.random(coarse.grid, 8, seed=2)
    found = at_resolution(field, coarse.grid, fine)
    assert found.shape == (finer.degree + 1, finer.degree + 1, 2, finer.nodes)
    np.testing.assert_allclose(found[:9, :9], initial.random(fine.grid, 8, 2), atol=1e-8)
    assert not found[9:].any()
    np.testing.assert_allclose(at_resolution(found, fine.grid, coarse), field, atol=1e-12)


def test_heat_is_conserved_by_the_flow() -> None:
    """In a steady flow, as much heat leaves as enters."""
    model = Model(Physics(rayleigh=1500.0), Resolution(18, 12, "float64"), cfl=0.4)
    state = followed(model, model.start(initial.perturbed(model.grid, 12, {(2, 0): 0.2}), Clock(0.01)), 150)
    found = diagnose(model, state)
    check_resolved(found, model)
    assert found.nusselt_top > 1.2
    assert found.nusselt_bottom == pytest.approx(found.nusselt_top, rel=2e-3)


def test_float32_follows_float64() -> None:
    ends = []
    for dtype in ("float32", "float64"):
        model = Model(Physics(rayleigh=3000.0, heating=2.0), Resolution(16, 8, dtype), cfl=0.3)
        state = followed(model, model.start(initial.random(model.grid, 8, seed=3), Clock(0.005)), 4)
        assert state.temperature.dtype == dtype
        ends.append(state.temperature)
    assert np.abs(ends[0] - ends[1]).max() < 1e-4 * np.abs(ends[1]).max()


def test_a_seed_is_the_same_field_at_every_resolution() -> None:
    coarse, fine = (Model(Physics(rayleigh=1.0), Resolution(16, degree), 0.4) for degree in (8, 12))
    a, b = initial.random(coarse.grid, 8, 5), initial.random(fine.grid, 12, 5)
    np.testing.assert_array_equal(a, b[:9, :9])
    assert not b[9:].any()
    assert (a != initial.random(coarse.grid, 8, 6)).any()


def test_a_clock_meets_every_interval() -> None:
    clock, times = Clock(0.3), []
    limits = iter([1.0, 0.1, 0.1, 0.1, 0.02, 1.0, *[1.0] * 200])
    while clock.done < 4:
        clock = clock.fitted(next(limits)).ticked()
        times.append(clock.time)
        if clock.on_interval:
            assert clock.time == 0.3 * clock.done
    assert (np.diff(times) > 0).all()
    assert clock.level < 3, "steps grow again"


def test_step_length_does_not_flicker() -> None:
    clock = Clock(1.0, level=3)
    assert clock.fitted(0.26).level == 3
    assert clock.fitted(0.4).level == 2
    assert replace(clock, position=1).fitted(0.4).level == 3, "not in the middle of a longer step"


def test_too_few_modes_are_refused_in_one_line() -> None:
    model = Model(Physics(rayleigh=1.0), SMALL, cfl=0.4)
    coefficients = initial.perturbed(model.grid, 8, {(2, 0): 1.0, (8, 3): 0.3})
    with pytest.raises(BadInput, match=r"under-resolved, the spectral tail 0\.3 is above 0\.1; raise --degree above 8"):
        check_resolved(diagnose(model, model.start(coefficients, Clock(0.1))), model)
    with pytest.raises(BadInput, match="no longer finite"):
        check_resolved(diagnose(model, model.start(coefficients * np.nan, Clock(0.1))), model)


def test_too_small_a_resolution_is_refused() -> None:
    with pytest.raises(BadInput, match="at least 8 nodes"):
        Resolution(4, 8)
