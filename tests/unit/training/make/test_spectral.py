"""Velocity from temperature is tried where it can be proved, and taken where it is proved and saves bytes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from earthgan import Surrogate
from earthgan.errors import BadInput
from earthgan.quantities import anomaly
from earthgan.records import PlanetSpec
from earthgan_training.make.codes import Harmonics
from earthgan_training.make.goal import Bounds, Goal, Quality, Size
from earthgan_training.make.report import Report
from earthgan_training.make.run import Wish, make_surrogate
from earthgan_training.make.spectral import Spectral, demanding
from earthgan_training.simulations.labelled import Source
from earthgan_training.velocity.gate import VelocityFit, Verdict
from memory_source import source_of
from spectral_surrogate import INNER_KM, OUTER_KM, PROFILE, in_memory

VECTOR = ("vx", "vy", "vz")


def silent(*_: object) -> None: ...


def fields_of(source: Source) -> dict[tuple[int, str], np.ndarray]:
    names = [each.variable.name for each in source.variables]
    return {(step.t, name): source.read(step.t, name) for step in source.steps for name in names}


def with_fields(source: Source, more: dict[tuple[int, str], np.ndarray]) -> Source:
    return on_its_planet(source_of(source.grid, fields_of(source) | more, vector=VECTOR))


def unrelated(source: Source) -> Source:
    """The same source with the velocity of other steps, turned about the axis, so that only its spectrum is right."""
    steps = [step.t for step in source.steps]
    return with_fields(
        source,
        {
            (t, name): np.roll(source.read(steps[i - 3], name), 17 + 5 * i, axis=-1)
            for i, t in enumerate(steps)
            for name in VECTOR
        },
    )


@pytest.fixture(scope="module")
def convection() -> Source:
    return on_its_planet(in_memory(range(1, 9)))


def on_its_planet(source: Source) -> Source:
    """The flow turns at the core and at the surface, half a cell beyond the shells."""
    return replace(source, planet=PlanetSpec(radius_km=OUTER_KM, core_radius_km=INNER_KM))


@pytest.fixture(scope="module")
def fitted() -> Spectral:
    """It keeps the profile that it finds for `convection`, which takes most of the time. Sources whose temperature and
    velocity are the same have the same profile, whatever else they hold.
    """
    return Spectral()


def made(
    source: Source,
    out: Path,
    goal: Goal = Quality(),  # noqa: B008
    kind: str | None = None,
    spectral: Spectral | None = None,
) -> Report:
    wish = Wish(goal=goal, rival=False, kind=kind)
    return make_surrogate(source, out, wish, [Harmonics(), spectral or Spectral()], "one", silent)


@pytest.mark.parametrize("goal", [Quality(60), Size(2200)])
def test_velocity_that_follows_is_not_stored(
    convection: Source, fitted: Spectral, tmp_path: Path, goal: Quality | Size
) -> None:
    report = made(convection, tmp_path / "out", goal, spectral=fitted)
    plain = made(convection, tmp_path / "plain", goal, kind="harmonics")
    assert report.kind == "spectral"
    least, plain_least = (min(each.psnr_db for each in r.variables.values()) for r in (report, plain))
    if isinstance(goal, Quality):
        assert least >= goal.psnr_db - 0.5
        assert report.total < 0.8 * plain.total
    else:
        assert report.total == pytest.approx(8 * goal.step_bytes, rel=0.05)
        assert least > plain_least + 2
    assert [line.split()[0] for line in report.choice] == ["harmonics", "spectral", "velocity"]
    assert "on 24 of 24 shells" in report.choice[-1]
    assert report.choice[-1] in report.as_json()["choice"]
    assert len(Surrogate(tmp_path / "out").steps) == 8


def test_few_bytes_are_not_spent_on_the_profile(convection: Source, fitted: Spectral, tmp_path: Path) -> None:
    """What describes the profile and its modes is most of these bytes, so the trials count it."""
    report = made(convection, tmp_path / "out", Size(1500), spectral=fitted)
    assert report.kind == "harmonics"
    assert report.total == pytest.approx(8 * 1500, rel=0.03)


def test_errors_that_are_bounded_are_corrected(convection: Source, fitted: Spectral, tmp_path: Path) -> None:
    temperature, *velocity = convection.variables
    scalar = replace(temperature, variable=replace(temperature.variable, symmetric=False))
    source = replace(convection, variables=(scalar, *velocity))
    largest = {"temperature": 3.0} | dict.fromkeys(VECTOR, 5e-12)
    report = made(source, tmp_path / "out", Bounds(largest), kind="spectral", spectral=fitted)
    assert report.kind == "spectral"
    assert all(report.variables[name].largest_error <= bound for name, bound in largest.items())


def test_velocity_that_does_not_follow_is_found_out(convection: Source, tmp_path: Path) -> None:
    source, spectral = unrelated(convection), Spectral()
    report = made(source, tmp_path / "out", spectral=spectral)
    assert report.kind == "harmonics"
    assert report.choice[1].startswith("spectral does not suit it: its velocity does not follow from temperature")
    assert min(each.psnr_db for each in report.variables.values()) >= 59.5
    with pytest.raises(BadInput, match="its velocity does not follow from temperature") as caught:
        made(source, tmp_path / "forced", kind="spectral", spectral=spectral)
    assert "\n" not in str(caught.value)
    assert {path.name for path in tmp_path.iterdir()} == {"out"}


def test_stirred_shells_reach_the_quality_too(tmp_path: Path) -> None:
    report = made(on_its_planet(in_memory(range(1, 9), stirred=True)), tmp_path / "out", Quality(50))
    assert min(each.psnr_db for each in report.variables.values()) >= 49.5


def test_nothing_that_moves_is_no_reason_to_fail(convection: Source, tmp_path: Path) -> None:
    still = with_fields(convection, {(t, name): 0 * convection.read(t, name) for t in range(1, 9) for name in VECTOR})
    report = made(still, tmp_path / "out", Quality(40))
    assert report.kind == "harmonics"
    assert report.choice[1].startswith("spectral does not suit it: ")


@pytest.mark.parametrize("follows", [True, False])
def test_an_anomaly_is_left_out_if_it_follows(
    convection: Source, fitted: Spectral, tmp_path: Path, follows: bool
) -> None:
    anomalies = {
        (t, "temperature_anomaly"): anomaly(convection.read(t, "temperature"), convection.grid) * (1 if follows else 2)
        for t in range(1, 9)
    }
    report = made(with_fields(convection, anomalies), tmp_path / "out", Quality(50), spectral=fitted)
    assert report.kind == ("spectral" if follows else "harmonics")
    assert report.variables["temperature_anomaly"].psnr_db >= 49.5
    assert len(Surrogate(tmp_path / "out").variables) == (4 if follows else 5)


@pytest.mark.parametrize("follows", [True, False])
def test_other_variables_have_to_follow_too(
    convection: Source, fitted: Spectral, tmp_path: Path, follows: bool
) -> None:
    salt = {
        (t, "salt"): np.tanh(convection.read(t, "temperature") / 1000 - 2)
        if follows
        else convection.read(t, "vx")[:, ::-1]
        for t in range(1, 9)
    }
    report = made(with_fields(convection, salt), tmp_path / "out", Quality(40), spectral=fitted)
    assert report.kind == ("spectral" if follows else "harmonics")
    assert report.variables["salt"].psnr_db >= 39.5


def test_where_nothing_can_be_proved_it_is_not_tried(convection: Source) -> None:
    quality: Goal = Quality()
    assert Spectral().can(quality, convection)
    for source, goal in (
        (convection.chosen(steps=[4]), quality),
        (convection.chosen(steps=[4, 5, 6]), quality),
        (convection, Bounds({"temperature": 1.0})),
        (convection.chosen(["temperature"]), quality),
        (convection.chosen(VECTOR), quality),
        (replace(convection, vector=None), quality),
    ):
        assert not Spectral().can(goal, source)


@pytest.mark.parametrize("psnr_db", [20.0, 57.0, 60.0, 66.0, 70.0, 80.0, 120.0])
def test_a_gate_is_as_demanding_as_the_quality(psnr_db: float) -> None:
    unexplained = np.array([1e-6, 1e-4, 1e-5, 3e-6, 0.5])
    shares = tuple((1 - unexplained).tolist())
    gate = Verdict(
        radii_km=(1, 2, 3, 4, 5), radial=shares, lateral=(1.0,) * 5, radial_of_degree=(), lateral_of_degree=(),
        whole=(1, 1), toroidal_share=0,
    )  # fmt: skip
    fit = VelocityFit(profile=PROFILE, gate=gate, psnr_db={"vx": 60.0, "vy": 61.0})
    served = demanding(fit, psnr_db).served
    assert served.sum() <= gate.served.sum()
    left = unexplained[served].sum() / unexplained.sum()
    assert psnr_db <= 57 or -10 * np.log10(max(left, 1e-99)) >= psnr_db - 57
    assert (served == gate.served).all() or psnr_db > 57
    assert unexplained[served].max(initial=0) <= unexplained[~served].min()
