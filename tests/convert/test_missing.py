"""What the converter's errors say, read without a converter."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from tflint.convert.request import Fault, Needed, Place, Support
from tflint.convert.tensorflow import missing
from tflint.convert.tensorflow.missing import from_errors, from_model, raised, reason
from tflint.model.builder import ModelBuilder
from tflint.model.writer import write_model

OWN = missing.__file__
KERAS = "/env/lib/python3.11/site-packages/keras/src/layers/layer.py"
KNOWN = {"psi": Place("psi", "Lambda", "net.py", 4), "memory": Place("memory", "LSTM")}
_FLEX, _CUSTOM = 1, 2


def _call(name: str = "", path: str = "", line: int = 0) -> Any:
    return SimpleNamespace(name=name, source=SimpleNamespace(filename=path, line=line))


@dataclass
class _Said:
    """As `ConverterErrorData` of the converter."""

    message: str
    operator_name: str = ""
    error_code: int = 0
    calls: list[Any] = field(default_factory=list)
    ERROR_NEEDS_FLEX_OPS: int = _FLEX
    ERROR_NEEDS_CUSTOM_OPS: int = _CUSTOM

    @property
    def error_message(self) -> str:
        return self.message

    @property
    def operator(self) -> Any:
        return SimpleNamespace(name=self.operator_name)

    @property
    def location(self) -> Any:
        return SimpleNamespace(call=self.calls)


class ConverterError(Exception):
    def __init__(self, text: str, *errors: _Said) -> None:
        super().__init__(text)
        self.errors = list(errors)


def _digamma(*calls: Any, code: int = _CUSTOM) -> _Said:
    message = (
        "'tf.Digamma' op is neither a custom op nor a flex op\n"
        'see current operation: %1 = "tf.Digamma"(%0) {device = ""} : '
        "(tensor<1x8xf32>) -> tensor<1x8xf32>\nError code: ERROR_NEEDS_CUSTOM_OPS"
    )
    return _Said(message, "tf.Digamma", code, list(calls))


def test_an_operator_its_support_its_layer_and_its_types() -> None:
    error = ConverterError("long", _digamma(_call("net/psi/Digamma@__inference_1")))
    needed, faults = from_errors(error, KNOWN, {})
    assert needed == (
        Needed(
            "Digamma",
            Support.CUSTOM,
            KNOWN["psi"],
            detail='{device = ""} : (tensor<1x8xf32>) -> tensor<1x8xf32>',
        ),
    )
    assert faults == ()
    assert reason(error) == "no builtin operators for Digamma"


def test_the_same_at_the_same_place_is_counted() -> None:
    place = _call("net/psi/Digamma")
    other = _call("net/memory/Digamma")
    error = ConverterError("", _digamma(place), _digamma(place), _digamma(other, code=_FLEX))
    needed, _ = from_errors(error, KNOWN, {})
    assert [(each.count, each.support, each.place.layer) for each in needed] == [
        (2, Support.CUSTOM, "psi"),
        (1, Support.SELECT, "memory"),
    ]


def test_the_innermost_line_of_the_users_behind_tflints_own() -> None:
    calls = [
        _call("net/psi/Digamma@f", "/home/me/run.py", 3),  # who started tflint
        _call("", OWN, 70),
        _call("", KERAS, 1000),
        _call("", "/home/me/net.py", 12),
        _call("", KERAS, 120),
        _call("", "/home/me/net.py", 5),
        _call("PartitionedCall@g", "/home/me/run.py", 9),
        _call("", "/home/me/other.py", 99),
    ]
    needed, _ = from_errors(ConverterError("", _digamma(*calls)), KNOWN, {})
    assert needed[0].place == Place("psi", "Lambda", "/home/me/net.py", 5)


def test_a_function_has_the_layer_of_its_call() -> None:
    calls = [_call("Digamma@standard_lstm"), _call("net/memory/PartitionedCall@f")]
    needed, _ = from_errors(ConverterError("", _digamma(*calls)), KNOWN, {})
    assert needed[0].place == KNOWN["memory"]


def test_scopes_are_those_of_the_layers() -> None:
    calls = [_call("net_1/psi_1_2/Digamma")]
    error = ConverterError("", _digamma(*calls))
    needed, _ = from_errors(error, KNOWN, {"net_1/psi_1_2": "net/psi"})
    assert needed[0].place == KNOWN["psi"]


def test_what_no_operators_help_against_is_a_fault() -> None:
    said = _Said("'tf.Transpose' op x should be of the same rank\nmore", "tf.BiasAdd", 7)
    needed, faults = from_errors(ConverterError("text", said), KNOWN, {})
    assert needed == ()
    assert faults == (Fault("BiasAdd", detail="'tf.Transpose' op x should be of the same rank"),)


def test_lists_in_the_text_alone() -> None:
    text = "Some ops are not supported\nTF Select ops: Erf, Cholesky\nCustom ops: Digamma\nDetails"
    needed, faults = from_errors(ConverterError(text), KNOWN, {})
    assert [(each.name, each.support) for each in needed] == [
        ("Erf", Support.SELECT),
        ("Cholesky", Support.SELECT),
        ("Digamma", Support.CUSTOM),
    ]
    assert faults == ()


def test_an_error_without_any_operator() -> None:
    needed, faults = from_errors(ValueError("not a shape\nmore"), KNOWN, {})
    assert needed == ()
    assert faults == (Fault("conversion", detail="ValueError: not a shape"),)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "RuntimeError"),
        ("\n\n  not today\nagain", "RuntimeError: not today"),
        (
            "Exception encountered when calling layer 'x' (type R).\n\nnot today\n\nCall arguments",
            "RuntimeError: not today",
        ),
        (
            'in user code:\n\n    File "/home/me/net.py", line 3, in call\n        boom()\n\n'
            "    ValueError: inside\n",
            "RuntimeError: inside",
        ),
        ("x" * 5000, "RuntimeError: " + "x" * 600),
        ("A first sentence. " + "And advice. " * 40, "RuntimeError: A first sentence."),
    ],
)
def test_reasons_are_one_line(text: str, expected: str) -> None:
    assert reason(RuntimeError(text)) == expected


def test_steps_of_recurrent_layers_in_lists() -> None:
    said = _Said("Lowering tensor list ops is failed. Please consider", "tf.TensorListReserve", 3)
    assert "TensorListReserve" in reason(ConverterError("", said))
    assert "Please consider" not in reason(ConverterError("", said))


def test_the_layer_that_raised() -> None:
    class Layer:
        name = "odd"

        def call(self) -> None:
            raise ValueError("inside")

    class Other:
        def __getattr__(self, name: str) -> Any:
            raise RuntimeError("do not touch")

        def run(self, layer: Layer) -> None:
            layer.call()

    try:
        Other().run(Layer())
    except ValueError as error:
        found = raised(error)
    assert found.operator == ""
    assert (found.place.layer, found.place.kind) == ("odd", "Layer")
    assert found.place.path == __file__
    assert found.detail == "ValueError: inside"


def test_lines_of_autograph_are_in_the_message() -> None:
    text = 'in user code:\n\n    File "/home/me/net.py", line 31, in call\n    ValueError: no\n'
    assert raised(ValueError(text)).place == Place(path="/home/me/net.py", line=31)


def _with_custom(*names: str, scope: str = "net/psi/") -> bytes:
    model = ModelBuilder()
    x = model.input((1, 4))
    for name in names:
        y = model.tensor((1, 4), name=f"{scope}{name}")
        model.operator(name, [x], [y])
        x = y
    model.output(x)
    return write_model(model.build())


def test_operators_of_a_result() -> None:
    found = from_model(_with_custom("FlexErf", "Digamma", "FlexErf"), KNOWN, {}, ())
    assert [(each.name, each.support, each.count, each.place.layer) for each in found] == [
        ("Erf", Support.SELECT, 2, "psi"),
        ("Digamma", Support.CUSTOM, 1, "psi"),
    ]


def test_places_of_a_result_are_those_that_the_attempt_before_named() -> None:
    here, there = Place("a", "A", "net.py", 1), Place("b", "B", "net.py", 2)
    before = [Needed("Erf", Support.SELECT, here), Needed("Erf", Support.SELECT, there)]
    found = from_model(_with_custom("FlexErf", "FlexErf"), KNOWN, {}, before)
    assert [each.place for each in found] == [here, there]


def test_lists_of_a_function_are_those_of_the_layer_that_failed() -> None:
    data = _with_custom("FlexTensorListReserve", "FlexTensorListStack", "FlexErf", scope="")
    fault = Fault("TensorListReserve", KNOWN["memory"])
    found = from_model(data, KNOWN, {}, [fault])
    assert [(each.name, each.place.layer) for each in found] == [
        ("TensorListReserve", "memory"),
        ("TensorListStack", "memory"),
        ("Erf", None),
    ]
    # Of two layers nobody knows which.
    other = Fault("TensorListReserve", KNOWN["psi"])
    assert {each.place for each in from_model(data, KNOWN, {}, [fault, other])} == {Place()}
