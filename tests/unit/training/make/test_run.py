"""A surrogate folder is made whole, once, and as promised; and the work on it can be interrupted anywhere."""

import json
import signal
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from earthgan import Surrogate
from earthgan.errors import BadInput, WrongUsage
from earthgan.files import locked
from earthgan_training.make.code import Code, Declined
from earthgan_training.make.goal import Quality, Size, asked_bounds
from earthgan_training.make.report import Report
from earthgan_training.make.run import Wish, make_surrogate
from earthgan_training.simulations.labelled import Source
from rounding_code import GRID, Rounding, array_source, noise


def silent(*_: object) -> None: ...


def made(source: Source, out: Path, code: Code, wish: Wish = Wish(), identity: object = "one") -> Report:  # noqa: B008
    return make_surrogate(source, out, wish, [code], identity, silent)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize(
    "goal", [Quality(50.0), Size(6000), asked_bounds("2"), asked_bounds("0.1%"), asked_bounds("temperature=3")]
)
@pytest.mark.parametrize("steps", [[7], [1, 2, 3], range(4, 13)])
def test_every_step_is_there_as_asked(tmp_path: Path, goal: object, steps: list[int]) -> None:
    source = noise(steps)
    report = made(source, tmp_path / "out", Rounding(), Wish(goal=goal))  # type: ignore[arg-type]
    surrogate = Surrogate(tmp_path / "out")
    assert [step.t for step in surrogate.steps] == list(steps)
    assert [step.label for step in surrogate.steps] == [f"{t} Ma" for t in steps]
    assert surrogate.spec.provenance == source.provenance
    assert names(tmp_path) == {"out"}
    truth = np.stack([source.read(t, "temperature") for t in steps])
    found = np.stack(
        [surrogate.in_units(surrogate.shells(None, ["temperature"], t, range(4)), ["temperature"])[0] for t in steps]
    )
    largest = np.abs(found.astype(float) - truth)[:: 1 if report.measured == len(steps) else len(steps) - 1].max()
    assert report.variables["temperature"].largest_error >= largest
    assert report.total <= sum(path.stat().st_size for path in (tmp_path / "out").rglob("*") if path.is_file()) + 20
    assert json.loads(json.dumps(report.as_json()))["steps"] == len(steps)
    assert any("SPERR" in line for line in report.lines())
    if goal == Quality(50.0):
        assert report.variables["temperature"].psnr_db >= 48
    if goal == Size(6000):
        assert report.total / len(steps) == pytest.approx(6000, rel=0.5), "the code itself is this coarse"


@pytest.mark.parametrize("bound", ["1", "0.01%", "temperature=20"])
def test_a_promise_that_does_not_hold_leaves_nothing(tmp_path: Path, bound: str) -> None:
    with pytest.raises(BadInput, match="--max-error does not hold: temperature is off by"):
        made(noise([1, 2, 3, 4]), tmp_path / "out", Rounding(sloppy=1.1), Wish(goal=asked_bounds(bound)))
    assert not names(tmp_path)


def test_one_cell_of_one_step_breaks_a_promise(tmp_path: Path) -> None:
    """The proof looks at every cell: the code rounds an error into one cell of the last but one step."""

    class Careless(Rounding):
        def _fields(self, source: Source, t: int) -> np.ndarray:
            fields = super()._fields(source, t)
            if t == 5:
                fields = fields.copy()
                fields[0, 2, 11, 23] += 5
            return fields

    with pytest.raises(BadInput, match="does not hold"):
        made(noise(range(7)), tmp_path / "out", Careless(), Wish(goal=asked_bounds("2")))
    assert not names(tmp_path)


def test_cells_without_a_value_stay_without_one(tmp_path: Path) -> None:
    field = noise().read(1, "temperature").copy()
    field[3, 2:5] = np.nan
    source = array_source({1: {"temperature": field}})

    class Fills(Rounding):
        def _fields(self, source: Source, t: int) -> np.ndarray:
            return np.nan_to_num(super()._fields(source, t))

    with pytest.raises(BadInput, match="has values where the source has none"):
        made(source, tmp_path / "out", Fills())
    assert not names(tmp_path)
    filled = array_source({1: {"temperature": np.nan_to_num(field)}})
    make_surrogate(filled, tmp_path / "out", Wish(), [Rounding()], "one", silent, with_gaps=source)
    surrogate = Surrogate(tmp_path / "out")
    found = surrogate.shells(None, ["temperature"], 1, range(4))[0]
    assert (np.isnan(found) == np.isnan(field)).all()


def test_a_code_that_declines_a_later_step_is_given_up(tmp_path: Path) -> None:
    class Declines(Rounding):
        def add(self, folder: Path, source: Source, steps: Sequence[int], *rest: object) -> None:
            if 5 in steps:
                raise Declined(f"{source.address}: step 5 is of another kind")
            super().add(folder, source, steps, *rest)  # type: ignore[arg-type]

    source = noise(range(9))
    report = make_surrogate(source, tmp_path / "out", Wish(), [Declines(), Rounding("wasteful")], "one", silent)
    assert report.kind == "wasteful"
    assert report.choice[0] == "rounded is given up: step 5 is of another kind"
    assert [step.t for step in Surrogate(tmp_path / "out").steps] == list(range(9))
    with pytest.raises(BadInput, match="step 5 is of another kind"):
        made(source, tmp_path / "alone", Declines())
    assert names(tmp_path) == {"out"}


@pytest.mark.parametrize("holes", [[1, 2, 2, 0], [3, 3, 3, 3], [0, 0, 4, 0], [0, 0, 0, 0]])
def test_each_step_lacks_its_own_cells(tmp_path: Path, holes: list[int]) -> None:
    """Steps that lack the same cells share a mask, which belongs to the surrogate if all do."""
    whole = noise(range(4), names=("temperature", "vs"))
    gaps = {t: {name: whole.read(t, name).copy() for name in ("temperature", "vs")} for t in range(4)}
    for t, hole in enumerate(holes):
        gaps[t]["temperature"][hole % 4, : 2 * hole] = np.nan
    out = tmp_path / "out"
    make_surrogate(whole, out, Wish(), [Rounding()], "one", silent, with_gaps=array_source(gaps))
    surrogate = Surrogate(out)
    for t, fields in gaps.items():
        found = surrogate.shells(None, ["temperature", "vs"], t, range(4))
        np.testing.assert_array_equal(np.isnan(found), np.isnan([fields["temperature"], fields["vs"]]))
        assert (surrogate.mask_of(t) is None) == (holes[t] == 0)
    assert len(list(out.glob("mask*.bin"))) == len({*holes} - {0})
    assert (surrogate.mask is not None) == (holes == [3, 3, 3, 3])


def test_an_existing_folder_is_left_alone_or_replaced(tmp_path: Path) -> None:
    out = tmp_path / "out"
    made(noise([1]), out, Rounding())
    before = Surrogate(out).digest
    reads = noise([2])
    with pytest.raises(BadInput, match="exists already"):
        made(reads, out, Rounding())
    assert not reads.reader.reads, "nothing is read for a folder that will be refused"  # type: ignore[attr-defined]
    assert Surrogate(out).digest == before
    made(noise([2]), out, Rounding(), Wish(overwrite=True))
    assert [step.t for step in Surrogate(out).steps] == [2]
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").touch()
    with pytest.raises(BadInput, match="is not a surrogate folder"):
        made(noise(), tmp_path / "other", Rounding(), Wish(overwrite=True))
    assert names(tmp_path / "other") == {"thesis.txt"}


class Interrupts(Rounding):
    """It is interrupted when it should add its third step."""

    def add(self, folder: Path, source: Source, steps: object, memory_bytes: int, show: object) -> None:
        if len(self.added) > 2:
            raise KeyboardInterrupt
        super().add(folder, source, steps, memory_bytes, show)  # type: ignore[arg-type]


class Drops(Rounding):
    """A library in it drops the exception of Ctrl-C."""

    def add(self, folder: Path, source: Source, steps: object, memory_bytes: int, show: object) -> None:
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        super().add(folder, source, steps, memory_bytes, show)  # type: ignore[arg-type]


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Python's own treatment of Ctrl-C, which a shell takes from what it starts in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_counts_even_if_a_library_drops_it(tmp_path: Path) -> None:
    before, code = signal.getsignal(signal.SIGINT), Drops()
    with pytest.raises(KeyboardInterrupt):
        made(noise(range(20)), tmp_path / "out", code)
    assert signal.getsignal(signal.SIGINT) == before
    assert 0 < len(code.added) <= 8
    assert names(tmp_path) == {".out.making"}
    go_on = Rounding()
    made(noise(range(20)), tmp_path / "out", go_on)
    assert not {*go_on.added} & {*code.added}, "what is finished is not read again"


@pytest.mark.parametrize(
    ("changed", "continues"),
    [
        ({}, True),
        ({"identity": "another"}, False),
        ({"wish": Wish(goal=Quality(40.0))}, False),
        ({"source": replace(noise(range(12)), title="Another")}, False),
        ({"source": noise(range(11))}, False),
    ],
)
def test_interrupted_work_goes_on_unless_something_changed(tmp_path: Path, changed: dict, continues: bool) -> None:
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        made(noise(range(12)), out, Interrupts())
    assert names(tmp_path) == {".out.making"}
    code = Rounding()
    source = changed.pop("source", noise(range(12)))
    made(source, out, code, **changed)
    assert (set(code.added) < set(range(5, 12))) == continues
    assert names(tmp_path) == {"out"}
    whole = tmp_path / "whole"
    made(source, whole, Rounding(), **changed)
    assert Surrogate(out).digest == Surrogate(whole).digest, "it does not show that the work was interrupted"


def test_two_cannot_make_the_same_folder(tmp_path: Path) -> None:
    work = tmp_path / ".out.making"
    work.mkdir()
    with locked(work), pytest.raises(BadInput, match=r"out: another process is making it"):
        made(noise(), tmp_path / "out", Rounding())
    made(noise(), tmp_path / "out", Rounding())
    assert names(tmp_path) == {"out"}


def test_a_goal_that_does_not_fit_the_source_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage):
        made(noise(names=("a", "b")), tmp_path / "out", Rounding(), Wish(goal=asked_bounds("1")))
    assert not names(tmp_path)


def test_the_report_says_what_was_not_reached(tmp_path: Path) -> None:
    report = made(noise(), tmp_path / "out", Rounding(best_db=40), Wish(goal=Quality(60)))
    assert any("was not reached" in line for line in report.lines())


def test_a_constant_field_is_exact(tmp_path: Path) -> None:
    source = array_source({1: {"temperature": np.full(GRID.shape, 7, np.float32)}})
    report = made(source, tmp_path / "out", Rounding(), Wish(goal=asked_bounds("0.5")))
    assert report.variables["temperature"].sperr_db is None
    json.dumps(report.as_json(), allow_nan=False)
