"""The document of an evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from earthgan.quantities import VELOCITY
from earthgan_training.evaluate.footprint import SERIES
from earthgan_training.evaluate.results import ALL_BYTES, PUBLISHED, WITHOUT_NETWORK, Evaluation
from earthgan_training.evaluate.scores import MEASURES
from earthgan_training.evaluate.table import tables
from earthgan_training.work.tables import Table

_PICTURES = {
    "shells": "PSNR of each shell over its own range",
    "spectrum": "power by degree, prediction over truth",
    "size": "bytes of the truth, and all those that stand in for it, as in the paper's figure 3",
    "rates": "PSNR over bytes a variable; a surrogate is shown at the bytes of all its variables together",
}


def document(
    runs: Sequence[str], evaluations: Sequence[Evaluation], command: str, pictures: Sequence[Mapping[str, str]]
) -> str:
    """`docs/fidelity.md`: what was measured, by which command, and what each number means; of each run its name,
    findings, and pictures, paths as seen from the document, by name.
    """
    found, *others = evaluations
    shells, rows, columns = found.grid.shape
    size = found.footprint
    parts = [
        "# Fidelity per byte",
        "This page was written by the command below; nothing in it was typed by hand. `--truth` is the "
        "folder of the files.",
        f"    {command}",
        f"**{found.title}** ({found.preset}). {found.notice}",
        f"{_steps(found)}; {_held_out(found)} Conditional inputs are computed from the truth of each step, coded as "
        "the surrogate stores them."
        + (f" {found.members} draws of the noise; scores are the first's." if found.members > 1 else ""),
        f"Everything is compared on {shells} shells x {rows} rows x {columns} columns, cell-centred: the size of the "
        "paper's truth. Truth and prediction come onto it as means over cells that keep the integral. Numbers over "
        "several steps are means of decibels, ratios and bytes.",
        "## Bytes",
        f"A step's input takes {size.inputs_per_step:,} bytes as stored (the mean of these steps), its entry in "
        "`spec.json` included; the model "
        f"(weights and the rest of `spec.json`) is {size.model:,}. Over a series of {SERIES} steps that is "
        f"**{size.per_step:,.0f} bytes a step**. The ONNX file ({size.onnx:,} bytes) is the same generator again, made "
        "of the weights, and is not added. Programs are counted for nobody: neither the surrogate's nor the codecs'.",
    ]
    parts += _of_run(found, pictures[0], "##")
    for run, other, drawn in zip(runs[1:], others, pictures[1:], strict=True):
        parts += [
            f"## Another run: `{run}`",
            f"{_steps(other)} of another run, by the same surrogates. Inputs are computed from that truth: "
            f"{other.footprint.per_step:,.0f} bytes a step of 251.",
            *_of_run(other, drawn, "###"),
        ]
    used = [key for key in MEASURES if key in found.numbers(found.variables[0])]
    meanings = [f"| {MEASURES[key][0]} | `{key}` | {MEASURES[key][1]} |" for key in used]
    meanings += [
        "| power of degrees | `power_ratio_*` | power of these harmonic degrees, all shells, over the truth's |",
        "| divergence | `velocity` | rms divergence times the shell's thickness, over the rms speed; the truth's own "
        "is the error of differences on this grid |",
    ]
    parts += ["## What the numbers mean", "\n".join(["| | in `--json` | |", "|---|---|---|", *meanings])]
    return "\n\n".join(parts) + "\n"


def _of_run(found: Evaluation, pictures: Mapping[str, str], heading: str) -> list[str]:
    parts = []
    for table in tables(found):
        parts += [f"{heading} {table.title}", *_notes(table, found), table.markdown()]
    return [*parts, *(f"![{_PICTURES[name]}]({path})" for name, path in pictures.items())]


def _steps(found: Evaluation) -> str:
    return f"Step{'s' * (len(found.steps) > 1)} {', '.join(str(step.t) for step in found.steps)}"


def _held_out(found: Evaluation) -> str:
    stored = [step.t for step in found.steps if step.t in found.stored]
    if not stored:
        return "the surrogate stores none of them."
    return f"the surrogate stores {'all' if len(stored) == len(found.steps) else ', '.join(map(str, stored))} of them."


def _notes(table: Table, found: Evaluation) -> list[str]:
    if "others" in table.title:
        return [
            "Interpolation is of means over the cells of the paper's input (30 x 14 x 27 for 198 x 108 x 216), a byte "
            "a number. Codecs have the surrogate's bytes of a step, shared among the variables, or all of them spent "
            "on the temperature alone" + _by_maps(found) + ". SPERR, SZ3: "
            "imagecodecs; AV1: SVT-AV1, 10 bits, shells as frames; a codec that cannot go as low, or not hit the bytes "
            "to 2 %, states what it took."
        ]
    if table.title.startswith("By rate"):
        notes = ["Codecs have these bytes for each variable, or where it says so for all of them together."]
        if WITHOUT_NETWORK in found.rates:
            notes[0] += " What a surrogate's network contributes is the difference to the same without it."
        if PUBLISHED in found.rates:
            notes.append(
                "The published generator was trained on another simulation, its inputs are float32, and the constants "
                "of its normalisation are unknown: inputs are scaled by the extremes of the step, as its authors did "
                "with those of all their files, and outputs by the scale and offset that bring each variable nearest "
                "to the truth, which nobody has who has not the truth."
            )
        return notes
    return []


def _by_maps(found: Evaluation) -> str:
    """How a codec of temperature comes by velocity: as the surrogate does, if it does."""
    own = any(way.endswith(ALL_BYTES) and found.rival(way, VELOCITY[0]) for way in found.ways)
    return ", velocity then made of it by the surrogate's own Stokes maps" if own else ""
