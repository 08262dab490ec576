"""Fits velocity to temperature on some time steps of a simulation, and judges the fit on others."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

from earthgan.errors import BadInput
from earthgan.flow.stokes import StokesMaps
from earthgan.quantities import VELOCITY
from earthgan.sphere.grid import EARTH_RADIUS_KM
from earthgan.variables import TEMPERATURE
from earthgan_training.prepare.recipe import Preset
from earthgan_training.prepare.run import split
from earthgan_training.simulations.contest import CORE_RADIUS_KM
from earthgan_training.simulations.labelled import Source
from earthgan_training.velocity.accuracy import velocity_psnr_db
from earthgan_training.velocity.fit import Settings, first_profile, fit_profile
from earthgan_training.velocity.gate import VelocityFit, Verdict, measured_verdict
from earthgan_training.velocity.kernels import tuned
from earthgan_training.velocity.moments import Moments, source_moments
from earthgan_training.velocity.published import published_moments

#: Gets the current task, the number of finished items, and the total number.
Watch = Callable[[str, int, int], None]


def fit_velocity(
    source: Source,
    settings: Settings,
    steps: Sequence[int] | None = None,
    held_out: Sequence[int] | None = None,
    degree: int | None = None,
    watch: Watch = lambda what, done, total: None,
) -> VelocityFit:
    """Fit to the steps `steps` (default: all) except `held_out` (default: the last eighth), which judge the fit. A gap
    of two time steps separates the two, unless both are given.

    Raises BadInput if the source has no temperature or no velocity, if a step is missing or cannot be read, or if there
    is nothing to judge by.
    """
    chosen = source.chosen((TEMPERATURE.name, *VELOCITY), {*(steps or _all(source)), *(held_out or ())})
    divided = split(_all(chosen), Preset.DEFAULT, held_out, gap=0 if steps and held_out else None)
    if not divided.held_out:
        raise BadInput(
            f"{source.address}: fewer than eight time steps: use --held-out to choose those that judge the fit"
        )
    moments = source_moments(chosen.chosen(steps=divided.train), degree, _told(watch, "reading", len(divided.train)))
    profile = fit_profile(
        moments,
        first_profile(*boundaries_km(source), settings, source.planet.radius_km / EARTH_RADIUS_KM),
        settings,
        _told(watch, "fitting", 2 * settings.iterations),
    )
    maps = profile.shell_maps(moments.radii_km, len(moments.tt) - 1)
    apart = chosen.chosen(steps=divided.held_out)
    judged = source_moments(apart, len(maps.radial) - 1, _told(watch, "judging", len(apart.steps)))
    return VelocityFit(
        profile=profile,
        gate=measured_verdict(judged, maps),
        tuned=_tuned_gate(moments, judged, maps, settings, source.planet.radius_km),
        psnr_db=velocity_psnr_db(apart, maps, _told(watch, "measuring", len(apart.steps))),
        fitted_steps=divided.train,
        held_out_steps=divided.held_out,
    )


def boundaries_km(source: Source) -> tuple[float, float]:
    """Where the mantle ends: the outermost shells that are stored, or the planet's core and surface if these are next.

    Cells have their centres half a cell inside the boundary, where the flow has to turn.
    """
    stored_km, planet = sorted(source.reader.storage.radii_km), source.planet
    (inner_km, second_km), (last_km, outer_km) = stored_km[:2], stored_km[-2:]
    if planet.core_radius_km is not None and 0 < inner_km - planet.core_radius_km <= second_km - inner_km:
        inner_km = planet.core_radius_km
    if 0 < planet.radius_km - outer_km <= outer_km - last_km:
        outer_km = planet.radius_km
    return inner_km, outer_km


def _all(source: Source) -> list[int]:
    return [step.t for step in source.steps]


def fit_published(path: Path, settings: Settings, watch: Watch = lambda what, done, total: None) -> VelocityFit:
    """Fit to the even orders of a published `x_<step>.npy`. Its odd orders judge the fit. Raises BadInput."""
    even, odd = published_moments(path)
    start = first_profile(CORE_RADIUS_KM, EARTH_RADIUS_KM, settings)
    profile = fit_profile(even, start, settings, _told(watch, "fitting", 2 * settings.iterations))
    maps = profile.shell_maps(odd.radii_km, len(odd.tt) - 1)
    return VelocityFit(profile=profile, gate=measured_verdict(odd, maps), tuned=_tuned_gate(even, odd, maps, settings))


def _tuned_gate(
    fitted: Moments, judged: Moments, maps: StokesMaps, settings: Settings, surface_km: float = EARTH_RADIUS_KM
) -> Verdict | None:
    if not settings.tune:
        return None
    return measured_verdict(judged, tuned(fitted, judged, maps, surface_km=surface_km).maps)


def _told(watch: Watch, what: str, total: int) -> Callable[..., None]:
    """A function that counts its calls and reports the count to `watch`."""
    done = itertools.count(1)
    return lambda *_: watch(what, next(done), total)
