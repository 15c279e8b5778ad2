"""What the rules on converters find in sources, and what they let pass.

Where a finding is expected, its line ends in `#: CODE severity`, with `?` behind the severity where
its confidence is medium.
"""

from __future__ import annotations

import re
from textwrap import dedent

import pytest

from tflint.finding import Confidence
from tflint.lint.registry import find_rule
from tflint.lint.runner import check_example
from tflint.target.target import find_target

CODES = ("TFL103", "TFL104", "TFL105", "TFL106", "TFL107", "TFL108", "TFL110", "TFL115", "TFL116")
EXPECTED = re.compile(r"#: (.+)$")

HEAD = """\
import numpy as np
import tensorflow as tf

model = tf.keras.Sequential([
    tf.keras.Input((28, 28, 1)),
    tf.keras.layers.Conv2D(8, 3, activation="relu"),
    tf.keras.layers.Flatten(),
    tf.keras.layers.Dense(10),
])
(x_train, _), _ = tf.keras.datasets.mnist.load_data()


def samples():
    for image in x_train[:100]:
        yield [(image[None, ..., None] / 255.0).astype(np.float32)]


"""


def expected(source: str) -> list[tuple[int, str, str]]:
    found = []
    for number, line in enumerate(source.splitlines(), 1):
        match = EXPECTED.search(line)
        for one in match[1].split(", ") if match else ():
            code, severity = one.split()
            found.append((number, code, severity))
    return sorted(found)


def actual(source: str, target: str = "tflm") -> list[tuple[int, str, str]]:
    rules = [rule for code in CODES if (rule := find_rule(code)) is not None]
    assert len(rules) == len(CODES)
    return sorted(
        (
            finding.location.line or 0,
            finding.code,
            finding.severity.value + ("?" if finding.confidence is Confidence.MEDIUM else ""),
        )
        for finding in check_example(source, rules, find_target(target)).findings
    )


SOURCES = {
    "straight to a file": """
        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        with open("model.tflite", "wb") as file:
            file.write(converter.convert())  #: TFL106 error
    """,
    "in one expression": """
        data = tf.lite.TFLiteConverter.from_keras_model(model).convert()  #: TFL105 info
    """,
    "several conversions of one converter": """
        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        open("float.tflite", "wb").write(converter.convert())  #: TFL105 info
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        open("dynamic.tflite", "wb").write(converter.convert())  #: TFL106 error
        converter.representative_dataset = samples
        open("edges.tflite", "wb").write(converter.convert())  #: TFL107 warning
        converter.inference_input_type = tf.int8
        converter.inference_output_type = tf.int8
        open("int8.tflite", "wb").write(converter.convert())
    """,
    "operator sets overwritten before the conversion": """
        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        converter.target_spec.supported_ops = [
            tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS
        ]
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = samples
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.int8
        converter.inference_output_type = tf.int8
        converter.convert()
    """,
    "operator sets of a constant": """
        OPS = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]  #: TFL103 warning
        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        converter.target_spec.supported_ops = OPS
        converter.allow_custom_ops = True  #: TFL104 warning
        converter.convert()  #: TFL105 info
    """,
    "a setting that only one branch writes": """
        import sys

        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if "--calibrate" in sys.argv:
            converter.representative_dataset = samples
        converter.convert()  #: TFL106 warning?, TFL107 warning?
    """,
    "settings that go together in a branch": """
        import sys

        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        if "--int8" in sys.argv:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = samples
            converter.inference_input_type = tf.int8
            converter.inference_output_type = tf.int8
        converter.convert()
    """,
    "settings that go together in a chain of branches": """
        def convert(kind):
            converter = tf.lite.TFLiteConverter.from_keras_model(model)
            if kind == "float16":
                converter.optimizations = [tf.lite.Optimize.DEFAULT]
                converter.target_spec.supported_types = [tf.float16]  #: TFL108 warning?
            elif kind == "int8":
                converter.optimizations = [tf.lite.Optimize.DEFAULT]
                converter.representative_dataset = samples
                converter.inference_input_type = tf.int8
                converter.inference_output_type = tf.int8
            return converter.convert()
    """,
    "settings of two branches on the same condition": """
        import sys

        quantise = "--int8" in sys.argv
        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        if quantise:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if quantise:
            converter.representative_dataset = samples
            converter.inference_input_type = tf.int8
            converter.inference_output_type = tf.int8
        converter.convert()
    """,
    "a loop over kinds": """
        for kind in (None, "float16", "int8"):
            converter = tf.lite.TFLiteConverter.from_keras_model(model)
            if kind == "float16":
                converter.optimizations = [tf.lite.Optimize.DEFAULT]
                converter.target_spec.supported_types = [tf.float16]  #: TFL108 error
            elif kind == "int8":
                converter.optimizations = [tf.lite.Optimize.DEFAULT]
                converter.representative_dataset = samples
                converter.inference_input_type = tf.int8
                converter.inference_output_type = tf.int8
            data = converter.convert()  #: TFL105 info
    """,
    "settings in a function that gets the converter": """
        def quantise(converter):
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = samples
            converter.inference_input_type = tf.int8
            converter.inference_output_type = tf.int8
            return converter


        converter = quantise(tf.lite.TFLiteConverter.from_keras_model(model))
        converter.convert()
    """,
    "a function that forgets the data": """
        def quantise(converter):
            converter.optimizations = [tf.lite.Optimize.DEFAULT]


        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        quantise(converter)
        converter.convert()  #: TFL106 error
    """,
    "settings in a function of another file": """
        from settings import configure

        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        configure(converter)
        converter.convert()
    """,
    "settings in a class": """
        class Exporter:
            def __init__(self, network):
                self.converter = tf.lite.TFLiteConverter.from_keras_model(network)
                self.converter.optimizations = [tf.lite.Optimize.DEFAULT]

            def calibrate(self, data):
                self.converter.representative_dataset = data

            def export(self):
                self.converter.inference_input_type = tf.int8
                self.converter.inference_output_type = tf.int8
                return self.converter.convert()


        exporter = Exporter(model)
        exporter.calibrate(samples)
        exporter.export()
    """,
    "a dictionary of settings": """
        SETTINGS = {
            "optimizations": [tf.lite.Optimize.DEFAULT],
            "representative_dataset": samples,
            "inference_input_type": tf.int8,
            "inference_output_type": tf.int8,
        }
        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        for name, value in SETTINGS.items():
            setattr(converter, name, value)
        converter.convert()
    """,
    "settings whose names are not known": """
        import json

        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        for name, value in json.load(open("settings.json")).items():
            setattr(converter, name, value)
        converter.convert()
    """,
    "in a try": """
        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        try:
            data = converter.convert()  #: TFL106 error
        except ValueError:
            data = None
    """,
    "a function that nobody calls": """
        def convert(path):
            converter = tf.lite.TFLiteConverter.from_saved_model(path)
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            return converter.convert()  #: TFL106 error?
    """,
    "data that the caller gives": """
        def convert(network, data):
            converter = tf.lite.TFLiteConverter.from_keras_model(network)
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = data
            converter.inference_input_type = tf.int8
            converter.inference_output_type = tf.int8
            return converter.convert()
    """,
    "edges of a model whose data the caller gives": """
        def convert(network, data):
            converter = tf.lite.TFLiteConverter.from_keras_model(network)
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = data
            return converter.convert()  #: TFL107 warning?
    """,
    "trained quantisation-aware": """
        import tensorflow_model_optimization as tfmot

        trained = tfmot.quantization.keras.quantize_model(model)
        converter = tf.lite.TFLiteConverter.from_keras_model(trained)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.convert()
    """,
    "a network of wrapped layers that another file builds": """
        from exporter import FakelyQuantisedWrapper, rebuild


        class Exporter:
            def __init__(self, network):
                self.network = rebuild(network, FakelyQuantisedWrapper)

            def export(self):
                converter = tf.lite.TFLiteConverter.from_keras_model(self.network)
                converter.optimizations = [tf.lite.Optimize.DEFAULT]
                return converter.convert()
    """,
    "optimisations before a chain of branches": """
        def convert(kind, data):
            converter = tf.lite.TFLiteConverter.from_saved_model("model")
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            if kind == "half":
                converter.target_spec.supported_types = [tf.float16]  #: TFL108 warning?
            elif kind == "integers":
                converter.representative_dataset = data
                converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
                converter.inference_input_type = tf.int8
                converter.inference_output_type = tf.int8
            else:
                print("dynamic range")
            return converter.convert()  #: TFL106 warning?
    """,
    "an option that is off by default": """
        def convert(path, quantise=False):
            converter = tf.lite.TFLiteConverter.from_saved_model(path)
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
            if quantise:
                converter.optimizations = [tf.lite.Optimize.DEFAULT]
            return converter.convert()  #: TFL105 info?, TFL106 warning?
    """,
    "settings that the caller may give": """
        def convert(network, settings=None):
            converter = tf.lite.TFLiteConverter.from_keras_model(network)
            for name, value in (settings or {}).items():
                setattr(converter, name, value)
            return converter.convert()  #: TFL105 info?
    """,
    "misspelt settings": """
        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        converter.optimisations = [tf.lite.Optimize.DEFAULT]  #: TFL116 warning
        converter.representative_data = samples  #: TFL116 warning
        converter.inference_type = tf.int8  #: TFL116 warning
        converter.convert()  #: TFL105 info
    """,
    "a loop that configures with data": """
        class Settings:
            def __init__(self, **values):
                self.values = values


        def configure(converter, settings):
            for name, value in settings.values.items():
                setattr(converter, name, value)
            return converter


        settings = Settings(optimizations=[tf.lite.Optimize.DEFAULT])
        converter = configure(tf.lite.TFLiteConverter.from_keras_model(model), settings)
        converter.convert()  #: TFL106 error
    """,
    "a model with layers of another library": """
        from layers import Special

        network = tf.keras.models.load_model("model.h5", custom_objects={"Special": Special})
        converter = tf.lite.TFLiteConverter.from_keras_model(network)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.convert()  #: TFL106 error?
    """,
    "a generator instead of a function": """
        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = samples()  #: TFL116 error
        converter.inference_input_type = converter.inference_output_type = tf.int8
        converter.convert()
    """,
    "data in an object, and in partial": """
        import functools


        class Calibration:
            def __call__(self):
                yield from samples()


        def some(count):
            yield from list(samples())[:count]


        for data in (Calibration(), functools.partial(some, 10), lambda: samples()):
            converter = tf.lite.TFLiteConverter.from_keras_model(model)
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = data
            converter.inference_input_type = converter.inference_output_type = tf.int8
            converter.convert()
    """,
    "settings that are extended": """
        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        converter.optimizations.append(tf.lite.Optimize.DEFAULT)
        converter.target_spec.supported_ops += [tf.lite.OpsSet.SELECT_TF_OPS]  #: TFL103 warning
        converter.convert()  #: TFL106 error
    """,
    "early returns": """
        def convert(kind):
            converter = tf.lite.TFLiteConverter.from_keras_model(model)
            if kind == "float":
                return converter.convert()  #: TFL105 info?
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            if kind == "dynamic":
                return converter.convert()  #: TFL106 warning?
            converter.representative_dataset = samples
            converter.inference_input_type = converter.inference_output_type = tf.int8
            return converter.convert()
    """,
    "all of it at once, in TensorFlow 1": """
        data = tf.contrib.lite.toco_convert(1, [], [])  #: TFL115 info
    """,
    "pruned, which is not quantised": """
        import tensorflow_model_optimization as tfmot

        pruned = tfmot.sparsity.keras.prune_low_magnitude(model)
        converter = tf.lite.TFLiteConverter.from_keras_model(pruned)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.convert()  #: TFL106 error?
    """,
    "float16 with data": """
        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = samples
        converter.target_spec.supported_types = [tf.float16]  #: TFL108 error
        converter.convert()
    """,
    "integer edges without data": """
        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.inference_input_type = tf.uint8
        converter.convert()  #: TFL106 error
    """,
    "integer edges without anything": """
        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        converter.inference_input_type = tf.int8
        converter.convert()  #: TFL105 error, TFL106 error
    """,
    "int16 edges of an int8 model": """
        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = samples
        converter.inference_input_type = tf.int16  #: TFL116 error
        converter.convert()
    """,
    "a network of which nothing is large enough": """
        small = tf.keras.Sequential([tf.keras.Input((16,)), tf.keras.layers.Dense(4)])
        converter = tf.lite.TFLiteConverter.from_keras_model(small)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.convert()  #: TFL106 warning
    """,
    "settings of TensorFlow 1 on its converter": """
        Converter = tf.compat.v1.lite.TFLiteConverter
        converter = Converter.from_keras_model_file("model.h5")  #: TFL115 info
        converter.post_training_quantize = True  #: TFL115 info
        converter.target_ops = [tf.lite.OpsSet.SELECT_TF_OPS]  #: TFL103 error, TFL115 info
        converter.convert()  #: TFL106 error?
    """,
    "a name that means something else": """
        import torch


        class Converter:
            def __init__(self):
                self.allow_custom_ops = True
                self.optimizations = [tf.lite.Optimize.DEFAULT]

            def convert(self):
                return b""


        Converter().convert()
    """,
}


@pytest.mark.parametrize("text", SOURCES.values(), ids=SOURCES.keys())
def test_findings_in_a_source(text: str) -> None:
    source = HEAD + dedent(text)

    assert actual(source) == expected(source)
