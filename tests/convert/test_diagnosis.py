"""The diagnosis: every operator with its class, its layer and line, its cost and the way out."""

from __future__ import annotations

import re

import pytest

from tests.convert.diagnosed_runs import SOURCE, converted, line_of, recorded, runs
from tflint.convert.builtin_ways import way_of
from tflint.convert.diagnosis import diagnose
from tflint.convert.request import Attempt, Fault, Needed, Network, Place, Support
from tflint.convert.worker_process import Converted
from tflint.report.conversion_text import render_conversion
from tflint.report.convert_result import Conversion, OperatorDiagnosis
from tflint.report.style import plain
from tflint.target.target import find_target

TFLM = find_target("tflm")
LITERT = find_target("litert")
BOTH = ("keras", "tf_keras")

# Network, in which Keras, operators with what they need, layer, its class, and what the way says.
CASES = [
    ("numbered_layers", BOTH, {"Digamma": "custom"}, "psi_1", "Lambda", "asymptotic"),
    ("nested_layer", BOTH, {"Cholesky": "select"}, "distance", "Distance", "cholesky"),
    ("shared_layer", BOTH, {"Erf": "select"}, "erf", "Lambda", "Abramowitz"),
    ("strings", BOTH, {"LookupTableFindV2": "select"}, "look", "StringLookup", "tf.gather"),
    ("categories", BOTH, {"DenseBincount": "select"}, "count", "CategoryEncoding", "in front of"),
    ("volume", BOTH, {"MaxPool3D": "select"}, "pool", "MaxPooling3D", "pool_3d"),
    ("python_code", BOTH, {"EagerPyFunc": "custom"}, "python", "Lambda", "keras.ops"),
    (
        "seeded_noise",
        BOTH,
        {"StatelessRandomNormalV2": "select", "StatelessRandomGetKeyCounter": "select"},
        "noise",
        "Lambda",
        "training=True",
    ),
    ("doubles", BOTH, {"Square": "select"}, "double", "Lambda", "float32"),
    ("cosine_transform", BOTH, {"StridedSlice": "select"}, "dct", "Lambda", "dct"),
    ("subpixels", BOTH, {"DepthToSpace": "select"}, "shuffle", "Lambda", "--reconvert"),
    ("bicubic", BOTH, {"ResizeBicubic": "select"}, "larger", "Resizing", "two constant matrices"),
    (
        "open_recurrence:any",
        BOTH,
        {"TensorListReserve": "select", "TensorListSetItem": "select", "TensorListStack": "select"},
        "memory",
        "LSTM",
        "--batch 1",
    ),
    ("sequence_channels_first", ("keras",), {"BiasAdd": "fails"}, "conv", "Conv1D", "--reconvert"),
    (
        "sequence_channels_first",
        ("tf_keras",),
        {"tfl.squeeze": "fails"},
        "conv",
        "Conv1D",
        "--reconvert",
    ),
    (
        "separable_channels_first",
        ("tf_keras",),
        {"DepthwiseConv2dNative": "select"},
        "separable",
        "SeparableConv2D",
        "--reconvert",
    ),
    ("raises", BOTH, {"Odd": "fails"}, "odd", "Odd", "model(x, training=False)"),
    ("tests_a_tensor", ("keras",), {"Clip": "fails"}, "clip", "Clip", "keras.ops.where"),
]
_PARAMS = [
    pytest.param(f"{keras}:{name}", needs, layer, kind, says, id=f"{keras}-{name}")
    for name, kerases, needs, layer, kind, says in CASES
    for keras in kerases
]


def _check(run: dict, needs: dict, layer: str, kind: str, says: str, line: int) -> None:  # type: ignore[type-arg]
    for target in (TFLM, LITERT):
        found = [one for one in diagnose(converted(run), target) if one.support != "builtin"]
        assert {one.name: one.support for one in found} == needs
        for one in found:
            assert (one.layer, one.layer_class) == (layer, kind)
            assert (one.path, one.line) == (SOURCE.name, line)
            assert says in one.way
            assert one.cost


@pytest.mark.parametrize(("title", "needs", "layer", "kind", "says"), _PARAMS)
def test_each_operator_is_named_with_layer_line_and_way(
    title: str, needs: dict[str, str], layer: str, kind: str, says: str
) -> None:
    name = title.split(":")[1]
    _check(recorded()[title], needs, layer, kind, says, line_of(name))


@pytest.mark.slow
@pytest.mark.parametrize(("title", "needs", "layer", "kind", "says"), _PARAMS)
def test_tensorflow_says_the_same_today(
    title: str, needs: dict[str, str], layer: str, kind: str, says: str
) -> None:
    name = title.split(":")[1]
    _check(runs()[title], needs, layer, kind, says, line_of(name))


@pytest.mark.slow
@pytest.mark.parametrize("keras", BOTH)
def test_names_and_their_order_are_those_of_the_network(keras: str) -> None:
    from tflint.model.reader import parse_model

    found = converted(runs()[f"{keras}:dictionary"]).model
    assert found is not None
    model = parse_model(found)
    main = model.subgraphs[0]
    assert [main.tensors[i].name for i in main.inputs] == ["z late", "a"]
    assert len(model.signature_defs) == 1
    entry = model.signature_defs[0]
    assert entry.signature_key == "serving_default"
    assert [(each.name, each.tensor_index) for each in entry.inputs] == list(
        zip(["z late", "a"], main.inputs, strict=True)
    )
    by_name = {each.name: main.tensors[each.tensor_index].shape for each in entry.outputs}
    assert by_name == {"first": (1, 3), "second": (1, 2)}


@pytest.mark.slow
@pytest.mark.parametrize("keras", BOTH)
def test_a_network_of_builtins_has_one_attempt_and_no_diagnosis(keras: str) -> None:
    run = converted(runs()[f"{keras}:plain"])
    assert [attempt.error for attempt in run.attempts] == [None]
    assert diagnose(run, TFLM) == ()


@pytest.mark.slow
def test_a_loop_of_keras_3_is_the_layers() -> None:
    found = diagnose(converted(runs()["keras:open_recurrence"]), TFLM)
    assert [(one.name, one.support, one.layer, one.layer_class) for one in found] == [
        ("WHILE", "builtin", "memory", "LSTM")
    ]
    assert "UNIDIRECTIONAL_SEQUENCE_LSTM" in found[0].way
    # tf-keras fuses it by itself.
    assert diagnose(converted(runs()["tf_keras:open_recurrence"]), TFLM) == ()


@pytest.mark.slow
@pytest.mark.parametrize("keras", BOTH)
def test_a_state_begins_at_zero_whatever_the_network_saw_before(keras: str) -> None:
    from tflint.model.graph import graphs
    from tflint.model.reader import parse_model

    data = converted(runs()[f"{keras}:keeps_state"]).model
    assert data is not None
    begins = [
        node.inputs[1]
        for graph in graphs(parse_model(data))
        for node in graph.nodes
        if node.name == "ASSIGN_VARIABLE" and node.inputs[1] is not None
    ]
    constants = [value.data for value in begins if value.data is not None]
    assert len(constants) == 2
    assert not any(any(bytes(each)) for each in constants)


@pytest.mark.slow
def test_transposes_are_those_of_the_layers() -> None:
    found = diagnose(converted(runs()["keras:separable_channels_first"]), TFLM)
    assert {(one.name, one.support, one.layer) for one in found} == {
        ("TRANSPOSE", "builtin", "separable")
    }
    # (1, 3, 8, 8) in, (1, 4, 6, 6) out, of float32.
    assert "copies 1.3 KiB" in found[0].cost
    assert "--reconvert" in found[0].way


def _text(operators: tuple[OperatorDiagnosis, ...]) -> str:
    conversion = Conversion("keras 3", operators=operators, has_result=False)
    return plain(render_conversion(conversion))


@pytest.mark.parametrize("title", [param.values[0] for param in _PARAMS])
def test_the_text_names_operator_class_layer_line_and_way(title: str) -> None:
    found = diagnose(converted(recorded()[title]), TFLM)
    text = re.sub(r"\s+", " ", _text(found))
    for one in found:
        assert one.name in text
        assert one.support in text
        assert f"`{one.layer}` ({one.layer_class})" in text
        assert f"{one.path}:{one.line}" in text
        assert re.sub(r"\s+", " ", one.way)[:60] in text
    assert "\x1b" not in text


def _missing(name: str, support: Support, **place: str) -> Converted:
    needed = Needed(name, support, Place(**place))
    return Converted(Network("keras 3"), (Attempt(Support.BUILTIN, "no", (needed,)),))


def test_what_it_costs_depends_on_the_target() -> None:
    select = _missing("Erf", Support.SELECT)
    assert "cannot run TensorFlow operators" in diagnose(select, TFLM)[0].cost
    assert "tens of megabytes" in diagnose(select, LITERT)[0].cost
    custom = _missing("Digamma", Support.CUSTOM)
    assert "in C++" in diagnose(custom, TFLM)[0].cost
    assert "--fallback custom" in diagnose(custom, LITERT)[0].cost
    own = _missing("SignalRfft", Support.CUSTOM)
    assert "brings a kernel of this name along" in diagnose(own, TFLM)[0].cost


def test_the_batch_of_a_saved_model_is_another_matter() -> None:
    lists = Needed("TensorListReserve", Support.SELECT)

    assert "--batch 1" in way_of(lists, "keras 3.15.1")
    assert "convert the .keras or .h5 archive" in way_of(lists, "SavedModel")


def test_an_operator_that_no_way_is_known_of_has_a_general_one() -> None:
    (found,) = diagnose(_missing("NeverHeardOf", Support.CUSTOM), TFLM)
    assert "application" in found.way


def test_faults_count_only_where_nothing_came_to_an_end() -> None:
    fault = Fault("Const", detail="failed")
    failed = Attempt(Support.BUILTIN, "failed", faults=(fault,))
    alone = Converted(Network("keras 3"), (failed,))
    assert [one.support for one in diagnose(alone, TFLM)] == ["fails"]
    assert diagnose(Converted(Network("keras 3"), (failed, Attempt(Support.SELECT))), TFLM) == ()


def test_the_worst_comes_first() -> None:
    needed = tuple(Needed(name, Support(name)) for name in ("select", "custom"))
    run = Converted(Network("keras 3"), (Attempt(Support.BUILTIN, "no", needed),))
    assert [one.support for one in diagnose(run, TFLM)] == ["custom", "select"]


def test_later_attempts_add_what_the_first_did_not_name() -> None:
    place = Place("layer", "Lambda", "model.py", 3)
    first = Attempt(Support.BUILTIN, "no", (Needed("Erf", Support.SELECT, place, 2),))
    second = Attempt(
        Support.SELECT, None, (Needed("Erf", Support.SELECT), Needed("Qr", Support.SELECT))
    )
    found = diagnose(Converted(Network("keras 3"), (first, second)), TFLM)
    assert [(one.name, one.count, one.line) for one in found] == [("Erf", 2, 3), ("Qr", 1, None)]
