"""A network of convolutions in ONNX Runtime: a model that ONNX's own package accepts, and NumPy's numbers."""

import subprocess
import sys
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earthgan.kinds.refine import SLOPE, Layer, fastest_network, numpy_network
from earthgan.numerics.convolutions import residual_model
from earthgan.surrogate import Surrogate
from places import DEFAULT_SURROGATE, ROOT


def random_layers(widths: list[int], seed: int, farthest: int = 1) -> list[Layer]:
    """Layers of these widths, each with a random dilation up to `farthest`."""
    rng = np.random.default_rng(seed)

    def normal(*shape: int) -> np.ndarray:
        return rng.standard_normal(shape).astype(np.float32) / 4

    return [
        Layer(normal(after, before, 3, 3), normal(after), int(rng.integers(farthest)) + 1)
        for before, after in pairwise(widths)
    ]


@given(
    given=st.integers(1, 6),
    inner=st.integers(1, 17),
    inner_layers=st.integers(0, 4),
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    seed=st.integers(0, 99),
)
@settings(deadline=None)
def test_it_computes_what_numpy_does(
    given: int, inner: int, inner_layers: int, size: tuple[int, int], seed: int
) -> None:
    layers = random_layers([given, *[inner] * (inner_layers + 1), 1], seed, farthest=5)
    edges = 2 * sum(layer.dilation for layer in layers)
    x = np.random.default_rng(seed).standard_normal((given, size[0] + edges, size[1] + edges)).astype(np.float32)
    due = numpy_network(layers)(x)
    found = fastest_network(layers)(x)
    assert found.shape == due.shape == size
    np.testing.assert_allclose(found, due, atol=1e-5 * max(1, np.abs(due).max()))


def test_the_model_is_one_that_onnx_accepts() -> None:
    layers = random_layers([5, 16, 16, 1], 0)
    weights, biases = [layer.weights for layer in layers], [layer.bias for layer in layers]
    model = onnx.load_model_from_string(residual_model(weights, biases, SLOPE, [1, 8, 2]))
    onnx.checker.check_model(model, full_check=True)
    assert [node.op_type for node in model.graph.node] == ["Conv", "LeakyRelu", "Conv", "LeakyRelu", "Add", "Conv"]
    stored = {constant.name: onnx.numpy_helper.to_array(constant) for constant in model.graph.initializer}
    for i, layer in enumerate(layers):
        np.testing.assert_array_equal(stored[f"weight{i}"], layer.weights)
        np.testing.assert_array_equal(stored[f"bias{i}"], layer.bias)


def test_the_shipped_refinement_differs_by_less_than_1e_5_of_what_it_adds() -> None:
    """The root mean square over a time step. Rounding in float32 alone causes differences of this size."""
    surrogate = Surrogate(DEFAULT_SURROGATE)
    refinement, code = surrogate.inputs._refinement, surrogate.inputs._code
    last = [step for step in surrogate.steps if step.predicted_from is None][-1]  # a predicted step is not refined
    step = code.decode((surrogate.folder / last.file).read_bytes())
    seen = refinement.seen(code.coefficients(step)[..., : code.components["temperature"].basis.shape[1]])
    # Both networks' outputs are in units of `error_rms`.
    numpy, fastest = numpy_network(refinement._layers), refinement._network
    difference = np.stack([numpy(x) - fastest(x) for x in seen])
    assert 0 < np.sqrt(np.mean(difference**2)) < 1e-5


def test_it_takes_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def session(model: bytes, threads: int) -> SimpleNamespace:
        asked.append(threads)
        return SimpleNamespace(run=None)

    monkeypatch.setattr("earthgan.numerics.convolutions.session", session)
    fastest_network(random_layers([2, 3, 1], 0))
    assert asked == [1]


def test_without_onnx_runtime_a_step_is_refined_by_numpy() -> None:
    program = """
import sys
sys.modules["onnxruntime"] = None
from earthgan.surrogate import Surrogate
surrogate = Surrogate("model_store/default")
print(surrogate.conditional_input(surrogate.steps[0].t).shape[0], surrogate.inputs._refinement._network.__module__)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["128", "earthgan.kinds.refine"], done.stderr
