"""The ways to store fields that `make` chooses from."""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from pathlib import Path

from earthgan.kinds.coded_inputs import CodedInputsSpec
from earthgan.progress import Show
from earthgan.surrogate import Surrogate
from earthgan_training.make.choice import trials_of
from earthgan_training.make.code import Code
from earthgan_training.make.goal import Bounds, Goal, Quality, Size
from earthgan_training.make.measure import measured, ranges
from earthgan_training.make.spectral import Spectral
from earthgan_training.simulations.labelled import Source

#: The kinds that `--kind` offers.
KINDS = ("harmonics", "wavelet", "spectral")
#: No quality is above this, because float32 holds none.
_MOST_DB = 150.0


def all_codes() -> Sequence[Code]:
    """All of them, the one that wins ties first."""
    return (Harmonics(), Wavelet(), Spectral())


class Harmonics:
    """Coded coefficients of spherical harmonics.

    They see a field as a whole, so an error in a cell is bounded only as far as trying shows. This is done where all
    steps can be tried.
    """

    name = "harmonics"
    _MOST_STEPS = 8
    #: The largest error is about this much above the rms error. Bounds are met as closely as that, after so many tries.
    _PEAK_DB, _NEAR_DB, _ATTEMPTS = 12.0, 1.5, 4
    #: Bytes of memory for each coefficient of a fitted step, roughly.
    _BYTES_PER_COEFFICIENT = 24

    def can(self, goal: Goal, source: Source) -> bool:
        return not isinstance(goal, Bounds) or len(source.steps) == len(trials_of(source))

    def fitting_steps(self, source: Source, memory_bytes: int) -> int:
        from earthgan_training.coding.scalars import borne_degree

        coefficients = (borne_degree(source.grid) + 1) ** 2 * len(source.grid.radii_km) * len(source.variables)
        return max(1, min(self._MOST_STEPS, memory_bytes // 2 // (self._BYTES_PER_COEFFICIENT * coefficients)))

    def fit(
        self, source: Source, folder: Path, goal: Goal, steps: Sequence[int], memory_bytes: int, show: Show
    ) -> None:
        from earthgan_training.coding.harmonics import fit_harmonics

        if isinstance(goal, Bounds):
            self._fit_bounds(source, folder, goal, steps, memory_bytes, show)
            return
        fit_harmonics(
            source,
            folder,
            psnr_db=goal.psnr_db if isinstance(goal, Quality) else None,
            step_bytes=goal.step_bytes if isinstance(goal, Size) else None,
            train=steps,
            steps=steps,
            series=len(source.steps),
            measure=0,
            onnx=False,
            report=show,
            overwrite=True,
        )

    def hopeful(self, source: Source, steps: Sequence[int], psnr_db: float) -> None:
        """A trial is the only way to tell."""

    def _fit_bounds(
        self, source: Source, folder: Path, goal: Bounds, steps: Sequence[int], memory_bytes: int, show: Show
    ) -> None:
        """Look for the quality at which the largest errors are just within the bounds. If there is none, as in a field
        with edges, the folder breaks the bounds.
        """
        spans = ranges(source, steps)
        psnr_db = max(_decibels(spans[name] / bound) for name, bound in goal.largest.items()) + self._PEAK_DB
        kept, before_db = False, math.inf
        for attempt in range(self._ATTEMPTS):
            place = folder.with_name(f"{folder.name}-{attempt}")
            self.fit(source, place, Quality(psnr_db), steps, memory_bytes, show)
            scores = measured(source, Surrogate(place), steps, show)
            excess_db = max(_decibels(scores[name].largest_error / bound) for name, bound in goal.largest.items())
            if excess_db <= 0 or not kept:
                shutil.rmtree(folder, ignore_errors=True)
                place.rename(folder)
                kept = excess_db <= 0
            if -self._NEAR_DB <= excess_db <= 0 or (excess_db > 0 and excess_db > before_db / 2):
                return
            before_db = excess_db if excess_db > 0 else math.inf
            psnr_db = min(psnr_db + excess_db + self._NEAR_DB / 2, _MOST_DB)

    def add(self, folder: Path, source: Source, steps: Sequence[int], memory_bytes: int, show: Show) -> None:
        from earthgan_training.coding.scalar_encoder import ScalarEncoder
        from earthgan_training.surrogates.folder import changed_folder, write_coded_step, write_spec

        with changed_folder(folder) as draft:
            surrogate = Surrogate(folder)
            encoder, records = ScalarEncoder.of(surrogate), {step.t: step for step in surrogate.steps}
            for t in steps:
                step = source.step(t)
                records[t] = write_coded_step(draft, t, encoder.encode(source, t), step.time_myr, step.label)
            inputs = CodedInputsSpec(steps=tuple(records[t] for t in sorted(records)))
            write_spec(draft, surrogate.spec.model_copy(update={"inputs": inputs}))


def _decibels(ratio: float) -> float:
    return 20 * math.log10(max(ratio, 1e-12))


class Wavelet:
    """A coded wavelet transform on the source's own grid, with corrections of single cells where these are bounded."""

    name = "wavelet"

    def can(self, goal: Goal, source: Source) -> bool:
        return True

    def fitting_steps(self, source: Source, memory_bytes: int) -> int:
        return 3  # nothing is learned from them but the size of the quantisation step

    def hopeful(self, source: Source, steps: Sequence[int], psnr_db: float) -> tuple[float, float]:
        from earthgan_training.coding.wavelet_encode import hopeful

        return hopeful(source.chosen(steps=steps), psnr_db)

    def fit(
        self, source: Source, folder: Path, goal: Goal, steps: Sequence[int], memory_bytes: int, show: Show
    ) -> None:
        from earthgan_training.coding.wavelet import fit_wavelet

        fit_wavelet(
            source.chosen(steps=steps),
            folder,
            psnr=goal.psnr_db if isinstance(goal, Quality) else None,
            step_bytes=goal.step_bytes if isinstance(goal, Size) else None,
            max_error=goal.largest if isinstance(goal, Bounds) else None,
            onnx=False,
            report=show,
        )

    def add(self, folder: Path, source: Source, steps: Sequence[int], memory_bytes: int, show: Show) -> None:
        from earthgan_training.coding.wavelet import add_wavelet_steps

        add_wavelet_steps(folder, source.chosen(steps=steps), show)
