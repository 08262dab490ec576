"""The tables of what a scientist asks, and what has to be said about each: largest errors, promised bounds, tracers,
and the bytes of a series.
"""

from __future__ import annotations

from earthgan.quantities import VELOCITY
from earthgan.variables import TEMPERATURE
from earthgan_training.evaluate.bounded import AND_REMAINDER, SURROGATE, AtBound
from earthgan_training.evaluate.results import Evaluation
from earthgan_training.evaluate.series import BLOCK, IN_TIME, STEPWISE, Cost
from earthgan_training.work.tables import NONE, Table

_BOUNDED = {
    SURROGATE: "**the surrogate**, as it is",
    AND_REMAINDER: "**the surrogate**, then SPERR of what it leaves",
    "sperr": "SPERR",
    "sz3": "SZ3",
    "ebcc": "EBCC",
}
_LARGEST, _BOUNDS, _TRACERS, _SERIES = "Largest errors", "Within", "Tracers", "A series"
_FEATURES = "Slabs and plumes"


def answers(found: Evaluation) -> tuple[Table, ...]:
    """The tables of what was asked."""
    return (*(_bounds(found, bound) for bound in found.bounded), _tracers(found), _features(found), _series(found))


def note(table: Table, found: Evaluation) -> str | None:
    """What has to be said about one of these tables; None for any other table."""
    if table.title == _LARGEST:
        return (
            "The largest error of each variable in all steps, prediction less ground truth, and the cell where it "
            "lies. The share is of the variable's range in that step."
        )
    if table.title.startswith(_BOUNDS):
        return (
            "The bytes of codes that promise a largest error in every cell. In brackets is the largest error of the "
            "decoded field, in percent of the variable's range. A codec that breaks its promise is asked for less, "
            "three times in all; *not kept* marks a bound that was broken even so. Each variable of the surrogate "
            "counts with the same share of its bytes."
        )
    if table.title.startswith(_TRACERS) and found.drift:
        flow = (
            f"The flow is that of step {found.drift.first}, and steady."
            if found.drift.steady
            else f"The flow changes linearly in time between the steps {found.drift.first} to {found.drift.last}."
        )
        return (
            f"{found.drift.count:,} tracers start evenly distributed over the volume. One overturn is the time in "
            f"which the rms speed crosses the shell. {flow} Tricubic splines interpolate both velocities on the grid "
            "of this page, and the Runge-Kutta method of order four carries the tracers. The distance is the straight "
            "line between the two ends of a tracer."
        )
    if table.title == _FEATURES and found.features:
        same = found.features.identities
        return (
            "The area in features of both, divided by the area in features of either, over all steps. The prediction "
            "and the ground truth are searched by the same criterion."
            + (
                ""
                if same is None
                else f" The truth has {found.features.tracks} tracks in {found.features.steps} steps. In "
                f"{100 * same:.1f} % of the steps of their lives, a feature overlaps most with one of that track of "
                "the surrogate with which its track does most often."
            )
        )
    if table.title.startswith(_SERIES):
        return (
            "The surrogate's bytes hold all variables and its share of the model; those of SPERR hold the temperature "
            f"alone. SPERR in time takes blocks of up to {BLOCK} consecutive steps: a cosine transform in time, then "
            "SPERR in three dimensions on each of its fields with the same rms error. It gets the bytes of the "
            "surrogate's best way, and then as many as the same PSNR takes."
        )
    return None


def largest(found: Evaluation) -> Table:
    """The largest error of each variable and its place."""
    rows = []
    for name in found.variables:
        each = found.largest(name)
        unit = found.units.get(name, "")
        rows.append(
            (
                name,
                f"{each.error:+.3g} {unit}".strip(),
                f"{each.share:.2%}".replace("%", " %"),
                f"{each.truth:.4g} {unit}".strip(),
                str(each.t),
                found.planet.in_words(each.depth, 0 if found.planet.unit == "km" else 4),
                f"{each.latitude_deg:.1f}°",
                f"{each.longitude_deg:.1f}°",
            )
        )
    head = ("variable", "error", "of the range", "truth there", "step", "depth", "latitude", "longitude")
    return Table(_LARGEST, head, tuple(rows))


def _bounds(found: Evaluation, bound: float) -> Table:
    rows = []
    for way, of in found.bounded[bound].items():
        every = [of[name] for name in found.variables]
        total = sum(each.bytes for each in every)
        kept = all(each.kept for each in every)
        rows.append((_BOUNDED[way], *map(_at_bound, every), f"{total:,}" if kept else NONE))
    title = f"{_BOUNDS} {100 * bound:g} % of the range, step {found.steps[0].t}: bytes"
    return Table(title, ("", *found.variables, "in all"), tuple(rows))


def _at_bound(each: AtBound) -> str:
    largest = f"{100 * each.largest:.2f} %"
    return f"{each.bytes:,} ({largest})" if each.kept else f"not kept ({largest})"


def _tracers(found: Evaluation) -> Table:
    drift, unit = found.drift, found.planet.unit
    if drift is None:
        return Table(_TRACERS, (), ())
    decimals = 1 if unit == "km" else 5
    rows = [
        ("median distance", found.planet.in_words(drift.median, decimals)),
        ("90 % are nearer than", found.planet.in_words(drift.ninetieth, decimals)),
        ("median way from the start", found.planet.in_words(drift.moved, decimals)),
    ]
    if drift.overturn_myr:
        rows.append(("one overturn", f"{drift.overturn_myr:,.0f} Myr"))
    return Table(f"{_TRACERS} after one overturn", ("", ", ".join(VELOCITY)), tuple(rows))


def _features(found: Evaluation) -> Table:
    if found.features is None:
        return Table(_FEATURES, (), ())
    overlaps, decimals = found.features.overlaps, 0 if found.planet.unit == "km" else 4
    depths = [found.planet.in_words(depth, decimals) for depth in next(iter(overlaps.values()))]
    rows = [(f"{kind}s", *(f"{share:.3f}" for share in by_depth.values())) for kind, by_depth in overlaps.items()]
    return Table(_FEATURES, ("", *depths), tuple(rows))


def _series(found: Evaluation) -> Table:
    series = found.series
    if series is None:
        return Table(_SERIES, (), ())

    def row(name: str, cost: Cost) -> tuple[str, str, str]:
        return name, f"{cost.bytes:,.0f}", f"{cost.psnr_db:.1f}"

    rows = [row("**the surrogate**, each step alone", series.alone)]
    if series.predicted:
        rows.append(row("**the surrogate**, with its prediction", series.predicted))
    for what, peers in (("the same bytes", series.same_bytes), ("the same PSNR", series.same_psnr)):
        rows.append(row(f"SPERR, each step alone, {what}", peers[STEPWISE]))
        rows.append(row(f"SPERR in time, {what}", peers[IN_TIME]))
    title = f"{_SERIES}, steps {series.first} to {series.last}"
    return Table(title, ("", "bytes a step", f"PSNR of {TEMPERATURE.name}, dB"), tuple(rows))
