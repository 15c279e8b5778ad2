"""TFL205."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.analysis.operand_types import hybrid_weights, is_float16_dequantize, node_signature
from tflint.finding import Finding, Location, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import per_tensor
from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint.printable import printable
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule
from tflint.target.runtime import Kernel, Verdict

# Types of one operator that a message lists.
_SHOWN = 8


def _softmax(type: TensorType) -> Model:
    model = ModelBuilder()
    x = model.input((1, 4), type)
    y = model.tensor((1, 4), type, per_tensor(1 / 256) if type is TensorType.UINT8 else None)
    model.operator("SOFTMAX", [x], [y])
    model.output(y)
    return model.build()


class UnsupportedType(Rule):
    """The runtime has the operator, but not for these types.

    ## What it does
    Compares the types of each operator's inputs and outputs with those that the runtime's
    kernel was seen to take: the tables are read off the runtime itself by running models of
    one operator. Where it is not known what a kernel takes, nothing is said.

    ## Why it matters on a device
    A kernel that does not know a type fails when the interpreter prepares it, or worse,
    only when it is first run.

    ## Repair
    Quantise to a type that the kernel has, int8 as a rule; the message names what there is.
    """

    meta = Metadata(
        "TFL205",
        "unsupported-type",
        Severity.ERROR,
        runtime_errors=(
            r"[Tt]ype:? '?\w+'?(?: \(\d+\))? (?:(?:is|are|currently) )*not (?:\w+ )?supported",
            r"only (?:currently )?supports? [\w /|,]{1,60}, got (?:type )?\w+",
            r"Unsupported data type \w+ in tensor",
            r"Input type: \w+ with filter type: \w+ not supported",
        ),
    )
    examples = (
        Bad("uint8, as before 2019", lambda: _softmax(TensorType.UINT8), says="UINT8"),
        Good("int8", lambda: _softmax(TensorType.INT8)),
        Good("float32", lambda: _softmax(TensorType.FLOAT32)),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        runtime = context.runtime
        yield from self._refused_tensors(context)
        for node in context.nodes:
            kernel = runtime.kernel(node.name)
            # Two refusals have rules of their own, with a better explanation.
            if kernel is None or hybrid_weights(node) or is_float16_dequantize(node):
                continue
            signature = node_signature(kernel, node)
            if kernel.verdict(signature) is not Verdict.REFUSED:
                continue
            says = kernel.says.get(signature)
            yield self.finding(
                f"{runtime.title}'s {node.name} does not take {_readable(signature)}"
                + (f': "{says}"' if says else ""),
                node=node,
                help=f"it takes {_nearest(kernel, signature)}",
            )

    def _refused_tensors(self, context: ModelContext) -> Iterator[Finding]:
        """Types that no tensor of the model may have, whatever uses it."""
        refused = context.runtime.refused_types
        # Lists of tensors, which only TensorFlow's operators make: TFL201 names those.
        explained = "VARIANT" if any(n.name.startswith("Flex") for n in context.nodes) else ""
        for graph in context.graphs:
            seen: set[str] = set()
            for value in graph.values:
                type = value.type.name
                known = type in refused or type.startswith("UNKNOWN_")
                if not known or type in seen or type == explained or not context.runtime.is_mcu:
                    continue
                seen.add(type)
                yield self.finding(
                    f"tensor {value.index} `{printable(value.name)}` is {type}, a type that "
                    f"{context.runtime.title} does not have",
                    location=Location(subgraph=graph.index, tensor=value.index, anchor=type),
                    help="convert the model with types that the runtime has",
                )


def _readable(signature: str) -> str:
    inputs, _, outputs = signature.partition("->")
    return f"({_list(inputs)}) -> {_list(outputs)}"


def _list(types: str) -> str:
    names = types.split(",")
    more = f", ... ({len(names):,} in all)" if len(names) > _SHOWN else ""
    return (", ".join(names[:_SHOWN]) or "nothing") + more


def _nearest(kernel: Kernel, signature: str) -> str:
    """Up to three accepted signatures, those that share most slots first."""
    slots = signature.replace("->", ",").split(",")

    def shared(other: str) -> int:
        theirs = other.replace("->", ",").split(",")
        return sum(a == b for a, b in zip(slots, theirs, strict=False))

    ranked = sorted(kernel.accepts or (), key=lambda other: (-shared(other), other))
    return " or ".join(_readable(other) for other in ranked[:3]) or "none of the types tried"
