"""The rules on layers over small sources: what they must find, and what must not tempt them."""

from __future__ import annotations

import pytest

from tflint.finding import Finding, Severity
from tflint.lint.registry import all_rules
from tflint.lint.runner import check_example
from tflint.target.target import find_target

HEAD = """\
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers
"""
LAYER_RULES = frozenset(
    f"TFL{number}" for number in (101, 102, 109, 111, 112, 113, 114, 301, 302, 303, 305)
)


def said(source: str, *codes: str) -> list[Finding]:
    rules = [rule for rule in all_rules() if rule.meta.code in (codes or LAYER_RULES)]
    return list(check_example(HEAD + source, rules, find_target("tflm")).findings)


def lines(source: str, code: str) -> list[int]:
    """The lines of the findings, counted behind the imports."""
    return [(finding.location.line or 0) - 3 for finding in said(source, code)]


@pytest.mark.parametrize(
    "source",
    [
        'F = "channels_first"\nlayers.Conv2D(8, 3, data_format=F)\n',
        'L = layers\nF = "channels_" + "first"\nL.Conv2D(8, 3, 1, "valid", F)\n',
        "from functools import partial\n"
        'conv = partial(layers.Conv2D, data_format="channels_first")\nx = conv(8, 3)\n',
        'given = {"data_format": "channels_first"}\nlayers.Conv2D(8, 3, **given)\n',
        'def conv(n, data_format="channels_first"):\n'
        "    return layers.Conv2D(n, 3, data_format=data_format)\nconv(8)\n",
        'keras.backend.set_image_data_format("channels_first")\nlayers.Conv2D(8, 3)\n',
        'class Block:\n    FORMAT = "channels_first"\n    def make(self):\n'
        "        return layers.Conv2D(8, 3, data_format=self.FORMAT)\nBlock().make()\n",
        'for n in (8, 16):\n    layers.Conv2D(n, 3, data_format="channels_first")\n',
    ],
)
def test_channels_first_however_it_is_reached(source: str) -> None:
    assert len(said(source, "TFL101")) == 1


@pytest.mark.parametrize(
    "source",
    [
        'if keras.backend.image_data_format() == "channels_first":\n    axis = 1\n',
        '"""Use data_format="channels_first" on a GPU."""\n# data_format="channels_first"\n',
        'keras.backend.set_image_data_format("channels_last")\nlayers.Conv2D(8, 3)\n',
        'import torch\ntorch.nn.Conv2d(3, 8, 3, data_format="channels_first")\n',
        'FORMAT = "channels_first"\nlayers.Conv2D(8, 3)\n',
        'def conv(n, data_format="channels_first"):\n'
        "    return layers.Conv2D(n, 3, data_format=data_format)\n"
        'conv(8, data_format="channels_last")\n',
        "from functools import wraps\n@wraps(layers.Conv2D)\ndef conv(*args, **kwargs):\n"
        '    kwargs["data_format"] = "channels_last"\n    return layers.Conv2D(*args, **kwargs)\n'
        "conv(8, 3)\n",
        'keras.backend.set_image_data_format("channels_first")\n'
        'keras.backend.set_image_data_format("channels_last")\nlayers.Conv2D(8, 3)\n',
        'def layers_of(data_format):\n    assert data_format != "channels_first"\n    return []\n',
    ],
)
def test_what_only_looks_like_channels_first(source: str) -> None:
    assert said(source, "TFL101") == []


def test_a_default_that_nothing_calls_is_of_medium_confidence() -> None:
    source = (
        'def conv(n, data_format="channels_first"):\n'
        "    return layers.Conv3D(n, 3, data_format=data_format)\n"
    )

    (finding,) = said(source, "TFL101")

    assert finding.severity is Severity.WARNING
    assert finding.confidence.value == "medium"


def test_layers_that_are_given_what_is_not_known() -> None:
    """No number of inputs is known where one of them may be a list."""
    source = (
        "def build(given, more):\n"
        "    x = keras.Input((8, 8, 3))\n"
        "    layers.Attention()(given)\n"
        "    layers.Attention()([given, more])\n"
        "    layers.Subtract()(given)\n"
        "    layers.Dot(1)(more)\n"
        "    layers.Concatenate()(given)\n"
        "    for each in given:\n"
        "        x = layers.Concatenate()([x, each])\n"
        "        x = layers.Subtract()([x, each])\n"
        "    return x\n"
    )

    assert said(source) == []


def test_what_one_turn_of_a_loop_does_not_need_others_may() -> None:
    source = (
        "x = keras.Input((64, 64, 3))\n"
        "for size in (1, 2, 4):\n"
        "    x = layers.MaxPooling2D(size)(x)\n"
        "    x = layers.Dropout((size - 1) / 10)(x)\n"
        "    x = layers.Activation('linear')(x)\n"
    )

    assert lines(source, "TFL305") == [5]


def test_residual_blocks_that_guard_their_sum() -> None:
    source = (
        "def block(x, filters):\n"
        "    y = layers.Conv2D(filters, 3, padding='same')(x)\n"
        "    if x.shape[-1] == filters:\n"
        "        y = layers.Add()([x, y])\n"
        "    return y\n"
        "x = keras.Input((8, 8, 3))\n"
        "for filters in (3, 8, 8):\n"
        "    x = block(x, filters)\n"
    )

    assert said(source, "TFL112") == []


def test_a_class_of_the_file_with_the_name_of_a_layer() -> None:
    source = (
        "class Attention(layers.Layer):\n"
        "    def call(self, x):\n"
        "        return x\n"
        "class Conv3D(layers.Layer):\n"
        "    pass\n"
        "x = keras.Input((8, 4, 3))\n"
        "y = Attention()(x)\n"
        'z = Conv3D(8, 3, data_format="channels_first")(x)\n'
        "m = keras.Model(x, [y, z])\n"
    )

    assert said(source) == []


def test_subclassed_models_and_functional_ones_are_alike() -> None:
    source = (
        "class Net(keras.Model):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.conv = layers.Conv2D(32, 3, activation='relu')\n"
        "        self.norm = layers.BatchNormalization()\n"
        "    def call(self, x):\n"
        "        return self.norm(self.conv(x))\n"
        "net = Net()\n"
        "net.build((None, 32, 32, 1))\n"
    )

    (finding,) = said(source, "TFL111")

    assert (finding.location.line or 0) - 3 == 7


def test_a_network_of_the_music_classifier_as_published() -> None:
    source = (
        "model = keras.Sequential()\n"
        "model.add(layers.Conv2D(64, (3, 3), activation='relu', input_shape=(216, 13, 1)))\n"
        "model.add(layers.BatchNormalization())\n"
        "model.add(layers.MaxPooling2D((2, 2)))\n"
        "model.add(layers.Conv2D(64, (2, 2), activation='relu'))\n"
        "model.add(layers.MaxPooling2D((1, 1)))\n"
        "model.add(layers.Flatten())\n"
        "model.add(layers.Dense(64, activation='relu'))\n"
        "model.add(layers.Dense(10, activation='softmax'))\n"
    )

    found = {finding.code: finding for finding in said(source)}

    assert set(found) == {"TFL111", "TFL303", "TFL302", "TFL305"}
    assert "214 x 11 x 64 map, 588.5 KiB in float32" in found["TFL111"].message
    # 106 x 4 x 64 x 64 of 640 + 256 + 16,448 + 1,736,768 + 650.
    assert "1,736,704 of all 1,754,762 weights" in found["TFL303"].message
    assert "106 x 4 x 64" in found["TFL305"].message


def test_a_model_that_is_asked_for_its_shape_on_the_way_is_one_network() -> None:
    source = (
        "import keras\nfrom keras import layers\nmodel = keras.Sequential()\n"
        "model.add(layers.Dense(1024, input_shape=(1024,)))\n"
        "assert model.output_shape == (None, 1024)\n"
        "model.add(layers.Dense(1024))\nassert model.output_shape == (None, 1024)\n"
    )
    (finding,) = said(source, "TFL302")
    assert finding.message.startswith("2,099,200 weights take")


def test_positions_in_a_notebook_are_those_of_the_cell() -> None:
    import json

    from tflint.lint.runner import check_source
    from tflint.rule import Kind
    from tflint.source.notebook import read_notebook

    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# channels_first"]},
        {"cell_type": "code", "metadata": {}, "outputs": [], "source": HEAD},
        {
            "cell_type": "code",
            "metadata": {},
            "outputs": [],
            "source": '\nconv = layers.Conv2D(8, 3, data_format="channels_first")',
        },
    ]
    data = json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    rules = [rule for rule in all_rules() if rule.meta.code == "TFL101"]

    report = check_source(
        read_notebook(data.encode()), rules, find_target("tflm"), "n.ipynb", Kind.NOTEBOOK
    )

    (finding,) = report.findings
    assert (finding.location.cell, finding.location.line) == (3, 2)


@pytest.mark.parametrize(
    ("function", "says"),
    [
        ("lambda x: x / 255.0", "makes MUL, or nothing"),
        ("lambda x: tf.nn.relu6(x)", "RELU6"),
        ("tf.nn.relu6", "RELU6"),
        ("lambda x: tf.expand_dims(x, -1)", "RESHAPE"),
        ("lambda x: keras.backend.expand_dims(x, axis=-1)", "RESHAPE"),
        ("lambda x: tf.math.l2_normalize(x, axis=1)", "L2_NORMALIZATION"),
        ("lambda x: tf.image.resize(x, (8, 8))", "RESIZE_BILINEAR"),
        ("normalise", "L2_NORMALIZATION"),
        # Two steps, something of another library, what the data decide.
        ("lambda x: tf.nn.relu6(x / 2) * 3", "only the conversion shows"),
        ("lambda x: scipy.signal.decimate(x, 2)", "only the conversion shows"),
        ("lambda x: x if tf.size(x) else tf.abs(x)", "only the conversion shows"),
        ("unknown", "only the conversion shows"),
    ],
)
def test_a_lambda_is_named_with_its_operators(function: str, says: str) -> None:
    source = (
        "import scipy\n"
        "def normalise(x):\n    return tf.math.l2_normalize(x, axis=1)\n"
        "x = keras.Input((16, 16, 3))\n"
        f"y = layers.Lambda({function})(x)\n"
    )

    (finding,) = said(source, "TFL114")

    assert says in finding.message


def test_what_a_lambda_does_is_not_done_to_the_network() -> None:
    source = (
        "x = keras.Input((16, 16, 3))\n"
        "y = layers.Lambda(lambda x: layers.MaxPooling2D(1)(tf.nn.relu(x)))(x)\n"
        "z = layers.Lambda(lambda x: layers.Lambda(lambda y: y * 2)(x))(y)\n"
    )

    assert {finding.code for finding in said(source)} == {"TFL114"}
