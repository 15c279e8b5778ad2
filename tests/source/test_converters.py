"""Converters: the settings in force at each `.convert()`."""

# Programs on one line each are easier to compare than to read.
# ruff: noqa: E501

from __future__ import annotations

import pytest

from tests.source.facts_text import facts, place
from tflint.keras.facts import Conversion
from tflint.keras.values import UNKNOWN, Function, Reference, Result, Value

HEAD = "import tensorflow as tf, numpy as np\n"
NEW = "c = tf.lite.TFLiteConverter.from_saved_model('m')\n"
DEFAULT = "tensorflow.lite.Optimize.DEFAULT"


def conversions(text: str) -> tuple[Conversion, ...]:
    return facts(HEAD + text).conversions


def texts(value: Value) -> object:
    """A value with references as their paths."""
    if isinstance(value, tuple):
        return tuple(texts(each) for each in value)
    return value.path if isinstance(value, Reference | Result) else value


def settings(conversion: Conversion) -> dict[str, list[object]]:
    return {
        name: [texts(value) for value in setting.values]
        for name, setting in conversion.settings.items()
    }


WRITTEN = {
    "assignment": "c.optimizations = [tf.lite.Optimize.DEFAULT]",
    "set": "c.optimizations = {tf.lite.Optimize.DEFAULT}",
    "variable": "o = [tf.lite.Optimize.DEFAULT]\nc.optimizations = o",
    "append": "c.optimizations = []\nc.optimizations.append(tf.lite.Optimize.DEFAULT)",
    "append to nothing": "c.optimizations.append(tf.lite.Optimize.DEFAULT)",
    "plus": "c.optimizations = []\nc.optimizations += [tf.lite.Optimize.DEFAULT]",
    "setattr": "setattr(c, 'optimizations', [tf.lite.Optimize.DEFAULT])",
    "function": "def set_up(x):\n    x.optimizations = [tf.lite.Optimize.DEFAULT]\nset_up(c)",
    "alias": "d = c\nd.optimizations = [tf.lite.Optimize.DEFAULT]",
    "overwritten": "c.optimizations = []\nc.optimizations = [tf.lite.Optimize.DEFAULT]",
    "loop": "for _ in range(1):\n    c.optimizations = [tf.lite.Optimize.DEFAULT]",
    "both branches": "if x:\n    c.optimizations = [tf.lite.Optimize.DEFAULT]\nelse:\n    c.optimizations = [tf.lite.Optimize.DEFAULT]",
}


@pytest.mark.parametrize("text", WRITTEN.values(), ids=WRITTEN.keys())
def test_settings_however_they_are_written(text: str) -> None:
    (conversion,) = conversions(f"{NEW}{text}\nc.convert()")
    assert settings(conversion) == {"optimizations": [(DEFAULT,)]}
    assert conversion.settings["optimizations"].is_surely_set
    assert not conversion.may_have_other_settings


@pytest.mark.parametrize(
    ("text", "constructor"),
    [
        ("tf.lite.TFLiteConverter.from_keras_model(m)", "from_keras_model"),
        ("tf.lite.TFLiteConverter.from_saved_model('d')", "from_saved_model"),
        ("tf.lite.TFLiteConverter.from_keras_model_file('f.h5')", "from_keras_model_file"),
        ("tf.compat.v1.lite.TFLiteConverter.from_session(s, i, o)", "from_session"),
        ("tf.contrib.lite.TocoConverter.from_session(s, i, o)", "from_session"),
        ("tf.lite.TFLiteConverter(g, i, o)", "TFLiteConverter"),
    ],
)
def test_constructors(text: str, constructor: str) -> None:
    (conversion,) = conversions(f"c = {text}\nx = c.convert()")
    assert conversion.constructor.endswith(f".{constructor}")
    assert place(conversion.constructor_location) == (2, 5)
    assert place(conversion.location) == (3, 5)
    assert settings(conversion) == {}


def test_convert_at_once() -> None:
    (conversion,) = conversions("x = tf.lite.TFLiteConverter.from_saved_model('m').convert()")
    assert conversion.subject is not None
    assert conversion.subject.value == "m"
    (conversion,) = conversions("x = tf.contrib.lite.toco_convert(g, i, o)")
    assert conversion.constructor == "tensorflow.contrib.lite.toco_convert"


def test_each_convert_has_the_settings_it_is_run_with() -> None:
    found = conversions(
        NEW + "c.convert()\nc.optimizations = [tf.lite.Optimize.DEFAULT]\nc.convert()\n"
        "c.target_spec.supported_ops = [tf.lite.OpsSet.SELECT_TF_OPS]\nc.convert()\n"
        "c.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]\nc.allow_custom_ops = True\nc.convert()"
    )
    assert [settings(each) for each in found] == [
        {},
        {"optimizations": [(DEFAULT,)]},
        {
            "optimizations": [(DEFAULT,)],
            "target_spec.supported_ops": [("tensorflow.lite.OpsSet.SELECT_TF_OPS",)],
        },
        {
            "optimizations": [(DEFAULT,)],
            "target_spec.supported_ops": [("tensorflow.lite.OpsSet.TFLITE_BUILTINS",)],
            "allow_custom_ops": [True],
        },
    ]
    assert place(found[1].settings["optimizations"].locations[0]) == (4, 1)
    assert place(found[1].settings["optimizations"].origins[0]) == (4, 19)


def test_branches_leave_several_values() -> None:
    (conversion,) = conversions(
        NEW + "if x:\n    c.allow_custom_ops = True\n    c.inference_input_type = tf.int8\n"
        "else:\n    c.allow_custom_ops = False\nc.convert()"
    )
    assert settings(conversion) == {
        "allow_custom_ops": [True, False],
        "inference_input_type": ["tensorflow.int8"],
    }
    assert conversion.settings["allow_custom_ops"].is_surely_set
    assert not conversion.settings["inference_input_type"].is_surely_set


def test_a_target_spec_made_apart() -> None:
    (conversion,) = conversions(
        NEW
        + "c.target_spec = tf.lite.TargetSpec(supported_ops=[tf.lite.OpsSet.SELECT_TF_OPS])\nc.convert()"
    )
    assert settings(conversion) == {
        "target_spec.supported_ops": [("tensorflow.lite.OpsSet.SELECT_TF_OPS",)]
    }


def test_code_that_is_not_known_may_set_anything() -> None:
    (conversion,) = conversions(f"from mine import set_up\n{NEW}set_up(c)\nc.convert()")
    assert conversion.may_have_other_settings


def test_a_converter_of_an_object() -> None:
    (conversion,) = conversions(
        "class Q:\n    def __init__(self, m):\n        self.c = tf.lite.TFLiteConverter.from_keras_model(m)\n"
        "        self.c.optimizations = [tf.lite.Optimize.DEFAULT]\n"
        "    def run(self):\n        return self.c.convert()\n"
    )
    assert settings(conversion) == {"optimizations": [(DEFAULT,)]}


def test_converters_that_are_not_known_are_none() -> None:
    assert conversions("def f(c):\n    c.optimizations = []\n    return c.convert()") == ()
    assert conversions("import onnx\nonnx.converter().convert()") == ()


def dataset(text: str) -> Function:
    (conversion,) = conversions(f"{text}\n{NEW}c.representative_dataset = rep\nc.convert()")
    (value,) = conversion.settings["representative_dataset"].values
    assert isinstance(value, Function)
    return value


def test_what_a_representative_dataset_yields() -> None:
    found = dataset(
        "def rep():\n    for _ in range(100):\n        yield [np.random.rand(1, 32).astype(np.float32)]"
    )
    assert found.is_generator
    assert found.results is not None
    assert texts(found.results[0]) == ("numpy.random.rand().astype",)
    assert place(found.location) == (2, 1)


def test_a_dataset_that_reads_something_is_not_random() -> None:
    found = dataset("def rep():\n    for x in images:\n        yield [x]")
    assert found.results == ((UNKNOWN,),)


def test_a_dataset_that_returns() -> None:
    found = dataset("rep = lambda: [np.zeros((1, 4))]")
    assert texts(found.results or ()) == (("numpy.zeros",),)


def test_an_object_that_can_be_called_is_a_data_set() -> None:
    found = dataset(
        "class Data:\n    def __call__(self):\n        yield [np.ones((1, 8))]\nrep = Data()"
    )
    assert found.is_generator
    assert texts(found.results[0] if found.results else ()) == ("numpy.ones",)
