"""Every way of reaching a layer, and what must not be taken for one."""

# Programs on one line each are easier to compare than to read.
# ruff: noqa: E501

from __future__ import annotations

import pytest

from tests.source.facts_text import evidence, facts, layers, only_layer, place, shapes
from tflint.keras.values import UNKNOWN, Choice, Evidence

CERTAIN, POSSIBLE, ASSUMED = Evidence.CERTAIN, Evidence.POSSIBLE, Evidence.ASSUMED
FIRST = "channels_first"
LAYER = f'Conv2D(8, 3, data_format="{FIRST}")'

REACHED = {
    "tf.keras": f"import tensorflow as tf\ntf.keras.layers.{LAYER}",
    "tensorflow.keras": f"import tensorflow\ntensorflow.keras.layers.{LAYER}",
    "submodule": f"import tensorflow.keras.layers\ntensorflow.keras.layers.{LAYER}",
    "submodule as": f"import tensorflow.keras as k\nk.layers.{LAYER}",
    "from tensorflow": f"from tensorflow import keras\nkeras.layers.{LAYER}",
    "layers": f"from tensorflow.keras import layers\nlayers.{LAYER}",
    "class": f"from tensorflow.keras.layers import Conv2D\n{LAYER}",
    "class as": f"from keras.layers import Conv2D as C\n{LAYER.replace('Conv2D', 'C')}",
    "old name": f"from keras.layers import Convolution2D as C\n{LAYER.replace('Conv2D', 'C')}",
    "old module": f"from keras.layers.convolutional import Conv2D\n{LAYER}",
    "tf.compat.v1": f"import tensorflow.compat.v1 as tf\ntf.keras.layers.{LAYER}",
    "tensorflow.python": f"from tensorflow.python.keras.layers import Conv2D\n{LAYER}",
    "tf_keras": f"import tf_keras\ntf_keras.layers.{LAYER}",
    "star": f"from keras.layers import *\n{LAYER}",
    "star last": f"from mine import *\nfrom keras.layers import *\n{LAYER}",
    "star among known": f"from keras.layers import *\nfrom numpy import *\n{LAYER}",
    "star in try": f"try:\n    from keras.layers import *\nexcept ImportError:\n"
    f"    from tensorflow.keras.layers import *\n{LAYER}",
    "star of keras": f"from keras import *\nlayers.{LAYER}",
    "alias": f"import tensorflow as tf\nL = tf.keras.layers\nL.{LAYER}",
    "alias of class": f"from keras import layers\nC = layers.Conv2D\n{LAYER.replace('Conv2D', 'C')}",
    "import in function": f"def build():\n    from keras import layers\n    return [layers.{LAYER}]",
    "import in try": "try:\n    from keras import layers\nexcept ImportError:\n"
    f"    from tensorflow.keras import layers\nlayers.{LAYER}",
    "import under condition": "import os\nif os.environ.get('X'):\n    from keras import layers as L\n"
    f"else:\n    import tensorflow.keras.layers as L\nL.{LAYER}",
    "importlib": f"import importlib\nimportlib.import_module('keras.layers').{LAYER}",
    "getattr": "import keras\ngetattr(keras.layers, 'Conv' + '2D')(8, 3, data_format='channels_first')",
    "position": "from keras.layers import Conv2D\nConv2D(8, 3, (1, 1), 'same', 'channels_first')",
    "constant": "from keras.layers import Conv2D\nF = 'channels_first'\nConv2D(8, 3, data_format=F)",
    "folded": "from keras.layers import Conv2D\nConv2D(2 ** 3, 6 // 2, data_format=f'channels_{\"first\"}')",
    "attribute of class": "from keras.layers import Conv2D\nclass C:\n    F = 'channels_first'\n"
    "Conv2D(8, 3, data_format=C.F)",
    "attribute of object": "from keras.layers import Conv2D\nclass C:\n    def __init__(self, f):\n"
    "        self.f = f\nConv2D(8, 3, data_format=C('channels_first').f)",
    "dataclass": "from dataclasses import dataclass\nfrom keras.layers import Conv2D\n@dataclass\n"
    "class C:\n    n: int\n    f: str = 'channels_first'\nc = C(8)\nConv2D(c.n, 3, data_format=c.f)",
    "partial": "from functools import partial\nfrom keras.layers import Conv2D\n"
    "C = partial(Conv2D, data_format='channels_first')\nC(8, 3)",
    "partial of partial": "import functools\nfrom keras.layers import Conv2D\n"
    "C = functools.partial(functools.partial(Conv2D, 8), data_format='channels_first')\nC(3)",
    "lambda": "from keras.layers import Conv2D\nc = lambda n: Conv2D(n, 3, data_format='channels_first')\nc(8)",
    "factory": "from keras.layers import Conv2D\ndef make(n, f='channels_last'):\n"
    "    return Conv2D(n, 3, data_format=f)\nmake(8, f='channels_first')",
    "default": "from keras.layers import Conv2D\ndef make(n, f='channels_first'):\n"
    "    return Conv2D(n, 3, data_format=f)\nmake(8)",
    "closure": "from keras.layers import Conv2D\ndef outer(f):\n    def inner(n):\n"
    "        return Conv2D(n, 3, data_format=f)\n    return inner\nouter('channels_first')(8)",
    "wraps": "from functools import wraps\nfrom keras.layers import Conv2D\n@wraps(Conv2D)\n"
    "def C(*args, **kwargs):\n    given = {'data_format': 'channels_first'}\n"
    "    given.update(kwargs)\n    return Conv2D(*args, **given)\nC(8, 3)",
    "decorator of the file": "from functools import wraps\nfrom keras.layers import Conv2D\n"
    "def twice(f):\n    @wraps(f)\n    def inner(*a, **k):\n        return f(*a, **k)\n    return inner\n"
    "@twice\ndef make(n):\n    return Conv2D(n, 3, data_format='channels_first')\nmake(8)",
    "dict": "from keras.layers import Conv2D\nk = dict(kernel_size=3, data_format='channels_first')\n"
    "Conv2D(8, **k)",
    "dict of dicts": "from keras.layers import Conv2D\nk = {'kernel_size': 3}\n"
    "Conv2D(8, **{**k, 'data_format': 'channels_first'})",
    "args": "from keras.layers import Conv2D\na = (8, 3)\nConv2D(*a, data_format='channels_first')",
    "table": "from keras import layers\nTABLE = {'conv': layers.Conv2D}\n"
    "TABLE['conv'](8, 3, data_format='channels_first')",
    "loop": "from keras.layers import Conv2D\nfor f in ['channels_first']:\n    Conv2D(8, 3, data_format=f)",
    "comprehension": "from keras.layers import Conv2D\nx = [Conv2D(8, 3, data_format=f) for f in ('channels_first',)]",
    "while": "from keras.layers import Conv2D\ni = 0\nwhile i < 1:\n"
    "    Conv2D(8, 3, data_format='channels_first')\n    i += 1",
    "with": "import tensorflow as tf\nwith tf.device('cpu'):\n    tf.keras.layers." + LAYER,
    "walrus": "from keras.layers import Conv2D\nif (f := 'channels_first'):\n    Conv2D(8, 3, data_format=f)",
    "conditional": "from keras.layers import Conv2D\nConv2D(8, 3, data_format='channels_first' if 1 else 'channels_last')",
    "main": f"from keras.layers import Conv2D\nif __name__ == '__main__':\n    {LAYER}",
    "method": f"from keras.layers import Conv2D\nclass B:\n    def make(self):\n        return {LAYER}\nB().make()",
    "static method": f"from keras.layers import Conv2D\nclass B:\n    @staticmethod\n    def make():\n        return {LAYER}\nB.make()",
    "class method": f"from keras.layers import Conv2D\nclass B:\n    @classmethod\n    def make(cls):\n        return {LAYER}\nB.make()",
    "property": f"from keras.layers import Conv2D\nclass B:\n    @property\n    def made(self):\n        return {LAYER}\nB().made",
    "generator": f"from keras.layers import Conv2D\ndef make():\n    yield {LAYER}\nx = list(make())",
    "uncalled function": f"from keras.layers import Conv2D\ndef make(x):\n    return {LAYER}(x)",
    "uncalled method": f"from keras.layers import Conv2D\nclass B:\n    def make(self, x):\n        return {LAYER}(x)",
    "match": f"from keras.layers import Conv2D\nmatch 'a':\n    case 'a':\n        {LAYER}\n    case _:\n        Conv2D(1, 1)",
}


@pytest.mark.parametrize("text", REACHED.values(), ids=REACHED.keys())
def test_layers_are_found_however_they_are_reached(text: str) -> None:
    assert layers(text, "filters", "kernel_size", "data_format") == [("Conv2D", 8, 3, FIRST)]


NOT_KERAS = {
    "torch": f"from torch.nn import Conv2D\n{LAYER}",
    "torch module": f"import torch.nn as nn\nnn.{LAYER}",
    "relative": f"from .layers import Conv2D\n{LAYER}",
    "other file": f"from layers import Conv2D\n{LAYER}",
    "star of other file last": f"from keras.layers import *\nfrom mine import *\n{LAYER}",
    "rebound": f"from keras.layers import Conv2D\ndef Conv2D(*a, **k): ...\n{LAYER}",
    "class of the file": f"from keras.layers import *\nclass Conv2D:\n    def __init__(self, *a, **k): ...\n{LAYER}",
    "local": f"from keras.layers import Conv2D\ndef f(Conv2D):\n    return {LAYER}",
    "parameter": f"def f(layers):\n    return layers.{LAYER}",
    "deleted": f"from keras.layers import Conv2D\ndel Conv2D\n{LAYER}",
    "unknown decorator": f"from keras.layers import Conv2D as C\nimport x\n@x.y\ndef Conv2D(*a): ...\n{LAYER}",
    "string": f"import keras\n'''keras.layers.{LAYER}'''",
    "comment": f"import keras\n# keras.layers.{LAYER}",
    "not taken": f"from keras.layers import Conv2D\nif False:\n    {LAYER}",
    "behind return": f"from keras.layers import Conv2D\ndef f():\n    return 1\n    {LAYER}\nf()",
    "behind raise": f"from keras.layers import Conv2D\nraise ValueError\n{LAYER}",
    "meant to fail": f"import keras, pytest\nwith pytest.raises(ValueError):\n    keras.layers.{LAYER}",
}


@pytest.mark.parametrize("text", NOT_KERAS.values(), ids=NOT_KERAS.keys())
def test_what_is_not_keras_is_no_layer(text: str) -> None:
    assert layers(text) == []


@pytest.mark.parametrize(
    "given",
    [
        "x",
        "'channels_first' if x else 1 / y",
        "x.get('format')",
        "x.readline()",
        "'channels_first'.replace(x, '')",
        "[f for f in x][0]",
    ],
)
def test_unknown_stays_unknown(given: str) -> None:
    text = f"from keras.layers import Conv2D\ndef f(x, y):\n    Conv2D(8, 3, data_format={given})"
    assert layers(text, "data_format") == [("Conv2D", UNKNOWN)]


def test_undecided_constants_are_a_choice() -> None:
    text = (
        "from keras.layers import Conv2D\nimport os\n"
        "f = 'channels_first' if os.getenv('X') else 'channels_last'\nConv2D(8, 3, data_format=f)"
    )
    value = only_layer(text).value("data_format")
    assert isinstance(value, Choice)
    assert value.values == ("channels_first", "channels_last")


def test_unknown_keywords_leave_the_rest_open() -> None:
    layer = only_layer("from keras.layers import Conv2D\ndef f(**k):\n    Conv2D(8, 3, **k)")
    assert layer.has_unknown_arguments
    assert layer.value("data_format") is UNKNOWN
    assert layer.value("filters") == 8


def test_a_name_is_what_it_was_until_it_is_something_else() -> None:
    text = (
        "from keras.layers import Conv2D\nn = 1\nConv2D(n, 3)\nn = 2\nConv2D(n, 3)\n"
        "def f():\n    global n\n    n = 3\nf()\nConv2D(n, 3)"
    )
    assert [n for _, n in layers(text, "filters")] == [1, 2, 3]


def test_positions_and_origins() -> None:
    layer = only_layer(
        "from keras.layers import Conv2D\nF = 'channels_first'\nK = dict(kernel_size=3)\n"
        "é = Conv2D(4 * 2, data_format=F, **K)"
    )
    assert place(layer.location) == (4, 5)
    assert layer.location.end_column == 38
    given = layer.arguments
    assert place(given["data_format"].location) == (4, 31)
    assert place(given["data_format"].origin) == (2, 5)
    assert place(given["filters"].location) == (4, 12)
    assert given["filters"].origin is None
    assert place(given["kernel_size"].origin) == (3, 22)


def test_evidence() -> None:
    text = (
        "import sys\nfrom keras.layers import *\nDense(1)\n"
        "if len(sys.argv) > 1:\n    Conv1D(1, 1)\nelse:\n    Conv2D(1, 1)\n"
        "try:\n    Conv3D(1, 1)\nexcept ValueError:\n    ReLU()\n"
        "for x in sys.argv:\n    Flatten()\n"
        "def f(n, k=3):\n    return Embedding(n, k)\n"
    )
    assert evidence(text) == [
        ("Dense", CERTAIN),
        ("Conv1D", POSSIBLE),
        ("Conv2D", POSSIBLE),
        ("Conv3D", CERTAIN),
        ("ReLU", POSSIBLE),
        ("Flatten", POSSIBLE),
        ("Embedding", CERTAIN),
        ("Embedding", ASSUMED),
    ]


def test_behind_an_undecided_return_code_is_possible_only() -> None:
    text = (
        "from keras.layers import *\ndef f(kind):\n    if kind == 'a':\n        return Dense(1)\n"
        "    return ReLU()\ndef g(x):\n    if x is None:\n        raise ValueError\n    Flatten()"
    )
    assert evidence(text) == [("Dense", POSSIBLE), ("ReLU", POSSIBLE), ("Flatten", CERTAIN)]


def test_a_function_is_run_where_it_is_called() -> None:
    text = (
        "from keras.layers import Dense\ndef f(n, k=7):\n    return Dense(n * k)\n"
        "f(1)\nf(2, k=3)\nlist(map(f, [5]))"
    )
    assert layers(text, "units") == [("Dense", 7), ("Dense", 6), ("Dense", 35)]


def test_the_global_data_format() -> None:
    found = facts(
        "from keras import backend as K\nfrom keras.layers import Conv2D\nConv2D(1, 1)\n"
        "K.set_image_data_format('channels_first')\nConv2D(2, 1)\n"
        "def f():\n    return Conv2D(3, 1), K.image_data_format()\n"
    )
    assert found.layers[1].data_format == "channels_first"
    assert [layer.default_data_format for layer in found.layers] == [
        "channels_last",
        "channels_first",
        "channels_first",
    ]
    (change,) = found.format_changes
    assert change.data_format.value == "channels_first"
    assert place(change.data_format.origin) == (4, 25)


_COMPARED = (
    "if K.image_data_format() == 'channels_first':\n"
    "    shape = (1, 28, 28)\nelse:\n    shape = (28, 28, 1)\nlayers.Conv2D(8, 3, input_shape=shape)"
)


def test_a_comparison_with_the_global_format_takes_the_one_that_layers_take() -> None:
    text = f"from keras import backend as K, layers\n{_COMPARED}"
    assert only_layer(text).value("input_shape") == (28, 28, 1)


def test_a_comparison_with_a_global_format_that_may_be_set_is_not_decided() -> None:
    text = (
        "import sys\nfrom keras import backend as K, layers\nif len(sys.argv) > 1:\n"
        f"    K.set_image_data_format('channels_first')\n{_COMPARED}"
    )
    value = only_layer(text).value("input_shape")
    assert isinstance(value, Choice)
    assert value.values == ((1, 28, 28), (28, 28, 1))


def test_what_functions_on_tensors_are_told_gives_shapes() -> None:
    text = (
        "import keras, tensorflow as tf\nfrom keras import ops\ni = keras.Input((16, 16, 8))\n"
        "x = ops.transpose(i, (0, 3, 1, 2))\nx = ops.reshape(x, newshape=[-1, 8, 256])\n"
        "x = tf.expand_dims(tf.reduce_mean(x, -1, True), axis=1)\n"
        "x = tf.concat([x, x], 2)\nkeras.layers.Dense(4)(x)\nops.mean(x, axis=unknown)"
    )
    assert shapes(text) == [
        ("transpose", (None, 8, 16, 16), 0),
        ("reshape", (None, 8, 256), 0),
        ("reduce_mean", (None, 8, 1), 0),
        ("expand_dims", (None, 1, 8, 1), 0),
        ("concat", (None, 1, 16, 1), 0),
        ("Dense", (None, 1, 16, 4), 8),
        ("mean", UNKNOWN, 0),
    ]


def test_loops_of_constants_are_unrolled() -> None:
    text = (
        "import keras\nx = i = keras.Input((64, 64, 3))\nfor n in [8, 16]:\n"
        "    x = keras.layers.Conv2D(n, 3, padding='same')(x)\n    x = keras.layers.MaxPooling2D()(x)\n"
        "m = keras.Model(i, x)"
    )
    assert shapes(text) == [
        ("Conv2D", (None, 64, 64, 8), 224),
        ("MaxPooling2D", (None, 32, 32, 8), 0),
        ("Conv2D", (None, 32, 32, 16), 1168),
        ("MaxPooling2D", (None, 16, 16, 16), 0),
    ]


def test_a_loop_over_what_is_not_known_forgets_what_it_changes() -> None:
    text = (
        "import keras\ndef f(n):\n    x = keras.Input((8, 8, 3))\n    for i in range(n):\n"
        "        x = keras.layers.Conv2D(8, 3)(x)\n    return keras.layers.Flatten()(x)\n"
    )
    assert shapes(text) == [
        ("Conv2D", (UNKNOWN, UNKNOWN, UNKNOWN, 8), UNKNOWN),
        ("Flatten", (UNKNOWN, UNKNOWN), 0),
    ]


def test_decided_breaks_and_continues() -> None:
    text = (
        "from keras.layers import Dense\nfor n in range(10):\n    if n == 1:\n        continue\n"
        "    if n > 2:\n        break\n    Dense(n)\nelse:\n    Dense(99)"
    )
    assert [n for _, n in layers(text, "units")] == [0, 2]


def test_recursion_ends() -> None:
    text = (
        "from keras.layers import Dense\ndef f(x, n):\n    if n == 0:\n        return x\n"
        "    return f(Dense(n)(x), n - 1)\nf(None, 3)\ndef g(x):\n    return g(Dense(9)(x))\n"
        "def h(n):\n    if n:\n        return h(n - 1)\n    return Dense(8)\nh(unknown)"
    )
    assert [n for _, n in layers(text, "units")][:3] == [3, 2, 1]


def test_functions_that_nothing_calls_set_no_format_for_others() -> None:
    found = facts(
        "from keras import backend as K\nfrom keras.layers import Conv2D\n"
        "def f():\n    K.set_image_data_format('channels_first')\n    return Conv2D(1, 1)\n"
        "def g():\n    return Conv2D(2, 1)\n"
    )
    assert [layer.default_data_format for layer in found.layers] == [
        "channels_first",
        "channels_last",
    ]
