"""The better way to store a source is chosen by what was measured."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from earthgan import ShellGrid
from earthgan.errors import BadInput
from earthgan_training.make.choice import MARGIN_DB, Trial, adjusted, better, chosen, spread, trials_of
from earthgan_training.make.code import Code
from earthgan_training.make.goal import Bounds, Goal, Quality, Size
from rounding_code import Rounding, noise

FIRST, SECOND = Rounding(), Rounding("wasteful")


def silent(*_: object) -> None: ...


def trial(code: Code, step_bytes: float, psnr_db: float, goal: Goal) -> Trial:
    short_db = max(goal.psnr_db - psnr_db, 0.0) if isinstance(goal, Quality) else 0.0
    return Trial(code, Path("nowhere"), step_bytes, 0.0, psnr_db, psnr_db, short_db)


@pytest.mark.parametrize(
    ("goal", "first", "second", "better_one"),
    [
        # (bytes, dB) of both: who has the higher PSNR with the same bytes?
        (Size(1000), (1000, 50), (1000, 49), FIRST),
        (Size(1000), (1000, 50), (1000, 51), SECOND),
        (Size(1000), (1000, 50), (1000, 50 + MARGIN_DB / 2), FIRST),
        (Size(1000), (1000, 50), (500, 50), SECOND),
        (Size(1000), (500, 50), (1000, 50.5), FIRST),
        (Quality(50), (1000, 50), (900, 50), SECOND),
        (Quality(50), (900, 50), (1000, 50), FIRST),
        # A quality that one does not reach cannot be made up for by fewer bytes.
        (Quality(50), (100, 40), (1000, 50), SECOND),
        (Quality(50), (1000, 50), (100, 40), FIRST),
        (Quality(50), (100, 40), (100, 45), SECOND),
        # No error at all.
        (Quality(50), (100, float("inf")), (200, float("inf")), FIRST),
        (Quality(50), (200, float("inf")), (100, float("inf")), SECOND),
        (Quality(50), (100, 60), (100, float("inf")), SECOND),
    ],
)
def test_the_closer_or_smaller_one_wins(
    goal: Goal, first: tuple[float, float], second: tuple[float, float], better_one: Code
) -> None:
    assert better(trial(FIRST, *first, goal), trial(SECOND, *second, goal), goal).code is better_one


def test_a_variable_that_is_too_good_does_not_make_up_for_a_bad_one() -> None:
    even = Trial(FIRST, Path("nowhere"), 1000, 0.0, 49.0, 49.0, short_db=1.0)
    uneven = Trial(SECOND, Path("nowhere"), 1000, 0.0, 60.0, 20.0, short_db=6.0)
    for first, second in ((even, uneven), (uneven, even)):
        assert better(first, second, Quality(50)) is even


@pytest.mark.parametrize("goal", [Quality(50), Size(1500)])
def test_a_code_that_wastes_bytes_loses_whatever_its_place(tmp_path: Path, goal: Goal) -> None:
    for i, codes in enumerate(((FIRST, SECOND), (SECOND, FIRST))):
        best = chosen(codes, noise(), [1], tmp_path / str(i), goal, 10**9, silent)
        assert isinstance(best, Trial)
        assert best.code is FIRST


@pytest.mark.parametrize(
    ("goal", "hopes", "is_tried"),
    [
        # The first code takes about 2,700 bytes for 50 dB, of which 1,300 are a description that others have too.
        (Quality(50), None, True),
        (Quality(50), (1000, 50), True),
        (Quality(50), (9999, 50), False),
        (Quality(50), (9999, 70), True),
        (Size(3000), (3000, 20), False),
        (Size(3000), (3000, 100), True),
        (Quality(90), (99999, 20), True),  # the first one misses it
        (Bounds({"temperature": 1.0}), (9999, 50), True),
    ],
)
def test_a_code_without_hope_is_not_tried(
    tmp_path: Path, goal: Goal, hopes: tuple[float, float] | None, is_tried: bool
) -> None:
    other = Rounding("wasteful", hopes=hopes)
    chosen([Rounding(best_db=80), other], noise(), [1], tmp_path, goal, 10**9, silent)
    assert bool(other.fitted) == is_tried


def test_a_code_that_cannot_promise_the_goal_is_not_tried(tmp_path: Path) -> None:
    bounds = Bounds({"temperature": 1.0})
    assert chosen((replace(FIRST, bounds=False), SECOND), noise(), [1], tmp_path, bounds, 10**9, silent) is SECOND
    assert not list(tmp_path.iterdir())
    with pytest.raises(BadInput, match="cannot be made"):
        chosen((replace(FIRST, bounds=False),), noise(), [1], tmp_path, bounds, 10**9, silent)


def test_a_choice_is_made_on_the_ends_and_the_middle() -> None:
    assert spread(range(1, 252), 3) == [1, 126, 251]
    assert spread(range(1, 252), 1) == [126]
    assert spread([5], 3) == spread([5], 1) == [5]
    assert spread([5, 9], 3) == [5, 9]
    assert spread(range(10), 20) == list(range(10))
    assert trials_of(noise(range(9))) == [0, 4, 8]
    wide = ShellGrid.cell_centred(tuple(np.linspace(3500, 6300, 199).tolist()), 180, 360)
    assert trials_of(replace(noise(range(9)), grid=wide)) == [4], "a step of many numbers says enough"


@pytest.mark.parametrize(
    ("goal", "step_bytes", "described_bytes", "least_db", "again"),
    [
        (Size(5000), 5000, 1000, 50, None),
        (Size(5000), 5040, 1000, 50, None),
        (Size(5000), 6000, 1000, 50, Size(4000)),
        (Size(5000), 4000, 1000, 50, Size(4000)),
        (Quality(60), 5000, 1000, 60, None),
        (Quality(60), 5000, 1000, 59.8, None),
        (Quality(60), 5000, 1000, 58.5, Quality(61.5)),
        # Better quality is free as long as the description takes more.
        (Quality(60), 1100, 1000, 60, Size(1000)),
        (Quality(60), 1100, 1000, 50, Size(1000)),
        (Quality(60), 1100, 1000, float("inf"), None),
    ],
)
def test_what_a_code_could_not_know_is_made_up_for(
    goal: Goal, step_bytes: float, described_bytes: float, least_db: float, again: Goal | None
) -> None:
    assert adjusted(goal, Trial(FIRST, Path("nowhere"), step_bytes, described_bytes, least_db, least_db)) == again


def test_bytes_that_the_description_alone_takes_are_refused() -> None:
    with pytest.raises(BadInput, match="takes 990 bytes of a step already: 1,055 bytes are the least"):
        adjusted(Size(1000), Trial(FIRST, Path("nowhere"), 2000, 990, 50, 50))
