"""The worker times what a bare loop would, on LiteRT itself."""

from __future__ import annotations

import dataclasses
import importlib.util
import time
from pathlib import Path

import numpy as np
import pytest

from tflint.bench import session, worker
from tflint.bench.inputs import entry_of, timing_inputs
from tflint.bench.latency import Timing, measure_latency, worker_request
from tflint.bench.options import BenchOptions, Kernels
from tflint.bench.stopwatch import bare, stamp_cost, stamped
from tflint.errors import HostFailed, ModelRefused
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import per_tensor
from tflint.model.reader import parse_model
from tflint.model.schema import AddOptions, IfOptions, SVDFOptions, TensorType, WhileOptions
from tflint.model.tables import Model, SignatureDef, TensorMap
from tflint.model.writer import write_model

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("ai_edge_litert") is None, reason="needs LiteRT"
)
BASE = BenchOptions(runs=30, seconds=60.0)


def dense(units: int = 4) -> Model:
    model = ModelBuilder()
    model.output(model.fully_connected(model.input((1, 4)), units=units))
    return model.build()


def timed(model: Model, options: BenchOptions = BASE) -> Timing:
    data = write_model(model)
    model = parse_model(data)
    return measure_latency(data, model, entry_of(model, options.signature), options)


def two_subgraphs() -> Model:
    """A first subgraph of one small operator, and a second of a larger one, with signatures."""
    model = ModelBuilder()
    model.output(model.fully_connected(model.input((1, 4)), units=2))
    other = model.subgraph("other")
    x, y = other.input((1, 32, 32, 8)), other.input((1, 6))
    other.output(other.conv_2d(x, filters=16, kernel=3), other.fully_connected(y, units=2))
    built = model.build()
    graph = built.subgraphs[1]
    signatures = (
        SignatureDef((TensorMap("a", 0),), (TensorMap("b", built.subgraphs[0].outputs[0]),), "one"),
        SignatureDef(
            (TensorMap("y", graph.inputs[1]), TensorMap("x", graph.inputs[0])),
            (TensorMap("b", graph.outputs[0]), TensorMap("c", graph.outputs[1])),
            "two",
            subgraph_index=1,
        ),
    )
    return dataclasses.replace(built, signature_defs=signatures)


def endless() -> Model:
    """A loop whose condition is always true."""
    model = ModelBuilder()
    x = model.input((1,), TensorType.FLOAT32)
    y = model.tensor((1,), TensorType.FLOAT32)
    model.operator("WHILE", (x,), (y,), WhileOptions(cond_subgraph_index=1, body_subgraph_index=2))
    model.output(y)
    condition = model.subgraph("condition")
    value = condition.input((1,), TensorType.FLOAT32)
    same = condition.tensor((1,), TensorType.BOOL)
    condition.operator("EQUAL", (value, value), (same,))
    condition.output(same)
    body = model.subgraph("body")
    value = body.input((1,), TensorType.FLOAT32)
    body.output(body.unary("ABS", value))
    return model.build()


@pytest.mark.parametrize("kernels", list(Kernels))
def test_all_is_timed(kernels: Kernels) -> None:
    found = timed(dense(), dataclasses.replace(BASE, kernels=kernels))

    latency = found.latency
    assert latency.runs == 30
    assert len(latency.each) == 30
    assert latency.warmup_runs >= BASE.warmup_runs
    assert 0 < latency.least <= latency.p50 <= latency.p95 <= latency.most
    assert latency.least <= latency.avg <= latency.most
    assert latency.warmup_avg is not None
    assert latency.init > latency.least
    assert found.noise.interruptions is None or found.noise.interruptions >= 0


def test_there_are_runs_for_as_long_as_asked_for() -> None:
    latency = timed(dense(), dataclasses.replace(BASE, min_seconds=0.05)).latency

    assert latency.runs > 100
    assert latency.runs * latency.avg > 0.8 * 50_000  # us
    assert len(latency.each) < latency.runs


def test_without_a_warm_up_there_is_none() -> None:
    latency = timed(dense(), dataclasses.replace(BASE, warmup_runs=0)).latency

    assert (latency.warmup_avg, latency.warmup_runs, latency.runs) == (None, 0, 30)


@pytest.mark.parametrize("units", [4, 4000])
@pytest.mark.parametrize("kernels", [Kernels.XNNPACK, Kernels.REFERENCE])
def test_the_average_is_that_of_a_bare_loop(units: int, kernels: Kernels) -> None:
    """In one process, in turn, the least of many: 5 % is what is held."""
    request = {"threads": 1, "kernels": kernels.value, "subgraph": 0, "resized": [], "tensors": []}
    cost = stamp_cost(session.lay_out(session.interpreter(worker._tiny_model(), request), request))
    loaded = session.lay_out(session.interpreter(write_model(dense(units)), request), request)
    ours, loops = [], []
    for _ in range(60):
        ours.append(stamped(loaded, 200).mean() - cost)
        loops.append(bare(loaded, 200) / 200)

    # In nanoseconds; a hundredth of a microsecond is nobody's to tell.
    assert min(ours) == pytest.approx(min(loops), rel=0.05, abs=10)


def test_a_signature_is_timed_without_what_its_runner_costs() -> None:
    """LiteRT's runner takes tens of microseconds to call anything."""
    model = two_subgraphs()
    found = {
        name: timed(model, dataclasses.replace(BASE, signature=name)).latency.least
        for name in (None, "one", "two")
    }

    alone = ModelBuilder()
    x, y = alone.input((1, 32, 32, 8)), alone.input((1, 6))
    alone.output(alone.conv_2d(x, filters=16, kernel=3), alone.fully_connected(y, units=2))
    assert found["one"] == pytest.approx(found[None], rel=0.5, abs=0.5)
    assert found["two"] == pytest.approx(timed(alone.build()).latency.least, rel=0.5)
    assert found["two"] > 3 * found["one"]


@pytest.mark.parametrize("name", [None, "two"])
def test_inputs_have_the_values_that_were_sent(name: str | None) -> None:
    """Also those of a signature, in whatever order it names them, and after many runs."""
    from ai_edge_litert.interpreter import Interpreter

    data = write_model(two_subgraphs())
    model = parse_model(data)
    entry = entry_of(model, name)
    inputs = timing_inputs(model, entry, 3)
    request = worker_request(model, entry, BASE, inputs)
    loaded = session.interpreter(data, request)
    call = session.lay_out(loaded, request)
    session.fill(call, request, inputs)
    for _ in range(5):
        call.invoke()
    native = loaded._interpreter
    made = [native.GetTensor(port.tensor, entry.subgraph) for port in entry.outputs]

    plain = Interpreter(model_content=data)
    plain.allocate_tensors()
    runner = plain.get_signature_runner(name or "one")
    keys = {port.tensor: port.key for port in (*entry.inputs, *entry.outputs)}
    wanted = runner(
        **{keys[p.tensor]: v for p, v in zip(entry.inputs, inputs, strict=True)}  # type: ignore[misc]
    )
    for port, value in zip(entry.outputs, made, strict=True):
        assert np.allclose(value, wanted[port.key], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("subgraph", [0, 1])
def test_inputs_take_other_shapes(subgraph: int) -> None:
    model = two_subgraphs()
    place = model.subgraphs[subgraph].inputs[0]
    shape = [5, *model.subgraphs[subgraph].tensors[place].shape[1:]]
    request = {
        **{"threads": 1, "kernels": "xnnpack", "subgraph": subgraph},
        **{"tensors": [place], "resized": [[place, shape]]},
    }
    loaded = session.interpreter(write_model(model), request)

    call = session.lay_out(loaded, request)
    session.fill(call, request, [np.ones(shape, np.float32)])
    call.invoke()

    output = model.subgraphs[subgraph].outputs[0]
    assert loaded._interpreter.TensorSize(output, subgraph)[0] == 5


@pytest.mark.parametrize(
    "type", [TensorType.FLOAT32, TensorType.INT8, TensorType.UINT8, TensorType.INT16]
)
def test_inputs_of_each_type_are_taken(type: TensorType) -> None:
    model = ModelBuilder()
    scale = None if type is TensorType.FLOAT32 else per_tensor(0.05)
    x, y = model.input((1, 16), type, scale), model.input((1, 16), type, scale)
    z = model.tensor((1, 16), type, scale)
    model.operator("ADD", (x, y), (z,), AddOptions())
    model.output(z)

    assert timed(model.build()).latency.runs == 30


@pytest.mark.parametrize("type", [TensorType.BOOL, TensorType.INT32, TensorType.INT64])
def test_inputs_that_are_not_quantised_are_taken(type: TensorType) -> None:
    model = ModelBuilder()
    model.output(model.reshape(model.input((2, 8), type), (16,)))

    assert timed(model.build()).latency.runs == 30


def test_a_model_may_take_nothing() -> None:
    model = ModelBuilder()
    x = model.constant((1, 4), TensorType.FLOAT32)
    model.output(model.unary("ABS", x))

    assert timed(model.build()).latency.runs == 30


def test_shapes_of_outputs_may_depend_on_values() -> None:
    model = ModelBuilder()
    x = model.input((4, 4), TensorType.BOOL)
    y = model.tensor((1, 2), TensorType.INT64)
    model.operator("WHERE", (x,), (y,))
    model.output(y)

    assert timed(model.build()).latency.runs == 30


def test_branches_are_run() -> None:
    model = ModelBuilder()
    which, x = model.input((1,), TensorType.BOOL), model.input((1, 8))
    y = model.tensor((1, 8), TensorType.FLOAT32)
    model.operator("IF", (which, x), (y,), IfOptions(then_subgraph_index=1, else_subgraph_index=2))
    model.output(y)
    for name in ("ABS", "NEG"):
        branch = model.subgraph(name)
        branch.output(branch.unary(name, branch.input((1, 8))))

    assert timed(model.build()).latency.runs == 30


def test_variables_keep_their_state_from_run_to_run() -> None:
    """As on a device; they do not make it fail."""
    model = ModelBuilder()
    x = model.input((1, 4))
    features = model.constant((8, 4), TensorType.FLOAT32)
    times = model.constant((8, 3), TensorType.FLOAT32)
    state = model.tensor((1, 24), TensorType.FLOAT32, is_variable=True)
    y = model.tensor((1, 8), TensorType.FLOAT32)
    model.operator("SVDF", (x, features, times, -1, state), (y,), SVDFOptions(rank=1))
    model.output(y)

    assert timed(model.build(), dataclasses.replace(BASE, runs=2000)).latency.runs == 2000


def test_threads_are_as_many_as_asked_for() -> None:
    found = timed(dense(4000), dataclasses.replace(BASE, threads=3))

    assert found.latency.runs == 30
    assert found.noise.waiting is None


def test_a_model_that_never_ends_is_ended() -> None:
    started = time.monotonic()

    with pytest.raises(HostFailed, match="in the first inference: it was ended after 3 seconds"):
        timed(endless(), dataclasses.replace(BASE, seconds=3.0))
    assert time.monotonic() - started < 15  # seconds


def test_runs_that_take_too_long_are_cut_off_with_a_note() -> None:
    """Of half the limit, and never all of them."""
    model = ModelBuilder()
    x = model.input((1, 64, 64, 16))
    for _ in range(2):
        x = model.conv_2d(x, filters=32, kernel=3)
    model.output(x)
    options = dataclasses.replace(BASE, runs=1_000_000, kernels=Kernels.REFERENCE, seconds=6.0)

    found = timed(model.build(), options)

    assert 1 <= found.latency.runs < 10_000
    assert found.latency.runs * found.latency.avg < 4.5e6  # us
    assert "of 1,000,000 runs: no more fit into the 3 s" in found.notes[0]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("FlexConv2D", "it needs the Flex delegate, which LiteRT does not have here: FlexConv2D$"),
        ("my\x1bOp", r"LiteRT has no kernel for its 1 custom operator: my\\x1bOp$"),
    ],
)
def test_operators_that_are_not_there_are_named(name: str, text: str) -> None:
    model = ModelBuilder()
    x = model.input((1, 4))
    y = model.tensor((1, 4), TensorType.FLOAT32)
    model.operator(name, (x,), (y,))
    model.output(y)

    with pytest.raises(ModelRefused, match=text):
        timed(model.build())


def test_kernels_that_are_not_there_are_named_with_what_helps() -> None:
    model = ModelBuilder()
    model.output(model.unary("ELU", model.input((1, 4))))
    built = model.build()

    with pytest.raises(ModelRefused, match=r"no kernel for ELU in version 1.*--kernels xnnpack"):
        timed(built, dataclasses.replace(BASE, kernels=Kernels.REFERENCE))
    assert timed(built).latency.runs == 30


def test_too_little_memory_is_told() -> None:
    """Tensors that the address space has no room for."""
    model = ModelBuilder()
    x = model.input((1, 4))
    big = model.tensor((1 << 13, 1 << 16), TensorType.FLOAT32)
    shape = model.constant((2,), TensorType.INT32, np.array([1 << 13, 1 << 16], "<i4").tobytes())
    model.operator("BROADCAST_TO", (model.reshape(x, (4, 1)), shape), (big,))
    model.output(big)

    with pytest.raises((HostFailed, ModelRefused)) as caught:
        timed(model.build(), dataclasses.replace(BASE, memory_bytes=1 << 30))
    assert "Traceback" not in str(caught.value)


@pytest.mark.shared
def test_what_litert_refuses_and_tflint_repairs_is_told_so(shared_models: list[Path]) -> None:
    """MLPerf Tiny's person detector has a quantised dimension that its tensors do not have."""
    (path,) = [path for path in shared_models if path.name == "person_detect.tflite"]
    data = path.read_bytes()
    model = parse_model(data)

    with pytest.raises(ModelRefused, match=r"Was 3\..*`tflint fix` repairs that"):
        measure_latency(data, model, entry_of(model, None), BASE)
