"""Coarse tiles are the field of the preview, at the right depth and place, and are refused where they would be late."""

import asyncio
import time

import numpy as np
import pytest

from earthgan import Surrogate
from earthgan.backends.onnx import onnx_backend
from earthgan.errors import EngineAway, EngineBusy, EngineError, EngineTimeout, EngineUnavailable, UnknownShell
from earthgan.sphere.grid import ShellGrid
from earthgan.sphere.sampling import ShellSampler
from earthgan.sphere.tiles import Tile, pixel_centres
from earthgan_gateway.coarse import CoarseTiles, at_radius
from earthgan_gateway.offer import Offer
from places import BASELINE_SURROGATE

T, R, WORLD = 113, 100, Tile("WorldCRS84Quad", 0, 1, 0)


@pytest.fixture(scope="module")
def offer() -> Offer:
    return Offer.of(Surrogate(BASELINE_SURROGATE))


def test_between_two_shells_it_is_linear_and_a_hole_takes_the_nearer_one() -> None:
    grid = ShellGrid.cell_centred((1000.0, 2000.0, 4000.0), 2, 2)
    field = np.array([[[1, 1], [1, 1]], [[2, 2], [2, np.nan]], [[6, 6], [np.nan, 6]]], dtype=np.float32)
    np.testing.assert_array_equal(at_radius(field, grid, 1250.0), [[1.25, 1.25], [1.25, 1]])
    np.testing.assert_array_equal(at_radius(field, grid, 3500.0), [[5, 5], [np.nan, 6]])
    np.testing.assert_array_equal(at_radius(field, grid, 500.0), field[0])
    np.testing.assert_array_equal(at_radius(field, grid, 9000.0), field[2])


@pytest.mark.parametrize(("name", "anomaly"), [("temperature", False), ("temperature", True), ("v_radial", False)])
def test_a_coarse_tile_is_near_the_whole_one(offer: Offer, name: str, anomaly: bool) -> None:
    surrogate, quantity = offer.surrogate, offer.quantity(name)
    coarse = CoarseTiles(surrogate, lambda: True, 10, 2**24)
    tile = asyncio.run(coarse.values(quantity, T, R, anomaly, WORLD, 64))

    field = surrogate.in_units(surrogate.shells(onnx_backend(surrogate), quantity.needs, T, [R]), quantity.needs)
    shell = quantity.of(dict(zip(quantity.needs, field[:, 0], strict=True)), surrogate.grid)
    if anomaly:
        from earthgan.quantities import anomaly as subtract_mean

        shell = subtract_mean(shell, surrogate.grid)
    whole = ShellSampler(surrogate.grid).sample(shell, *pixel_centres(WORLD, 64))
    assert np.corrcoef(tile.ravel(), whole.ravel())[0, 1] > 0.9
    assert abs(tile.mean() - whole.mean()) < 0.2 * whole.std()


@pytest.mark.parametrize(
    ("error", "is_away", "is_due"),
    [
        (EngineAway("refused"), True, True),
        (EngineAway("refused"), False, True),  # it came back after the request had been refused
        (EngineTimeout("late"), True, True),
        (EngineTimeout("late"), False, False),
        (EngineBusy("queue"), False, False),
        (EngineUnavailable("once"), False, False),
    ],
)
def test_it_is_due_while_the_generator_is_away(offer: Offer, error: EngineError, is_away: bool, is_due: bool) -> None:
    assert CoarseTiles(offer.surrogate, lambda: is_away, 10, 2**24).are_due(error) == is_due


def test_a_step_is_read_once_for_all_and_refused_where_it_would_be_late(
    offer: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    surrogate, quantity, reads = offer.surrogate, offer.quantity("temperature"), []
    preview = surrogate.preview

    def slow(t: int) -> object:
        reads.append(t)
        time.sleep(0.2)
        return preview(t)

    monkeypatch.setattr(surrogate, "preview", slow)

    async def main() -> list[object]:
        coarse = CoarseTiles(surrogate, lambda: True, 0.1, 2**24)

        def ask(t: int) -> object:
            return coarse.values(quantity, t, R, False, WORLD, 16)

        await ask(T)
        await asyncio.gather(*(ask(T + 1) for _ in range(5)))
        with pytest.raises(UnknownShell):
            await coarse.values(quantity, T, 1000, False, WORLD, 16)
        return await asyncio.gather(*(ask(T + 2 + n) for n in range(6)), return_exceptions=True)

    found = asyncio.run(main())
    refused = [each for each in found if isinstance(each, EngineBusy)]
    assert reads[:2] == [T, T + 1]
    assert len(refused) == 4
    assert len(reads) == 2 + 2
