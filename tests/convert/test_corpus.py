"""The corpus through the worker: each network converts equal to Keras, or is told what it lacks.

What is right was recorded from TensorFlow alone (`record_conversions.py`); what Keras answers is
asked here, of the network before it was stored.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.convert.corpus import Array, Variant, recorded, variants, version_recorded
from tests.convert.keeper import Keeper, Made
from tflint.convert import worker_process
from tflint.convert.request import Port, Request, Support
from tflint.convert.worker_process import Converted
from tflint.model.graph import graphs
from tflint.model.reader import parse_model

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed"
    ),
]

ALL = list(variants())
FIRST = [each for each in ALL if each.is_first]
FORMS = ("keras", "h5", "factory", "saved_model")
# Which a live network can be rebuilt from.
LAYERED = ("keras", "h5", "factory")
# Recurrent networks that begin anew with each sample, and mask nothing.
LOOPS = [
    each
    for each in ALL
    if "WHILE" in recorded()[each.id].operators
    and each.network.name not in ("masked", "embedding_masked", "lstm_stateful")
]
# Of the largest value: what another order of additions does to float32.
TOLERANCE = 2e-5

_keepers: dict[str, Keeper] = {}


def keeper(keras: str) -> Keeper:
    """The process of a Keras, one for the whole run."""
    return _keepers.setdefault(keras, Keeper(keras))


@pytest.fixture(scope="module", autouse=True)
def ended() -> Iterator[None]:
    yield
    for each in _keepers.values():
        each.stop()


def told_apart(chosen: list[Variant]) -> list[object]:
    """The variants; all but one of each network carry the marker `thorough`."""
    found: list[object] = []
    turns: dict[str, list[Variant]] = {}
    for each in chosen:
        turns.setdefault(each.network.name, []).append(each)
    for number, same in enumerate(turns.values()):
        for place, each in enumerate(same):
            marks = [] if place == number % len(same) else [pytest.mark.thorough]
            found.append(pytest.param(each, id=each.id, marks=marks))
    return found


def form(variant: Variant, forms: tuple[str, ...]) -> str:
    """How a variant is stored: each way has its turn."""
    if variant.network.is_code:
        return "factory"
    if not variant.network.is_h5:
        # Nor does tf-keras write an Ellipsis into its own format.
        return "keras" if variant.keras == "keras" else "factory"
    return forms[ALL.index(variant) % len(forms)]


@pytest.fixture
def convert(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """Make a variant and have the worker convert it."""

    def run(
        variant: Variant, stored: str, *, is_rebuilt: bool = False, quantize: str | None = None
    ) -> tuple[Made, Converted]:
        installed = importlib.metadata.version(variant.keras.replace("_", "-"))
        if not installed.startswith(f"{version_recorded(variant.keras)}."):
            pytest.skip(f"recorded with {variant.keras} {version_recorded(variant.keras)}")
        kept = keeper(variant.keras)
        made = kept.make(variant.id, stored, tmp_path)
        monkeypatch.setattr(worker_process, "run_worker", kept.run_worker)
        samples = made.samples if made.inputs else None
        request = Request(made.origin, calibrate=samples, is_rebuilt=is_rebuilt, quantize=quantize)
        return made, worker_process.convert(request)

    return run


@pytest.mark.parametrize("variant", told_apart(ALL))
def test_a_network_converts_as_far_as_tensorflow_goes(variant: Variant, convert) -> None:
    right, stored = recorded()[variant.id], form(variant, FORMS)
    made, found = convert(variant, stored)

    if stored == "saved_model" and variant.keras == "keras" and "WHILE" in right.operators:
        # The batch is open in the graph itself.
        assert found.model is None
        assert "TensorListReserve" in {each.name for each in found.attempts[-1].needed}
        return
    assert [attempt.allowed for attempt in found.attempts] == list(Support)[: len(found.attempts)]
    if right.support == "cannot":
        assert not any(attempt.is_done for attempt in found.attempts)
        assert found.model is None
        return
    last = found.attempts[-1]
    assert last.is_done
    assert last.allowed is Support(right.support)
    if variant.network.is_named:
        assert sorted({each.name for each in last.needed}) == sorted(right.needed)
    if right.support == "builtin":
        if made.inputs and not (variant.is_first and variant.network.is_refused):
            assert_same_answers(made, found)
        # What a graph keeps of an input that is reduced is its own affair.
        moot = {"RESHAPE"} if stored == "saved_model" else set()
        assert operators(found) - moot == set(right.operators) - moot
    else:
        assert found.model is None


@pytest.mark.parametrize("variant", told_apart(FIRST))
def test_a_channels_first_network_reconverts_to_its_twin(variant: Variant, convert) -> None:
    right = recorded()[variant.twin.id]
    made, found = convert(variant, form(variant, LAYERED), is_rebuilt=True)

    assert found.attempts[-1].allowed is Support(right.support)
    if right.support == "builtin":
        assert_same_answers(made, found)
        if variant.network.is_twin:
            assert operators(found) == set(right.operators)
    else:
        assert sorted({each.name for each in found.attempts[-1].needed}) == sorted(right.needed)


@pytest.mark.parametrize("variant", told_apart(LOOPS))
def test_a_recurrent_network_reconverts_without_a_loop(variant: Variant, convert) -> None:
    """For int8: in floats a loop is smaller, and TFLM runs it."""
    made, found = convert(variant, form(variant, LAYERED), is_rebuilt=True, quantize="int8")

    assert [attempt.allowed for attempt in found.attempts] == [Support.BUILTIN]
    assert_same_answers(made, found)
    assert "WHILE" not in operators(found)


def operators(found: Converted) -> set[str]:
    assert found.model is not None
    return {node.name for graph in graphs(parse_model(found.model)) for node in graph.nodes}


def assert_same_answers(made: Made, found: Converted) -> None:
    """The model gives what Keras gave, and so does what the worker says of Keras."""
    assert found.model is not None
    count = len(made.inputs[0])
    turned = {
        port.name: [in_order(values[i : i + 1], port) for i in range(count)]
        for port, values in zip(found.network.inputs, made.inputs, strict=True)
    }
    answers = run(found.model, turned)
    assert len(found.reference) == len(made.outputs) == len(found.network.outputs)
    for port, expected, reference in zip(
        found.network.outputs, made.outputs, found.reference, strict=True
    ):
        assert_close(reference.reshape(expected.shape), expected)
        given = np.concatenate(answers[port.name])
        right = np.concatenate([in_order(expected[i : i + 1], port) for i in range(count)])
        assert given.shape == right.shape
        assert_close(given, right)


def in_order(values: Array, port: Port) -> Array:
    return values if port.order is None else values.transpose(port.order)


def assert_close(given: Array, right: Array) -> None:
    if right.dtype.kind not in "fc":
        assert given.tolist() == right.tolist()
        return
    scale = max(float(np.abs(right).max()), 1e-3)
    assert float(np.abs(given - right).max()) <= TOLERANCE * scale


def run(data: bytes, inputs: dict[str, list[Array]]) -> dict[str, list[Array]]:
    """What LiteRT answers, by the names of the signature."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    # Its reference kernels have no ELU, and one for LRN that is wrong.
    kernels = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    found: dict[str, list[Array]] = {}
    for sample in zip(*inputs.values(), strict=True):
        # Anew each time: recurrent layers begin where the last sample ended.
        interpreter = Interpreter(model_content=data, experimental_op_resolver_type=kernels)
        runner = interpreter.get_signature_runner("serving_default")
        for name, value in runner(**dict(zip(inputs, sample, strict=True))).items():
            found.setdefault(name, []).append(value.copy())
    return found
