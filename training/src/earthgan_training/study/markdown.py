"""The document of studies."""

from __future__ import annotations

from collections.abc import Sequence

from earthgan_training.prepare.dataset import Dataset
from earthgan_training.study.result import Study
from earthgan_training.study.run import persistence_db
from earthgan_training.study.setting import measured_variable
from earthgan_training.study.table import results, verdicts


def document(studies: Sequence[Study], data: Dataset, seed: int, command: str) -> str:
    """The text of `docs/studies.md`: the questions, the command, the results, and their limits."""
    shells, rows, columns = data.truth_grid.shape
    split, name = data.spec.split, measured_variable(data)
    held_out = ", ".join(map(str, split.held_out))
    parts = [
        "# Studies",
        "The command below writes this page, and every number on it comes from that command.",
        f"    {command}",
        "Each study asks what a single choice in the input, the network or the training does. It compares small "
        "networks that are trained for about a minute. A study shows in which direction a choice works, but not how "
        "good a generator can be; `earthgan evaluate` measures that.",
        f"**Data.** The ground truth has {shells} x {rows} x {columns} points, and the training uses "
        f"{len(split.train)} steps. The studies measure the {name} of the held-out steps {held_out} on whole shells, "
        "and the numbers are means over these steps. If the last training step is used as the prediction of the first "
        f"held-out step, its PSNR is {persistence_db(data):.1f} dB. The further this is above the numbers below, the "
        "more the numbers describe this mantle alone, and the less they say about another.",
        f"**Verdicts** follow from the table by one rule. Each variant is trained with several seeds from {seed} on, "
        "which set the first weights and the samples. In the first table, ± is the standard deviation over the seeds. "
        "In the second table, ± is Student's two-sample interval of 95 % that follows from these standard deviations. "
        "A difference of two means counts if it exceeds this interval; one in twenty does so by chance. A variant that "
        "is not trained has no spread, and any difference counts. If both variants begin with the same trained "
        "networks, the differences are taken seed by seed. A difference within the interval is called no difference "
        f"only if the interval is at most the effect asked about ({_effects(studies)}). Otherwise the study cannot "
        "tell.",
        "**Spectrum error** is the mean of |10 log10(predicted power / true power)| over the first octave of degrees "
        f"that the data set's own input does not resolve ({data.input_grid.shape[1] + 1} to "
        f"{2 * data.input_grid.shape[1]}).",
    ]
    for study in studies:
        parts += [
            f"## {study.title}",
            f"*{study.question}* {study.compared}",
            results(study).markdown(),
            verdicts(study).markdown(),
            f"Limits: {study.limits}",
        ]
    return "\n\n".join(parts) + "\n"


def _effects(studies: Sequence[Study]) -> str:
    """The effects that the verdicts ask about, each once."""
    asked = [study.measure(each.measure) for study in studies for each in study.comparisons]
    return "; ".join(dict.fromkeys(f"{measure.title}: {measure.effect:.3g}" for measure in asked))
