"""The document of studies."""

from __future__ import annotations

from collections.abc import Sequence

from earthgan_training.prepare.dataset import Dataset
from earthgan_training.study.result import Study
from earthgan_training.study.run import persistence_db
from earthgan_training.study.setting import measured_variable
from earthgan_training.study.table import results, verdicts


def document(studies: Sequence[Study], data: Dataset, seed: int, command: str) -> str:
    """`docs/studies.md`: what was asked, by which command, what was found, and what that is worth."""
    shells, rows, columns = data.truth_grid.shape
    split, name = data.spec.split, measured_variable(data)
    held_out = ", ".join(map(str, split.held_out))
    parts = [
        "# Studies",
        "This page was written by the command below; nothing in it was typed by hand.",
        f"    {command}",
        "What single choices in input, network and training do, each asked with small networks that are trained for a "
        "minute or so. They say in which direction a choice works, not how good a generator can be: that says "
        "`earthgan evaluate`.",
        f"**Data.** Truth of {shells} x {rows} x {columns} points; {len(split.train)} steps are trained on. Measured "
        f"is the {name} of the held-out steps {held_out} on whole shells; numbers are means over these. The last step "
        f"that is trained on, taken for the first held-out one, has a PSNR of {persistence_db(data):.1f} dB: the "
        "further above the numbers below that is, the more they are about this mantle, and the less about another.",
        f"**Verdicts** follow from the table by one rule. A variant is trained with several seeds from {seed} on "
        "(first weights and samples); ± is the standard deviation over them. A difference of two means counts where "
        "it exceeds Student's two-sample interval of 95 % from these spreads, which stands behind its ±: one in "
        "twenty does so by chance. What is not trained has no spread, and any difference counts. Where both "
        "begin with the same trained networks, differences are taken seed by seed.",
        "**Spectrum error** is the mean of |10 log10(power over the truth's)| over the first octave of degrees that "
        f"the data set's own input does not resolve ({data.input_grid.shape[1] + 1} to "
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
