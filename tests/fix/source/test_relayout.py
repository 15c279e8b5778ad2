"""From channels_first to channels_last: what is edited, and what stands in the way."""

from __future__ import annotations

import ast
import io
import re
import tokenize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("libcst", reason="needs the extra `fix`")

from tests.fix.source.channels_first_networks import MIXED, NETWORKS
from tests.fix.source.repaired import fixed, obstacles, repair
from tflint.source.image_layout import axis_moved, moved_last
from tflint.source.module import SourceModule
from tflint.source.relayout import plan_relayout

HEAD = """\
import numpy as np
from tensorflow import keras
from tensorflow.keras import layers

"""
NET = """\
model = keras.Sequential([
    keras.Input({shape}),
    layers.Conv2D(4, 3, data_format="channels_first"),
    {more}layers.Flatten(),
    layers.Dense(3),
])
"""


def net(shape: str = "(1, 28, 28)", more: str = "", tail: str = "", head: str = "") -> str:
    return HEAD + head + NET.format(shape=shape, more=f"{more},\n    " if more else "") + tail


def relaid(source: str) -> str:
    return fixed(source, "TFL101", "TFL102")


def in_the_way(source: str) -> list[str]:
    """What stands in the way; nothing is edited then."""
    assert relaid(source) == source
    return obstacles(source, "TFL101", "TFL102")


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_in_all_styles_are_turned(name: str) -> None:
    after = relaid(NETWORKS[name])

    assert after != NETWORKS[name]
    plan = plan_relayout(SourceModule(after).keras, SourceModule(after))
    assert not plan.edits
    assert not plan.obstacles


def test_only_what_has_to_change_does() -> None:
    """Comments, quotes and blanks stay; of the mixed network one layer changes."""
    after = relaid(MIXED)
    expected = MIXED.replace("(1, 32, 32)", "(32, 32, 1)").replace("_first", "_last")

    assert after == expected


def test_a_format_that_is_asked_for_turns_by_itself() -> None:
    """The example of Keras: data and shape follow the global setting."""
    source = """\
from keras import backend as K
from keras.layers import Conv2D, Dense, Flatten
from keras.models import Sequential

K.set_image_dim_ordering('th')
if K.image_data_format() == 'channels_first':
    x = x.reshape(x.shape[0], 1, 28, 28)
    shape = (1, 28, 28)
else:
    x = x.reshape(x.shape[0], 28, 28, 1)
    shape = (28, 28, 1)
model = Sequential()
model.add(Conv2D(8, (3, 3), input_shape=shape))
model.add(Flatten())
model.add(Dense(3))
model.fit(x, y)
"""
    assert relaid(source) == source.replace("'th'", "'tf'")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = x.reshape(-1, 1, 28, 28)", "x = x.reshape(-1, 28, 28, 1)"),
        ("x = x.reshape((len(x), 1, 28, 28))", "x = x.reshape((len(x), 28, 28, 1))"),
        ("x = np.reshape(x, [n, 1, 28, 28])", "x = np.reshape(x, [n, 28, 28, 1])"),
        ("x = np.expand_dims(x, 1)", "x = np.expand_dims(x, -1)"),
        ("x = np.expand_dims(load(), axis=1) / 255", "x = np.expand_dims(load(), axis=-1) / 255"),
        ("x = load()[:, np.newaxis]", "x = load()[..., np.newaxis]"),
        ("x = load()[:, None, :, :]", "x = load()[..., None]"),
        ("x = np.moveaxis(load(), -1, 1)", "x = load()"),
        ("x = load().transpose(0, 3, 1, 2)", "x = load()"),
        ("x = np.transpose(load(), axes=(0, 3, 1, 2))", "x = load()"),
        # None of these is about the input.
        ("labels = np.expand_dims(y, 1)", "labels = np.expand_dims(y, 1)"),
        ("x = load().reshape(-1, 28, 28)", "x = load().reshape(-1, 28, 28)"),
        ("x = load().transpose(0, 2, 3, 1)", "x = load().transpose(0, 2, 3, 1)"),
    ],
)
def test_data_that_are_fed_follow(before: str, after: str) -> None:
    source = net(tail=f"{before}\nmodel.fit(x, labels)\n")
    expected = relaid(net(tail="model.fit(x, labels)\n")).replace(
        "model.fit", f"{after}\nmodel.fit"
    )

    assert relaid(source) == expected


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x.reshape(-1, 3, 28, 28)", "x.reshape(-1, 3, 28, 28).transpose(0, 2, 3, 1)"),
        (
            "np.reshape(x, (n, 3, 28, 28))",
            "np.transpose(np.reshape(x, (n, 3, 28, 28)), (0, 2, 3, 1))",
        ),
    ],
)
def test_several_channels_are_moved_and_not_renamed(before: str, after: str) -> None:
    """A reshape alone would mix channels and rows."""
    assert after in relaid(net("(3, 28, 28)", tail=f"x = {before}\nmodel.fit(x, y)\n"))


def test_reshaped_and_transposed_data_are_the_same_data() -> None:
    numpy = pytest.importorskip("numpy")
    x = numpy.arange(2 * 3 * 4 * 5).reshape(-1, 3, 4, 5)
    turned = numpy.arange(2 * 3 * 4 * 5).reshape(-1, 3, 4, 5).transpose(0, 2, 3, 1)

    assert (turned[1, 2, 3] == x[1, :, 2, 3]).all()


def test_the_shape_of_data_that_are_reshaped_in_view() -> None:
    source = HEAD + (
        "x = np.load('x.npy').reshape(-1, 1, 12, 16)\n"
        "model = keras.Sequential()\n"
        "model.add(layers.Conv2D(4, 3, data_format='channels_first', input_shape=x.shape[1:]))\n"
        "model.fit(x, y)\n"
    )
    assert "reshape(-1, 12, 16, 1)" in relaid(source)


def test_functions_that_read_images_are_told() -> None:
    tail = (
        "from keras.utils import img_to_array\na = img_to_array(i, data_format='channels_first')\n"
    )

    assert "img_to_array(i, data_format='channels_last')" in relaid(net(tail=tail))


def test_build_has_its_shape_turned() -> None:
    source = HEAD + (
        "model = keras.Sequential([layers.Conv2D(4, 3, data_format='channels_first')])\n"
        "model.build((None, 3, 12, 16))\n"
    )
    assert "model.build((None, 12, 16, 3))" in relaid(source)


def test_operations_outside_layers_are_told_axes() -> None:
    source = HEAD + (
        "import tensorflow as tf\n"
        "i = keras.Input((3, 12, 16))\n"
        "x = layers.Conv2D(4, 3, data_format='channels_first')(i)\n"
        "x = tf.concat([tf.nn.relu(x), x * 2], axis=1)\n"
        "x = x * tf.reduce_mean(x, [2, 3], keepdims=True)\n"
        "y = keras.backend.max(x, axis=(2, 3))\n"
        "model = keras.Model(i, layers.Dense(2)(y))\n"
    )
    after = relaid(source)

    assert "axis=-1)" in after
    assert "tf.reduce_mean(x, [1, 2], keepdims=True)" in after
    assert "keras.backend.max(x, axis=(1, 2))" in after


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (net(tail='model.load_weights("w.h5")\n'), "weights are loaded"),
        (net(more="layers.Dense(4)"), "Dense works on the last dimension"),
        (net(more="layers.Lambda(lambda x: x[:, 0])"), "Lambda may depend on the order"),
        (net(more="layers.Reshape((4, -1))"), "Reshape mixes channels and positions"),
        (net(more='layers.Activation("softmax")'), "the softmax of Activation runs along"),
        (
            net("shape", head="shape = (1, 28, 28)\n", tail="probe = np.zeros((1,) + shape)\n"),
            "`shape`, the input shape, is used elsewhere too",
        ),
        (
            HEAD
            + "shape = (3, 28, 28)\n"
            + "a = keras.Sequential([keras.Input(shape), "
            + "layers.Conv2D(4, 3, data_format='channels_first')])\n"
            + "b = keras.Sequential([keras.Input(shape), layers.Conv2D(4, 3)])\n",
            "another layer its input shape",
        ),
        (
            HEAD
            + "def head(x):\n"
            + "    return layers.Conv2D(8, 3, data_format='channels_first')(x)\n",
            "what Conv2D is applied to is not in view",
        ),
        (
            HEAD
            + "import sys\n"
            + "def build(f='channels_first'):\n"
            + "    i = keras.Input((3, 8, 8))\n"
            + "    return keras.Model(i, layers.Conv2D(4, 3, data_format=f)(i))\n"
            + "a, b = build(), build(sys.argv[1])\n",
            "makes an input for another network",
        ),
        (
            HEAD
            + "def norm(x):\n"
            + "    return layers.BatchNormalization(axis=1)(x)\n"
            + "i = keras.Input((3, 8, 8))\n"
            + "x = norm(layers.Conv2D(4, 3, data_format='channels_first')(i))\n"
            + "x = layers.GlobalMaxPooling2D(data_format='channels_first')(x)\n"
            + "model = keras.Model(i, norm(x))\n",
            "gives another layer its axis",
        ),
    ],
)
def test_what_is_not_in_view_is_said(source: str, reason: str) -> None:
    """Nothing is edited by halves."""
    assert any(reason in each for each in in_the_way(source)), in_the_way(source)


def test_the_finding_says_what_stands_in_the_way() -> None:
    """`check` quotes the plan, so that nobody has to try."""
    repaired = repair(net(more="layers.Dense(4)"), "TFL101")

    assert any("tflint fix cannot do it" in left.finding.help for left in repaired.fix.left)


def test_a_mention_is_no_network() -> None:
    source = HEAD + (
        'axis = 1 if keras.backend.image_data_format() == "channels_first" else -1\n'
        '# data_format="channels_first"\n'
    )
    plan = plan_relayout(SourceModule(source).keras, SourceModule(source))

    assert (plan.edits, plan.obstacles) == ((), ())


@given(st.integers(3, 6).flatmap(lambda rank: st.tuples(st.just(rank), st.integers(1, rank - 1))))
def test_axes_are_where_the_order_puts_them(case: tuple[int, int]) -> None:
    rank, channels = case
    order = moved_last(rank, channels)

    assert sorted(order) == list(range(rank))
    for axis in range(-rank, rank):
        assert order[axis_moved(axis, rank, channels)] == axis % rank


@settings(max_examples=25)
@given(st.data())
def test_any_layout_of_the_same_program_is_turned_alike(data: st.DataObject) -> None:
    """Blanks and line ends inside brackets make no difference, and comments survive."""
    name = data.draw(st.sampled_from(["functional", "partial", "squeeze_excite", "keywords"]))
    source = NETWORKS[name]
    other = reformatted(source, data)
    assert ast.dump(ast.parse(other)) == ast.dump(ast.parse(source))
    after = repair(other, "TFL101").after.decode()

    assert ast.dump(ast.parse(after)) == ast.dump(ast.parse(relaid(source)))
    assert len(re.findall("# note", after)) == len(re.findall("# note", other))


def reformatted(source: str, data: st.DataObject) -> str:
    """The same tokens with other blanks between them, where that means nothing."""
    lines = source.splitlines(keepends=True)
    depth = 0
    insertions: list[tuple[int, int]] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.OP and token.string in "([{":
            depth += 1
            insertions.append(token.end)
        elif token.type == tokenize.OP and token.string in ")]}":
            depth -= 1
        elif token.type == tokenize.OP and token.string == "," and depth:
            insertions.append(token.end)
    chosen = data.draw(st.lists(st.sampled_from(insertions), unique=True, max_size=8))
    for line, column in sorted(chosen, reverse=True):
        gap = data.draw(st.sampled_from([" ", "\n", "  # note\n    ", "\t", "\n\n  "]))
        text = lines[line - 1]
        lines[line - 1] = text[:column] + gap + text[column:]
    return "".join(lines)
