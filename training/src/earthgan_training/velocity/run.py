"""Fits velocity to temperature on some time steps of a simulation, and judges the fit on others."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from earthgan.errors import BadInput
from earthgan.flow.stokes import StokesMaps
from earthgan.sphere.grid import EARTH_RADIUS_KM
from earthgan_training.prepare.recipe import Preset
from earthgan_training.prepare.run import split
from earthgan_training.simulations.contest import CORE_RADIUS_KM
from earthgan_training.simulations.layout import Layout
from earthgan_training.simulations.source import SourceFile
from earthgan_training.velocity.accuracy import velocity_psnr_db
from earthgan_training.velocity.fit import Settings, first_profile, fit_profile
from earthgan_training.velocity.gate import VelocityFit, Verdict, measured_verdict
from earthgan_training.velocity.kernels import tuned
from earthgan_training.velocity.moments import Moments, files_moments
from earthgan_training.velocity.published import published_moments

#: Gets the current task, the number of finished items, and the total number.
Watch = Callable[[str, int, int], None]


def fit_velocity(
    raw: Path,
    layout: Layout,
    settings: Settings,
    steps: Sequence[int] | None = None,
    held_out: Sequence[int] | None = None,
    degree: int | None = None,
    watch: Watch = lambda what, done, total: None,
) -> VelocityFit:
    """Fit to the files of `steps` (default: all) except those of `held_out` (default: the last eighth), which judge the
    fit. A gap of two time steps separates the two, unless both are given.

    Raises BadInput if a file is missing or cannot be used, or if there is nothing to judge by.
    """
    files = layout.steps(raw, (*(steps or ()), *(held_out or ())))
    chosen = sorted({*(steps or files), *(held_out or ())})
    divided = split(chosen, Preset.DEFAULT, held_out, gap=0 if steps and held_out else None)
    if not divided.held_out:
        raise BadInput(f"{raw}: fewer than eight time steps: use --held-out to choose those that judge the fit")

    def of(part: Sequence[int]) -> Mapping[int, Path]:
        return {t: files[t] for t in part}

    moments = files_moments(of(divided.train), layout, degree, _told(watch, "reading", len(divided.train)))
    with SourceFile(next(iter(files.values())), layout) as file:
        inner_km, outer_km = float(np.min(file.radii_km)), float(np.max(file.radii_km))
    profile = fit_profile(
        moments, first_profile(inner_km, outer_km, settings), settings, _told(watch, "fitting", 2 * settings.iterations)
    )
    maps = profile.shell_maps(moments.radii_km, len(moments.tt) - 1)
    apart = of(divided.held_out)
    judged = files_moments(apart, layout, len(maps.radial) - 1, _told(watch, "judging", len(apart)))
    return VelocityFit(
        profile=profile,
        gate=measured_verdict(judged, maps),
        tuned=_tuned_gate(moments, judged, maps, settings),
        psnr_db=velocity_psnr_db(apart, layout, maps, _told(watch, "measuring", len(apart))),
        fitted_steps=divided.train,
        held_out_steps=divided.held_out,
    )


def fit_published(path: Path, settings: Settings, watch: Watch = lambda what, done, total: None) -> VelocityFit:
    """Fit to the even orders of a published `x_<step>.npy`. Its odd orders judge the fit. Raises BadInput."""
    even, odd = published_moments(path)
    start = first_profile(CORE_RADIUS_KM, EARTH_RADIUS_KM, settings)
    profile = fit_profile(even, start, settings, _told(watch, "fitting", 2 * settings.iterations))
    maps = profile.shell_maps(odd.radii_km, len(odd.tt) - 1)
    return VelocityFit(profile=profile, gate=measured_verdict(odd, maps), tuned=_tuned_gate(even, odd, maps, settings))


def _tuned_gate(fitted: Moments, judged: Moments, maps: StokesMaps, settings: Settings) -> Verdict | None:
    return measured_verdict(judged, tuned(fitted, judged, maps).maps) if settings.tune else None


def _told(watch: Watch, what: str, total: int) -> Callable[..., None]:
    """A function that counts its calls and reports the count to `watch`."""
    done = itertools.count(1)
    return lambda *_: watch(what, next(done), total)
