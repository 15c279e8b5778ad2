"""What the settings of a converter make of a network: our table, and TensorFlow itself."""

from __future__ import annotations

import ast

import pytest

from tests.tensorflow_runs import run_with_tensorflow
from tflint.finding import Location
from tflint.keras.values import UNKNOWN, Choice, Function, Reference, Result, Value
from tflint_rules.layout.converter_settings import Held, Way
from tflint_rules.layout.quantization_mode import Mode, outcome

DEFAULT = "optimizations = [tf.lite.Optimize.DEFAULT]"
SIZE = "optimizations = [tf.lite.Optimize.OPTIMIZE_FOR_SIZE]"
LATENCY = "optimizations = {tf.lite.Optimize.OPTIMIZE_FOR_LATENCY}"
SPARSITY = "optimizations = [tf.lite.Optimize.EXPERIMENTAL_SPARSITY]"
DATA = "representative_dataset = samples"
NO_DATA = "representative_dataset = None"
IO8 = ("inference_input_type = tf.int8", "inference_output_type = tf.int8")
IN8 = IO8[:1]
IOU8 = ("inference_input_type = tf.uint8", "inference_output_type = tf.uint8")
IO16 = ("inference_input_type = tf.int16", "inference_output_type = tf.int16")
BUILTINS = "target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]"
INT8 = "target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]"
INT8_OR_FLOAT = (
    "target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8, "
    "tf.lite.OpsSet.TFLITE_BUILTINS]"
)
SELECT = (
    "target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]"
)
INT8_SELECT = (
    "target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8, "
    "tf.lite.OpsSet.SELECT_TF_OPS]"
)
INT16X8 = (
    "target_spec.supported_ops = "
    "[tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8]"
)
FLOAT16 = "target_spec.supported_types = [tf.float16]"
TYPE8 = "target_spec.supported_types = [tf.int8]"
SPEC8 = "target_spec = tf.lite.TargetSpec(supported_ops=[tf.lite.OpsSet.TFLITE_BUILTINS_INT8])"
SPEC16 = "target_spec = tf.lite.TargetSpec(supported_types=[tf.float16])"

FLOAT, HYBRID, RAISES = Mode.FLOAT, Mode.DYNAMIC_RANGE, Mode.RAISES
TABLE: list[tuple[tuple[str, ...], Mode]] = [
    ((), FLOAT),
    ((SPARSITY,), FLOAT),
    ((SELECT,), FLOAT),
    ((DATA,), FLOAT),
    ((FLOAT16,), FLOAT),
    ((INT8, DATA), FLOAT),
    ((INT16X8, DATA), FLOAT),
    ((DEFAULT, "optimizations = []"), FLOAT),
    ((DEFAULT, "target_spec.supported_types = [tf.float32]"), FLOAT),
    ((DEFAULT, DATA, "target_spec.supported_types = [tf.float32]"), FLOAT),
    ((DEFAULT, DATA, "target_spec.supported_types = [tf.uint8]"), FLOAT),
    ((DEFAULT, "target_spec.supported_types = [tf.bfloat16]"), FLOAT),
    ((DEFAULT, DATA, "target_spec.supported_types = [tf.int16]"), FLOAT),
    (("optimizations = ['DEFAULT']",), FLOAT),
    ((DEFAULT,), HYBRID),
    ((SIZE,), HYBRID),
    ((LATENCY,), HYBRID),
    ((DEFAULT, NO_DATA), HYBRID),
    ((DEFAULT, SELECT), HYBRID),
    ((DEFAULT, INT16X8), HYBRID),
    ((DEFAULT, "target_spec.supported_types = [tf.float16, tf.int8]"), HYBRID),
    ((DEFAULT, FLOAT16), Mode.FLOAT16),
    ((DEFAULT, FLOAT16, DATA), Mode.FLOAT16),
    ((DEFAULT, SPEC16), Mode.FLOAT16),
    ((DEFAULT, "target_spec.supported_types = [tf.float16, tf.float32]"), Mode.FLOAT16),
    ((DEFAULT, DATA), Mode.INT8),
    ((DEFAULT, DATA, INT8), Mode.INT8),
    ((DEFAULT, DATA, SPEC8), Mode.INT8),
    ((DEFAULT, DATA, TYPE8), Mode.INT8),
    ((DEFAULT, DATA, INT8, *IO8), Mode.INT8),
    ((DEFAULT, DATA, *IO8), Mode.INT8),
    ((DEFAULT, DATA, *IOU8), Mode.INT8),
    ((DEFAULT, DATA, INT8_SELECT, *IO8), Mode.INT8),
    ((DEFAULT, DATA, INT8_OR_FLOAT, *IO8), Mode.INT8),
    ((DEFAULT, DATA, "target_spec.supported_types = [tf.int8, tf.float16]"), Mode.INT8),
    ((DEFAULT, DATA, INT16X8), Mode.INT16X8),
    ((DEFAULT, DATA, INT16X8, *IO16), Mode.INT16X8),
    (IO8, RAISES),
    ((DATA, *IO8), RAISES),
    ((DATA, INT8, *IO8), RAISES),
    ((DEFAULT, *IN8), RAISES),
    ((DEFAULT, *IO8), RAISES),
    ((INT8,), RAISES),
    ((DEFAULT, INT8), RAISES),
    ((DEFAULT, INT8_OR_FLOAT), RAISES),
    ((DEFAULT, INT8_SELECT), RAISES),
    ((DEFAULT, TYPE8), RAISES),
    ((DEFAULT, SPEC8), RAISES),
    ((TYPE8,), RAISES),
    ((DEFAULT, DATA, INT8, FLOAT16), RAISES),
    ((DEFAULT, FLOAT16, *IN8), RAISES),
    ((DEFAULT, DATA, INT16X8, *IO8), RAISES),
    ((DEFAULT, DATA, *IO16), RAISES),
    ((DEFAULT, DATA, "inference_input_type = tf.int32"), RAISES),
]
every_row = pytest.mark.parametrize(
    ("settings", "mode"), TABLE, ids=[", ".join(settings) or "nothing" for settings, _ in TABLE]
)

# Converts a small network with each row of settings and says what became of it.
SCRIPT = """\
import json, sys, warnings
import numpy as np, tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema

NAMES = {v: k for k, v in vars(schema.TensorType).items() if isinstance(v, int)}
network = tf.keras.Sequential([tf.keras.Input((32,), batch_size=1), tf.keras.layers.Dense(64)])

def samples():
    yield [np.linspace(-1, 1, 32, dtype=np.float32)[None]]

def kind(data):
    graph = schema.ModelT.InitFromPackedBuf(data, 0).subgraphs[0]
    for operator in graph.operators:
        types = [NAMES[graph.tensors[i].type] for i in operator.inputs]
        if types[0] == "FLOAT16":
            return "float16"
        if len(types) > 1:
            return types[0] + " " + types[1]

found = []
for settings in json.load(sys.stdin):
    converter = tf.lite.TFLiteConverter.from_keras_model(network)
    try:
        for setting in settings:
            exec("converter." + setting)
        found.append(kind(converter.convert()))
    except Exception as error:
        found.append(f"{type(error).__name__}: {error}")
print()
print(json.dumps(found))
"""
KINDS = {
    "FLOAT32 FLOAT32": Mode.FLOAT,
    "FLOAT32 INT8": Mode.DYNAMIC_RANGE,
    "float16": Mode.FLOAT16,
    "INT8 INT8": Mode.INT8,
    "INT16 INT8": Mode.INT16X8,
}


def value(node: ast.expr) -> Value:
    """An expression as rules see it."""
    if isinstance(node, ast.Constant):
        assert not isinstance(node.value, type(...))
        return node.value
    if isinstance(node, ast.List | ast.Set):
        return tuple(map(value, node.elts))
    if isinstance(node, ast.Call):
        keywords = {keyword.arg or "": value(keyword.value) for keyword in node.keywords}
        return Result(ast.unparse(node.func).replace("tf.", "tensorflow."), keywords=keywords)
    if isinstance(node, ast.Name):
        return Function(node.id, Location(line=1), is_generator=True)
    path = ast.unparse(node)
    return Reference(path.replace("tf.", "tensorflow.").replace("np.", "numpy."))


def way(*settings: str, is_tf1: bool = False) -> Way:
    """The way of a conversion after these settings."""
    held = {}
    for setting in settings:
        name, _, text = setting.partition(" = ")
        held[name] = Held(value(ast.parse(text, mode="eval").body))
    return Way(held, {}, is_tf1)


@every_row
def test_mode_of_settings(settings: tuple[str, ...], mode: Mode) -> None:
    found = outcome(way(*settings))

    assert found is not None
    assert found.mode is mode


def test_tensorflow_agrees_with_every_row() -> None:
    results = run_with_tensorflow(SCRIPT, [list(settings) for settings, _ in TABLE])

    wrong = []
    for (settings, mode), result in zip(TABLE, results, strict=True):
        expected = outcome(way(*settings))
        assert expected is not None
        agrees = KINDS.get(result, RAISES) is mode
        # Its words are quoted in messages, but for lists that depend on the version.
        if mode is RAISES and "must be in" not in expected.error:
            agrees = agrees and expected.error in result.replace("thus ", "")
        if not agrees:
            wrong.append((settings, mode, result))
    assert wrong == []


@pytest.mark.parametrize(
    ("settings", "mode"),
    [
        (("post_training_quantize = True",), HYBRID),
        ((DEFAULT,), HYBRID),
        ((DEFAULT, *IO8), HYBRID),
        ((DEFAULT, DATA, *IO8), Mode.INT8),
        (("post_training_quantize = False",), FLOAT),
    ],
)
def test_tensorflow_1_quantises_by_another_name_and_ignores_integer_edges(
    settings: tuple[str, ...], mode: Mode
) -> None:
    found = outcome(way(*settings, is_tf1=True))

    assert found is not None
    assert found.mode is mode


@pytest.mark.parametrize(
    "settings",
    [
        ("inference_type = tf.uint8", "quantized_input_stats = {}"),
        ("inference_type = tf.uint8",),
    ],
)
def test_what_tensorflow_1_trains_quantised_is_not_judged(settings: tuple[str, ...]) -> None:
    held = {setting.partition(" = ")[0]: Held("given") for setting in settings}

    assert outcome(Way(held, {}, is_tf1=True)) is None


@pytest.mark.parametrize(
    ("name", "unknown"),
    [
        ("optimizations", UNKNOWN),
        ("optimizations", Choice((None, ()))),
        ("optimizations", (UNKNOWN,)),
        ("representative_dataset", UNKNOWN),
        ("representative_dataset", Choice((None, Function("samples", Location(line=1))))),
        ("target_spec", UNKNOWN),
        ("target_spec.supported_types", UNKNOWN),
        ("target_spec.supported_types", (Reference("numpy.float16"),)),
        ("target_spec.supported_ops", UNKNOWN),
    ],
)
def test_nothing_is_made_of_what_is_not_known(name: str, unknown: Value) -> None:
    held = {**way(DEFAULT, DATA).held, name: Held(unknown)}

    assert outcome(Way(held, {})) is None
