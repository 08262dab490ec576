"""`earthgan import-published` makes a surrogate folder from the published weights and inputs, with each output in its
true place.

The published preparation worked as follows (`docs/published.md` derives this). It took shells 1 to 198 of the contest's
cell centres. It shrank 180 x 360 points to 108 x 216 with aligned cell edges, mirrored two rows onto each pole, and
shrank the result to 14 x 27. Thirty of the 198 shells go in, about 6.6 shells apart, and the outputs are about 0.8
shells apart: output shell `i` is *not* input shell `i`. The normalisation constants were never published.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from earthgan.errors import BadInput
from earthgan.kinds.inputs import InputsSpec
from earthgan.kinds.paper import PaperArguments, registration
from earthgan.records import Affine, GridSpec, VariableSpec
from earthgan.spec import GeneratorSpec, Provenance, SurrogateSpec
from earthgan.sphere.grid import PolarRule, ShellGrid
from earthgan.variables import PAPER_VARIABLES
from earthgan_training.simulations.contest import CONTEST_LATITUDES_DEG, contest_radius_km
from earthgan_training.surrogates.export import write_onnx
from earthgan_training.surrogates.folder import new_folder, write_spec, write_step, write_weights

BLOCKS = 3
SHELLS, ROWS, COLUMNS = 198, 108, 216
#: The indices, among the 198 shells, of those that the published generator gets.
LAYERS = np.round(np.arange(30) * 6.6).astype(int)
IDENTITY = Affine(offset=0.0, scale=1.0)


def _shrunk(axis: NDArray[np.float64], cells: int) -> NDArray[np.float64]:
    """The coordinates after resizing to `cells` cells with the outer cell edges kept. Cell i lies at (i + 1/2) * old /
    new - 1/2.
    """
    at = (np.arange(cells) + 0.5) * len(axis) / cells - 0.5
    return np.interp(at, np.arange(len(axis)), axis)


def published_grids() -> tuple[ShellGrid, ShellGrid]:
    """The grids of the published inputs (30 x 14 x 27) and of the generator's outputs (198 x 108 x 216)."""
    latitudes = _shrunk(CONTEST_LATITUDES_DEG, ROWS)
    longitudes = _shrunk(np.linspace(0, 360, 360), COLUMNS)  # the preparation kept the duplicate meridian
    layers_km = contest_radius_km(LAYERS + 2)
    # The two mirrored rows at each pole move the coarse rows: the first is centred between fine rows 1 and 2.
    coarse_latitudes = np.interp(np.arange(14) * 8 + 1.5, np.arange(ROWS), latitudes)
    inputs = ShellGrid(
        radii_km=tuple(layers_km.tolist()),
        latitudes_deg=tuple(coarse_latitudes.tolist()),
        longitudes_deg=tuple(_shrunk(longitudes, 27).tolist()),
        polar_rule=PolarRule.MIRROR,  # as in its training
    )
    outputs = ShellGrid(
        radii_km=tuple(registration(layers_km.tolist(), BLOCKS).tolist()),
        latitudes_deg=tuple(latitudes.tolist()),
        longitudes_deg=tuple(longitudes.tolist()),
    )
    return inputs, outputs


def import_published(source: Path, out: Path, overwrite: bool = False) -> None:
    """Make a surrogate folder from the published generator `gen*.pt` and the inputs `x_<step>.npy` found below
    `source`.

    Raises BadInput if they are missing, or if they are not the published generator and inputs.
    """
    weights, inputs = _find(source)
    state = _load_state(weights)
    input_grid, output_grid = published_grids()
    arguments = PaperArguments()
    with new_folder(out, overwrite) as folder:
        steps = [write_step(folder, t, _load_input(path)) for t, path in sorted(inputs.items())]
        spec = SurrogateSpec(
            title="Published EarthGAN generator",
            description="The example generator and input that von Hahn & Mechefske published with EarthGAN (2021).",
            variables=tuple(
                VariableSpec(
                    name=v.name,
                    long_name=f"{v.long_name}, min-max normalised",
                    unit="1",
                    colormap=v.colormap,
                    range=(0.0, 1.0),
                    normalisation=IDENTITY,
                )
                for v in PAPER_VARIABLES
            ),
            grid=GridSpec.of(output_grid),
            inputs=InputsSpec(
                grid=GridSpec.of(input_grid),
                dtype="float32",
                coding=(IDENTITY,) * len(PAPER_VARIABLES),
                steps=tuple(steps),
            ),
            generator=GeneratorSpec(
                arguments=arguments,
                weights=write_weights(folder, state),
                onnx=write_onnx(folder, len(PAPER_VARIABLES), arguments, state),
            ),
            seed=0,
            provenance=Provenance(
                source="github.com/tvhahn/EarthGAN, trained on the IEEE SciVis Contest 2021 mantle convection data",
                licence="GPL-3.0",
                notice="Published generator (GPL-3.0); values are normalised: its constants were never published",
                simulated=True,
            ),
        )
        write_spec(folder, spec)


def _find(source: Path) -> tuple[Path, dict[int, Path]]:
    weights = sorted(source.rglob("gen*.pt"))
    inputs = {int(path.stem[2:]): path for path in source.rglob("x_*.npy") if re.fullmatch(r"x_[0-9]+", path.stem)}
    if not weights:
        raise BadInput(f"{source}: holds no generator weights (gen*.pt)")
    if not inputs:
        raise BadInput(f"{source}: holds no conditional inputs (x_<step>.npy)")
    return weights[0], inputs


def _load_state(path: Path) -> dict[str, torch.Tensor]:
    from earthgan.kinds.networks import PaperGenerator

    try:
        state: dict[str, torch.Tensor] = torch.load(path, map_location="cpu", weights_only=True)["gen"]
        PaperGenerator(len(PAPER_VARIABLES), PaperArguments()).load_state_dict(state)
    except Exception as error:  # unpickling raises many types
        raise BadInput(f"{path}: does not hold the published generator") from error
    return state


def _load_input(path: Path) -> NDArray[np.float32]:
    expected = (1, len(PAPER_VARIABLES), SHELLS, 14, 27)
    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise BadInput(f"{path}: is not a readable NPY array") from error
    if array.shape != expected or not np.isfinite(array).all():
        raise BadInput(f"{path}: is not a finite array of shape {expected}")
    layers: NDArray[np.float32] = array[0][:, LAYERS].astype(np.float32)
    return layers
