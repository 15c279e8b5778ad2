"""TFL207."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.analysis.constant_folding import evaluable_values, has_fixed_shapes
from tflint.analysis.dataflow import Dataflow
from tflint.analysis.runtime_arguments import runtime_arguments
from tflint.finding import Finding, Fix, FixSafety, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.schema import PadOptions, ReshapeOptions, TensorType
from tflint.model.tables import Model
from tflint.printable import printable
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule

# What the inputs in these positions are called.
_NAMES = {
    "RESHAPE": {1: "shape"},
    "PAD": {1: "paddings"},
    "PADV2": {1: "paddings"},
    "MIRROR_PAD": {1: "paddings"},
    "TRANSPOSE": {1: "perm"},
    "MEAN": {1: "axis"},
    "SUM": {1: "axis"},
    "REDUCE_MAX": {1: "axis"},
    "REDUCE_MIN": {1: "axis"},
    "ARG_MAX": {1: "axis"},
    "ARG_MIN": {1: "axis"},
    "SPLIT": {0: "axis"},
    "SPLIT_V": {1: "sizes", 2: "axis"},
    "EXPAND_DIMS": {1: "axis"},
    "SLICE": {1: "begin", 2: "size"},
    "STRIDED_SLICE": {1: "begin", 2: "end", 3: "strides"},
    "RESIZE_BILINEAR": {1: "size"},
    "RESIZE_NEAREST_NEIGHBOR": {1: "size"},
    "FILL": {0: "shape"},
    "BROADCAST_TO": {1: "shape"},
    "TRANSPOSE_CONV": {0: "output shape", 1: "weights"},
    "SPACE_TO_BATCH_ND": {1: "block shape", 2: "paddings"},
    "BATCH_TO_SPACE_ND": {1: "block shape", 2: "crops"},
}


_UNKNOWN = "fix the model's input shape, batch included, and convert again"
_KNOWN = "it is always the same: store it as a constant"


def _pad(paddings_are: str) -> Model:
    model = ModelBuilder()
    x, y = model.input((1, 4, 4, 1)), model.tensor((1, 6, 6, 1))
    shape, int32 = (4, 2), TensorType.INT32
    if paddings_are == "an input":
        paddings = model.input(shape, int32)
    elif paddings_are == "a constant":
        paddings = model.constant(shape, int32, (0, 0, 1, 1, 1, 1, 0, 0))
    else:
        flat = model.constant((8,), int32, (0, 0, 1, 1, 1, 1, 0, 0))
        paddings = model.tensor(shape, int32)
        to = model.constant((2,), int32, shape)
        model.operator("RESHAPE", [flat, to], [paddings], ReshapeOptions(new_shape=shape))
    model.operator("PAD", [x, paddings], [y], PadOptions())
    model.output(y)
    return model.build()


class NonConstantArgument(Rule):
    """A shape, axis or padding is computed at run time where the kernel needs a constant.

    ## What it does
    Checks the arguments that the runtime's kernels were seen to refuse unless they are
    constants: paddings, axes, permutations, sizes and the like.

    ## Why it matters on a device
    TFLM plans the whole arena before the first inference, so it must know every shape by
    then. An argument that is only known at run time makes allocation fail.

    ## Repair
    Fix the input's shape (batch included) and convert again: the computed argument then
    usually folds into a constant. Where it follows from constants and from shapes, which TFLM
    takes from the file, `tflint fix` stores it as one; outputs stay bit for bit the same.
    """

    meta = Metadata(
        "TFL207",
        "non-constant-argument",
        Severity.ERROR,
        fix=FixSafety.SAFE,
        runtime_errors=(
            r"IsConstantTensor\(.*\) was not true",
            r"IsConstantOrPersistentTensor\(.*\) was not true",
            r"Non[- ]?constant .*(?:not |un)supported",
        ),
    )
    examples = (
        Bad("Paddings as an input", lambda: _pad("an input"), says="paddings"),
        Bad("Paddings of constants", lambda: _pad("computed"), says="computed at run time"),
        Good("Constant paddings", lambda: _pad("a constant")),
        Good("LiteRT resizes at run time", lambda: _pad("an input"), target="litert"),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        for graph in context.graphs:
            found = [
                (node, position, value)
                for node in graph.nodes
                for position, value in runtime_arguments(node, context.runtime)
            ]
            if not found:
                continue
            fixed = has_fixed_shapes(graph, is_mcu=context.runtime.is_mcu)
            known = evaluable_values(graph, Dataflow(graph), fixed_shapes=fixed)
            for node, position, value in found:
                name = _NAMES.get(node.name, {}).get(position, f"input {position}")
                maker = known.get(value.index)
                is_known = maker is not None and maker.index < node.index
                yield self.finding(
                    f"{node.name} needs a constant {name}, but `{printable(value.name)}` is "
                    f"{'an input' if value.is_input else 'computed'} at run time",
                    node=node,
                    value=value,
                    help=_KNOWN if is_known else _UNKNOWN,
                    fix=Fix(FixSafety.SAFE, "tflint fix {path}") if is_known else None,
                )
