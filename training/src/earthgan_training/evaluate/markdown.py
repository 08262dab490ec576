"""The document of an evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from earthgan.quantities import VELOCITY
from earthgan_training.evaluate.answers import note
from earthgan_training.evaluate.footprint import SERIES
from earthgan_training.evaluate.results import ALL_BYTES, NETWORK, PUBLISHED, SAME_BYTES, WITHOUT_NETWORK, Evaluation
from earthgan_training.evaluate.scores import MEASURES
from earthgan_training.evaluate.table import tables, verdict
from earthgan_training.work.tables import Table

_PICTURES = {
    "shells": "PSNR of each shell, over the shell's own range",
    "spectrum": "power of the prediction over that of the ground truth, by degree",
    "size": "bytes of the ground truth and of everything that replaces it, as in the paper's figure 3",
    "rates": "PSNR against bytes a variable; surrogates are placed at the bytes of all their variables together",
}


def document(
    runs: Sequence[str], evaluations: Sequence[Evaluation], command: str, pictures: Sequence[Mapping[str, str]]
) -> str:
    """The text of `docs/fidelity.md`: what was measured, by which command, and what each number means.

    `runs`, `evaluations` and `pictures` have one entry for each run: its name, its findings, and its pictures by name
    as paths relative to the document.
    """
    found, *others = evaluations
    size = found.footprint
    parts = [
        "# Fidelity per byte",
        "The command below writes this page, and every number on it comes from that command. `--truth` names the "
        "folder that holds a run's files.",
        f"    {command}",
        f"**{found.title}** ({found.preset}). {found.notice}",
        f"{_steps(found)}. {_held_out(found)} The command computes the conditional input of each step from its ground "
        "truth and codes it as the surrogate stores it."
        + (f" The generator makes {found.members} draws, and the scores are the first draw's." * (found.members > 1)),
        f"{_compared(found)} A number over several steps is the mean of their decibels, ratios or bytes.",
        "## Bytes",
        f"The stored input of a step takes {size.inputs_per_step:,} bytes (the mean of these steps), including its "
        f"entry in `spec.json`. The model (the weights and the rest of `spec.json`) takes {size.model:,} bytes. Over a "
        f"series of {SERIES} steps, this makes **{size.per_step:,.0f} bytes a step**. The ONNX file ({size.onnx:,} "
        "bytes) is not added, because it is the same generator again and follows from the weights. Programs are not "
        "counted, neither the surrogate's nor the codecs'.",
    ]
    parts += _of_run(found, pictures[0], "##")
    for run, other, drawn in zip(runs[1:], others, pictures[1:], strict=True):
        parts += [
            f"## Another run: `{run}`",
            f"{_steps(other)} {'come' if len(other.steps) > 1 else 'comes'} from another run. The same surrogates "
            f"predict {'them' if len(other.steps) > 1 else 'it'} from inputs that the command computes from that run's "
            f"ground truth. Over a series of {SERIES} steps, this takes {other.footprint.per_step:,.0f} bytes a step.",
            *_of_run(other, drawn, "###"),
        ]
    used = [key for key in MEASURES if key in found.numbers(found.variables[0])]
    meanings = [f"| {MEASURES[key][0]} | `{key}` | {MEASURES[key][1]} |" for key in used]
    meanings += [
        "| power of degrees | `power_ratio_*` | the prediction's power in these harmonic degrees, over all shells, "
        "divided by the power of the ground truth |",
        "| divergence | `velocity` | the rms divergence times the thickness of the mantle, over the rms speed; for the "
        "ground truth, this is the error of finite differences on this grid |",
    ]
    parts += [
        "## What the numbers mean",
        "\n".join(["| measure | in `--json` | meaning |", "|---|---|---|", *meanings]),
    ]
    return "\n\n".join(parts) + "\n"


def _of_run(found: Evaluation, pictures: Mapping[str, str], heading: str) -> list[str]:
    parts = []
    for table in tables(found):
        parts += [f"{heading} {table.title}", *_notes(table, found), table.markdown()]
    if _same_bytes(found):
        parts.append("\n".join(f"- {line}" for line in verdict(found)))
    return [*parts, *(f"![{_PICTURES[name]}]({path})" for name, path in pictures.items())]


def _compared(found: Evaluation) -> str:
    shells, rows, columns = found.grid.shape
    size = f"{shells} shells x {rows} rows x {columns} columns"
    if found.on_source_grid:
        return f"Everything is compared on the source's own grid of {size}, value by value."
    paper = tuple(found.grid.shape) == (198, 108, 216)
    known = "the size of the paper's ground truth" if paper else "not finer than the source"
    return (
        f"Everything is compared on a cell-centred grid of {size}, {known}. Means over cells that keep the integral "
        "bring ground truth and prediction onto this grid."
    )


def _steps(found: Evaluation) -> str:
    return f"Step{'s' * (len(found.steps) > 1)} {', '.join(str(step.t) for step in found.steps)}"


def _held_out(found: Evaluation) -> str:
    stored = [step.t for step in found.steps if step.stored]
    if len(stored) == len(found.steps):
        return f"The surrogate stores {'all of them' if len(stored) > 1 else 'it'}."
    return f"Of these, the surrogate stores {', '.join(map(str, stored)) or 'none'}."


def _notes(table: Table, found: Evaluation) -> list[str]:
    answer = note(table, found)
    if answer:
        return [answer]
    if "others" in table.title:
        return [
            _same_bytes(found)
            + "The interpolations start from means over the cells of the paper's input (30 x 14 x 27 for "
            "198 x 108 x 216), with one byte for each number. A codec gets the bytes that the surrogate takes for a "
            "step. It shares them among the variables, or spends all of them on the temperature"
            + _by_maps(found)
            + ". SPERR and SZ3 come from imagecodecs. AV1 is SVT-AV1 with 10 bits and a frame for each shell. If a "
            "codec cannot compress as far, or misses the bytes by more than 2 %, the table states the bytes that it "
            "took."
        ]
    if table.title.startswith("By rate"):
        notes = [
            "A codec gets these bytes for each variable, or, where the table says *in all*, for all variables together."
        ]
        if WITHOUT_NETWORK in found.rates:
            notes[0] += (
                " The difference between a surrogate and the same surrogate without its network is what the network "
                "contributes."
            )
        if NETWORK in found.rates:
            notes.append(
                "A coordinate network is trained on one field alone, in the manner of Huang & Hoefler (arXiv "
                "2210.12538): random Fourier features of a place, a block of two layers, and weights in float16."
            )
        if PUBLISHED in found.rates:
            notes.append(
                "The published generator was trained on another simulation. Its inputs are float32, and the constants "
                "of its normalisation are unknown. Here the extremes of the step scale its inputs; its authors used "
                "the extremes of all their files. Each variable of its output gets the scale and the offset that bring "
                "it nearest to the ground truth. Nobody could choose these without the ground truth, so the comparison "
                "favours the published generator."
            )
        return notes
    return []


def _same_bytes(found: Evaluation) -> str:
    """What the interpolations of the same bytes are, or nothing if there are none."""
    if not any(way.startswith(SAME_BYTES) for way in found.ways):
        return ""
    if found.own_input:
        return "*Own input* interpolates the surrogate's own conditional input, so it has the same bytes. "
    return "*Same bytes* interpolates means over as many cells as fit into the bytes of the surrogate's input. "


def _by_maps(found: Evaluation) -> str:
    """How a codec of temperature gets the velocity: as the surrogate does, if the surrogate does."""
    own = any(way.endswith(ALL_BYTES) and found.rival(way, VELOCITY[0]) for way in found.ways)
    return "; the surrogate's own Stokes maps then compute the velocity" if own else ""
