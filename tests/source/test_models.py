"""Models: Sequential, functional, subclasses, nested in one another."""

# Programs on one line each are easier to compare than to read.
# ruff: noqa: E501

from __future__ import annotations

import pytest

from tests.source.facts_text import facts, shapes
from tflint.keras.network import Network
from tflint.keras.values import UNKNOWN, Evidence

CONV = "layers.Conv2D(4, 3, input_shape=(8, 8, 1))"
HEAD = "import keras\nfrom keras import layers\nfrom keras.models import Sequential, Model\n"
EXPECTED = [
    ("Conv2D", (None, 6, 6, 4), 40),
    ("Flatten", (None, 144), 0),
    ("Dense", (None, 2), 290),
]

SEQUENTIAL = {
    "list": f"m = Sequential([{CONV}, layers.Flatten(), layers.Dense(2)])",
    "named": f"m = keras.Sequential(layers=[{CONV}, layers.Flatten(), layers.Dense(2)], name='m')",
    "variable": f"l = [{CONV}]\nl.append(layers.Flatten())\nl += [layers.Dense(2)]\nm = Sequential(l)",
    "star": f"a = [{CONV}]\nm = Sequential([*a, layers.Flatten(), layers.Dense(2)])",
    "sum": f"m = Sequential([{CONV}] + [layers.Flatten()] + [layers.Dense(2)])",
    "add": f"m = Sequential()\nm.add({CONV})\nm.add(layers.Flatten())\nm.add(layers.Dense(2))",
    "alias": f"m = Sequential()\nn = m\nn.add({CONV})\nm.add(layers.Flatten())\nn.add(layers.Dense(2))",
    "alias of add": f"m = Sequential()\na = m.add\na({CONV})\na(layers.Flatten())\na(layers.Dense(2))",
    "loop": f"m = Sequential()\nfor l in [{CONV}, layers.Flatten(), layers.Dense(2)]:\n    m.add(l)",
    "factory": f"def make():\n    return [{CONV}, layers.Flatten()]\nm = Sequential(make() + [layers.Dense(2)])",
    "function": f"def fill(m):\n    m.add({CONV})\n    m.add(layers.Flatten())\nm = Sequential()\nfill(m)\nm.add(layers.Dense(2))",
    "pop": f"m = Sequential([{CONV}, layers.Flatten(), layers.Dense(99)])\nm.pop()\nm.add(layers.Dense(2))",
    "input tensor": "m = Sequential([keras.Input((8, 8, 1)), layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(2)])",
    "input layer": "m = Sequential([layers.InputLayer((8, 8, 1)), layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(2)])",
    "batch shape": "m = Sequential([layers.Conv2D(4, 3, batch_input_shape=(None, 8, 8, 1)), layers.Flatten(), layers.Dense(2)])",
    "build": "m = Sequential([layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(2)])\nm.build((None, 8, 8, 1))",
    "called": "m = Sequential([layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(2)])\nm(keras.Input((8, 8, 1)))",
    "nested": f"m = Sequential([Sequential([{CONV}, layers.Flatten()]), layers.Dense(2)])",
    "nested, shape outside": "m = Sequential([keras.Input((8, 8, 1)), Sequential([layers.Conv2D(4, 3), layers.Flatten()]), layers.Dense(2)])",
    "subclass": f"class M(Sequential):\n    def __init__(self):\n        super().__init__()\n        self.add({CONV})\n        self.add(layers.Flatten())\n        self.add(layers.Dense(2))\nm = M()",
    "attribute": f"class T:\n    def __init__(self):\n        self.m = Sequential()\n        self.m.add({CONV})\n    def finish(self):\n        self.m.add(layers.Flatten())\n        self.m.add(layers.Dense(2))\nT().finish()",
    "comprehension": f"m = Sequential([l for l in ({CONV}, layers.Flatten(), layers.Dense(2))])",
}
FUNCTIONAL = {
    "plain": "i = keras.Input((8, 8, 1))\nx = layers.Conv2D(4, 3)(i)\nx = layers.Flatten()(x)\nm = Model(i, layers.Dense(2)(x))",
    "keywords": "i = keras.Input(shape=(8, 8, 1))\nx = layers.Conv2D(4, 3)(i)\nx = layers.Flatten()(x)\nm = Model(inputs=[i], outputs=[layers.Dense(2)(x)])",
    "Keras 1": "i = layers.Input((8, 8, 1))\nx = layers.Convolution2D(4, 3, 3, border_mode='valid')(i)\nx = layers.Flatten()(x)\nm = Model(input=i, output=layers.Dense(2)(x))",
    "one expression": "i = keras.Input((8, 8, 1))\nm = Model(i, layers.Dense(2)(layers.Flatten()(layers.Conv2D(4, 3)(i))))",
    "layers first": "c, f, d = layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(2)\ni = keras.Input((8, 8, 1))\nm = Model(i, d(f(c(i))))",
    "loop": "x = i = keras.Input((8, 8, 1))\nfor l in [layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(2)]:\n    x = l(x)\nm = Model(i, x)",
    "block": "def block(x):\n    return layers.Flatten()(layers.Conv2D(4, 3)(x))\ni = keras.Input((8, 8, 1))\nm = Model(i, layers.Dense(2)(block(i)))",
    "subclass": "class M(keras.Model):\n    def __init__(self):\n        super(M, self).__init__()\n        self.c = layers.Conv2D(4, 3)\n        self.f = layers.Flatten()\n        self.d = layers.Dense(2)\n    def call(self, x, training=None):\n        return self.d(self.f(self.c(x)))\nm = M()\nm.build((None, 8, 8, 1))",
    "subclass with lists": "class M(keras.Model):\n    def __init__(self):\n        super().__init__()\n        self.all = []\n        self.all.append(layers.Conv2D(4, 3))\n        self.all += [layers.Flatten(), layers.Dense(2)]\n    def call(self, x):\n        for l in self.all:\n            x = l(x)\n        return x\nM()(keras.Input((8, 8, 1)))",
    "layer of the file": "class L(layers.Layer):\n    def __init__(self, n):\n        super().__init__()\n        self.c = layers.Conv2D(n, 3)\n        self.f = layers.Flatten()\n    def call(self, x):\n        return self.f(self.c(x))\ni = keras.Input((8, 8, 1))\nm = Model(i, layers.Dense(2)(L(4)(i)))",
    "functional subclass": "class M(Model):\n    def __init__(self):\n        i = keras.Input((8, 8, 1))\n        x = layers.Flatten()(layers.Conv2D(4, 3)(i))\n        super().__init__(inputs=i, outputs=layers.Dense(2)(x))\nm = M()",
    "output of a layer": f"b = Sequential([{CONV}, layers.Flatten()])\nm = Model(b.input, layers.Dense(2)(b.layers[-1].output))",
    "operator module": "i = keras.Input((8, 8, 1))\nx = layers.Conv2D(4, 3)(i)\nm = Model(i, layers.Dense(2)(layers.Flatten()(x)))",
}


def complete(text: str) -> list[Network]:
    return [network for network in facts(HEAD + text).networks if network.is_complete]


@pytest.mark.parametrize("text", SEQUENTIAL.values(), ids=SEQUENTIAL.keys())
def test_sequential_models(text: str) -> None:
    assert shapes(HEAD + text) == EXPECTED
    network = complete(text)[-1]
    assert network.kind == "Sequential"
    assert network.weights == 330
    assert network.inputs[0].shape == (None, 8, 8, 1)
    assert network.outputs[0].shape == (None, 2)


@pytest.mark.parametrize("text", FUNCTIONAL.values(), ids=FUNCTIONAL.keys())
def test_functional_models_and_subclasses(text: str) -> None:
    assert shapes(HEAD + text) == EXPECTED
    network = complete(text)[-1]
    assert network.weights == 330
    assert network.inputs[0].shape == (None, 8, 8, 1)
    assert network.outputs[0].shape == (None, 2)


def test_an_undecided_layer_leaves_the_rest_known() -> None:
    text = HEAD + (
        f"import sys\nm = Sequential([{CONV}])\nif sys.argv:\n    m.add(layers.Dropout(0.5))\n"
        "m.add(layers.Flatten())\nm.add(layers.Dense(2))"
    )
    found = facts(text)
    assert [(call.layer.kind, call.output_shapes[0]) for call in found.calls][-2:] == [
        ("Flatten", (None, 144)),
        ("Dense", (None, 2)),
    ]
    (network,) = found.networks
    assert not network.is_complete
    assert network.weights is UNKNOWN
    flatten = found.calls[-2].inputs[0]
    assert {each.producer.layer.kind for each in flatten.alternatives if each.producer} == {
        "Conv2D",
        "Dropout",
    }


def test_undecided_layers_that_change_the_shape_leave_it_unknown() -> None:
    text = HEAD + (
        f"import sys\nm = Sequential([{CONV}])\nif sys.argv:\n    m.add(layers.MaxPooling2D())\n"
        "else:\n    m.add(layers.MaxPooling2D(3))\nm.add(layers.Flatten())"
    )
    assert shapes(text)[-1] == ("Flatten", (None, UNKNOWN), 0)


def test_shared_layers_count_once_in_each_network() -> None:
    text = HEAD + (
        "d = layers.Dense(4)\na = keras.Input((8,))\nb = keras.Input((8,))\n"
        "m = Model([a, b], layers.concatenate([d(a), d(b)]))\nn = Model(b, d(b))"
    )
    assert [network.weights for network in facts(text).networks] == [36, 36]


def test_models_inside_models_count_in_each() -> None:
    text = HEAD + (
        "i = keras.Input((8,))\ne = Model(i, layers.Dense(2)(i))\nj = keras.Input((2,))\n"
        "d = Model(j, layers.Dense(8)(j))\nx = keras.Input((8,))\nm = Model(x, d(e(x)))\n"
        "n = Model(i, e(i))"
    )
    assert [network.weights for network in facts(text).networks] == [18, 24, 42, 18]


def test_faults_are_told() -> None:
    (_, call) = facts(
        HEAD
        + "m = Sequential([layers.Conv2D(4, 3, input_shape=(4, 4, 1)), layers.MaxPooling2D(3)])"
    ).calls
    assert call.fault is not None
    assert "3x3" in call.fault
    assert call.evidence is Evidence.CERTAIN


def test_layers_on_what_is_not_known_have_no_fault() -> None:
    found = facts(
        HEAD
        + "def f(a, b):\n    layers.add(a)\n    layers.Subtract()(b)\n    layers.Dot(1)([a, b])\n"
        "    return layers.Concatenate()([f(a, b)])"
    )
    assert [call.fault for call in found.calls] == [None] * len(found.calls)


def test_models_from_elsewhere() -> None:
    text = HEAD + (
        "b = keras.applications.MobileNetV2(include_top=False)\nx = layers.Flatten()(b.output)\n"
        "m = Model(b.input, layers.Dense(2)(x))"
    )
    (network,) = facts(text).networks
    assert [call.layer.kind for call in network.calls] == ["MobileNetV2", "Flatten", "Dense"]
    assert not network.is_complete


def test_what_compile_is_given() -> None:
    found = facts(
        HEAD
        + f"m = Sequential([{CONV}])\nm.compile('adam', loss=keras.losses.BinaryCrossentropy(from_logits=True))"
    )
    (compilation,) = found.compilations
    assert compilation.network is found.networks[0]
    assert compilation.outputs[0].shape == (None, 6, 6, 4)
    assert compilation.arguments["optimizer"].value == "adam"


def test_operations_on_tensors_are_calls() -> None:
    text = HEAD + (
        "import tensorflow as tf\ni = keras.Input((4, 4, 2))\nx = tf.nn.relu(i) + i\n"
        "y = keras.activations.tanh(x * 2)\nz = tf.reshape(y, (-1, 32))\nm = Model(i, z)"
    )
    assert [(kind, shape) for kind, shape, _ in shapes(text)] == [
        ("relu", (None, 4, 4, 2)),
        ("add", (None, 4, 4, 2)),
        ("mul", (None, 4, 4, 2)),
        ("tanh", (None, 4, 4, 2)),
        ("reshape", (None, 32)),
    ]


def test_one_of_several_lists_of_layers() -> None:
    text = HEAD + (
        f"import sys\nl = [{CONV}]\nif sys.argv:\n    l.append(layers.BatchNormalization())\n"
        "l.append(layers.Flatten())\nl.append(layers.Dense(2))\nm = Sequential(l)"
    )
    found = facts(text)
    assert [(call.layer.kind, call.evidence) for call in found.calls] == [
        ("Conv2D", Evidence.CERTAIN),
        ("BatchNormalization", Evidence.POSSIBLE),
        ("Flatten", Evidence.CERTAIN),
        ("Dense", Evidence.CERTAIN),
    ]
    assert found.calls[-1].weights == 290


def test_subclasses_of_layers() -> None:
    text = HEAD + (
        "class C(layers.Conv2D):\n    def __init__(self, n, **k):\n"
        "        super().__init__(n, 3, data_format='channels_first', **k)\n"
        "m = Sequential([keras.Input((1, 8, 8)), C(4)])"
    )
    assert shapes(text) == [("Conv2D", (None, 4, 6, 6), 40)]


def test_layers_with_weights_of_their_own_are_one_call() -> None:
    text = HEAD + (
        "class W(layers.Layer):\n    def build(self, shape):\n"
        "        self.w = self.add_weight(shape=(shape[-1], 3))\n        super().build(shape)\n"
        "    def call(self, x):\n        return x * self.w\n"
        "i = keras.Input((4,))\nm = Model(i, W()(i))"
    )
    (network,) = facts(text).networks
    assert [(call.layer.kind, call.weights) for call in network.calls] == [("W", UNKNOWN)]


def test_lambdas_that_keep_the_shape() -> None:
    text = HEAD + "i = keras.Input((4, 4, 1))\nx = layers.Lambda(lambda t: t / 255.0 - 1)(i)"
    assert shapes(text) == [("Lambda", (None, 4, 4, 1), 0)]


def test_what_other_files_were_given_may_have_more_layers() -> None:
    text = HEAD + (
        "from mine import extend\nfrom .other import more\n"
        f"m = Sequential([{CONV}])\nextend(m)\nm.add(layers.Flatten())\n"
        f"l = [{CONV}]\nmore(l)\nn = Sequential(l)\nn.add(layers.Flatten())\n"
        f"o = Sequential([{CONV}])\nprint(o)\no.add(layers.Flatten())\n"
    )
    found = facts(text)
    flat = [call.output_shapes[0] for call in found.calls if call.layer.kind == "Flatten"]
    assert flat == [(UNKNOWN, UNKNOWN), (UNKNOWN, UNKNOWN), (None, 144)]
    assert [network.is_complete for network in found.networks] == [False, False, True]


def test_what_other_files_were_given_is_known_up_to_there() -> None:
    text = HEAD + f"from mine import train\nm = Sequential([{CONV}])\ntrain(m)\n"
    (network,) = facts(text).networks
    assert network.weights == 40
