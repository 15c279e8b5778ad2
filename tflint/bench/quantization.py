"""Which numbers a network computes with, told by what its operators with weights are given.

The file does not say. An operator computes in the integers that it reads, else in the type of its
output; where that is float, the type in which its weights are stored tells float32, float16 and
dynamic range apart. Each weight
is one vote for the form of the operator that reads it, so that layers too small to be worth
converting, which converters leave in float, do not decide.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tflint.model.graph import Graph, Node, Value
from tflint.model.schema import TensorType

# Operators whose constants are learnt; in others they are arguments more often than weights.
_WEIGHTED = frozenset(
    (
        "BATCH_MATMUL",
        "BIDIRECTIONAL_SEQUENCE_LSTM",
        "BIDIRECTIONAL_SEQUENCE_RNN",
        "CONV_2D",
        "CONV_3D",
        "CONV_3D_TRANSPOSE",
        "DEPTHWISE_CONV_2D",
        "EMBEDDING_LOOKUP",
        "EMBEDDING_LOOKUP_SPARSE",
        "FULLY_CONNECTED",
        "GATHER",
        "LSTM",
        "RNN",
        "STABLEHLO_CONVOLUTION",
        "STABLEHLO_DOT_GENERAL",
        "SVDF",
        "TRANSPOSE_CONV",
        "UNIDIRECTIONAL_SEQUENCE_LSTM",
        "UNIDIRECTIONAL_SEQUENCE_RNN",
    )
)
# What only changes how a constant is stored on its way to the operator that computes with it.
_UNPACKING = frozenset(("DENSIFY", "DEQUANTIZE", "EXPAND_DIMS", "RESHAPE", "TRANSPOSE"))
_MOST_UNPACKING = 4
# What only changes the type of activations, at the ends of a network or around a part of it.
_CASTING = frozenset(("CAST", "DEQUANTIZE", "QUANTIZE"))

_FLOATS = frozenset((TensorType.FLOAT32, TensorType.FLOAT64))
_HALVES = frozenset((TensorType.FLOAT16, TensorType.BFLOAT16))
_SMALL = frozenset(
    (TensorType.INT8, TensorType.UINT8, TensorType.INT4, TensorType.UINT4, TensorType.INT2)
)
_PACKED = {TensorType.INT4: 4, TensorType.UINT4: 4, TensorType.INT2: 2}
_INTEGER_FORMS = {
    TensorType.INT8: "int8",
    TensorType.INT16: "int16x8",
    TensorType.UINT8: "uint8",
}
# In TensorFlow's converter no weights of fewer elements become integers of dynamic range
# (`weights_min_num_elements`, tensorflow/lite/tools/optimize/quantize_weights.h).
_FEWEST_DYNAMIC = 1024


@dataclass(frozen=True, slots=True)
class Quantization:
    """The form of a network: `name` is one of `QUANTIZATIONS`, `uint8` for the form that came
    before int8, or None where nothing tells; `notes` is what the name leaves out.
    """

    name: str | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Vote:
    """The weights of one operator: its form, how many they are, how many the largest tensor has,
    and their bits where they are packed.
    """

    form: str
    elements: int
    largest: int
    bits: int | None


def quantization_of(graphs: Iterable[Graph]) -> Quantization:
    """The form that most weights are computed with; without weights, most values."""
    graphs = tuple(graphs)
    nodes = [node for graph in graphs for node in graph.nodes]
    votes = [vote for node in nodes if _is_weighted(node) for vote in _votes(node)]
    if not votes:
        votes = [vote for node in nodes if node.name not in _CASTING for vote in _votes(node)]
    if not votes:
        return Quantization(_form_of_values(graphs))
    shares: Counter[str] = Counter()
    for vote in votes:
        shares[vote.form] += vote.elements
    name = shares.most_common(1)[0][0]
    return Quantization(name, (*_mixture(name, shares, votes), *_packed(votes)))


def stored_weights(value: Value | None) -> Value | None:
    """The constant that an operator reads here, also where others unpack it on the way."""
    for _ in range(_MOST_UNPACKING):
        if value is None or value.is_constant:
            return value
        maker = value.producer
        if maker is None or maker.name not in _UNPACKING:
            return None
        value = maker.input(0)
    return value if value is not None and value.is_constant else None


def _is_weighted(node: Node) -> bool:
    return node.name in _WEIGHTED or node.code.is_custom


def _votes(node: Node) -> Iterator[_Vote]:
    """The weights of an operator, if it has any."""
    constants = [found for value in node.inputs if (found := stored_weights(value)) is not None]
    weights = [one for one in constants if one.type in _FLOATS | _HALVES | _SMALL and one.elements]
    if not weights or not node.outputs:
        return
    # The bias of a convolution in integers is of another type, that of others is the smaller.
    largest = max(weights, key=lambda one: one.elements)
    form = _form(_computed(node), largest.type)
    if form is not None:
        total = sum(one.elements for one in weights)
        yield _Vote(form, total, largest.elements, _PACKED.get(largest.type))


def _computed(node: Node) -> TensorType:
    """The type that an operator computes in: of integers that it reads, else of what it makes.

    What comes out of integers may be wider, and lookups read indices.
    """
    read = next((v for v in node.inputs if v is not None and stored_weights(v) is None), None)
    if read is not None and read.type in _INTEGER_FORMS:
        return read.type
    return node.outputs[0].type


def _form(computed: TensorType, stored: TensorType) -> str | None:
    """The form of an operator by the types of its output and of its weights."""
    if computed in _FLOATS or computed in _HALVES:
        if stored in _SMALL:
            return "dynamic"
        return "float16" if stored in _HALVES else "float32"
    return _INTEGER_FORMS.get(computed)


def _form_of_values(graphs: Iterable[Graph]) -> str | None:
    """The form of a network without weights, by the bytes that its operators write."""
    shares: Counter[str] = Counter()
    for graph in graphs:
        made = [v for node in graph.nodes if node.name not in _CASTING for v in node.outputs]
        for value in made or graph.inputs:
            form = _form(value.type, value.type)
            if form is not None:
                shares[form] += value.elements
    return shares.most_common(1)[0][0] if shares else None


def _mixture(name: str, shares: Counter[str], votes: list[_Vote]) -> Iterator[str]:
    """That parts of the network compute in another form, where that is not how it has to be."""
    others = [vote for vote in votes if vote.form != name]
    if name == "dynamic":
        others = [v for v in others if v.form != "float32" or v.largest >= _FEWEST_DYNAMIC]
    total = sum(shares.values())
    for form in sorted({vote.form for vote in others}):
        share = sum(vote.elements for vote in others if vote.form == form)
        yield f"quantised in part: {share:,} of {total:,} weights compute in {form}"


def _packed(votes: list[_Vote]) -> Iterator[str]:
    """How many weights have fewer than eight bits."""
    counted: Counter[int] = Counter()
    for vote in votes:
        if vote.bits is not None:
            counted[vote.bits] += vote.elements
    for bits, count in sorted(counted.items()):
        yield f"{count:,} weights are stored in {bits} bits"
