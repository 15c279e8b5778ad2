"""TFL602: reshapes that cancel are gone, and of those that one could do one is left."""

from __future__ import annotations

import struct

from tflint.analysis.movement import Order, Run, one_reshape, reshape_runs
from tflint.fix.model.model_edit import GraphEdit
from tflint.fix.model.model_fix import ModelFix, Rewrite, RewriteContext
from tflint.fix.model.movement_runs import Mover, Shape, without_runs
from tflint.model.graph import Value
from tflint.model.record import ABSENT
from tflint.model.schema import ReshapeOptions, TensorType


class _Reshapes:
    def unmoved(self, run: Run, value: Value, key: Order) -> tuple[Shape, Shape]:
        """The shape before the first of the reshapes."""
        x = run.movers[0].inputs[0]
        signature = x.tensor.shape_signature if x is not None and x.shape == key else ABSENT
        return key, signature

    def turn(self, edit: GraphEdit, constant: Value, key: Order) -> None:
        """A constant for each last index is the same beside either map."""

    def mover(self, edit: GraphEdit, run: Run, key: Order) -> Mover | None:
        """The last one where it is a RESHAPE already, else a new one to the same shape."""
        last = run.last
        if run.ends_with_reshape:
            arguments = tuple(value.index for value in last.inputs[1:] if value is not None)
            return Mover("RESHAPE", arguments, last.options, last.code.version)
        shape = one_reshape(run)
        if shape is None:
            return None
        data = struct.pack(f"<{len(shape)}i", *shape)
        to = edit.add_tensor((len(shape),), TensorType.INT32, data=data)
        return Mover("RESHAPE", (to,), ReshapeOptions(new_shape=shape), 1)


def _rewrite(context: RewriteContext) -> Rewrite | None:
    return without_runs(context, reshape_runs, _Reshapes())


FIX = ModelFix("TFL602", _rewrite)
