"""TFL211."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.analysis.operand_types import node_signature
from tflint.finding import Finding, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.schema import StridedSliceOptions, TensorType
from tflint.model.tables import Model
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule


def _slice(rank: int) -> Model:
    model = ModelBuilder()
    shape, int32 = (1,) * (rank - 1) + (4,), TensorType.INT32
    x, y = model.input(shape), model.tensor(shape)
    arguments = [
        model.constant((rank,), int32, values) for values in ((0,) * rank, shape, (1,) * rank)
    ]
    model.operator("STRIDED_SLICE", [x, *arguments], [y], StridedSliceOptions())
    model.output(y)
    return model.build()


class UnsupportedRank(Rule):
    """A tensor has more dimensions than the runtime's kernel takes.

    ## What it does
    Compares the ranks of each operator's inputs with the highest that the runtime's kernel
    was seen to compute correctly, up to eight dimensions.

    ## Why it matters on a device
    Kernels for microcontrollers unroll their loops over dimensions. One too many makes
    allocation fail, or the kernel leaves the dimension out and computes something else.

    ## Repair
    Merge or drop dimensions of one with a RESHAPE in front, in the source: a batch of one, a
    single channel.
    """

    meta = Metadata(
        "TFL211",
        "unsupported-rank",
        Severity.ERROR,
        runtime_errors=(
            r"input dim should not exceed \d+",
            r"only supports 1D-\d+D input arrays",
            r"NumDimensions\(.*\) <= \S+ was not true",
        ),
    )
    examples = (
        Bad("A slice of five dimensions", lambda: _slice(5), says="up to 4"),
        Good("A slice of four", lambda: _slice(4)),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        runtime = context.runtime
        for node in context.nodes:
            kernel = runtime.kernel(node.name)
            if kernel is None or (kernel.max_rank is None and not kernel.max_rank_for):
                continue
            rank = max((len(v.shape) for v in node.inputs if v is not None), default=0)
            highest = kernel.highest_rank(node_signature(kernel, node))
            if highest is None or rank <= highest:
                continue
            yield self.finding(
                f"{node.name} of a tensor with {rank} dimensions: {runtime.title}'s kernel takes "
                f"up to {highest}",
                node=node,
                help="merge or drop dimensions with a Reshape in front of the layer",
            )
