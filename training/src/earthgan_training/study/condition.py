"""What should the critic get beside the interpolated input? This study adds one thing at a time to its condition."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from earthgan.errors import BadInput
from earthgan_training.prepare.dataset import Dataset
from earthgan_training.study import features, presets
from earthgan_training.study.features import Place
from earthgan_training.study.measures import FINE, PSNR, whole_globe
from earthgan_training.study.networks import begun
from earthgan_training.study.result import Comparison, Measure, Row, Study
from earthgan_training.study.setting import Setting, Tick, make_setting
from earthgan_training.study.training import Schedule, adversarial, content
from earthgan_training.study.unet import CLASSES, UNet, iou, labels
from earthgan_training.train.losses import Terms
from earthgan_training.train.objective import Objective, interpolation
from earthgan_training.train.samples import Batch

CONTENT, ADVERSARIAL, SEGMENTATION = 120, 45, 150
SEEDS = 3
PATCHES = 6
PLAIN = "interpolated input"
PAIRING = Measure("pairing", "pairing loss of the critic", "lower", digits=3, effect=0.05)

QUESTION = "Does a critic that gets more information teach the generator more?"
COMPARED = (
    "The `residual` generator gets one content warm-up, which is the same for all variants of a seed. It then gets "
    "the same number of adversarial updates with critics that have different conditions. The first condition is the "
    "interpolated input. Each of the others adds one thing to it: the depth; its radial derivative; the heat that "
    "it advects (velocity times the gradient of temperature); or the probabilities of slab and plume. A small 3-D "
    "U-Net finds these in the temperature and the radial velocity of the input. It is trained beforehand on labels "
    "of the ground truth: plumes rise and are warmer than their shell by more than a lateral standard deviation, "
    "and slabs sink and are colder by as much. The pairing loss shows how well the critic tells the ground truth "
    "from the generated field of the same condition, on held-out patches: 0.693 is a guess."
)


@dataclass(frozen=True)
class Enriched:
    """A condition: the number of channels that it adds, and a function that computes them."""

    channels: int
    more: Callable[[Batch], Tensor] | None = None


def study(data: Dataset, seed: int, updates: int | None, tick: Tick) -> Study:
    """Study each condition after the same warm-up. Raises BadInput if the data set has no temperature
    or no velocity.
    """
    if not data.spec.vector:
        raise BadInput(f"{data.folder}: has no velocity, but slabs, plumes and advected heat need one")
    warm, judged, segmented = _updates(updates)
    setting = make_setting(data, presets.residual(data, warm, judged))
    found: dict[str, list[dict[str, float]]] = {}
    told: list[Tensor] = []
    for each in range(seed, seed + SEEDS):
        unet = train_unet(setting, each, segmented)
        told.append(segmentation_scores(setting, unet))
        tick(f"U-Net, seed {each}")
        warmed = setting.generator(each)
        content(setting, warmed, each)
        found.setdefault("content alone", []).append(whole_globe(setting, warmed))
        tick(f"warm-up, seed {each}")
        for name, condition in conditions(setting, unet).items():
            generator, critic = deepcopy(warmed), setting.critic(each, condition.channels)
            objective = Objective(generator, critic, setting.config, condition.more)
            adversarial(setting, generator, critic, objective, each)
            pairing = _pairing(setting, objective)
            found.setdefault(name, []).append(whole_globe(setting, generator) | {PAIRING.key: pairing})
            tick(f"{name}, seed {each}")
    rows = tuple(Row(name, tuple(scores)) for name, scores in found.items())
    compared = [Comparison(PLAIN, "content alone", key, paired=True) for key in (PSNR.key, FINE.key)]
    enriched = [row.name for row in rows if row.name not in (PLAIN, "content alone")]
    compared += [Comparison(name, PLAIN, each.key, paired=True) for name in enriched for each in (PSNR, FINE, PAIRING)]
    measures = PSNR, FINE, PAIRING
    title = "The critic's condition"
    return Study("condition", title, QUESTION, COMPARED, _limits(told), measures, rows, tuple(compared))


def _limits(told: list[Tensor]) -> str:
    ours, naive = torch.stack(told).mean(dim=0).tolist()
    found = ", ".join(f"{name}s {a:.2f} ({b:.2f})" for name, a, b in zip(CLASSES, ours, naive, strict=True))
    return (
        "The adversarial updates are few. A critic whose pairing loss is near 0.693 has taught its generator little, "
        "and the content loss beside it then moves the PSNR. The intersection over union of the U-Net with the labels, "
        f"on held-out patches, is: {found}. The numbers in brackets are those of the labels' own thresholds, applied "
        "to the interpolated input."
    )


def _updates(updates: int | None) -> tuple[int, int, int]:
    """The numbers of updates: for the content stage, for the adversarial stage, and for the U-Net."""
    return (CONTENT, ADVERSARIAL, SEGMENTATION) if updates is None else (updates, max(updates // 2, 1), updates)


def conditions(setting: Setting, unet: UNet) -> dict[str, Enriched]:
    """All conditions by name. The plain condition comes first."""
    names = setting.task.names

    def with_places(feature: Callable[[Place, Tensor], Tensor]) -> Callable[[Batch], Tensor]:
        def more(batch: Batch) -> Tensor:
            fields = _standardised(interpolation(batch.feeds), batch)
            return torch.stack([feature(place, f) for place, f in zip(_places(setting, batch), fields, strict=True)])

        return more

    def advected(batch: Batch) -> Tensor:
        pairs = zip(_places(setting, batch), interpolation(batch.feeds), strict=True)
        return torch.stack([features.advected_heat(p, f[setting.measured], f[_vector(setting)]) for p, f in pairs])

    def found(batch: Batch) -> Tensor:
        with torch.no_grad():
            logits: Tensor = unet(_anomaly_and_ascent(setting, interpolation(batch.feeds), batch))
        return logits.sigmoid()

    return {
        PLAIN: Enriched(0),
        "and depth": Enriched(1, with_places(partial(features.depth, surface_km=setting.data.spec.planet.radius_km))),
        "and radial derivative": Enriched(len(names), with_places(features.radial_derivative)),
        "and advected heat": Enriched(1, advected),
        "and slabs and plumes": Enriched(len(CLASSES), found),
    }


def train_unet(setting: Setting, seed: int, updates: int) -> UNet:
    """A U-Net, trained on training samples and the labels of their ground truth."""
    unet = begun(lambda: UNet(2), seed)
    schedule = Schedule(unet, 6e-3, 0.02, updates)

    def terms(batch: Batch) -> Iterator[Terms]:
        logits = unet(_anomaly_and_ascent(setting, interpolation(batch.feeds), batch))
        due = _labels(setting, batch.truth, batch)
        yield {"segmentation": (1.0, F.binary_cross_entropy_with_logits(logits, due))}

    for step in range(updates):
        schedule.update(terms(setting.batch(seed, step)))
    return unet


def segmentation_scores(setting: Setting, unet: UNet) -> Tensor:
    """The intersection over union `(2, class)` on held-out patches, for what the U-Net finds and for what the
    thresholds find in the interpolated input.
    """
    due, found, naive = [], [], []
    with torch.no_grad():
        for batch in setting.held_out_patches(PATCHES):
            base = interpolation(batch.feeds)
            due.append(_labels(setting, batch.truth, batch))
            found.append((unet(_anomaly_and_ascent(setting, base, batch)) > 0).float())
            naive.append(_labels(setting, base, batch))
    return torch.stack([iou(torch.cat(each), torch.cat(due)) for each in (found, naive)])


def _labels(setting: Setting, field: Tensor, batch: Batch) -> Tensor:
    """The labels of a normalised field `(batch, variable, shell, row, column)`."""
    return labels(*_anomaly_and_ascent(setting, field, batch).unbind(dim=1))


def _anomaly_and_ascent(setting: Setting, field: Tensor, batch: Batch) -> Tensor:
    """The two fields `(batch, 2, shell, row, column)` that define slabs and plumes: the temperature anomaly and the
    outward velocity, both divided by lateral spreads.
    """
    outwards = torch.stack([place.outwards for place in _places(setting, batch)])
    vector = _vector(setting)
    ascent = torch.einsum("bvsrc,bvrc->bsrc", field[:, vector], outwards) / batch.spread[:, vector].mean(dim=1)
    return torch.stack([_standardised(field, batch)[:, setting.measured], ascent], dim=1)


def _pairing(setting: Setting, objective: Objective) -> float:
    losses = [next(objective.critic(0, batch))["critic/pairing"][1] for batch in setting.held_out_patches(PATCHES)]
    return float(torch.cat(losses).detach().mean())


def _standardised(field: Tensor, batch: Batch) -> Tensor:
    return (field - batch.mean) / batch.spread


def _places(setting: Setting, batch: Batch) -> list[Place]:
    return [Place.of(setting.task.outputs, sample.window) for sample in batch.samples]


def _vector(setting: Setting) -> list[int]:
    return [setting.task.names.index(name) for name in setting.data.spec.vector or ()]
