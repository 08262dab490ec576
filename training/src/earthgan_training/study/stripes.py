"""What makes vertical stripes (the paper's figure 6)? This study tests each possible cause alone, with the stripe ratio
of `earthgan evaluate`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from earthgan.sphere.grid import ShellGrid, Window
from earthgan_training.evaluate.accuracy import lateral_std
from earthgan_training.grids.area_mean import at_radii
from earthgan_training.prepare.dataset import Dataset
from earthgan_training.study import presets
from earthgan_training.study.measures import PHASE, PSNR, STRIPES, Globe
from earthgan_training.study.networks import UPSAMPLINGS, Upsampler, Upsampling, begun
from earthgan_training.study.noise import stages
from earthgan_training.study.result import Comparison, Row, Study
from earthgan_training.study.setting import Setting, Tick, averaged, held_out_steps, make_setting, measured_variable
from earthgan_training.study.shells import Pair, Standard, fit, predict
from earthgan_training.study.training import adversarial, content
from earthgan_training.train.objective import Objective, interpolation
from earthgan_training.train.task import RATIO, Generator

Array = NDArray[np.float32]
Scores = dict[str, float]

SEEDS = 3
SHELLS = 16
#: The number of updates of the upsampling networks, and of shells in an update. They are trained on whole globes, shell
#: by shell.
UPSAMPLER_UPDATES, UPSAMPLER_SHELLS = 50, 8
#: The width of stitched windows in cells of the inputs.
SLICE_CELLS = 4
#: The amplitudes of the control's stripes in lateral standard deviations. Their wavelength is two thirds of an input
#: cell.
CONTROL = (0.01, 0.1)

TRUE = "truth"
PLAIN = "paper generator, adversarial"
UNTRAINED, CONTENT_ONLY = "paper generator, untrained", "paper generator, content alone"
COLUMN_NOISE, OWN_NOISE, NO_HALO = "noise by column", "slices, each its own noise", "slices without a halo"

WHEN = "untrained", "trained"

QUESTION = (
    "What makes vertical stripes: the grid of the input, the noise, stitched slices, the upsampling or the critic?"
)
COMPARED = (
    "The study measures two ratios, each divided by the value of the ground truth, which has some stripes by "
    "chance. The first is the stripe ratio of `earthgan evaluate`: how much short zonal waves keep their phase "
    "from 60° S to 60° N. The second looks at the waves that all latitudes have in common, and takes the share "
    "that repeats with the columns of the input. It finds a pattern that is added to every cell alike, which "
    "interpolation never adds. The control adds a known stripe to the ground truth. The `paper` generator (8 "
    "channels, concatenated noise) is measured untrained, after content updates and after adversarial updates. It "
    f"is then measured with noise that is the same along each column, in slices of {SLICE_CELLS} cells that each "
    "have their own noise, and in slices that see nothing beside them. A small network made for this study "
    "doubles the resolution three times by linear interpolation, by repetition or by transposed convolution."
)
LIMITS = (
    "The ratios measure only how similar the phases are, and not how strong the waves are, so the table also "
    "shows the PSNR. The networks are small and briefly trained. The study does not explain the stripes of the "
    "published generator; it shows what can make stripes."
)


def study(data: Dataset, seed: int, updates: int | None, tick: Tick) -> Study:
    """Study all possible causes."""
    setting = make_setting(data, presets.paper("concat", *stages(updates)))
    seeds = range(seed, seed + SEEDS)
    rows = [*_controls(setting), *_generators(setting, seeds, tick)]
    share = UPSAMPLER_UPDATES if updates is None else max(updates // 4, 1)
    for kind in UPSAMPLINGS:
        rows += _upsamplers(data, kind, seeds, share, tick)
    compared = [
        *(Comparison(row.name, TRUE, STRIPES.key) for row in rows if not row.trained and row.name != TRUE),
        Comparison(CONTENT_ONLY, UNTRAINED, STRIPES.key, paired=True),
        Comparison(PLAIN, CONTENT_ONLY, STRIPES.key, paired=True),
        *(Comparison(name, PLAIN, STRIPES.key, paired=True) for name in (COLUMN_NOISE, OWN_NOISE, NO_HALO)),
        *(
            Comparison(_named(kind, when), _named("linear", when), STRIPES.key)
            for when in WHEN
            for kind in UPSAMPLINGS[1:]
        ),
    ]
    measures = STRIPES, PHASE, PSNR
    return Study("stripes", "Vertical stripes", QUESTION, COMPARED, LIMITS, measures, tuple(rows), tuple(compared))


def striped(field: Array, grid: ShellGrid, wave: int, strength: float) -> Array:
    """Add a stripe to a field `(shell, latitude, longitude)`: a zonal wave with the same phase at all latitudes. Its
    amplitude is `strength` lateral standard deviations of each shell.
    """
    stripe = np.cos(wave * np.radians(grid.longitudes_deg))
    return np.asarray(field + strength * lateral_std(field, grid)[:, None, None] * stripe, dtype=np.float32)


def by_column(feeds: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The noise of feeds, made the same on all rows and shells of a column."""
    noises = {name: noise for name, noise in feeds.items() if name.startswith("noise")}
    return {name: noise[..., :1, :1, :].expand_as(noise).contiguous() for name, noise in noises.items()}


def alone(x: Tensor, columns: range, own: range) -> Tensor:
    """A conditional input `(..., column)` whose last axis is `columns`. Columns outside `own` repeat the nearest column
    inside.
    """
    index = torch.tensor([min(max(each, own.start), own.stop - 1) - columns.start for each in columns])
    return x[..., index]


def _controls(setting: Setting) -> list[Row]:
    grid, window = setting.middle(SHELLS)
    globe, columns = Globe(grid, setting.data.input_grid), setting.data.input_grid.shape[2]
    found: dict[str, list[Scores]] = {}
    for t in held_out_steps(setting.data):
        batch = setting.at(t, window, None)
        truth = setting.truth(batch)
        fields = {TRUE: truth, "linear interpolation": interpolation(batch.feeds)[0, setting.measured].numpy()}
        for strength in CONTROL:
            fields[f"truth and a stripe of {strength:.0%}"] = striped(truth, grid, 3 * columns // 2, strength)
        for name, field in fields.items():
            accuracy = {} if name == TRUE else globe.accuracy(field, truth)
            found.setdefault(name, []).append(globe.stripes(field, truth) | accuracy)
    return [Row(name, (averaged(scores),), trained=False) for name, scores in found.items()]


def _generators(setting: Setting, seeds: range, tick: Tick) -> list[Row]:
    found: dict[str, list[Scores]] = {}
    for seed in seeds:
        generator = setting.generator(seed)
        found.setdefault(UNTRAINED, []).append(_scores(setting, partial(_plain, setting, generator)))
        content(setting, generator, seed)
        found.setdefault(CONTENT_ONLY, []).append(_scores(setting, partial(_plain, setting, generator)))
        critic = setting.critic(seed)
        adversarial(setting, generator, critic, Objective(generator, critic, setting.config), seed)
        ways = {PLAIN: _plain, COLUMN_NOISE: _column_noise, OWN_NOISE: _own_noise, NO_HALO: _no_halo}
        for name, way in ways.items():
            found.setdefault(name, []).append(_scores(setting, partial(way, setting, generator)))
        tick(f"paper generator, seed {seed}")
    return [Row(name, tuple(scores)) for name, scores in found.items()]


def _scores(setting: Setting, predicted: Callable[[int, Window], Array]) -> Scores:
    grid, window = setting.middle(SHELLS)
    globe = Globe(grid, setting.data.input_grid)
    found = []
    for t in held_out_steps(setting.data):
        field, truth = predicted(t, window), setting.truth(setting.at(t, window, None))
        found.append(globe.stripes(field, truth) | globe.accuracy(field, truth))
    return averaged(found)


def _plain(setting: Setting, generator: Generator, t: int, window: Window) -> Array:
    return setting.predict(generator, setting.at(t, window, 0))


def _column_noise(setting: Setting, generator: Generator, t: int, window: Window) -> Array:
    batch = setting.at(t, window, 0)
    return setting.predict(generator, batch, by_column(batch.feeds))


def _own_noise(setting: Setting, generator: Generator, t: int, window: Window) -> Array:
    slices = enumerate(_slices(window))
    return np.concatenate([setting.predict(generator, setting.at(t, each, k)) for k, each in slices], axis=-1)


def _no_halo(setting: Setting, generator: Generator, t: int, window: Window) -> Array:
    parts = []
    for each in _slices(window):
        batch = setting.at(t, each, 0)
        own = range(each.columns.start // RATIO, each.columns.stop // RATIO)
        x = alone(batch.feeds["x"], setting.task.planner.input_window(each).columns, own)
        parts.append(setting.predict(generator, batch, {"x": x}))
    return np.concatenate(parts, axis=-1)


def _slices(window: Window) -> list[Window]:
    width, last = SLICE_CELLS * RATIO, window.columns.stop
    columns = (range(first, min(first + width, last)) for first in range(window.columns.start, last, width))
    return [Window(window.shells, window.rows, each) for each in columns]


def _upsamplers(data: Dataset, kind: Upsampling, seeds: range, updates: int, tick: Tick) -> tuple[Row, Row]:
    """The rows of one way of upsampling, before and after training."""
    grid, name, train, held_out = data.truth_grid, measured_variable(data), data.spec.split.train, held_out_steps(data)
    standard, globe = Standard.of(data.stored_truth(train[-1], name), grid), Globe(grid, data.input_grid)
    layers_km, radii_km = np.asarray(data.input_grid.radii_km), np.asarray(grid.radii_km)
    pairs = {}
    for t in (*train, *held_out):
        coarse = at_radii(data.inputs(t, (name,), normalised=False)[0], layers_km, radii_km)
        pairs[t] = Pair(standard.apply(coarse), standard.apply(data.stored_truth(t, name)))

    found: dict[str, list[Scores]] = {when: [] for when in WHEN}
    for seed in seeds:
        network = begun(partial(Upsampler, kind), seed)
        for when in WHEN:
            if when == "trained":
                shells = min(UPSAMPLER_SHELLS, grid.shape[0])
                fit(network, [pairs[t] for t in train], updates, 1e-2, seed, shells, RATIO)
            scores = []
            for t in held_out:
                field, truth = standard.undo(predict(network, pairs[t])), standard.undo(pairs[t].true)
                scores.append(globe.stripes(field, truth) | globe.accuracy(field, truth))
            found[when].append(averaged(scores))
        tick(f"{kind} upsampling, seed {seed}")
    untrained, trained = (Row(_named(kind, when), tuple(found[when])) for when in WHEN)
    return untrained, trained


def _named(kind: str, when: str) -> str:
    return f"{kind} upsampling, {when}"
