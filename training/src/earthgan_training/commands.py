"""The training package's subcommands of `earthgan`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from earthgan.cli import add_command
from earthgan_training.coding.command import add_spectral
from earthgan_training.download.command import add_download
from earthgan_training.evaluate.command import add_evaluate
from earthgan_training.figures.command import add_figures
from earthgan_training.inspection.command import add_inspect
from earthgan_training.make.command import add_make
from earthgan_training.prepare.command import add_prepare
from earthgan_training.simulate.command import add_simulate
from earthgan_training.simulations.arguments import (
    add_provenance_options,
    add_source_options,
    provenance_of,
    source_of,
)
from earthgan_training.study.command import add_study
from earthgan_training.train.command import add_train
from earthgan_training.velocity.command import add_fit_velocity


def register(subcommands: Any) -> None:
    """Add all subcommands of this package."""
    parser = add_command(
        subcommands,
        "import-published",
        _import_published,
        "make a surrogate folder from the published EarthGAN weights and inputs (GPL-3.0)",
        "earthgan import-published EarthGAN --out model_store/published",
    )
    parser.add_argument("source", type=Path, metavar="DIR", help="folder that holds gen*.pt and x_<step>.npy")
    _add_out(parser)

    parser = add_command(
        subcommands,
        "baseline",
        _baseline,
        "make a surrogate that interpolates area means of a simulation or model",
        "earthgan baseline raw --steps 113-128 --out model_store/default",
    )
    add_source_options(parser)
    add_provenance_options(parser)
    _add_out(parser)

    parser = add_command(
        subcommands,
        "export",
        _export,
        "write a surrogate's generator as ONNX and compare it with torch",
        "earthgan export model_store/default",
    )
    parser.add_argument("surrogate", type=Path, help="the surrogate folder")

    parser = add_command(
        subcommands,
        "archive",
        _archive,
        "pack a surrogate folder as a .mar archive for TorchServe",
        "earthgan archive model_store/default --out model_store/earthgan.mar",
    )
    parser.add_argument("surrogate", type=Path, help="the surrogate folder")
    parser.add_argument("--out", type=Path, required=True, metavar="NAME.mar", help="the archive to write")
    parser.add_argument(
        "--handler",
        type=Path,
        help="handler for TorchServe, with a model-config.yaml beside it (default: the packaged handler, the only one "
        "that launch.py loads)",
    )

    add_download(subcommands)
    add_evaluate(subcommands)
    add_figures(subcommands)
    add_inspect(subcommands)
    add_make(subcommands)
    add_prepare(subcommands)
    add_simulate(subcommands)
    add_spectral(subcommands)
    add_study(subcommands)
    add_train(subcommands)
    add_fit_velocity(subcommands)


def _add_out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="the surrogate folder to make")
    parser.add_argument("--overwrite", action="store_true", help="replace the folder if it exists")


# Each command imports its module when it runs, so that `earthgan --help` does not wait for torch.


def _import_published(arguments: argparse.Namespace) -> None:
    from earthgan_training.surrogates.published import import_published

    import_published(arguments.source, arguments.out, arguments.overwrite)
    print(arguments.out)


def _baseline(arguments: argparse.Namespace) -> None:
    from earthgan_training.surrogates.baseline import baseline

    source = source_of(arguments)
    baseline(source, arguments.out, provenance_of(arguments, source), arguments.title, arguments.overwrite)
    print(arguments.out)


def _export(arguments: argparse.Namespace) -> None:
    from earthgan_training.surrogates.export import export

    print(f"{arguments.surrogate}: the largest difference from torch is {export(arguments.surrogate):.1e}")


def _archive(arguments: argparse.Namespace) -> None:
    from earthgan_training.surrogates.archive import HANDLER, archive

    archive(arguments.surrogate, arguments.out, arguments.handler or HANDLER)
    print(arguments.out)
