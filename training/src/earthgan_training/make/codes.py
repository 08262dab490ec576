"""The ways to store fields that `make` chooses from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from earthgan.kinds.coded_inputs import CodedInputsSpec
from earthgan.progress import Show
from earthgan.surrogate import Surrogate
from earthgan_training.make.code import Code
from earthgan_training.make.goal import Bounds, Goal, Quality, Size
from earthgan_training.simulations.labelled import Source

#: The kinds that `--kind` offers.
KINDS = ("harmonics", "wavelet")


def all_codes() -> Sequence[Code]:
    """All of them, the one that wins ties first."""
    return (Harmonics(), Wavelet())


class Harmonics:
    """Coded coefficients of spherical harmonics. They see a field as a whole, and so bound no cell's error."""

    name = "harmonics"
    _MOST_STEPS = 8
    #: Bytes of memory for each coefficient of a fitted step, roughly.
    _BYTES_PER_COEFFICIENT = 24

    def can(self, goal: Goal, source: Source) -> bool:
        return not isinstance(goal, Bounds)

    def fitting_steps(self, source: Source, memory_bytes: int) -> int:
        from earthgan_training.coding.scalars import borne_degree

        coefficients = (borne_degree(source.grid) + 1) ** 2 * len(source.grid.radii_km) * len(source.variables)
        return max(1, min(self._MOST_STEPS, memory_bytes // 2 // (self._BYTES_PER_COEFFICIENT * coefficients)))

    def fit(
        self, source: Source, folder: Path, goal: Goal, steps: Sequence[int], memory_bytes: int, show: Show
    ) -> None:
        from earthgan_training.coding.harmonics import fit_harmonics

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
        )

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


class Wavelet:
    """A coded wavelet transform on the source's own grid, with corrections of single cells where these are bounded."""

    name = "wavelet"

    def can(self, goal: Goal, source: Source) -> bool:
        return True

    def fitting_steps(self, source: Source, memory_bytes: int) -> int:
        return 3  # nothing is learned from them but the size of the quantisation step

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
