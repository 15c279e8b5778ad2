"""TFL601: transposes that cancel are gone, and of those that one could do one is left."""

from __future__ import annotations

import struct

from tflint.analysis.layout_transposes import redundant_transposes
from tflint.analysis.movement import Order, Run
from tflint.fix.model.evaluation import stored_array
from tflint.fix.model.folding import data_of
from tflint.fix.model.model_edit import GraphEdit
from tflint.fix.model.model_fix import ModelFix, Rewrite, RewriteContext
from tflint.fix.model.movement_runs import Mover, Shape, without_runs
from tflint.model.graph import Value
from tflint.model.record import ABSENT
from tflint.model.schema import TensorType


class _Transposes:
    def unmoved(self, run: Run, value: Value, key: Order) -> tuple[Shape, Shape]:
        """The dimensions back where they were."""
        signature = value.tensor.shape_signature
        turned = _back(tuple(signature), key) if len(signature) == len(key) else ABSENT
        return _back(value.shape, key), turned

    def turn(self, edit: GraphEdit, constant: Value, key: Order) -> None:
        """Turn a constant along; in a new buffer where its elements change places."""
        padded = (1,) * (len(key) - len(constant.shape)) + constant.shape
        shape = _back(padded, key)
        while len(shape) > 1 and shape[0] == 1:
            shape = shape[1:]
        moved = [at for at, dimension in zip(key, padded, strict=True) if dimension != 1]
        if moved == sorted(moved):
            edit.change_tensor(constant.index, shape=shape, shape_signature=ABSENT)
            return
        array = stored_array(constant)
        if array is None:
            raise RuntimeError("a constant of a run cannot be read")
        back = sorted(range(len(key)), key=key.__getitem__)
        data = data_of(array.reshape(padded).transpose(back))
        edit.set_data(constant.index, data, shape=shape, shape_signature=ABSENT)

    def mover(self, edit: GraphEdit, run: Run, key: Order) -> Mover | None:
        """A transpose by the permutation of all."""
        like = run.movers[-1]
        data = struct.pack(f"<{len(key)}i", *key)
        order = edit.add_tensor((len(key),), TensorType.INT32, data=data)
        return Mover("TRANSPOSE", (order,), like.options, like.code.version)


def _back(dimensions: Shape, key: Order) -> Shape:
    unmoved = [0] * len(key)
    for at, dimension in zip(key, dimensions, strict=True):
        unmoved[at] = dimension
    return tuple(unmoved)


def _rewrite(context: RewriteContext) -> Rewrite | None:
    return without_runs(context, redundant_transposes, _Transposes())


FIX = ModelFix("TFL601", _rewrite)
