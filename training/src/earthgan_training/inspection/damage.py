"""Looks for damaged shells in a time step: constant ones, and ones not finite or unlike their neighbours in radius."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earthgan_training.simulations.labelled import Source, Storage
from earthgan_training.simulations.layout import SourceVariable

#: A shell is unlike its neighbours in one of three cases. Its pattern differs from both by more than this share of its
#: own spread (for smooth data, a few hundredths), and by more than this factor than they differ from each other (levels
#: that lie far apart are all unlike). Its spread differs from theirs by this factor. Or its mean is off the
#: line through their means by this many of its spreads.
UNLIKE, UNLIKE_FACTOR, SPREAD_FACTOR, MEAN_SPREADS = 0.5, 2.0, 3.0, 2.0
#: A wrong mean bends the line back at its neighbours by at least this share.
BENT_BACK = 0.2
NEIGHBOURS = 3


@dataclass(frozen=True)
class ShellFinding:
    """The faults of one shell. `shell` is its index in the file's vertical axis."""

    shell: int
    radius_km: float
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class VariableInspection:
    """The profile of a variable from the core outwards, each `(shell,)`: the lateral mean, the spread, and the
    difference between a shell's pattern and the nearer of its neighbours, in spreads. `found` are the shells that look
    damaged, and `known` are those that are known to be.
    """

    name: str
    unit: str
    mean: NDArray[np.float64]
    spread: NDArray[np.float64]
    difference: NDArray[np.float64]
    found: tuple[ShellFinding, ...]
    known: tuple[ShellFinding, ...]
    sample: NDArray[np.float32]  # the shell to show `(latitude, longitude)`: the first damaged one, or a middle one
    sample_shell: int


@dataclass(frozen=True)
class Inspection:
    """All variables of a time step. `name` is the source's and the step's, for messages."""

    name: str
    radii_km: NDArray[np.float64]
    variables: tuple[VariableInspection, ...]

    def lines(self) -> list[str]:
        """The findings as text, one line for each. Consecutive shells with the same finding share a line."""
        lines = [f"{self.name}: {len(self.radii_km)} shells, {len(self.variables)} variables"]
        for each in self.variables:
            lines += [f"  {each.name}: {line}" for line in (*_together(each.found), *_together(each.known, "known: "))]
            if not each.found:
                lines.append(f"  {each.name}: no damage found")
        return lines

    def suspicious(self) -> list[str]:
        """The shells that look damaged and are not known to be, one line for each run of them."""
        lines = []
        for each in self.variables:
            known = {finding.shell for finding in each.known}
            new = tuple(finding for finding in each.found if finding.shell not in known)
            lines += [f"{each.name}: {line}" for line in _together(new)]
        return lines

    def known(self) -> list[str]:
        """What is known to be wrong, one line for each run of shells."""
        return [f"{each.name}: {line}" for each in self.variables for line in _together(each.known)]

    def as_json(self) -> dict[str, Any]:
        """Findings and profiles as plain numbers, with NaN as null."""
        return {
            "source": self.name,
            "radii_km": self.radii_km.tolist(),
            "variables": {
                each.name: {
                    "unit": each.unit,
                    "found": [asdict(finding) for finding in each.found],
                    "known": [asdict(finding) for finding in each.known],
                    **{
                        profile: [x if np.isfinite(x) else None for x in getattr(each, profile).tolist()]
                        for profile in ("mean", "spread", "difference")
                    },
                }
                for each in self.variables
            },
        }


def inspect_step(source: Source, t: int) -> Inspection:
    """Look at every stored shell of a time step in all variables of a source. Raises BadInput."""
    reader, stored, step = source.reader, source.reader.storage, source.step(t)
    variables = tuple(
        _inspect(
            reader.raw(t, each.variable.name), each.variable.name, each.variable.unit, stored, _known(each, stored)
        )
        for each in source.variables
    )
    return Inspection(f"{source.address}, step {step.label or t}", np.array(stored.radii_km), variables)


def _inspect(
    shells: NDArray[np.float32],
    name: str,
    unit: str,
    stored: Storage,
    known: tuple[ShellFinding, ...],
) -> VariableInspection:
    flat = shells.reshape(len(shells), -1)
    count = len(flat)
    mean, spread, step, across, lacking = (np.full(count, np.nan) for _ in range(5))
    before: NDArray[np.float64] | None = None
    before_that: NDArray[np.float64] | None = None
    for i in range(count):
        values = flat[i].astype(np.float64)
        finite = np.isfinite(values)
        lacking[i] = (~finite).sum()
        if not finite.any():
            before, before_that = None, before
            continue
        mean[i], spread[i] = values[finite].mean(), values[finite].std()
        pattern = values - mean[i]
        if before is not None:
            step[i] = np.sqrt(np.nanmean(np.square(pattern - before)))
        if before_that is not None:
            across[i - 1] = np.sqrt(np.nanmean(np.square(pattern - before_that)))
        before, before_that = pattern, before
    if count > 2:  # the first and the last shell have one neighbour, and what lies behind it
        across[0], across[-1] = step[2], step[-2]
    after = np.append(step[1:], np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        apart = np.fmin(step, after)
        difference = apart / np.fmax(spread, [_usual(spread, i) for i in range(count)])
        alike = apart <= UNLIKE_FACTOR * across
        # Where levels lie far apart, the spreads of healthy neighbours differ too.
        factor = SPREAD_FACTOR * float(np.exp(_median(np.abs(np.diff(np.log(spread))))))
    found = []
    for i in range(count):
        reasons = _reasons(i, mean, spread, difference, bool(alike[i]), factor, int(lacking[i]), flat.shape[1])
        if reasons:
            found.append(ShellFinding(stored.numbers[i], stored.radii_km[i], tuple(reasons)))
    new = [each for each in found if each.shell not in {other.shell for other in known}]
    look = stored.numbers.index(new[0].shell) if new else count // 2
    return VariableInspection(
        name, unit, mean, spread, difference, tuple(found), known, np.array(shells[look]), stored.numbers[look]
    )


def _median(values: NDArray[np.float64]) -> float:
    """The median of what is finite; 0 if nothing is."""
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else 0.0


def _bend(mean: NDArray[np.float64], i: int) -> float:
    """How far a mean lies off the line through its neighbours'; NaN where there is one neighbour."""
    return float(mean[i] - (mean[i - 1] + mean[i + 1]) / 2) if 0 < i < len(mean) - 1 else float("nan")


def _near(i: int, count: int) -> list[int]:
    return [j for j in range(max(0, i - NEIGHBOURS), min(count, i + NEIGHBOURS + 1)) if j != i]


def _usual(spread: NDArray[np.float64], i: int) -> float:
    """The median spread of a shell's neighbours; NaN if no neighbour has one."""
    near = spread[_near(i, len(spread))]
    return float(np.nanmedian(near)) if np.isfinite(near).any() else float("nan")


def _reasons(
    i: int,
    mean: NDArray[np.float64],
    spread: NDArray[np.float64],
    difference: NDArray[np.float64],
    alike: bool,
    factor: float,
    lacking: int,
    points: int,
) -> list[str]:
    if lacking == points:
        return ["no finite value"]
    reasons = [f"{lacking} of {points} values are not finite"] if lacking else []
    usual = _usual(spread, i)
    # A shell that varies by less than the resolution of float32 is constant, whatever rounding makes of it.
    if spread[i] <= 2e-7 * max(abs(mean[i]), usual if np.isfinite(usual) else 0):
        return [*reasons, "constant"]
    # Towards a boundary with a fixed temperature, the spread decreases to nothing, shell by shell. That is no damage.
    beside = spread[[j for j in (i - 1, i + 1) if 0 <= j < len(mean)]]
    between = np.nanmin(beside) <= spread[i] <= np.nanmax(beside) if len(beside) == 2 else spread[i] <= beside[0]
    if usual > 0 and not 1 / factor < spread[i] / usual < factor and not between:
        reasons.append(f"varies {spread[i] / usual:.2g} times as much as its neighbours")
    if difference[i] > UNLIKE and not alike:
        reasons.append(f"differs from both neighbours by {difference[i]:.2g} of its spread")
    bends = [_bend(mean, j) for j in (i - 1, i, i + 1)]
    # A wrong mean bends the line at its neighbours too, by half as much and to the other side. A boundary layer, where
    # the mean is steep between two shells that are far apart, bends it at one shell.
    back = [-bend / bends[1] >= BENT_BACK for bend in (bends[0], bends[2]) if np.isfinite(bend) and bends[1]]
    largest = abs(bends[1]) >= np.nanmax(np.abs(bends)) if np.isfinite(bends[1]) else False
    if largest and abs(bends[1]) > MEAN_SPREADS * max(spread[i], usual) and all(back):
        reasons.append(f"its mean is {bends[1]:+.3g} off the line through its neighbours'")
    return reasons


def _known(variable: SourceVariable, stored: Storage) -> tuple[ShellFinding, ...]:
    """What is known to be wrong with a variable's shells, in the order of the file's axis."""
    reasons = {number: ["a boundary face, left out"] for i, number in enumerate(stored.numbers) if i not in stored.kept}
    for degraded in variable.degraded:
        for number in range(degraded.first, min(degraded.last, max(stored.numbers)) + 1):
            reasons.setdefault(number, []).append(degraded.reason)
    radii_km = dict(zip(stored.numbers, stored.radii_km, strict=True))
    return tuple(ShellFinding(i, radii_km[i], tuple(reasons[i])) for i in sorted(reasons))


def _together(findings: tuple[ShellFinding, ...], prefix: str = "") -> list[str]:
    """One line for each run of consecutive shells whose findings are equal except for the numbers in them."""

    def kinds(finding: ShellFinding) -> str:
        return re.sub(r"[\d.e+-]+", "", " ".join(finding.reasons))

    runs: list[list[ShellFinding]] = []
    for each in findings:
        alike = runs and runs[-1][-1].shell in (each.shell - 1, each.shell + 1)
        if alike and kinds(runs[-1][-1]) == kinds(each):
            runs[-1].append(each)
        else:
            runs.append([each])
    lines = []
    for run in runs:
        which = f"shell {run[0].shell}" if len(run) == 1 else f"shells {run[0].shell} to {run[-1].shell}"
        where = f"{run[0].radius_km:.0f}" if len(run) == 1 else f"{run[0].radius_km:.0f} to {run[-1].radius_km:.0f}"
        lines.append(f"{prefix}{which} ({where} km): {'; '.join(run[0].reasons)}")
    return lines
