"""Builtin operators in a converted model that the network need not have had."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tflint.analysis.constant_folding import foldings, has_fixed_shapes
from tflint.analysis.dataflow import Dataflow
from tflint.analysis.layout_transposes import layout_transposes
from tflint.convert.builtin_ways import way_of_builtin
from tflint.convert.layer_names import layer_of
from tflint.convert.request import Network, Place, Support
from tflint.model.cost import macs
from tflint.model.graph import Graph, Node, called_subgraphs, dangling_indices, graphs
from tflint.model.reader import parse_model
from tflint.model.schema import WhileOptions
from tflint.printable import counted, size_text
from tflint.report.convert_result import OperatorDiagnosis
from tflint.target.target import Target

_BUILTIN = Support.BUILTIN.value
_RECURRENT = frozenset(
    ("LSTM", "GRU", "SimpleRNN", "RNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
)
RECONVERT = "`tflint fix --reconvert`"


def residue(data: bytes, network: Network, target: Target) -> Iterator[OperatorDiagnosis]:
    """What the converter left behind, by operator and layer.

    Transposes around channels_first layers, loops and branches, shapes that are computed, and
    operators that the target's runtime has no kernel for. Raises `UnreadableModel` for what is
    no model.
    """
    model = parse_model(data)
    if next(iter(dangling_indices(model)), None) is not None:
        return
    found = graphs(model)
    yield from _wrong_transforms(found, network)
    yield from _transposes(found, network)
    yield from _control_flow(found, network)
    yield from _shape_chains(found, network, target)
    yield from _without_kernel(found, network, target)


def _wrong_transforms(found: Sequence[Graph], network: Network) -> Iterator[OperatorDiagnosis]:
    """Transforms of complex numbers that the converter took for ones of reals."""
    nodes = [node for graph in found for node in graph.nodes if _bins_missing(node)]
    for place, group in _by_layer(nodes, network):
        yield _diagnosis(
            group[0].name,
            place,
            len(group),
            "the converter writes it for tf.signal.fft, of which it gives "
            f"{_bins_missing(group[0])}: no runtime takes the model",
            way_of_builtin(group[0].name, place, network),
        )


def _bins_missing(node: Node) -> str:
    """`9 of 16 bins` where RFFT2D's output is as wide as its input; RFFT gives half of that."""
    length = node.input(1)
    if node.name != "RFFT2D" or length is None or not node.outputs or not node.outputs[0].shape:
        return ""
    sizes = length.integers() or ()
    width = node.outputs[0].shape[-1]
    if len(sizes) != 2 or sizes[1] < 2 or width != sizes[1] or width <= sizes[1] // 2 + 1:
        return ""
    return f"{sizes[1] // 2 + 1:,} of {width:,} bins"


def _transposes(found: Sequence[Graph], network: Network) -> Iterator[OperatorDiagnosis]:
    nodes = [node for graph in found for node in layout_transposes(graph)]
    for place, group in _by_layer(nodes, network):
        copied = sum(value.bytes for node in group for value in node.outputs)
        alive = max(_held(node) for node in group)
        yield _diagnosis(
            "TRANSPOSE",
            place,
            len(group),
            f"turns channels_first maps round for the kernels, which know channels_last alone: "
            f"copies {size_text(copied)} at each inference, and holds {size_text(alive)} of the "
            "arena meanwhile",
            f"{RECONVERT} turns the layers to channels_last, the trained weights with them; or "
            'build the network with data_format="channels_last"',
        )


def _control_flow(found: Sequence[Graph], network: Network) -> Iterator[OperatorDiagnosis]:
    nodes = [node for graph in found for node in graph.nodes if called_subgraphs(node.options)]
    loops = _loops_without_name(found, network)
    places = [loops.get((node.subgraph, node.index)) or _place(node, network) for node in nodes]
    for (name, place), group in _grouped(nodes, places):
        called = [found[i] for node in group for i in dict.fromkeys(called_subgraphs(node.options))]
        operators = sum(len(graph.nodes) for graph in called)
        planned = sum(
            value.bytes for graph in called for value in graph.values if not value.is_constant
        )
        cost = (
            f"runs {counted(len(called), 'subgraph')} of {counted(operators, 'operator')} with "
            f"{size_text(planned)} of tensors, all of them in the arena"
        )
        work = sum(_macs_a_round(node, found) for node in group)
        if work:
            cost += f"; {work:,} MACs each time round"
        cost += "; tflint cannot quantise what is inside"
        yield _diagnosis(name, place, len(group), cost, way_of_builtin(name, place, network))


def _loops_without_name(found: Sequence[Graph], network: Network) -> dict[tuple[int, int], Place]:
    """The recurrent layers of loops whose tensors do not say whose they are.

    Keras 2 calls recurrent layers through functions, which leaves the layer out of the names. The
    loops come in the order of the layers that are left, where there are as many.
    """
    nodes = [node for graph in found for node in graph.nodes]
    loops = [(node, _place(node, network)) for node in nodes if node.name == "WHILE"]
    nameless = [node for node, place in loops if place == Place()]
    named = {place for _, place in loops}
    left = [
        place
        for place in network.layers.values()
        if place.kind in _RECURRENT and place not in named
    ]
    fused = sum(node.name == "UNIDIRECTIONAL_SEQUENCE_LSTM" for node in nodes)
    if fused and fused == sum(place.kind == "LSTM" for place in left):
        left = [place for place in left if place.kind != "LSTM"]
    if len(left) != len(nameless):
        kinds = {place.kind for place in left}
        left = [Place(kind=kinds.pop())] * len(nameless) if len(kinds) == 1 else []
    keys = ((node.subgraph, node.index) for node in nameless)
    return dict(zip(keys, left, strict=False))


def _macs_a_round(node: Node, found: Sequence[Graph]) -> int:
    if not isinstance(node.options, WhileOptions):
        return 0
    return sum(macs(each) for each in found[node.options.body_subgraph_index].nodes)


def _shape_chains(
    found: Sequence[Graph], network: Network, target: Target
) -> Iterator[OperatorDiagnosis]:
    is_mcu = target.runtime.is_mcu
    starts: list[Node] = []
    sizes: dict[int, int] = {}
    for graph in found:
        fixed = has_fixed_shapes(graph, is_mcu=is_mcu)
        for folding in foldings(graph, Dataflow(graph), fixed_shapes=fixed):
            first = folding.nodes[0]
            if folding.of_shape and first.name == "SHAPE":
                starts.append(first)
                sizes[id(first)] = len(folding.nodes)
    for place, group in _by_layer(starts, network):
        operators = sum(sizes[id(node)] for node in group)
        yield _diagnosis(
            "SHAPE",
            place,
            len(group),
            f"{counted(operators, 'operator')} compute a shape at each inference that is the same "
            "each time",
            _way_of_shapes(network),
        )


def _way_of_shapes(network: Network) -> str:
    sizes = [port.shape for port in network.inputs]
    if any(None in shape[1:] for shape in sizes):
        return (
            "an input has an open size: give it a fixed one, keras.Input((100, 3)) in place of "
            "keras.Input((None, 3)), and it is a constant"
        )
    if any(None in shape for shape in sizes):
        return "the batch is open: convert with --batch 1, as is usual, and it is a constant"
    return "every shape is fixed: `tflint fix` stores it as a constant"


def _without_kernel(
    found: Sequence[Graph], network: Network, target: Target
) -> Iterator[OperatorDiagnosis]:
    runtime = target.runtime
    nodes = [
        node
        for graph in found
        for node in graph.nodes
        if not node.code.is_custom and runtime.kernel(node.name) is None and not _bins_missing(node)
    ]
    for (name, place), group in _by_name_and_layer(nodes, network):
        says = f' ("Failed to get registration from op code {name}")' if runtime.is_mcu else ""
        yield _diagnosis(
            name,
            place,
            len(group),
            f"{runtime.title} has no {name} kernel{says}",
            way_of_builtin(name, place, network),
        )


def _diagnosis(name: str, place: Place, count: int, cost: str, way: str) -> OperatorDiagnosis:
    return OperatorDiagnosis(
        name, _BUILTIN, count, place.layer, place.kind, place.path, place.line, cost, way
    )


def _held(node: Node) -> int:
    read = sum(value.bytes for value in node.inputs if value is not None and not value.is_constant)
    return read + sum(value.bytes for value in node.outputs)


def _place(node: Node, network: Network) -> Place:
    return layer_of(node.outputs[0].name, network.layers) if node.outputs else Place()


def _by_layer(nodes: Sequence[Node], network: Network) -> list[tuple[Place, list[Node]]]:
    return [(place, group) for (_, place), group in _by_name_and_layer(nodes, network)]


def _by_name_and_layer(
    nodes: Sequence[Node], network: Network
) -> list[tuple[tuple[str, Place], list[Node]]]:
    return _grouped(nodes, [_place(node, network) for node in nodes])


def _grouped(
    nodes: Sequence[Node], places: Sequence[Place]
) -> list[tuple[tuple[str, Place], list[Node]]]:
    found: dict[tuple[str, Place], list[Node]] = {}
    for node, place in zip(nodes, places, strict=True):
        found.setdefault((node.name, place), []).append(node)
    return list(found.items())
