"""Four variables, or one alone: does the network predict the temperature better if it also gets the velocity?"""

from __future__ import annotations

from earthgan.errors import BadInput
from earthgan_training.prepare.dataset import Dataset
from earthgan_training.study import presets
from earthgan_training.study.measures import FINE, PSNR, whole_globe
from earthgan_training.study.result import Comparison, Row, Study
from earthgan_training.study.setting import Tick, make_setting, measured_variable
from earthgan_training.study.training import content

UPDATES = 300
SEEDS = 3

QUESTION = "Does training on all variables make the temperature less accurate, or does the velocity help to place it?"
COMPARED = (
    "The `residual` generator is trained once with one variable alone and once with all variables. Both have the "
    "same hidden layers, samples and content losses. The study measures the one variable."
)
LIMITS = "The training uses content losses alone. With more variables, more outputs share the same hidden channels."


def study(data: Dataset, seed: int, updates: int | None, tick: Tick) -> Study:
    """Study the measured variable from a network for it alone, and from a network for all variables."""
    names = tuple(each.name for each in data.spec.variables)
    if len(names) < 2:
        raise BadInput(f"{data.folder}: has only one variable")
    one = measured_variable(data)
    rows: list[Row] = []
    for label, given in ((f"{one} alone", (one,)), (f"all {len(names)} variables", names)):
        setting = make_setting(data, presets.residual(data, updates or UPDATES, variables=given))
        if not rows:
            rows.append(Row("cubic interpolation", (whole_globe(setting, None),), trained=False))
        seeds = []
        for each in range(seed, seed + SEEDS):
            generator = setting.generator(each)
            content(setting, generator, each)
            seeds.append(whole_globe(setting, generator))
            tick(f"{label}, seed {each}")
        rows.append(Row(label, tuple(seeds)))
    base, alone, together = (row.name for row in rows)
    compared = [Comparison(together, alone, key) for key in (PSNR.key, FINE.key)]
    compared += [Comparison(each, base, PSNR.key) for each in (alone, together)]
    title = "All variables or one"
    return Study("variables", title, QUESTION, COMPARED, LIMITS, (PSNR, FINE), tuple(rows), tuple(compared))
