"""`earthgan.make`: the command for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from earthgan.errors import WrongUsage
from earthgan.progress import progress
from earthgan.surrogate import Surrogate
from earthgan_training.make.absent import opened
from earthgan_training.make.codes import KINDS, all_codes
from earthgan_training.make.goal import AskedBounds, Quality, Size, asked_bounds
from earthgan_training.make.identity import identity_by_digests, identity_of
from earthgan_training.make.run import Wish, make_surrogate
from earthgan_training.simulations.arguments import usual_variables
from earthgan_training.simulations.labelled import Source
from earthgan_training.simulations.opening import Missing, open_source

if TYPE_CHECKING:
    import xarray


def make(
    dataset: xarray.Dataset | str | Path | Sequence[str | Path],
    out: str | Path,
    *,
    quality: float | None = None,
    bytes: int | None = None,
    max_error: str | float | None = None,
    variables: Sequence[str] | None = None,
    steps: Sequence[int] | None = None,
    title: str | None = None,
    credit: str | None = None,
    licence: str | None = None,
    notice: str | None = None,
    simulated: bool | None = None,
    missing: str | None = None,
    mapping: str | Path | None = None,
    kind: str = "auto",
    memory_mb: int = 1000,
    overwrite: bool = False,
) -> Surrogate:
    """Make the surrogate folder `out` of a Dataset, or of files, folders or stores, and open it.

    `quality` is a PSNR in dB. `bytes` is the size of a step with its share of the model. `max_error` is a largest error
    in every cell, such as `0.02`, `"5 K"` or `"temperature=5K,vx=1%"`. One of the three can be given. The other
    arguments are the options of `earthgan make`.

    Raises BadInput for a source that cannot be read or a promise that does not hold, and WrongUsage for arguments that
    do not go together.

    >>> surrogate = earthgan.make(xarray.open_dataset("dvs.nc"), "dvs", max_error="0.05 %")  # doctest: +SKIP
    """
    asked: list[Quality | Size | AskedBounds] = []
    if quality is not None:
        asked.append(Quality(quality))
    if bytes is not None:
        asked.append(Size(bytes))
    if max_error is not None:
        asked.append(_bounds(max_error))
    if len(asked) > 1:
        raise WrongUsage("quality, bytes and max_error exclude each other")
    if kind not in ("auto", *KINDS):
        raise WrongUsage(f"kind is {kind!r}, where auto, {', '.join(KINDS)} are known")
    if missing not in (None, *Missing):
        raise WrongUsage(f"missing is {missing!r}, where {', '.join(Missing)} are known")
    addresses: Any = [dataset] if isinstance(dataset, (str, Path)) or hasattr(dataset, "data_vars") else list(dataset)
    mapping_file = None if mapping is None else Path(mapping)
    flags = {"credit": credit, "licence": licence, "notice": notice, "simulated": simulated}
    given = {name: value for name, value in flags.items() if value is not None}

    def open_as(missing: Missing | None) -> Source:
        source = open_source(addresses, mapping_file, missing=missing, steps=steps)
        source = source.chosen(variables or usual_variables(source))
        return replace(source, title=title or source.title, provenance=source.provenance.model_copy(update=given))

    source, with_gaps = opened(open_as, None if missing is None else Missing(missing))
    paths = all(isinstance(each, (str, Path)) for each in addresses)
    identity = identity_of(addresses, mapping_file, missing) if paths else None
    wish = Wish(
        goal=asked[0] if asked else Quality(),
        kind=None if kind == "auto" else kind,
        memory_bytes=memory_mb * 2**20,
        overwrite=overwrite,
        rival=False,
    )
    identity = identity or identity_by_digests(source, missing)
    with progress() as show:
        make_surrogate(source, Path(out), wish, all_codes(), identity, show, with_gaps)
    return Surrogate(out)


def _bounds(max_error: str | float) -> AskedBounds:
    from argparse import ArgumentTypeError

    try:
        return asked_bounds(str(max_error))
    except ArgumentTypeError as error:
        raise WrongUsage(f"max_error: {error}") from error
