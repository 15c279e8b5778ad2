"""Constants with their dimensions in another order, each made once and not beyond all measure."""

from __future__ import annotations

import dataclasses

from tflint.analysis.flex.plan import is_whole
from tflint.fix.model.model_edit import GraphEdit
from tflint.model.graph import Value
from tflint.model.tables import Model, QuantizationParameters
from tflint.model.types import BITS

Shape = tuple[int, ...]

# Tensors may share a buffer: what is made of all of them is kept to a few times what is stored.
_GROWTH = 4
_SLACK = 16 << 20


class RearrangedConstants:
    """What was made of a model's constants. Buffers are looked up by what they hold."""

    def __init__(self, model: Model) -> None:
        stored = sum(len(buffer.data) for buffer in model.buffers if buffer.data)
        self._left = _GROWTH * stored + _SLACK
        self._buffers: dict[tuple[object, ...], int] = {}

    def tensor(self, graph: GraphEdit, value: Value, order: Shape, shape: Shape) -> int | None:
        """A new constant: `value` with its dimensions in this order, then seen as `shape`.

        None where its data are not what its shape says, its channels' scales would not be
        along one dimension any more, or too much was made already.
        """
        bits = BITS.get(value.type, 0)
        quantization = _reordered(value, order, shape)
        if not is_whole(value) or bits % 8 or not bits or quantization is _UNKNOWN:
            return None
        assert value.data is not None
        index: int
        if order == tuple(range(len(order))):
            index = graph.add_tensor(shape, value.type, quantization, name=value.tensor.name)
            graph.change_tensor(index, buffer=value.tensor.buffer)
            return index
        key = (value.tensor.buffer, bits, value.shape, order)
        if key in self._buffers:
            index = graph.add_tensor(shape, value.type, quantization, name=value.tensor.name)
            graph.change_tensor(index, buffer=self._buffers[key])
            return index
        if not self.may_make(len(value.data)):
            return None
        data = _transposed(value.data, bits // 8, value.shape, order)
        index = graph.add_tensor(shape, value.type, quantization, name=value.tensor.name, data=data)
        self._buffers[key] = graph.tensor(index).buffer
        return index

    def may_make(self, size: int) -> bool:
        """Whether so many bytes more may be made of the model."""
        self._left -= size
        return self._left >= 0


def _transposed(data: memoryview, width: int, shape: Shape, order: Shape) -> bytes:
    import numpy as np

    elements = np.frombuffer(data, dtype=f"V{width}").reshape(shape)
    return np.ascontiguousarray(elements.transpose(order)).tobytes()


_UNKNOWN = QuantizationParameters(quantized_dimension=-1)


def _reordered(value: Value, order: Shape, shape: Shape) -> QuantizationParameters | None:
    """The quantisation of a constant whose dimensions are in another order."""
    found = value.tensor.quantization
    if found is None or len(found.scale) <= 1:
        return found
    if found.quantized_dimension not in order or found.details is not None:
        return _UNKNOWN
    if tuple(value.shape[axis] for axis in order) != shape:
        return _UNKNOWN
    return dataclasses.replace(found, quantized_dimension=order.index(found.quantized_dimension))
