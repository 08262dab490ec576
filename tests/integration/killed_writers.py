"""Writers that are killed everywhere, each in a program of its own (`test_killed_writers`).

A writer is a function of an empty folder. It prepares what is there before, and returns what `killed_everywhere` takes.
"""

import importlib
import json
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import onnx
import torch

from contest_file import write_contest_file
from earthgan.cli import main
from earthgan.files import is_leftover, write_whole
from earthgan.surrogate import Surrogate
from earthgan.verified import file_sha256
from earthgan_training.make.run import Wish, make_surrogate
from killing import killed_everywhere
from places import ROOT
from rounding_code import Rounding, noise
from spectral_surrogate import write_raw
from training_data import make_dataset

Write = Callable[[], None]
Check = Callable[[bool], None]
Writer = tuple[Path, Path, Write, Check]  #: what there was before, what is written, the writer, the check

#: What the commands load when they run: loaded here, before the forks.
LOADED = [
    *("earthgan_training.coding.make", "earthgan_training.surrogates.baseline", "earthgan_training.surrogates.export"),
    *("earthgan_gateway.seed.run", "earthgan_gateway.seed.metadata", "earthgan.spread", "rich.progress"),
]
HANDLER = ROOT / "services" / "torchserve" / "handler.py"


def earthgan(*arguments: object) -> None:
    status = main([str(argument) for argument in arguments])
    if status:
        raise RuntimeError(f"exit status {status}")


def quietly(*arguments: object) -> Write:
    """A command that says nothing."""

    def write() -> None:
        with open(os.devnull, "w") as nowhere:  # noqa: PTH123
            os.dup2(nowhere.fileno(), 1)
        earthgan(*arguments)

    return write


def contest_files(folder: Path, steps: range, factor: float = 1.0) -> Path:
    folder.mkdir()
    for t in steps:
        write_contest_file(folder / f"spherical{t:03d}.nc", spoil=lambda values, t=t: values * factor + t)
    return folder


def content(path: Path) -> dict[str, bytes]:
    """The content of a file, or of all files in a folder, by name; without what killed processes have left."""
    files = [each for each in path.rglob("*") if each.is_file()] if path.is_dir() else [path][: path.exists()]
    files = [each for each in files if not any(map(is_leftover, each.parents))]
    return {each.relative_to(path).as_posix(): each.read_bytes() for each in files}


def due(write: Write, start: Path, place: Path) -> dict[str, bytes]:
    """What an undisturbed run leaves."""
    restored(start, place)
    child = os.fork()
    if not child:
        write()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    found = content(place)
    assert found
    return found


def restored(start: Path, place: Path) -> None:
    for path in place.parent.iterdir():  # leftovers too
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    if start.is_dir():
        shutil.copytree(start, place)
    elif start.exists():
        shutil.copyfile(start, place)


def nothing_is_left(place: Path) -> None:
    """The next write beside a place takes away what killed processes have left."""
    write_whole(place.parent / "next", "", durable=False).unlink()
    assert [path.name for path in place.parent.iterdir()] == [place.name]


def whole_or_as_before(start: Path, place: Path, write: Write) -> Writer:
    """For what is replaced in one go: it is always as before or as due."""
    before, after = content(start), due(write, start, place)

    def check(finished: bool) -> None:
        found = content(place)
        assert found == after if finished else found in (before, after)
        if finished:
            nothing_is_left(place)

    return start, place, write, check


def a_surrogate_that_opens(start: Path, place: Path, write: Write) -> Writer:
    """For a surrogate folder: it is always the old surrogate or the new one, and in the end holds nothing else."""
    due(write, start, place)
    after = Surrogate(place).digest
    before = Surrogate(start).digest if start.exists() else None
    assert before != after

    def check(finished: bool) -> None:
        if before is None and not finished and not place.exists():
            return
        surrogate = Surrogate(place)
        assert surrogate.digest == after if finished else surrogate.digest in (before, after)
        for step in surrogate.steps:
            surrogate.conditional_input(step.t)
        if finished:
            spec = surrogate.spec
            named = {each.file for each in (spec.generator.weights, spec.generator.onnx, *surrogate.steps) if each}
            assert set(content(place)) == {"spec.json", *named}
            nothing_is_left(place)

    return start, place, write, check


def new_file(folder: Path) -> Writer:
    place = folder / "place" / "file"
    return whole_or_as_before(folder / "start", place, lambda: write_whole(place, "new" * 1000) and None)


def old_file(folder: Path) -> Writer:
    (folder / "start").write_text("old" * 1000)
    return new_file(folder)


def baseline(folder: Path) -> Writer:
    raw, place = contest_files(folder / "raw", range(1, 3)), folder / "place" / "surrogate"
    make = quietly("baseline", raw, "--out", place)
    # Who is killed after the folder has its name has made it: a second run would refuse to overwrite it.
    return a_surrogate_that_opens(folder / "start", place, lambda: None if place.exists() else make())


def baseline_overwrite(folder: Path) -> Writer:
    raw, other = contest_files(folder / "raw", range(1, 3)), contest_files(folder / "other", range(2, 4), 2.0)
    start, place = folder / "start", folder / "place" / "surrogate"
    earthgan("baseline", other, "--out", start)
    return a_surrogate_that_opens(start, place, quietly("baseline", raw, "--out", place, "--overwrite"))


def add_steps(folder: Path) -> Writer:
    raw, other = write_raw(folder / "raw", range(1, 4)), write_raw(folder / "other", range(2, 4), times=0.9)
    start, place = folder / "start", folder / "place" / "surrogate"
    chosen = ["--degree", 6, "--nodes", 8, "--updates", 0, "--bytes", 500, "--train", "1-2", "--steps", "1-2"]
    earthgan("spectral", raw, *chosen, "--out", start)
    return a_surrogate_that_opens(start, place, quietly("add-steps", place, other))


def make(folder: Path) -> Writer:
    """Each run goes on where the killed one stopped."""
    start, place, source = folder / "start", folder / "place" / "surrogate", noise(range(4))

    def write() -> None:
        make_surrogate(source, place, Wish(overwrite=True, rival=False), [Rounding()], "one", lambda *_: None)

    return a_surrogate_that_opens(start, place, write)


def export(folder: Path) -> Writer:
    raw, start, place = contest_files(folder / "raw", range(1, 2)), folder / "start", folder / "place" / "surrogate"
    earthgan("baseline", raw, "--out", start)
    path, spec = start / "generator.onnx", start / "spec.json"
    model, known = onnx.load(path), file_sha256(path)
    model.doc_string = "of an older version"
    path.write_bytes(model.SerializeToString())
    spec.write_text(spec.read_text().replace(known, file_sha256(path)))
    return a_surrogate_that_opens(start, place, quietly("export", place))


def archive(folder: Path) -> Writer:
    from earthgan_training.surrogates import archive as module

    def packed(name: str, scratch: Path, *_: Path) -> None:  # TorchServe's archiver is a program of its own
        with zipfile.ZipFile(scratch / f"{name}.mar", "w") as mar:
            for file, stored in sorted(content(scratch / "surrogate").items()):
                mar.writestr(zipfile.ZipInfo(file), stored)

    module._pack = packed
    raw, surrogate = contest_files(folder / "raw", range(1, 2)), folder / "surrogate"
    earthgan("baseline", raw, "--out", surrogate)
    (folder / "start").write_text("an older archive")
    place = folder / "place" / "earthgan.mar"
    command = ["archive", surrogate, "--out", place, "--handler", HANDLER]
    return whole_or_as_before(folder / "start", place, quietly(*command))


def seeded(folder: Path) -> Path:
    """A surrogate of few shells, drawn in this process."""
    from earthgan import spread

    here = spread.spread
    spread.spread = lambda *_: here(0, None)
    earthgan("baseline", contest_files(folder / "raw", range(1, 2)), "--out", folder / "surrogate")
    return folder / "surrogate"


def seed_folder(folder: Path) -> Writer:
    surrogate, start, place = seeded(folder), folder / "start", folder / "place" / "tiles"
    command = ["seed", surrogate, "--variables", "temperature", "--zoom", "0", "--values"]
    first = folder / "first" / "tiles"
    due(quietly(*command, "--shells", "1", "--out", first), folder / "nothing", first)
    shutil.copytree(first, start)
    write = quietly(*command, "--shells", "1-2", "--out", place)
    after = due(write, start, place)

    def check(finished: bool) -> None:
        catalog = json.loads((place / "catalog.json").read_text())
        for name in catalog["variables"]:
            assert json.loads((place / "legends" / f"{name}.json").read_text())
            for shell in catalog["shells"]:
                shown = place / "tiles" / name / "1" / str(shell["r"])
                assert (shown / "0" / "0" / "0.png").read_bytes().endswith(b"IEND\xaeB`\x82")
                assert (place / "shells" / name / "1" / f"{shell['r']}.npy").stat().st_size > 128
        if finished:
            assert content(place) == after

    return start, place, write, check


def seed_archive(folder: Path) -> Writer:
    surrogate, place = seeded(folder), folder / "place" / "mantle.pmtiles"
    command = ["seed", surrogate, "--variables", "temperature", "--zoom", "0", "--shells", "1", "--out", place]
    return whole_or_as_before(folder / "start", place, quietly(*command))


def simulation(folder: Path) -> Writer:
    from earthgan_training.simulate.parameters import OutputGrid, Physics, Resolution, Setup
    from earthgan_training.simulate.run import simulate

    setup = Setup("tiny", Physics(100.0), Resolution(16, 10), OutputGrid(6, 5, 9), interval=4e-3, spin_up=0)
    start, place, first = folder / "start", folder / "place" / "raw", folder / "first" / "raw"
    due(lambda: simulate(setup, 7, 1, first) and None, folder / "nothing", first)
    shutil.copytree(first, start)

    def write() -> None:
        simulate(setup, 7, 2, place)

    after = due(write, start, place)

    def check(finished: bool) -> None:
        found = content(place)
        assert {name: found[name] for name in ("spherical001.nc",)} == {"spherical001.nc": after["spherical001.nc"]}
        if finished:
            assert found == after

    return start, place, write, check


def run_folder(folder: Path) -> Writer:
    """What `earthgan train` writes before and while it trains, without the training."""
    from earthgan_training.train import checkpoint, run_folder
    from earthgan_training.train.config import read_preset
    from earthgan_training.train.report import Report

    data, config, place = make_dataset(folder / "data", steps=2), read_preset("debug", []), folder / "place" / "run"
    last = checkpoint.path_of(place, "last")

    def write() -> None:
        if (place / run_folder.CONFIG_FILE).exists():
            run_folder.resumed(place, data)
        else:
            run_folder.begin(place, config, data, {})
        done = checkpoint.read(last).step if last.exists() else 0
        report = Report(place, done)
        for step in range(done + 1, 4):
            report.numbers(step, {"loss": 1.0})
            checkpoint.write(last, checkpoint.Checkpoint({"x": torch.full((300,), float(step))}, {"step": str(step)}))
        report.close()

    def check(finished: bool) -> None:
        if last.exists():
            stored = checkpoint.read(last)
            assert (stored.tensors["x"] == stored.step).all()
        if finished:
            assert checkpoint.read(last).step == 3
            lines = (place / "metrics.jsonl").read_text().splitlines()
            assert [json.loads(line)["step"] for line in lines] == [1, 2, 3]
            nothing_is_left(last)
            assert not list(place.glob(".*"))

    return folder / "start", place, write, check


WRITERS = {
    each.__name__: each
    for each in (
        *(new_file, old_file, baseline, baseline_overwrite, add_steps, make, export, archive),
        *(seed_folder, seed_archive, simulation, run_folder),
    )
}


def run_killed(name: str, root: Path) -> int:
    """Run the writer of that name in an empty folder, killed everywhere. Returns how often it was killed."""
    torch.set_num_threads(1)
    for module in LOADED:
        importlib.import_module(module)
    (root / "place").mkdir()
    (root / "first").mkdir()
    start, place, write, check = WRITERS[name](root)
    return killed_everywhere(root, lambda: restored(start, place), write, check)
