"""The generators of the built-in kinds of surrogate as ONNX graphs. Needs the `export` extra.

The graphs are written node by node, so that they can compute any window. A traced export would fix the start of a
window. Here the starts are inputs (such as `parity_*`), and the sizes follow from the shapes of the other inputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from earthgan.kinds.paper import PaperArguments
from earthgan.kinds.residual import CellsArguments, ResidualArguments
from earthgan.kinds.upsampling import UpsamplingArguments

OPSET = 17  # the newest operator set that onnxruntime-web's WebGPU kernels cover completely
IR_VERSION = 8
SLOPE = 0.2


class _Graph:
    """Collects nodes, initialisers and inputs. Methods that add something return its name."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initialisers: list[onnx.TensorProto] = []
        self.inputs: list[onnx.ValueInfoProto] = []

    def input(self, name: str, kind: int, shape: list[int | str]) -> str:
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def constant(self, name: str, value: NDArray[np.generic]) -> str:
        if all(known.name != name for known in self.initialisers):
            self.initialisers.append(numpy_helper.from_array(np.asarray(value, order="C"), name))
        return name

    def integers(self, *values: int) -> str:
        return self.constant("int_" + "_".join(map(str, values)), np.array(values, dtype=np.int64))

    def node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        name = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def upsample(self, x: str, start: str, size: str) -> str:
        scales = self.constant("doubled", np.array([1, 1, 2, 2, 2], dtype=np.float32))
        x = self.node("Resize", x, "", scales, mode="linear", coordinate_transformation_mode="half_pixel")
        return self.node("Slice", x, start, self.node("Add", start, size), self.integers(2, 3, 4))

    def model(self, result: str, variables: int) -> onnx.ModelProto:
        self.nodes.append(helper.make_node("Identity", [result], ["field"]))
        shape: list[int | str] = [1, variables, "shells", "rows", "columns"]
        output = helper.make_tensor_value_info("field", TensorProto.FLOAT, shape)
        graph = helper.make_graph(self.nodes, "earthgan", self.inputs, [output], self.initialisers)
        opset = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opset, producer_name="earthgan", ir_version=IR_VERSION)
        onnx.checker.check_model(model)
        return model


def interpolate_graph(variables: int) -> onnx.ModelProto:
    """The generator of the `interpolate` kind: three contractions. The radial one makes the field smallest, so it is
    first.
    """
    graph = _Graph()
    field = graph.input("x", TensorProto.FLOAT, [1, variables, "d", "h", "w"])
    for name, axis, equation in (
        ("radial", "d", "bvdhw,sd->bvshw"),
        ("meridional", "h", "bvshw,rh->bvsrw"),
        ("zonal", "w", "bvsrw,cw->bvsrc"),
    ):
        matrix = graph.input(name, TensorProto.FLOAT, [f"{name}_outputs", axis])
        field = graph.node("Einsum", field, matrix, equation=equation)
    return graph.model(field, variables)


def paper_graph(variables: int, arguments: PaperArguments, state: Mapping[str, NDArray[np.float32]]) -> onnx.ModelProto:
    """The paper's generator with the parameters of a state dict. `earthgan.kinds.networks` describes its parts."""
    graph = _Graph()

    def convolution(name: str, x: str) -> str:
        weight, bias = state[f"{name}.weight"], state[f"{name}.bias"]
        x = graph.node("Conv", x, graph.constant(f"{name}.weight", weight), graph.constant(f"{name}.bias", bias))
        return graph.node("LeakyRelu", x, alpha=SLOPE)

    def inject(name: str, x: str, noise: str) -> str:
        if arguments.noise == "concat":
            return graph.node("Concat", x, noise, axis=1)
        strength = graph.constant(f"{name}.std", state[f"{name}.std"].reshape(1, -1, 1, 1, 1))
        return graph.node("Add", x, graph.node("Mul", strength, noise))

    y = graph.input("x", TensorProto.FLOAT, [1, variables, "d", "h", "w"])
    x = convolution("block0.0", y)
    for block in range(len(arguments.channels) - 1):
        noise = [
            graph.input(f"noise_{layer}", TensorProto.FLOAT, [1, 1, *(f"{axis}{layer}" for axis in "dhw")])
            for layer in (2 * block, 2 * block + 1)
        ]
        parity = graph.input(f"parity_{block}", TensorProto.INT64, [3])
        middle = graph.node("Slice", graph.node("Shape", noise[1]), graph.integers(2), graph.integers(5))

        def shifted(name: str, by: int) -> str:
            return graph.node("Add", name, graph.integers(by))

        layers = f"blocks.{block}.conv"
        x = inject(f"{layers}.0", x, noise[0])
        x = graph.upsample(x, shifted(parity, 1), shifted(middle, 2))
        x = convolution(f"{layers}.2", x)
        x = convolution(f"{layers}.5", inject(f"{layers}.4", x, noise[1]))
        y = graph.upsample(y, shifted(parity, 3), shifted(middle, -2))
        y = graph.node("Add", y, convolution(f"blocks.{block}.proj.0", x))
    return graph.model(y, variables)


def unchanged_graph(variables: int) -> onnx.ModelProto:
    """The generator of the `wavelet` kind: the conditional input of a window is the field already."""
    graph = _Graph()
    return graph.model(graph.input("x", TensorProto.FLOAT, [1, variables, "shells", "rows", "columns"]), variables)


def spectral_graph(variables: int, fields: int) -> onnx.ModelProto:
    """The generator of the `spectral` kind. Matrix products compute the result of
    `earthgan.kinds.spectral_planner.SpectralPlanner.evaluate` for a number of `fields`.
    """
    graph = _Graph()
    x = graph.input("x", TensorProto.FLOAT, [1, "degrees", "orders", 2, "modes"])
    kernels = graph.input("kernels", TensorProto.FLOAT, [fields, "degrees", "shells", "modes"])
    harmonics = graph.input("harmonics", TensorProto.FLOAT, [3, "orders", "rows", "degrees"])
    azimuth = graph.input("azimuth", TensorProto.FLOAT, [2, "orders", 2, "columns"])

    def item(of: str, index: int) -> str:
        return graph.node("Gather", of, graph.constant(f"item_{index}", np.array(index, dtype=np.int64)), axis=0)

    modes = graph.node("Einsum", item(x, 0), kernels, equation="lmpk,flsk->fmlps")

    def field(kind: int, of: int, turned: int = 0) -> str:
        on_rows = graph.node("Einsum", item(harmonics, kind), item(modes, of), equation="mrl,mlps->mprs")
        return graph.node("Einsum", on_rows, item(azimuth, turned), equation="mprs,mpc->src")

    out = [field(0, 0)]
    if fields > 1:
        meridian = graph.input("meridian", TensorProto.FLOAT, [2, "rows"])
        parallel = graph.input("parallel", TensorProto.FLOAT, [2, "columns"])
        sine, cosine = (graph.node("Unsqueeze", item(meridian, i), graph.integers(1)) for i in (0, 1))
        cos, sin = item(parallel, 0), item(parallel, 1)

        def combined(kind: str, a: str, by: str, b: str, with_: str) -> str:
            return graph.node(kind, graph.node("Mul", a, by), graph.node("Mul", b, with_))

        radial, south, east = field(0, 1), field(1, 2), field(2, 2, turned=1)
        if fields > 3:
            south = graph.node("Sub", south, field(2, 3, turned=1))
            east = graph.node("Add", east, field(1, 3))
        outward = combined("Add", radial, sine, south, cosine)
        out.append(combined("Sub", outward, cos, east, sin))
        out.append(combined("Add", outward, sin, east, cos))
        out.append(combined("Sub", radial, cosine, south, sine))
    stacked = [graph.node("Unsqueeze", each, graph.integers(0, 1)) for each in out]
    return graph.model(graph.node("Concat", *stacked, axis=1), variables)


def harmonics_graph(variables: int) -> onnx.ModelProto:
    """The generator of the `harmonics` kind. Matrix products compute the result of
    `earthgan.kinds.harmonics_planner.ScalarPlanner.evaluate`.
    """
    graph = _Graph()
    x = graph.input("x", TensorProto.FLOAT, [1, "degrees", "orders", 2, "modes"])
    kernels = graph.input("kernels", TensorProto.FLOAT, [variables, "degrees", "shells", "modes"])
    harmonics = graph.input("harmonics", TensorProto.FLOAT, ["orders", "rows", "degrees"])
    azimuth = graph.input("azimuth", TensorProto.FLOAT, ["orders", 2, "columns"])
    step = graph.node("Squeeze", x, graph.integers(0))
    modes = graph.node("Einsum", step, kernels, equation="lmpk,flsk->fmlps")
    on_rows = graph.node("Einsum", harmonics, modes, equation="mrl,fmlps->fmprs")
    field = graph.node("Einsum", on_rows, azimuth, equation="fmprs,mpc->fsrc")
    return graph.model(graph.node("Unsqueeze", field, graph.integers(0)), variables)


class _CellsGraph(_Graph):
    """The part of a graph that computes on the cells of the conditional input (`earthgan.kinds.networks.CellsNetwork`),
    with the parameters of a state dict.
    """

    def __init__(self, variables: int, arguments: CellsArguments, state: Mapping[str, NDArray[np.float32]]) -> None:
        super().__init__()
        self._variables, self._arguments, self._state = variables, arguments, state
        self.fed_x = self.fed("x", variables, "d", "h", "w")
        self.layers = self.fed("layers", "k", "d")

    def fed(self, name: str, *shape: int | str) -> str:
        return self.input(name, TensorProto.FLOAT, [1, *shape])

    def weight(self, name: str) -> str:
        return self.constant(name, self._state[name])

    def convolution(self, name: str, x: str) -> str:
        return self.node("Conv", x, self.weight(f"{name}.weight"), self.weight(f"{name}.bias"))

    def active(self, name: str, x: str) -> str:
        return self.node("LeakyRelu", self.convolution(name, x), alpha=SLOPE)

    def interpolated(self) -> str:
        field = self.fed_x
        for name, axis, equation in (
            ("radial", "d", "bvdhw,bsd->bvshw"),
            ("meridional", "h", "bvshw,brh->bvsrw"),
            ("zonal", "w", "bvsrw,bcw->bvsrc"),
        ):
            field = self.node("Einsum", field, self.fed(name, f"{name}_outputs", axis), equation=equation)
        return field

    def features(self, shells: str, x: str | None = None) -> str:
        x = x or self.fed_x
        if self._arguments.vector is not None:
            x = self.turned(x, self.fed("inwards", 3, 3, "h", "w"))
        x = self.node("Einsum", self.layers, x, equation="bkd,bvdhw->bvkhw")
        x = self.active("first", self.node("Concat", x, self.fed("place", 2, "k", "h", "w"), axis=1))
        inner = self.integers(1, 1, 1), self.integers(-1, -1, -1), self.integers(2, 3, 4)
        for block in range(self._arguments.blocks):
            added = self.convolution(f"blocks.{block}.mix", self.active(f"blocks.{block}.conv", x))
            x = self.node("Add", self.node("Slice", x, *inner), added)
        x = self.node("Einsum", shells, x, equation="bsk,bckhw->bcshw")
        one = self.node("Slice", x, self.integers(0), self.integers(1), self.integers(1))
        between = self.node("Expand", self.fed("between", 1, "s", 1, 1), self.node("Shape", one))
        return self.active("between", self.node("Concat", x, between, axis=1))

    def turned(self, x: str, axes: str) -> str:
        assert self._arguments.vector is not None
        velocity = self.node("Gather", x, self.integers(*self._arguments.vector), axis=1)
        velocity = self.node("Einsum", axes, velocity, equation="bijhw,bjdhw->bidhw")
        order = list(range(self._variables))
        for part, index in enumerate(self._arguments.vector):
            order[index] = self._variables + part
        return self.node("Gather", self.node("Concat", x, velocity, axis=1), self.integers(*order), axis=1)

    def added(self, base: str, x: str) -> onnx.ModelProto:
        """The model that adds `x`, whose velocity is in local axes, to `base`."""
        if self._arguments.vector is not None:
            x = self.turned(x, self.fed("outwards", 3, 3, "meridional_outputs", "zonal_outputs"))
        return self.model(self.node("Add", base, x), self._variables)


def residual_graph(
    variables: int, arguments: ResidualArguments, state: Mapping[str, NDArray[np.float32]]
) -> onnx.ModelProto:
    """The generator of the `residual` kind with the parameters of a state dict."""
    graph = _CellsGraph(variables, arguments, state)
    base = graph.interpolated()
    x = graph.convolution("head", graph.features(graph.fed("shells", "s", "n")))
    size = graph.node("Slice", graph.node("Shape", x), graph.integers(2), graph.integers(5))
    split = graph.node("Concat", graph.integers(variables, 8, 8), size, axis=0)
    x = graph.node("Transpose", graph.node("Reshape", x, split), perm=[0, 3, 4, 1, 5, 2])
    joined = graph.node("Mul", size, graph.integers(1, 8, 8))
    x = graph.node("Reshape", x, graph.node("Concat", graph.integers(1, variables), joined, axis=0))
    start = graph.input("parity", TensorProto.INT64, [2])
    lateral = graph.node("Slice", graph.node("Shape", base), graph.integers(3), graph.integers(5))
    x = graph.node("Slice", x, start, graph.node("Add", start, lateral), graph.integers(3, 4))
    return graph.added(base, x)


class _LateralGraph(_CellsGraph):
    """Adds what doubles the resolution within shells, `(shell, channel, row, column)`."""

    def __init__(self, variables: int, arguments: CellsArguments, state: Mapping[str, NDArray[np.float32]]) -> None:
        super().__init__(variables, arguments, state)
        self.shells = self.fed("shells", "s", "n")
        # The noise of the layers is interpolated to the shells, and its variance stays one.
        length = self.node("ReduceL2", self.shells, axes=[2], keepdims=1)
        self._shares = self.node("Div", self.shells, length)

    def injected(self, name: str, x: str, noise: str) -> str:
        strength = self.constant(f"{name}.std", self._state[f"{name}.std"].reshape(-1, 1, 1))
        noise = self.node("Squeeze", self.node("Einsum", self._shares, noise, equation="bsk,bckhw->bschw"), self.one)
        return self.node("Add", x, self.node("Mul", strength, noise))

    @property
    def one(self) -> str:
        """The axis of the batch."""
        return self.integers(0)

    def doubled(self, x: str, start: str, size: str) -> str:
        scales = self.constant("twice", np.array([1, 1, 2, 2], dtype=np.float32))
        x = self.node("Resize", x, "", scales, mode="linear", coordinate_transformation_mode="half_pixel")
        return self.node("Slice", x, start, self.node("Add", start, size), self.integers(2, 3))

    def standardised(self) -> str:
        mean, spread = (self.constant(n, self._state[n][None, ..., None, None]) for n in ("mean", "spread"))
        return self.node("Div", self.node("Sub", self.fed_x, mean), spread)

    def spreads(self) -> str:
        """The spread `(batch, variable, shell)` of the window's shells."""
        blocks = self._arguments.blocks
        ends = self.integers(blocks), self.integers(-blocks), self.integers(1)
        layers = self.node("Einsum", self.shells, self.node("Slice", self.layers, *ends), equation="bsk,bkd->bsd")
        table = self.constant("spread_of_layers", self._state["spread"])
        return self.node("Einsum", layers, table, equation="bsd,vd->bvs")


def upsampling_graph(
    variables: int, arguments: UpsamplingArguments, state: Mapping[str, NDArray[np.float32]]
) -> onnx.ModelProto:
    """The generator of the `upsampling` kind with the parameters of a state dict."""
    graph = _LateralGraph(variables, arguments, state)
    base = graph.interpolated()
    x = graph.node("Transpose", graph.features(graph.shells, graph.standardised()), perm=[0, 2, 1, 3, 4])
    x, y = graph.node("Squeeze", x, graph.one), ""
    for block in range(len(arguments.doubled)):
        name, layers = f"doublings.{block}", (2 * block, 2 * block + 1)
        parity = graph.input(f"parity_{block}", TensorProto.INT64, [2])
        first, second = (graph.fed(f"noise_{layer}", 1, "n", f"h{layer}", f"w{layer}") for layer in layers)
        middle = graph.node("Slice", graph.node("Shape", second), graph.integers(3), graph.integers(5))

        def shifted(place: str, by: int) -> str:
            return graph.node("Add", place, graph.integers(by))

        x = graph.injected(f"{name}.noise.0", x, first)
        x = graph.active(f"{name}.conv.0", graph.doubled(x, shifted(parity, 1), shifted(middle, 2)))
        x = graph.active(f"{name}.conv.1", graph.injected(f"{name}.noise.1", x, second))
        added = graph.convolution(f"{name}.proj", x)
        y = graph.node("Add", added, graph.doubled(y, shifted(parity, 3), shifted(middle, -2))) if y else added
    y = graph.node("Unsqueeze", graph.node("Transpose", y, perm=[1, 0, 2, 3]), graph.one)
    return graph.added(base, graph.node("Mul", y, graph.node("Unsqueeze", graph.spreads(), graph.integers(3, 4))))
