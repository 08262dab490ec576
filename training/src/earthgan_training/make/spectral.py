"""The way to store convection: coded temperature, from which the velocity follows where measurement has proved it."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from earthgan.errors import BadInput
from earthgan.kinds.spectral_arguments import SpectralArguments
from earthgan.progress import Show
from earthgan.quantities import DERIVED, VELOCITY
from earthgan.surrogate import Surrogate
from earthgan.variables import TEMPERATURE
from earthgan_training.make.choice import FEWEST_BYTES, NEAR_DB, spread
from earthgan_training.make.code import Declined
from earthgan_training.make.goal import Bounds, Goal, Quality, Size
from earthgan_training.make.measure import measured
from earthgan_training.simulations.labelled import Source

if TYPE_CHECKING:
    from earthgan_training.coding.make import Learned, Recipe
    from earthgan_training.velocity.gate import VelocityFit, Verdict

_HELD = (TEMPERATURE.name, *VELOCITY)
_MOST_NODES = 45


class Spectral:
    """Coded temperature, and velocity by the Stokes equations, whose profile is fitted to some steps and judged on
    others. All other variables have to follow from temperature by curves.

    It leaves out what a server derives, such as the anomaly of temperature. Its numbers are compared with the source's
    as those of other codes are.
    """

    name = "spectral"
    #: The first half of these steps gives the profile, and the last half judges it. With fewer, none is tried.
    _PROOF_STEPS, _FEWEST_STEPS = 8, 4
    _ATTEMPTS = 6
    #: The code is fitted to at most so many steps.
    MOST_STEPS = 8
    #: Bytes of memory for each coefficient of a fitted step, if all of its velocity has to be coded.
    _BYTES_PER_COEFFICIENT = 48
    _FIRST_BYTES = 4096
    #: A quality is met if it is exceeded by no more than this.
    _NEAR_DB = 0.5

    def __init__(self) -> None:
        self._fits: dict[str, VelocityFit] = {}
        self._guess = self._FIRST_BYTES

    def can(self, goal: Goal, source: Source) -> bool:
        """One step proves nothing. Errors are bounded of what the surrogate holds, and not of what a server derives."""
        names = {each.variable.name for each in source.variables}
        return (
            (not isinstance(goal, Bounds) or (names == {*goal.largest} and not names & {*DERIVED}))
            and {*_HELD} <= names
            and source.vector == VELOCITY
            and len(source.steps) >= self._FEWEST_STEPS
            and find_spec("torch") is not None
        )

    def fitting_steps(self, source: Source, memory_bytes: int) -> int:
        from earthgan_training.harmonics.analysis import highest_degree

        degree = min(highest_degree(source.grid), 95)
        coefficients = (degree + 1) ** 2 * len(source.grid.radii_km)
        return max(1, min(self.MOST_STEPS, memory_bytes // 2 // (self._BYTES_PER_COEFFICIENT * coefficients)))

    def hopeful(self, source: Source, steps: Sequence[int], psnr_db: float) -> None:
        """A trial is the only way to tell."""

    def fit(
        self, source: Source, folder: Path, goal: Goal, steps: Sequence[int], memory_bytes: int, show: Show
    ) -> None:
        fit = self._velocity(source, show)
        if isinstance(goal, Size):
            self._fit_size(source, folder, goal, steps, fit, show)
        elif isinstance(goal, Quality):
            self._fit_quality(source, folder, goal, steps, fit, show)
        else:
            recipe = _recipe(source, fit, fit.gate, None, goal.largest)
            _make(source, folder, steps, recipe, show, _learned(source, steps, fit, fit.gate, show))

    def add(self, folder: Path, source: Source, steps: Sequence[int], memory_bytes: int, show: Show) -> None:
        from earthgan_training.coding.make import add_steps

        with _declined(source):
            add_steps(folder, _stored(source), steps, show)

    def _velocity(self, source: Source, show: Show) -> VelocityFit:
        """The profile by which velocity follows from temperature, and its gate. Raises Declined if it nowhere does."""
        from earthgan_training.velocity.fit import Settings
        from earthgan_training.velocity.run import fit_velocity

        if source.address not in self._fits:
            some = spread([step.t for step in source.steps], self._PROOF_STEPS)
            half = len(some) // 2
            with _declined(source), np.errstate(all="ignore"):
                fit = fit_velocity(source, Settings(iterations=150), some[:half], some[half:], None, show)
            self._fits[source.address] = fit
        fit = self._fits[source.address]
        if not fit.gate.served.any():
            radial, lateral = fit.gate.whole
            raise Declined(
                f"{source.address}: its velocity does not follow from temperature, which explains {radial:.2f} of the "
                f"radial and {lateral:.2f} of the lateral variance on {len(fit.held_out_steps)} steps held out"
            )
        return fit

    def _fit_size(
        self, source: Source, folder: Path, goal: Size, steps: Sequence[int], fit: VelocityFit, show: Show
    ) -> None:
        """The weights share the bytes, and how many they take shows only after a fit."""
        weights, known = 0.0, _learned(source, steps, fit, fit.gate, show)
        for _ in range(3):
            own = max(int(goal.step_bytes - weights / len(source.steps)), FEWEST_BYTES)
            _make(source, folder, steps, _recipe(source, fit, fit.gate, own), show, known)
            before, weights = weights, Surrogate(folder).weights_path.stat().st_size
            if abs(weights - before) / len(source.steps) < goal.step_bytes / 200:
                return

    def _fit_quality(
        self, source: Source, folder: Path, goal: Quality, steps: Sequence[int], fit: VelocityFit, show: Show
    ) -> None:
        """Look for the fewest bytes by which each variable has the quality. If there are none, the best is kept."""
        wanted_db, place = goal.psnr_db, folder.with_name(f"{folder.name}-next")
        gate, search = demanding(fit, wanted_db), _Search(self._guess)
        known = _learned(source, steps, fit, gate, show)
        best: tuple[bool, float] | None = None  # whether the quality is reached, and what is good otherwise
        for _ in range(self._ATTEMPTS):
            own = search.next
            _make(source, place, steps, _recipe(source, fit, gate, own), show, known)
            scores = measured(source, Surrogate(place), steps, show)
            least_db = min(score.psnr_db for score in scores.values())
            excess_db = least_db - goal.psnr_db
            reached = excess_db >= -NEAR_DB / 2
            merit = (True, -own) if reached else (False, least_db)
            if best is None or merit > best:
                best, self._guess = merit, own
                shutil.rmtree(folder, ignore_errors=True)
                place.rename(folder)
            if (reached and excess_db <= self._NEAR_DB) or not search.learn(own, excess_db, reached):
                break
            if search.is_flat:
                # More bytes do not help, so the velocity that follows is not close enough: more of it is stored.
                wanted_db += 1 - excess_db
                looser, gate = gate, demanding(fit, wanted_db)
                if (gate.served == looser.served).all():
                    break
                del known  # two of them would take twice the memory
                search, known = _Search(own), _learned(source, steps, fit, gate, show)
        shutil.rmtree(place, ignore_errors=True)


def _recipe(
    source: Source,
    fit: VelocityFit,
    gate: Verdict,
    step_bytes: int | None,
    max_error: Mapping[str, float] | None = None,
) -> Recipe:
    from earthgan_training.coding.make import Recipe

    return Recipe(
        step_bytes=step_bytes,
        max_error=max_error,
        nodes=min(_MOST_NODES, max(4, (len(source.grid.radii_km) + 1) // 2)),
        updates=0,
        profile=fit.profile,
        gate=gate,
        onnx=False,
    )


def _learned(source: Source, steps: Sequence[int], fit: VelocityFit, gate: Verdict, show: Show) -> Learned:
    from earthgan_training.coding.make import learned

    with _declined(source):
        return learned(_stored(source), steps, _recipe(source, fit, gate, None), show)


def _make(source: Source, folder: Path, steps: Sequence[int], recipe: Recipe, show: Show, known: Learned) -> None:
    from earthgan_training.coding.make import make_spectral

    with _declined(source):
        make_spectral(_stored(source), steps, steps, folder, recipe, show, overwrite=True, known=known)


def _stored(source: Source) -> Source:
    """Temperature, velocity, and what a server does not derive from them."""
    others = [each.variable.name for each in source.variables if each.variable.name not in _HELD]
    return source.chosen((*_HELD, *(name for name in others if name not in DERIVED)))


@contextmanager
def _declined(source: Source) -> Iterator[None]:
    """Another kind may do what this one refuses."""
    try:
        yield
    except BadInput as error:
        raise Declined(f"{source.address}: {str(error).removeprefix(source.address + ': ')}") from error
    except ValueError as error:  # a share of the variance is no number, because nothing moves
        raise Declined(f"{source.address}: no viscosity explains its velocity") from error


class _Search:
    """Looks for the bytes of a step at which an excess of quality, in dB, is about zero."""

    #: The fewest and the most bytes that are tried, and how close to each other two attempts may be.
    _BYTES, _CLOSE = (FEWEST_BYTES, 1 << 22), 1.02
    #: How much twice the bytes gain: usually, and at least, as long as no attempt has reached the quality.
    _USUAL_DB, _LEAST_DB = 8.0, 1.5

    def __init__(self, first: int) -> None:
        self.next, self.is_flat = first, False
        self._below: tuple[int, float] | None = None
        self._above: tuple[int, float] | None = None
        self._reached: bool | None = None

    def learn(self, own: int, excess_db: float, reached: bool) -> bool:
        """Take in an attempt, and set the next. Return whether there is one that may be better."""
        before = self._above or self._below
        slope_db = self._USUAL_DB
        if before is not None and own != before[0]:
            slope_db = (excess_db - before[1]) / math.log2(own / before[0])
        self.is_flat = not reached and self._above is None and slope_db < self._LEAST_DB
        if reached:
            self._above = own, excess_db
        else:
            self._below = own, excess_db
        guess = own * 2 ** float(np.clip(-excess_db / max(slope_db, self._LEAST_DB), -3, 3))
        low = self._below[0] * self._CLOSE if self._below else self._BYTES[0]
        high = self._above[0] / self._CLOSE if self._above else self._BYTES[1]
        if self._below and self._above and reached == self._reached:
            guess = math.sqrt(low * high)  # the guesses approach from one side, as on a curve with steps
        self._reached = reached
        self.next = int(min(max(guess, low), high))
        return low <= high and self.next != own


def what_follows(surrogate: Surrogate) -> list[str]:
    """Lines that say on how many shells velocity follows from temperature, and in how many cells this was tested; none
    if the kind is another.
    """
    from earthgan_training.coding.sample import every_so_many

    arguments = surrogate.spec.generator.arguments
    gate = arguments.gate if isinstance(arguments, SpectralArguments) else ()
    served = [run for run in gate if run.served]
    if not served:
        return []
    share = math.floor(1e4 * min(min(run.radial, run.lateral) for run in served)) / 1e4
    follows, every = (sum(run.shells for run in runs) for runs in (served, gate))
    rest = "" if follows == every else f"; on the other {every - follows}, it is stored"
    lines = [
        f"velocity follows from temperature on {follows} of {every} shells, where it explains {share:g} or more of the "
        f"variance of steps held out{rest}"
    ]
    if (cells := math.prod(every_so_many(surrogate.grid))) > 1:
        lines.append(
            f"each step was tested for that: in 1 of {cells} cells and by the mean square of all, and in all cells if "
            "these left a doubt"
        )
    return lines


def demanding(fit: VelocityFit, psnr_db: float) -> Verdict:
    """The gate that serves only shells whose velocity follows so closely that a PSNR can be reached.

    The PSNR of the velocity that follows from exact temperature was measured on held-out steps. If it is no 3 dB above
    the one that is asked for, the shells of which the least is explained are stored, until the others may have it.
    """
    unexplained = 1 - np.minimum(fit.gate.radial, fit.gate.lateral)
    spare_db = min(fit.psnr_db.values()) - psnr_db - 3
    if spare_db >= 0:
        return fit.gate
    allowed = unexplained.sum() * 10 ** (spare_db / 10)
    order = np.argsort(unexplained)
    served = order[np.cumsum(unexplained[order]) <= allowed]
    worst = float(unexplained[served].max()) if len(served) else 0.0
    return fit.gate.model_copy(update={"enough": max(fit.gate.enough, 1 - worst)})
