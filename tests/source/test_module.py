"""Which calls in a source are Keras', and what they are given."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tflint.source.module import SourceModule, read_source
from tflint.source.parsing import MAX_BYTES, SourceError

LAYER = 'Conv2D(8, 3, data_format="channels_first")'


def formats(text: str) -> list[tuple[str, object]]:
    """Path and constant data_format of every Keras call that is given one."""
    module = SourceModule(text)
    calls = [(call.path, call.argument("data_format", 4)) for call in module.keras_calls]
    return [(path, module.constant(given)) for path, given in calls if given is not None]


@pytest.mark.parametrize(
    "text",
    [
        f"import tensorflow as tf\ntf.keras.layers.{LAYER}",
        f"import tensorflow\ntensorflow.keras.layers.{LAYER}",
        f"import tensorflow.keras.layers\ntensorflow.keras.layers.{LAYER}",
        f"import tensorflow.keras as k\nk.layers.{LAYER}",
        f"from tensorflow import keras\nkeras.layers.{LAYER}",
        f"from tensorflow.keras import layers\nlayers.{LAYER}",
        f"from tensorflow.keras.layers import Conv2D\n{LAYER}",
        f"from tensorflow.keras.layers import Conv2D as C\n{LAYER.replace('Conv2D', 'C')}",
        f"from keras.layers import *\n{LAYER}",
        f"import keras\nkeras.layers.{LAYER}",
        f"import tf_keras\ntf_keras.layers.{LAYER}",
        f"import tensorflow as tf\nL = tf.keras.layers\nL.{LAYER}",
        f"def build():\n    from keras import layers\n    return [layers.{LAYER}]",
        f"try:\n    from keras import layers\nexcept ImportError:\n"
        f"    from tensorflow.keras import layers\nlayers.{LAYER}",
        "from keras.layers import Conv2D\nConv2D(8, 3, 1, 'same', 'channels_first')",
        "from keras.layers import Conv2D\nF = 'channels_first'\nConv2D(8, 3, data_format=F)",
        "import functools\nfrom keras.layers import Conv2D\n"
        "functools.partial(Conv2D, data_format='channels_first')",
        "from functools import partial\nfrom keras.layers import Conv2D\n"
        "C = partial(Conv2D, data_format='channels_first')",
    ],
)
def test_layers_are_found_however_they_are_reached(text: str) -> None:
    assert formats(text) == [("keras.layers.Conv2D", "channels_first")]


@pytest.mark.parametrize(
    "text",
    [
        f"from torch.nn import Conv2D\n{LAYER}",
        f"from mine import *\nfrom keras.layers import *\n{LAYER}",
        f"from .layers import Conv2D\n{LAYER}",
        f"def Conv2D(*a, **k): ...\nfrom keras.layers import Conv2D\n{LAYER}",
        f"from keras.layers import *\nclass Conv2D: ...\n{LAYER}",
        f"def build(layers):\n    return layers.{LAYER}\nfrom keras import layers",
        f"from keras import layers\nlayers = mine\nlayers.{LAYER}",
        f"# from keras.layers import Conv2D\n'''{LAYER}'''",
        f"from a import Conv2D\nfrom keras.layers import Conv2D\n{LAYER}",
    ],
)
def test_what_could_be_something_else_is_not_taken_for_keras(text: str) -> None:
    assert formats(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "from keras.layers import Conv2D\nF = 'channels_first'\nF = 1\nConv2D(1, 1, data_format=F)",
        "from keras.layers import Conv2D\ndef f(F): Conv2D(1, 1, data_format=F)",
        "from keras.layers import Conv2D\nConv2D(1, 1, data_format=choose())",
        "from keras.layers import Conv2D\nfor F in x: Conv2D(1, 1, data_format=F)",
    ],
)
def test_a_value_that_may_change_is_unknown(text: str) -> None:
    assert formats(text) == [("keras.layers.Conv2D", None)]


def test_a_starred_argument_hides_positions() -> None:
    text = "from keras.layers import Conv2D\nConv2D(*a, 1, 2, 3, 'channels_first')"
    assert formats(text) == []


def test_positions_count_characters_from_one() -> None:
    module = SourceModule("import keras\nx = 'é€'; keras.layers.Flatten('channels_first')\n")
    (call,) = module.keras_calls
    given = call.argument("data_format", 0)
    assert given is not None
    span = module.locate(given)
    assert span.column is not None
    assert span.end_column is not None
    assert (span.line, span.column, span.end_line, span.end_column) == (2, 32, 2, 48)
    assert module.lines[1][span.column - 1 : span.end_column - 1] == "'channels_first'"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"def f(:\n", "invalid syntax"),
        (b"x = \0", "null"),
        (b"# coding: nonsense\n", "encoding"),
        (b"x = '\xff'\n", "encoding"),
        (b"# coding: undefined\nx = 1\n", "encoding"),
        (b"(" * 5000, "nested|never closed|too many"),
        (b"#" * (MAX_BYTES + 1), "longer than"),
    ],
)
def test_what_does_not_parse_is_said(data: bytes, says: str) -> None:
    with pytest.raises(SourceError, match=says):
        read_source(data)


def test_encoding_declarations_and_byte_order_marks_are_honoured() -> None:
    assert read_source("# coding: latin-1\nx = 'é'\n".encode("latin-1")).lines[1] == "x = 'é'"
    assert read_source("\ufeffimport keras\n".encode()).lines[0] == "import keras"


@given(st.binary(max_size=400))
def test_any_bytes_parse_or_are_a_source_error(data: bytes) -> None:
    with contextlib.suppress(SourceError):
        read_source(data)
