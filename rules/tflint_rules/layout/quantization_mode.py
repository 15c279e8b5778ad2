"""What the settings of a converter make of a network: float32, float16, hybrid or integers.

The rules are those of `QuantizationMode` in TensorFlow's `lite/python/lite.py`, version 2.21, and
hold for the converter's later options as well; each line was run
(`tests/rules/test_conversions_against_tensorflow.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from tflint.keras.values import Choice, Function, Reference, Result, Unknown, Value
from tflint_rules.layout.converter_settings import (
    DATASET,
    INFERENCE_TYPE,
    INPUT_STATISTICS,
    INPUT_TYPE,
    OPERATORS,
    OPTIMIZATIONS,
    OUTPUT_TYPE,
    POST_TRAINING_QUANTIZE,
    TARGET_OPERATORS,
    TYPES,
    Way,
)

SPEC = "target_spec"
# All settings that `outcome` looks at.
MODE_SETTINGS = (
    OPTIMIZATIONS,
    DATASET,
    OPERATORS,
    TYPES,
    INPUT_TYPE,
    OUTPUT_TYPE,
    POST_TRAINING_QUANTIZE,
    TARGET_OPERATORS,
    INFERENCE_TYPE,
    INPUT_STATISTICS,
    SPEC,
)

SELECT = "SELECT_TF_OPS"
BUILTINS = "TFLITE_BUILTINS"
INT8_ONLY = "TFLITE_BUILTINS_INT8"
INT16X8 = "EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8"
# The last two are deprecated names of the first.
QUANTIZING = ("DEFAULT", "OPTIMIZE_FOR_SIZE", "OPTIMIZE_FOR_LATENCY")

# What TensorFlow 1 called types, `tf.lite.constants`.
_CONSTANTS = {"QUANTIZED_UINT8": "uint8", "FLOAT": "float32"}
_TYPE_BYTES = {
    "int8": 1,
    "uint8": 1,
    "int16": 2,
    "float16": 2,
    "bfloat16": 2,
    "half": 2,
    "int32": 4,
    "float32": 4,
    "int64": 8,
    "float64": 8,
}

NO_DATASET_ERROR = "For full integer quantization, a `representative_dataset` must be specified."
FLOAT_IO_ERROR = "The inference_input_type and inference_output_type must be tf.float32."
TYPES_ERROR = "`target_spec.supported_types` should be left uninitizalized or set to {tf.int8}."


class Mode(Enum):
    """What becomes of a network."""

    FLOAT = "float32"
    FLOAT16 = "float16"
    DYNAMIC_RANGE = "dynamic range"
    INT8 = "int8"
    INT16X8 = "int16 activations and int8 weights"
    # `convert()` raises an exception instead.
    RAISES = "raises"


# The types that inputs and outputs of integer models may have; others take float32 alone.
EDGES = {
    Mode.INT8: frozenset(("float32", "int8", "uint8")),
    Mode.INT16X8: frozenset(("float32", "int16")),
}
_EDGE_ERRORS = {
    mode: "The inference_input_type and inference_output_type must be in "
    f"{sorted(f'tf.{type}' for type in types)}"
    for mode, types in EDGES.items()
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of a network, or what the converter says when it refuses.

    `refused` is what it would have become then.
    """

    mode: Mode
    error: str = ""
    refused: Mode | None = None


@dataclass(frozen=True, slots=True)
class Members:
    """What is known to be in a list; `is_complete` unless there may be more."""

    names: frozenset[str] = frozenset()
    is_complete: bool = True

    def has(self, *names: str) -> bool | None:
        """Whether any of these is in it; None where that is not known."""
        if self.names.intersection(names):
            return True
        return False if self.is_complete else None


def members(value: Value) -> Members:
    """The last parts of the names in a list, such as `DEFAULT` for `tf.lite.Optimize.DEFAULT`."""
    if value is None or isinstance(value, bool | int | float | str):
        return Members()
    items = value if isinstance(value, tuple) else (value,)
    paths = [item.path for item in items if isinstance(item, Reference)]
    # What NumPy calls by these names is not TensorFlow's.
    named = [path for path in paths if not path.startswith("numpy.")]
    others = (item for item in items if not isinstance(item, Reference))
    is_complete = len(named) == len(paths) and not any(
        isinstance(other, Unknown | Choice | Result | Function) for other in others
    )
    return Members(frozenset(map(_last, named)), is_complete)


def _last(path: str) -> str:
    name = path.rpartition(".")[2]
    return _CONSTANTS.get(name, name.lower() if ".constants." in path else name)


def operators(way: Way) -> Members:
    """The operator sets that the converter may use."""
    for name in (OPERATORS, TARGET_OPERATORS):
        if name in way.held:
            return members(way.value(name))
    return _spec_members(way, "OpsSet.") or Members(frozenset((BUILTINS,)))


def types(way: Way) -> Members:
    """The types that constants may have, besides those they have anyway."""
    if TYPES in way.held:
        return members(way.value(TYPES))
    return _spec_members(way, "") or Members()


def _spec_members(way: Way, under: str) -> Members | None:
    """What a `tf.lite.TargetSpec(...)` is given: operator sets, or else types."""
    spec = way.value(SPEC)
    if spec is None:
        return None
    if not isinstance(spec, Result) or not spec.path.endswith("TargetSpec"):
        return Members(is_complete=False)
    for operand in (*spec.operands, *spec.keywords.values()):
        some = members(operand)
        paths = [item.path for item in _items(operand) if isinstance(item, Reference)]
        if not some.is_complete:
            return Members(is_complete=False)
        if paths and all(("OpsSet." in path) is bool(under) for path in paths):
            return some
    return None


def _items(value: Value) -> Iterator[Value]:
    yield from value if isinstance(value, tuple) else (value,)


def type_name(value: Value) -> str | None:
    """The type that a setting names, `float32` for None; None where it is not known."""
    if value is None:
        return "float32"
    return _last(value.path) if isinstance(value, Reference) else None


def optimizes(way: Way) -> bool | None:
    """Whether anything is quantised at all."""
    given = members(way.value(OPTIMIZATIONS)).has(*QUANTIZING)
    if given or not way.is_tf1:
        return given
    old = way.value(POST_TRAINING_QUANTIZE)
    return None if given is None or isinstance(old, Unknown | Choice) else bool(old)


def has_dataset(way: Way) -> bool | None:
    """Whether a representative data set is given."""
    value = way.value(DATASET)
    if isinstance(value, Unknown | Choice):
        return None
    return value is not None


def wants_int8(way: Way) -> bool | None:
    """Whether the converter is told to leave nothing in float, which needs a data set."""
    given = types(way)
    only = given.is_complete and given.names == {"int8"}
    return True if only else operators(way).has(INT8_ONLY)


def has_integer_edges(way: Way) -> bool | None:
    """Whether inputs or outputs are to be integers."""
    edges = [type_name(way.value(name)) for name in (INPUT_TYPE, OUTPUT_TYPE)]
    if any(edge is not None and edge != "float32" for edge in edges):
        return True
    return None if None in edges else False


def outcome(way: Way, *, unknown_dataset: bool | None = None) -> Outcome | None:
    """What becomes of a network that was not trained quantisation-aware; None if not known.

    `unknown_dataset` says what to take a data set for of which nothing is known.
    """
    ops, given, data = operators(way), types(way), has_dataset(way)
    data = unknown_dataset if data is None else data
    quantizes = optimizes(way)
    int8 = wants_int8(way)
    if way.is_tf1 and (
        way.value(INFERENCE_TYPE) is not None or way.value(INPUT_STATISTICS) is not None
    ):
        return None
    if data is None or int8 is None or quantizes is None or not given.is_complete:
        return None
    if int8 and given.names and given.names != {"int8"} and ops.names == {INT8_ONLY}:
        return Outcome(Mode.RAISES, TYPES_ERROR, Mode.INT8)
    if int8 and not data:
        return Outcome(Mode.RAISES, NO_DATASET_ERROR, Mode.INT8)
    mode = _mode(ops, given, data=data, quantizes=quantizes, int8=int8)
    if mode is None or way.is_tf1:
        return None if mode is None else Outcome(mode)
    allowed = EDGES.get(mode, frozenset(("float32",)))
    edges = [type_name(way.value(name)) for name in (INPUT_TYPE, OUTPUT_TYPE)]
    if any(edge is not None and edge not in allowed for edge in edges):
        return Outcome(Mode.RAISES, _EDGE_ERRORS.get(mode, FLOAT_IO_ERROR), mode)
    # Integer models take both kinds of edges; what is not known matters to the others.
    return None if None in edges and mode not in EDGES else Outcome(mode)


def _mode(ops: Members, given: Members, *, data: bool, quantizes: bool, int8: bool) -> Mode | None:
    if not quantizes:
        return Mode.FLOAT
    smallest = min((_TYPE_BYTES.get(name, 0) for name in given.names), default=1)
    takes_int8 = not given.names or "int8" in given.names
    if data and ops.has(INT16X8) is not False:
        return Mode.INT16X8 if ops.has(INT16X8) else None
    if takes_int8:
        allowed = ops.has(BUILTINS, SELECT)
        if not data:
            return Mode.DYNAMIC_RANGE
        return Mode.INT8 if int8 or allowed else (None if allowed is None else Mode.FLOAT)
    return Mode.FLOAT16 if smallest == 2 and "float16" in given.names else Mode.FLOAT
