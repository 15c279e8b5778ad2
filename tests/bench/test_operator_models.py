"""Cut models do what their operator does in the network, and hold nothing else of it."""

from __future__ import annotations

import dataclasses
import importlib.util
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.model import sample_models
from tests.random_networks import random_network
from tests.runtimes import random_inputs
from tflint.bench.operator_models import MAX_FOUNDATION, MAX_SUBGRAPHS, CutModel, Network, NotCut
from tflint.model.builder import ModelBuilder
from tflint.model.graph import dangling_indices
from tflint.model.reader import parse_model
from tflint.model.schema import (
    ActivationFunctionType,
    AddOptions,
    ConcatenationOptions,
    IfOptions,
    SplitOptions,
    SVDFOptions,
    TensorType,
    VarHandleOptions,
    WhileOptions,
)
from tflint.model.tables import Model
from tflint.model.writer import write_model

needs_litert = pytest.mark.skipif(
    importlib.util.find_spec("ai_edge_litert") is None, reason="needs LiteRT"
)
RANDOM_SEEDS = range(60)


def names(model: Model) -> list[str]:
    """The operators of the first subgraph, in their order."""
    codes = [code.name for code in model.operator_codes]
    return [codes[operator.opcode_index] for operator in model.subgraphs[0].operators]


def chain(*steps: str) -> Model:
    """A network of unary operators, one behind the other."""
    build = ModelBuilder()
    x = build.input((1, 64))
    for step in steps:
        x = build.unary(step, x)
    build.output(x)
    return build.build()


def loop() -> Model:
    """A RELU, then a WHILE that doubles until the counter is at three."""
    build = ModelBuilder()
    count, x = build.input((1,), TensorType.INT32), build.input((1, 4))
    start = build.unary("RELU", x)
    ends = [build.tensor((1,), TensorType.INT32), build.tensor((1, 4))]
    options = WhileOptions(cond_subgraph_index=2, body_subgraph_index=3)
    build.subgraph("unused").output(0)
    build.operator("WHILE", [count, start], ends, options)
    build.output(*ends)
    condition, body = build.subgraph("condition"), build.subgraph("body")
    inner = condition.input((1,), TensorType.INT32)
    condition.input((1, 4))
    truth = condition.tensor((1,), TensorType.BOOL)
    condition.operator("LESS", [inner, condition.constant((1,), TensorType.INT32, [3])], [truth])
    condition.output(truth)
    inner, y = body.input((1,), TensorType.INT32), body.input((1, 4))
    more, twice = body.tensor((1,), TensorType.INT32), body.tensor((1, 4))
    one = body.constant((1,), TensorType.INT32, [1])
    body.operator("ADD", [inner, one], [more], AddOptions())
    body.operator("ADD", [y, y], [twice], AddOptions())
    body.output(more, twice)
    model = build.build()
    unused = dataclasses.replace(model.subgraphs[1], outputs=())
    return dataclasses.replace(model, subgraphs=(model.subgraphs[0], unused, *model.subgraphs[2:]))


def stateful() -> Model:
    """An SVDF, whose state is a variable, behind another operator."""
    build = ModelBuilder()
    x = build.unary("RELU", build.input((1, 8)))
    feature, moments = build.constant((6, 8)), build.constant((6, 4))
    state, y = build.tensor((1, 24), is_variable=True), build.tensor((1, 3))
    options = SVDFOptions(rank=2, fused_activation_function=ActivationFunctionType.NONE)
    build.operator("SVDF", [x, feature, moments, -1, state], [y], options)
    build.output(y)
    return build.build()


def interpreter(model: Model, kernels: str) -> Any:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    return Interpreter(
        model_content=write_model(model),
        num_threads=1,
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=getattr(OpResolverType, kernels),
    )


def run(model: Model, inputs: Sequence[Any], tensors: Sequence[int], kernels: str) -> Any:
    """The interpreter, after it has run on these inputs."""
    found = interpreter(model, kernels)
    found.allocate_tensors()
    for tensor, value in zip(tensors, inputs, strict=True):
        found.set_tensor(tensor, value)
    found.invoke()
    return found


def differing(model: Model, kernels: str) -> tuple[list[str], int]:
    """The operators that do not give in their cut models what they give in the network, bit for
    bit, and how many operators were compared. Skips networks that LiteRT does not run.
    """
    graph, network = model.subgraphs[0], Network(model, 0)
    try:
        whole = run(model, random_inputs(model), graph.inputs, kernels)
    except (RuntimeError, ValueError) as error:
        pytest.skip(f"LiteRT does not run it: {str(error)[:80]}")
    wrong, compared = [], 0
    for index, name in enumerate(names(model)):
        seen = {}
        for tensor in network.tensors(index):
            try:
                seen[tensor] = whole.get_tensor(tensor)
            except ValueError:  # An output of control flow that nothing reads.
                continue
        cut = network.cut(index, 2, 3, {tensor: value.shape for tensor, value in seen.items()})
        values = [seen[tensor] for tensor in cut.inputs]
        alone = run(cut.model, values, range(len(values)), kernels)
        for made in cut.made:
            for tensor, place in zip(cut.outputs, made, strict=True):
                if tensor not in seen:
                    continue
                compared += 1
                if alone.get_tensor(place).tobytes() != seen[tensor].tobytes():
                    wrong.append(f"{index} {name}")
    return wrong, compared


@needs_litert
@pytest.mark.parametrize("kernels", ["BUILTIN_WITHOUT_DEFAULT_DELEGATES", "BUILTIN_REF"])
@pytest.mark.parametrize(
    "model",
    [
        sample_models.float_model(),
        sample_models.int8_model(),
        sample_models.int16_model(),
        sample_models.dynamic_range_model(),
        sample_models.float16_model(),
        sample_models.multi_subgraph_model(),
        loop(),
        stateful(),
    ],
    ids=["float", "int8", "int16", "dynamic", "float16", "if", "while", "svdf"],
)
def test_an_operator_gives_alone_what_it_gives_in_the_network(model: Model, kernels: str) -> None:
    wrong, compared = differing(model, kernels)
    assert compared >= 2 * len(model.subgraphs[0].operators)
    assert wrong == []


@needs_litert
@pytest.mark.parametrize("seed", RANDOM_SEEDS)
def test_so_do_operators_of_random_networks(seed: int) -> None:
    wrong, _ = differing(random_network(seed), "BUILTIN_WITHOUT_DEFAULT_DELEGATES")
    assert wrong == []


@needs_litert
@pytest.mark.shared
def test_so_do_those_of_published_models(shared_model: Path) -> None:
    wrong, compared = differing(parse_model(shared_model.read_bytes()), "BUILTIN_REF")
    assert compared
    assert wrong == []


@needs_litert
def test_every_copy_runs_on_the_delegate_too() -> None:
    from ai_edge_litert.interpreter import Interpreter

    model = sample_models.float_model()
    network = Network(model, 0)
    whole = run(
        model,
        random_inputs(model),
        model.subgraphs[0].inputs,
        "BUILTIN_WITHOUT_DEFAULT_DELEGATES",
    )
    for index, name in enumerate(names(model)):
        cut = network.cut(index, 3, 3)
        delegated = Interpreter(model_content=write_model(cut.model), num_threads=1)
        delegated.allocate_tensors()
        for place, tensor in enumerate(cut.inputs):
            delegated.set_tensor(place, whole.get_tensor(tensor))
        delegated.invoke()
        # An output of the network whole, or else its first element.
        first = whole.get_tensor(cut.outputs[0]).reshape(-1)[0]
        given = [
            delegated.get_tensor(tensor).reshape(-1)[0] for tensor in cut.model.subgraphs[0].outputs
        ]
        assert len(given) == 3, name
        assert given == pytest.approx([first] * 3, rel=1e-4, abs=1e-5), name


@pytest.mark.parametrize("seed", RANDOM_SEEDS)
def test_cut_models_are_sound_and_small(seed: int) -> None:
    model = random_network(seed)
    network = Network(model, 0)
    for index, operator in enumerate(model.subgraphs[0].operators):
        cut = network.cut(index, 2, 3)
        assert not list(dangling_indices(cut.model))
        again = parse_model(write_model(cut.model))
        assert again.subgraphs[0].operators == cut.model.subgraphs[0].operators
        known = sum(len(buffer.data or b"") for buffer in model.buffers)
        # What SLICE and RESHAPE are told is all that comes on top.
        assert sum(len(buffer.data or b"") for buffer in cut.model.buffers) <= known + 64
        assert len(cut.made) == 2
        assert cut.outputs == operator.outputs
        assert len({place for made in cut.made for place in made}) == 2 * len(operator.outputs)


def copies_of(cut: CutModel, name: str) -> int:
    return Counter(names(cut.model))[name]


@pytest.mark.parametrize(("copies", "room"), [(1, 1), (1, 5), (5, 5), (2, 9)])
def test_models_of_the_same_room_differ_in_the_copies_only(copies: int, room: int) -> None:
    cut = Network(chain("RELU", "TANH", "ABS"), 0).cut(1, copies, room)
    assert copies_of(cut, "TANH") == copies
    assert copies_of(cut, "RESHAPE") == room
    assert copies_of(cut, "SLICE") == room


def test_each_copy_may_write_over_its_input_where_the_operator_may_in_the_network() -> None:
    graph = Network(chain("RELU", "TANH", "ABS"), 0).cut(1, 2, 2).model.subgraphs[0]
    read = [operator.inputs[0] for operator in graph.operators]
    written = [operator.outputs[0] for operator in graph.operators]
    # Copy and hand on, in turns: two readers of the model's input, each with one of its own.
    assert names_of_graph(graph, "RESHAPE", read) == [graph.inputs[0]] * 2
    copies = names_of_graph(graph, "TANH", read)
    assert len(set(copies)) == 2
    assert not set(copies) & {*graph.inputs, *graph.outputs}
    assert not set(names_of_graph(graph, "TANH", written)) & set(graph.outputs)


def names_of_graph(graph: Any, name: str, figures: Sequence[int]) -> list[int]:
    """The figures of the operators of a name, in a graph of RESHAPE, TANH and SLICE."""
    order = {"RESHAPE": 0, "TANH": 1, "SLICE": 2}
    kinds = list(dict.fromkeys(operator.opcode_index for operator in graph.operators))
    return [
        figure
        for operator, figure in zip(graph.operators, figures, strict=True)
        if kinds.index(operator.opcode_index) == order[name]
    ]


@pytest.mark.parametrize("copies", [1, 2, 4])
def test_all_that_is_handed_on_is_read(copies: int) -> None:
    operators = Network(chain("RELU", "TANH", "ABS"), 0).cut(1, copies, 4).model.subgraphs[0]
    read = {tensor for operator in operators.operators for tensor in operator.inputs}
    # A delegate leaves out what nothing reads, in the model with one copy only.
    written = {t for operator in operators.operators for t in operator.outputs}
    assert written - read == set(operators.outputs)


def test_an_input_of_the_network_is_read_as_it_is() -> None:
    cut = Network(chain("RELU", "TANH"), 0).cut(0, 3, 3)
    assert copies_of(cut, "RESHAPE") == 0
    assert all(o.inputs[0] == 0 for o in cut.model.subgraphs[0].operators[::2])


def test_an_output_of_the_network_is_one() -> None:
    cut = Network(chain("RELU", "TANH"), 0).cut(1, 3, 3)
    assert copies_of(cut, "SLICE") == 0
    assert cut.model.subgraphs[0].outputs == tuple(place for made in cut.made for place in made)


def test_what_has_several_readers_is_handed_on_once() -> None:
    build = ModelBuilder()
    x = build.unary("RELU", build.input((1, 64)))
    a, b, y = build.unary("TANH", x), build.unary("ABS", x), build.tensor((1, 64))
    build.operator("ADD", [a, b], [y], AddOptions())
    build.output(y)
    cut = Network(build.build(), 0).cut(1, 3, 3)
    assert copies_of(cut, "RESHAPE") == 1
    handed_on = cut.model.subgraphs[0].operators[0].outputs[0]
    # An output more: with one reader, one of a single copy, it would be written over.
    assert handed_on in cut.model.subgraphs[0].outputs


def test_what_makes_weights_out_of_constants_comes_along_once() -> None:
    model = sample_models.float16_model()
    network = Network(model, 0)
    unpackers = [i for i, name in enumerate(names(model)) if name == "DEQUANTIZE"]
    convolution = names(model).index("CONV_2D")
    cut = network.cut(convolution, 4, 4)
    assert copies_of(cut, "CONV_2D") == 4
    assert copies_of(cut, "DEQUANTIZE") == 1
    assert len(cut.inputs) == 1
    assert all(map(network.unpacks_constant, unpackers))
    assert not network.unpacks_constant(convolution)


def test_long_computations_on_constants_do_not() -> None:
    build = ModelBuilder()
    held = build.constant((1, 4))
    for _ in range(MAX_FOUNDATION + 1):
        held = build.unary("ABS", held)
    x, y = build.input((1, 4)), build.tensor((1, 4))
    build.operator("ADD", [x, held], [y], AddOptions())
    build.output(y)
    cut = Network(build.build(), 0).cut(MAX_FOUNDATION + 1, 1, 1)
    assert set(cut.inputs) == {x, held}
    assert copies_of(cut, "ABS") == 0


def test_each_copy_has_a_state_of_its_own() -> None:
    cut = Network(stateful(), 0).cut(1, 3, 3)
    graph = cut.model.subgraphs[0]
    states = [o.inputs[4] for o in graph.operators if len(o.inputs) == 5]
    assert len(set(states)) == 3
    assert all(graph.tensors[state].is_variable for state in states)
    weights = {o.inputs[1] for o in graph.operators if len(o.inputs) == 5}
    assert len(weights) == 1


def test_subgraphs_that_it_runs_stay_where_they_are_and_others_are_emptied() -> None:
    model = loop()
    cut = Network(model, 0).cut(1, 2, 2)
    graphs = cut.model.subgraphs
    assert len(graphs) == 4
    assert not graphs[1].operators
    assert len(graphs[2].operators) == 1
    assert len(graphs[3].operators) == 2
    assert not list(dangling_indices(cut.model))


def test_names_and_what_the_file_says_beside_the_network_stay_behind() -> None:
    build = ModelBuilder()
    x = build.input((1, 4), name="=cmd|' /C calc'!A0" * 1000)
    build.output(build.unary("TANH", x))
    build.metadata("note", bytes(10_000))
    cut = Network(build.build(), 0).cut(0, 5, 5)
    assert all(tensor.name is None for tensor in cut.model.subgraphs[0].tensors)
    assert len(write_model(cut.model)) < 4000


def test_shapes_are_those_of_the_run() -> None:
    build = ModelBuilder()
    x = build.input((1, 4), shape_signature=(-1, 4))
    y = build.unary("TANH", x)
    build.output(y)
    cut = Network(build.build(), 0).cut(0, 1, 1, {x: (7, 4), y: (7, 4)})
    assert [tensor.shape for tensor in cut.model.subgraphs[0].tensors] == [(7, 4), (7, 4)]
    assert not any(tensor.shape_signature for tensor in cut.model.subgraphs[0].tensors)


def resource() -> Model:
    build = ModelBuilder()
    handle = build.tensor((), TensorType.RESOURCE)
    build.operator("VAR_HANDLE", [], [handle], VarHandleOptions(shared_name="v"))
    value = build.tensor((1, 4))
    build.operator("READ_VARIABLE", [handle], [value])
    build.output(value)
    return build.build()


@pytest.mark.parametrize("operator", [0, 1])
def test_a_resource_is_not_handed_over(operator: int) -> None:
    with pytest.raises(NotCut, match="resource stay within their network"):
        Network(resource(), 0).cut(operator, 1, 1)


def test_an_operator_without_outputs_is_not_cut() -> None:
    build = ModelBuilder()
    build.output(build.unary("TANH", build.input((1, 4))))
    build.operator("ASSIGN_VARIABLE", [0, 1], [])
    with pytest.raises(NotCut, match="gives nothing"):
        Network(build.build(), 0).cut(1, 1, 1)


@pytest.mark.parametrize(
    ("called", "said"), [(0, "first subgraph"), (MAX_SUBGRAPHS, f"more than {MAX_SUBGRAPHS}")]
)
def test_subgraphs_that_cannot_come_along_are_told(called: int, said: str) -> None:
    build = ModelBuilder()
    condition, x = build.input((1,), TensorType.BOOL), build.input((1, 4))
    y = build.tensor((1, 4))
    options = IfOptions(then_subgraph_index=called, else_subgraph_index=1)
    build.operator("IF", [condition, x], [y], options)
    build.output(y)
    for number in range(MAX_SUBGRAPHS + 1):
        branch = build.subgraph(str(number))
        branch.output(branch.unary("RELU", branch.input((1, 4))))
    with pytest.raises(NotCut, match=said):
        Network(build.build(), 0).cut(0, 1, 1)


def test_an_operator_with_several_outputs_is_kept_alive_by_each() -> None:
    build = ModelBuilder()
    x = build.unary("RELU", build.input((1, 8)))
    axis, parts = build.constant((), TensorType.INT32, [1]), []
    parts = [build.tensor((1, 4)), build.tensor((1, 4))]
    build.operator("SPLIT", [axis, x], parts, SplitOptions(num_splits=2))
    y = build.tensor((1, 4))
    build.operator("ADD", parts, [y], AddOptions())
    build.output(y)
    network = Network(build.build(), 0)
    less, more = network.cut(1, 1, 3), network.cut(1, 3, 3)
    assert copies_of(less, "SLICE") == copies_of(more, "SLICE") == 6
    sources = {o.inputs[0] for o in more.model.subgraphs[0].operators if len(o.inputs) == 3}
    assert sources == {place for made in more.made for place in made}


def test_bytes_of_a_copy_are_outputs_state_and_weights() -> None:
    network = Network(stateful(), 0)
    assert network.own_bytes(1) == 4 * (3 + 24 + 6 * 8 + 6 * 4)
    assert network.own_bytes(0) == 4 * 8


def test_of_many_inputs_and_outputs_few_are_handed_on_and_taken_from() -> None:
    build = ModelBuilder()
    x = build.unary("RELU", build.input((1, 24)))
    axis = build.constant((), TensorType.INT32, [1])
    parts = [build.tensor((1, 4)) for _ in range(6)]
    build.operator("SPLIT", [axis, x], parts, SplitOptions(num_splits=6))
    y = build.tensor((1, 24))
    build.operator("CONCATENATION", parts, [y], ConcatenationOptions(axis=1))
    build.output(build.unary("TANH", y))
    network = Network(build.build(), 0)
    assert copies_of(network.cut(1, 2, 2), "SLICE") == 2 * 2
    together = network.cut(2, 2, 2)
    assert len(together.inputs) == 6
    assert copies_of(together, "RESHAPE") == 2 * 3
