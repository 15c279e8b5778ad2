"""Models run on LiteRT and TFLM as they do in this process, and what does not run says why."""

from __future__ import annotations

import importlib.util
from dataclasses import replace

import numpy as np
import pytest

from tests.runtimes import random_inputs
from tests.runtimes import run as run_here
from tflint.errors import HostFailed, MissingExtra, ModelRefused, UsageError
from tflint.execution import hosts
from tflint.execution.hosts import Host, Run, execute, execute_all, is_installed
from tflint.execution.process import Limits
from tflint.model.builder import ModelBuilder
from tflint.model.schema import (
    AssignVariableOptions,
    LocalResponseNormalizationOptions,
    ReadVariableOptions,
    SVDFOptions,
    TensorType,
    VarHandleOptions,
    WhileOptions,
)
from tflint.model.tables import Model, SignatureDef, TensorMap
from tflint.model.writer import write_model

every_host = pytest.mark.parametrize(
    "host",
    [
        pytest.param(
            host, marks=pytest.mark.skipif(not is_installed(host), reason=f"needs {host.title}")
        )
        for host in Host
    ],
)
needs_litert = pytest.mark.skipif(not is_installed(Host.LITERT), reason="needs LiteRT")


def network(type: TensorType = TensorType.FLOAT32) -> Model:
    build = ModelBuilder()
    x = build.conv_2d(build.input((1, 6, 6, 2), type), 3, 3)
    build.output(build.softmax(build.fully_connected(x, 4)), x)
    return build.build()


def custom() -> Model:
    build = ModelBuilder()
    x = build.input((1, 4))
    build.output(build.unary("Mystery", x))
    return build.build()


def accumulator() -> Model:
    """An SVDF that gives the sum of what its memory holds: three inputs, then it forgets."""
    build = ModelBuilder()
    x = build.input((1, 1))
    feature = build.constant((1, 1), TensorType.FLOAT32, (1.0,))
    time = build.constant((1, 3), TensorType.FLOAT32, (1.0, 1.0, 1.0))
    bias = build.constant((1,), TensorType.FLOAT32, (0.0,))  # TFLM crashes without one.
    state = build.tensor((1, 3), is_variable=True)
    y = build.tensor((1, 1))
    build.operator("SVDF", [x, feature, time, bias, state], [y], SVDFOptions(rank=1))
    build.output(y)
    return build.build()


def counter() -> Model:
    """A resource variable that is read before the input is assigned to it."""
    build = ModelBuilder()
    x = build.input((1, 2))
    handle = build.tensor((), TensorType.RESOURCE)
    y = build.tensor((1, 2))
    build.operator("VAR_HANDLE", [], [handle], VarHandleOptions(shared_name="v"))
    build.operator("ASSIGN_VARIABLE", [handle, x], [], AssignVariableOptions())
    build.operator("READ_VARIABLE", [handle], [y], ReadVariableOptions())
    build.output(y)
    return build.build()


def endless() -> Model:
    """A WHILE whose condition is always true."""
    build = ModelBuilder()
    x = build.input((1,))
    y = build.tensor((1,))
    condition, body = build.subgraph("condition"), build.subgraph("body")
    a = condition.input((1,))
    truth = condition.tensor((1,), TensorType.BOOL)
    condition.operator("EQUAL", [a, a], [truth])
    condition.output(truth)
    b = body.input((1,))
    body.output(body.unary("ABS", b))
    build.operator("WHILE", [x], [y], WhileOptions(cond_subgraph_index=1, body_subgraph_index=2))
    build.output(y)
    return build.build()


@every_host
@pytest.mark.parametrize("type", [TensorType.FLOAT32, TensorType.INT8])
def test_outputs_are_those_of_the_runtime(host: Host, type: TensorType) -> None:
    if host is Host.LITERT_OPTIMISED:
        pytest.skip("the tests run reference kernels")
    model = network(type)
    batches = [random_inputs(model, seed) for seed in range(3)]
    stacked = [np.stack(values) for values in zip(*batches, strict=True)]

    found = execute(write_model(model), stacked, host)

    assert [output.shape for output in found] == [(3, 1, 4), (3, 1, 4, 4, 3)]
    for sample, values in enumerate(batches):
        expected = run_here(model, values, "tflm" if host is Host.TFLM else "litert")
        for mine, theirs in zip(found, expected, strict=True):
            assert mine.dtype == theirs.dtype
            assert mine[sample].tobytes() == theirs.tobytes()


@every_host
def test_a_refusal_is_in_the_words_of_the_runtime(host: Host) -> None:
    model = custom()
    words = "Failed to get registration" if host is Host.TFLM else "unresolved custom op: Mystery"

    with pytest.raises(ModelRefused, match="does not run the model: ") as refused:
        execute(write_model(model), [np.zeros((1, 1, 4), np.float32)], host)

    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


@needs_litert
def test_a_reference_kernel_that_is_wrong_counts_as_missing() -> None:
    model = ModelBuilder()
    x = model.input((1, 1, 1, 6))
    options = LocalResponseNormalizationOptions(radius=2, bias=1.0, alpha=1.0, beta=0.5)
    model.output(model.unary("LOCAL_RESPONSE_NORMALIZATION", x, options))
    data, given = write_model(model.build()), np.arange(1, 7, dtype="f").reshape(1, 1, 1, 1, 6)

    with pytest.raises(ModelRefused) as refused:
        execute(data, [given], Host.LITERT)
    assert hosts.lacks_kernel(refused.value)
    (found,) = execute(data, [given], Host.LITERT_OPTIMISED)
    near = np.abs(np.subtract.outer(np.arange(6), np.arange(6))) <= 2
    right = given.ravel() / np.sqrt(1 + near @ given.ravel() ** 2)
    assert found.ravel() == pytest.approx(right, rel=1e-5)


@every_host
def test_inputs_that_do_not_fit_are_refused(host: Host) -> None:
    data = write_model(network())
    with pytest.raises(ModelRefused):
        execute(data, [np.zeros((1, 1, 6, 6, 2), np.int8)], host)
    with pytest.raises(UsageError, match="the model takes 1 input, 0 were given"):
        execute(data, [], host)


@every_host
def test_variables_are_reset_before_each_sample(host: Host) -> None:
    data, values = write_model(accumulator()), np.array([1, 2, 4, 8], np.float32).reshape(4, 1, 1)

    alone, kept = execute_all([Run(data, (values,)), Run(data, (values,), None, True)], host)

    assert isinstance(alone, tuple)
    assert isinstance(kept, tuple)
    assert alone[0].ravel().tolist() == [1, 2, 4, 8]
    assert kept[0].ravel().tolist() == [1, 3, 7, 14]


@every_host
def test_resource_variables_do_not_stand_in_the_way(host: Host) -> None:
    values = np.arange(6, dtype=np.float32).reshape(3, 1, 2)

    assert execute(write_model(counter()), [values], host)[0].tolist() == values.tolist()


@needs_litert
def test_a_signature_of_another_subgraph_runs() -> None:
    build = ModelBuilder()
    build.output(build.unary("ABS", build.input((1, 2))))
    other = build.subgraph("other")
    a, b = other.input((1, 2)), other.input((1, 2))
    difference = other.tensor((1, 2))
    other.operator("SUB", [a, b], [difference])
    other.output(difference)
    model = build.build()
    # The signature names the inputs the other way round.
    signature = SignatureDef(
        (TensorMap("b", b), TensorMap("a", a)), (TensorMap("d", difference),), "other", 1
    )
    data = write_model(replace(model, signature_defs=(signature,)))
    one = np.ones((2, 1, 2), np.float32)

    (found,) = execute_all([Run(data, (one, 3 * one), signature="other")], Host.LITERT)

    assert isinstance(found, tuple)
    assert found[0].tolist() == (2 * one).tolist()


@needs_litert
def test_an_input_of_unknown_size_takes_the_size_of_the_sample() -> None:
    build = ModelBuilder()
    x = build.input((1, 1), shape_signature=(1, -1))
    build.output(build.unary("ABS", x))

    (found,) = execute(write_model(build.build()), [-np.ones((2, 1, 5), np.float32)], Host.LITERT)

    assert found.tolist() == np.ones((2, 1, 5)).tolist()


@every_host
def test_an_endless_loop_is_ended(host: Host) -> None:
    runs = [
        Run(write_model(network()), (np.zeros((1, 1, 6, 6, 2), np.float32),)),
        Run(write_model(endless()), (np.zeros((1, 1), np.float32),)),
    ]

    done, failed = execute_all(runs, host, Limits(seconds=3))

    assert isinstance(done, tuple)
    assert isinstance(failed, HostFailed)
    assert str(failed) == f"{host.title} failed: it was ended after 3 seconds"


@needs_litert
def test_a_crash_costs_its_own_run_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second run of the first process crashes; the others come to their end."""
    monkeypatch.setitem(hosts._WORKERS, Host.LITERT, "tests.execution.crashing_worker")
    data = write_model(network())
    good = Run(data, (np.zeros((1, 1, 6, 6, 2), np.float32),))
    bad = Run(data, (np.full((1, 1, 6, 6, 2), 13, np.float32),))

    found = execute_all([good, bad, good, bad], Host.LITERT)

    assert [type(outcome) for outcome in found] == [tuple, HostFailed, tuple, HostFailed]
    assert "LiteRT failed: it crashed (SIGSEGV)" in str(found[1])


def test_a_runtime_that_is_missing_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"pip install 'tflint\[quantize\]'"):
        execute(write_model(network()), [], Host.LITERT)
    with pytest.raises(MissingExtra, match=r"pip install 'tflint\[tflm\]'"):
        execute(write_model(network()), [], Host.TFLM)
