"""The small configurations that studies train."""

from __future__ import annotations

from earthgan_training.prepare.dataset import Dataset
from earthgan_training.train.config import (
    AdversarialStage,
    CriticConfig,
    GeneratorConfig,
    SampleConfig,
    Stage,
    TrainConfig,
    Width,
)

PATCH = 40


def residual(data: Dataset, content: int, adversarial: int = 0, variables: tuple[str, ...] = ()) -> TrainConfig:
    """The `residual` generator with a third of the operations in the preset `default`, and a small
    relativistic critic.
    """
    shells, rows, columns = data.truth_grid.shape
    return TrainConfig(
        variables=variables,
        batch=2,
        samples=SampleConfig(patch=(min(PATCH, shells), min(PATCH, rows), min(PATCH, columns))),
        generator=GeneratorConfig(preset="residual", width=Width(base=24, cap=24), blocks=4),
        critic=CriticConfig(width=Width(base=4, cap=16)),
        content=Stage(steps=content, learning_rate=3e-3, final=0.02),
        adversarial=AdversarialStage(
            steps=adversarial, learning_rate=3e-4, critic_learning_rate=5e-3, final=0.1, weight=2e-2
        ),
    )


def paper(noise: str, content: int, adversarial: int) -> TrainConfig:
    """The paper's generator and critic, as narrow as in the preset `debug`."""
    return TrainConfig.model_validate(
        {
            "batch": 2,
            "samples": {"patch": (36, 36, 36)},
            "generator": {"preset": "paper", "width": {"base": 8, "cap": 8}, "noise": noise},
            "critic": {"width": {"base": 4, "cap": 8}},
            "content": {"steps": content, "learning_rate": 3e-3, "final": 0.1},
            "adversarial": {
                "steps": adversarial,
                "learning_rate": 3e-4,
                "critic_learning_rate": 1e-3,
                "final": 0.1,
                "weight": 2e-2,
            },
        }
    )
