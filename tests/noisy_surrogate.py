"""A tiny surrogate of the kind `paper`, whose generator has noise: each seed gives another draw."""

from pathlib import Path

import numpy as np
import torch

from earthgan.kinds.inputs import InputsSpec
from earthgan.kinds.networks import PaperGenerator
from earthgan.kinds.paper import PaperArguments, registration
from earthgan.records import Affine, GridSpec
from earthgan.spec import GeneratorSpec, Provenance, SurrogateSpec
from earthgan.sphere.grid import ShellGrid
from earthgan.variables import PAPER_VARIABLES
from earthgan_training.surrogates.export import write_onnx
from earthgan_training.surrogates.folder import new_folder, write_spec, write_step, write_weights
from earthgan_training.surrogates.grid_code import codes_of, coding_of
from earthgan_training.surrogates.ranges import described

ARGUMENTS = PaperArguments(channels=(4, 3, 3, 2), first=(0, 3, 3))
STEPS = 3


def make_noisy(out: Path, own_seed: int | None = 0, title: str = "Noise") -> Path:
    """Write a surrogate of 22 x 32 x 48 cells with temperature and velocity in three time steps."""
    rng = np.random.default_rng(1)
    inputs = ShellGrid.cell_centred(tuple(np.linspace(3500, 6300, 8)), 4, 6)
    outputs = ShellGrid.cell_centred(tuple(registration(inputs.radii_km, 3)), 32, 48)
    fields = [rng.uniform(-1, 1, (len(PAPER_VARIABLES), *inputs.shape)).astype(np.float32) for _ in range(STEPS)]
    torch.manual_seed(3)
    state = PaperGenerator(len(PAPER_VARIABLES), ARGUMENTS).state_dict()
    coding = coding_of(fields)
    with new_folder(out) as folder:
        steps = tuple(write_step(folder, t, codes_of(each, coding)) for t, each in enumerate(fields))
        spec = SurrogateSpec(
            title=title,
            description="A generator that has not been trained.",
            variables=tuple(
                described(
                    each,
                    (-1e-9, 1e-9) if each.symmetric else (1000.0, 3000.0),
                    Affine(offset=0, scale=1e-9) if each.symmetric else Affine(offset=2000, scale=1000),
                )
                for each in PAPER_VARIABLES
            ),
            grid=GridSpec.of(outputs),
            inputs=InputsSpec(grid=GridSpec.of(inputs), dtype="uint16", coding=coding, steps=steps),
            generator=GeneratorSpec(
                arguments=ARGUMENTS,
                weights=write_weights(folder, state),
                onnx=write_onnx(folder, len(PAPER_VARIABLES), ARGUMENTS, state),
            ),
            seed=own_seed,
            provenance=Provenance(source="noise", licence="CC0-1.0", notice="Not a mantle.", simulated=True),
        )
        write_spec(folder, spec)
    return out
