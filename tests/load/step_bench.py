"""Measures the cost of a new time step (decoding and refinement, alone and through a server) and of a second start."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from earthgan import Surrogate
from load.processes import cpu_s, gateway_group
from load.waves import Waves, request

#: The number of steps whose tiles are requested, each from another shell.
STEPS = 12


def of_a_new_step(folder: Path) -> dict[str, float]:
    """Return the numbers by name for a surrogate of the kind `spectral`."""
    return _in_this_process(Surrogate(folder)) | _through_a_server(folder)


def _in_this_process(surrogate: Surrogate) -> dict[str, float]:
    """Return the cheapest of a few key frames, because other work on the machine can only add CPU time."""
    code, refinement = surrogate.inputs._code, surrogate.inputs._refinement
    modes = code.components["temperature"].basis.shape[1]
    decode_s, refine_s = [], []
    for step in [step for step in surrogate.steps if step.predicted_from is None][:STEPS]:
        data = (surrogate.folder / step.file).read_bytes()
        decode_s.append(_process_s(lambda data=data: code.decode(data)))
        coefficients = code.coefficients(code.decode(data))[..., :modes]
        refine_s.append(_process_s(lambda c=coefficients: refinement(c)))
    return {"decode_cpu_ms": 1e3 * min(decode_s), "refine_cpu_ms": 1e3 * min(refine_s)}


def _process_s(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _through_a_server(folder: Path) -> dict[str, float]:
    """Measure a second start, which finds what the first one has kept."""
    with tempfile.TemporaryDirectory() as kept:
        with gateway_group(folder, 1, prefetch="false", cache_dir=kept):
            pass
        with gateway_group(folder, 1, prefetch="false", cache_dir=kept) as (port, group), Waves(port, 1) as one:
            ready_s = cpu_s(group=group)
            first, *steps = Surrogate(folder).steps[: STEPS + 1]
            paths = [f"/tiles/temperature/{step.t}/{20 + 3 * i}/0/0/0.png" for i, step in enumerate(steps)]
            list(one.get([request(f"/tiles/temperature/{first.t}/10/0/0/0.png")]))
            started = cpu_s(group=group)
            assert all(answer.status == 200 for answer in one.get([request(path) for path in paths]))
            tile_s = (cpu_s(group=group) - started) / len(paths)
    return {"ready_again_cpu_s": ready_s, "new_step_tile_cpu_ms": 1e3 * tile_s}
