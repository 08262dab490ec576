"""What does the injected noise do? This study compares several draws, no noise, and the mean of many draws, with noise
that is concatenated or added.
"""

from __future__ import annotations

from typing import Literal

from earthgan_training.evaluate.ensemble import crps, ensemble_mean, spread
from earthgan_training.prepare.dataset import Dataset
from earthgan_training.study import presets
from earthgan_training.study.measures import FINE, PSNR, Globe
from earthgan_training.study.result import Comparison, Measure, Row, Study
from earthgan_training.study.setting import Setting, Tick, averaged, held_out_steps, make_setting
from earthgan_training.study.training import adversarial, content
from earthgan_training.train.objective import Objective, interpolation
from earthgan_training.train.task import Generator

KINDS: tuple[Literal["concat", "add"], ...] = ("concat", "add")
CONTENT, ADVERSARIAL = 120, 40
SEEDS = 3
#: The smallest difference of spread or CRPS that is asked about, as a share of the CRPS of interpolation.
EFFECT = 0.05
MEMBERS = 8
SHELLS = 16
ONE, ZERO, MEAN = "one draw", "zero noise", f"mean of {MEMBERS}"

QUESTION = "Does the injected noise make draws that differ, and is it worth averaging them?"
COMPARED = (
    "The `paper` generator is 8 channels wide and trained with content and adversarial updates. Its noise is "
    f"either concatenated or added. The study compares one draw, a draw without noise, and the mean of {MEMBERS} "
    "draws, as a last layer would compute it. The spread of the draws is their standard deviation. The CRPS in "
    "the row of one draw is that of all draws together; the CRPS of a single field is its mean error."
)
LIMITS = (
    "The adversarial stage is short, and a content loss acts beside it: both teach a generator to ignore its "
    "noise. The study measures the sixteen shells in the middle, and the PSNR is over their own range."
)


def study(data: Dataset, seed: int, updates: int | None, tick: Tick) -> Study:
    """Study each kind of noise and each way to use it."""
    rows: list[Row] = []
    compared: list[Comparison] = []
    unit = ""
    for kind in KINDS:
        found: dict[str, list[dict[str, float]]] = {ONE: [], ZERO: [], MEAN: []}
        setting = make_setting(data, presets.paper(kind, *stages(updates)))
        if not rows:
            unit = setting.unit
            rows.append(Row("linear interpolation", (interpolated(setting),), trained=False))
        for each in range(seed, seed + SEEDS):
            generator = setting.generator(each)
            content(setting, generator, each)
            critic = setting.critic(each)
            adversarial(setting, generator, critic, Objective(generator, critic, setting.config), each)
            for way, scores in _scores(setting, generator).items():
                found[way].append(scores)
            tick(f"{kind}, seed {each}")
        rows += [Row(f"{kind}, {way}", tuple(scores)) for way, scores in found.items()]
        compared += [
            Comparison(f"{kind}, {MEAN}", f"{kind}, {ONE}", PSNR.key, paired=True),
            Comparison(f"{kind}, {MEAN}", f"{kind}, {ONE}", FINE.key, paired=True),
            Comparison(f"{kind}, {ONE}", f"{kind}, {MEAN}", "crps", paired=True),
            Comparison(f"{kind}, {ZERO}", f"{kind}, {MEAN}", PSNR.key, paired=True),
        ]
    compared += [Comparison(f"add, {ONE}", f"concat, {ONE}", key) for key in (PSNR.key, "spread", "crps")]
    effect = EFFECT * rows[0].mean("crps")
    of_draws = (
        Measure("spread", f"spread, {unit}", effect=effect),
        Measure("crps", f"CRPS, {unit}", "lower", effect=effect),
    )
    measures = PSNR, FINE, *of_draws
    return Study("noise", "The injected noise", QUESTION, COMPARED, LIMITS, measures, tuple(rows), tuple(compared))


def stages(updates: int | None) -> tuple[int, int]:
    """The numbers of content and adversarial updates, three to one."""
    return (CONTENT, ADVERSARIAL) if updates is None else (updates - updates // 4, updates // 4)


def interpolated(setting: Setting) -> dict[str, float]:
    """The scores of the interpolation that the generator adds to."""
    grid, window = setting.middle(SHELLS)
    globe = Globe(grid, setting.data.input_grid)
    found = []
    for t in held_out_steps(setting.data):
        batch = setting.at(t, window, None)
        field = setting.in_units(interpolation(batch.feeds)[0, setting.measured].numpy())
        truth = setting.in_units(setting.truth(batch))
        found.append(globe.accuracy(field, truth) | {"crps": crps([field], truth, grid)})
    return averaged(found)


def _scores(setting: Setting, generator: Generator) -> dict[str, dict[str, float]]:
    grid, window = setting.middle(SHELLS)
    globe = Globe(grid, setting.data.input_grid)
    found: dict[str, list[dict[str, float]]] = {ONE: [], ZERO: [], MEAN: []}
    for t in held_out_steps(setting.data):
        zero = setting.at(t, window, None)
        truth = setting.in_units(setting.truth(zero))
        draws = [setting.in_units(setting.predict(generator, setting.at(t, window, k))) for k in range(MEMBERS)]
        silent = setting.in_units(setting.predict(generator, zero))
        for way, members in ((ONE, draws), (ZERO, [silent]), (MEAN, [ensemble_mean(draws)])):
            scores = globe.accuracy(members[0], truth) | {"crps": crps(members, truth, grid)}
            if way == ONE:
                scores["spread"] = spread(members, grid)
            found[way].append(scores)
    return {way: averaged(scores) for way, scores in found.items()}
