"""TorchServe's handler. It answers with radial shells of a surrogate as compact binary arrays of `earthgan.wire`.

TorchServe requires that this module has one class only. The class is thin, because the core package does the work. The
archive holds a surrogate folder. On a machine with a GPU, the generator runs in torch as float16; elsewhere it runs in
ONNX Runtime.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from ts.utils.util import PredictionException

from earthgan import errors, surrogate, wire


class ShellHandler:
    """Answers each request of a batch, which is a `ShellRequest` in JSON."""

    def initialize(self, context: Any) -> None:
        """Verify the surrogate, load its generator, and compute one shell, so that the first request is not slow.

        If the archive is damaged, this raises an error that names the file, and TorchServe then has no worker.
        """
        model_dir, gpu = context.system_properties["model_dir"], context.system_properties.get("gpu_id")
        limits = context.model_yaml_config["earthgan"]
        self.max_answer_bytes = limits["max_answer_bytes"]
        self.surrogate = surrogate.Surrogate(model_dir)
        if gpu is None:
            from earthgan.backends.onnx import onnx_backend

            self.backend = onnx_backend(self.surrogate)
        else:
            import torch

            from earthgan.backends.torch import torch_backend

            # A small GPU may be shared with a desktop or another model. If memory runs out, this process should fail.
            memory = torch.cuda.get_device_properties(gpu).total_memory
            torch.cuda.set_per_process_memory_fraction(min(1.0, limits["max_gpu_bytes"] / memory), gpu)
            self.backend = torch_backend(self.surrogate, device=f"cuda:{gpu}")
        self.surrogate.shells(self.backend, self.surrogate.variables, self.surrogate.steps[0].t, [0])

    def handle(self, data: Sequence[Mapping[str, Any]], context: Any) -> list[bytes]:
        """Return one answer for each request. An impossible request is answered 400, and a failed generator 500."""
        answers = [self._answer(row.get("body", b"")) for row in data]
        for i in range(len(answers)):
            context.set_response_content_type(i, "application/octet-stream")
        return answers

    def _answer(self, body: object) -> bytes:
        # The configuration leaves the body as it came. By default, TorchServe parses a body whose type is JSON.
        try:
            if isinstance(body, bytes | bytearray):
                request = wire.ShellRequest.model_validate_json(body)
            else:
                request = wire.ShellRequest.model_validate(body)
            rows, columns = self._part(request)
            self._check_size(request, len(rows) * len(columns))
            field = self.surrogate.shells(
                self.backend, request.variables, request.t, request.shells, request.seed, rows, columns
            )
        except ValidationError as error:
            raise PredictionException(errors.what_is_wrong(error), 400) from None
        except (errors.NotFound, errors.InvalidRequest) as error:
            raise PredictionException(str(error), 400) from None
        except errors.EngineError as error:
            raise PredictionException(str(error), 500) from error
        return wire.encode(field, request.dtype, self.surrogate.digest)

    def _part(self, request: wire.ShellRequest) -> tuple[range, range]:
        whole = self.surrogate.grid.whole
        rows = range(*request.rows) if request.rows else whole.rows
        columns = range(*request.columns) if request.columns else whole.columns
        self.surrogate.check_box(rows, columns)
        return rows, columns

    def _check_size(self, request: wire.ShellRequest, part: int) -> None:
        """Raise InvalidRequest if the answer would be too large. `part` is the number of points of each shell."""
        # An answer longer than max_response_size would kill the worker, and its restart takes some seconds.
        numbers = len(request.variables) * len(request.shells) * part
        size = numbers * (2 if request.dtype == "float16" else 4)
        if size > self.max_answer_bytes:
            raise errors.InvalidRequest(
                f"the answer would have {size} bytes, but {self.max_answer_bytes} is the limit: ask for fewer shells"
            )
