"""Each repair: sources before and after, and what stands in the way."""

from __future__ import annotations

import ast

import pytest

pytest.importorskip("libcst", reason="needs the extra `fix`")

from tests.fix.source.repaired import fixed, obstacles, repair
from tflint.finding import FixSafety
from tflint.fix.source.registry import source_fixes
from tflint.lint.registry import find_rule
from tflint.rule import SOURCES, Bad

MODEL = """\
import tensorflow as tf

model = tf.keras.Sequential([
    tf.keras.Input((28, 28, 1)),
    tf.keras.layers.Conv2D(8, 3),
    tf.keras.layers.Flatten(),
    tf.keras.layers.Dense(4),
])
"""
CONVERTER = MODEL + "converter = tf.lite.TFLiteConverter.from_keras_model(model)\n"
CALIBRATED = """\
converter.optimizations = [tf.lite.Optimize.DEFAULT]
converter.representative_dataset = data
"""


def behind(source: str, head: str) -> str:
    """The source without what it begins with."""
    assert source.startswith(head), source
    return source[len(head) :]


@pytest.mark.parametrize("code", source_fixes())
def test_a_repair_belongs_to_a_rule(code: str) -> None:
    rule = find_rule(code)

    assert rule is not None
    assert SOURCES & rule.meta.applies_to


@pytest.mark.parametrize(
    ("code", "title", "source"),
    [
        pytest.param(code, example.title, example.build(), id=f"{code} {example.title}")
        for code in source_fixes()
        for rule in [find_rule(code)]
        if rule is not None
        for example in rule.examples
        if isinstance(example, Bad) and isinstance(example.build(), str)
    ],
)
def test_the_rules_examples_are_repaired_or_it_is_said_why(
    code: str, title: str, source: str
) -> None:
    """Nothing is left without a reason, and what is repaired parses and stays so."""
    repaired = repair(source, code)
    again = repair(repaired.after, code)

    ast.parse(repaired.after)
    assert again.after == repaired.after
    for left in repaired.fix.left:
        assert left.has_repair, title
    assert repaired.fix.is_changed == bool(repaired.fix.fixed)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "converter.target_spec.supported_ops = [\n"
            "    tf.lite.OpsSet.TFLITE_BUILTINS_INT8,  # ours\n"
            "    tf.lite.OpsSet.SELECT_TF_OPS,  # theirs\n"
            "]\n",
            "converter.target_spec.supported_ops = [\n"
            "    tf.lite.OpsSet.TFLITE_BUILTINS_INT8,  # ours\n"
            "]\n",
        ),
        (
            "converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, "
            "tf.lite.OpsSet.SELECT_TF_OPS]\n",
            "",
        ),
        (
            "converter.target_spec.supported_ops = {tf.lite.OpsSet.SELECT_TF_OPS,\n"
            "  tf.lite.OpsSet.TFLITE_BUILTINS_INT8}\n",
            "converter.target_spec.supported_ops = {tf.lite.OpsSet.TFLITE_BUILTINS_INT8}\n",
        ),
    ],
)
def test_select_tf_ops(before: str, after: str) -> None:
    end = "tflite = converter.convert()\n"
    assert behind(fixed(CONVERTER + before + end, "TFL103"), CONVERTER) == after + end


def test_the_setting_that_keeps_tensor_lists_goes_with_the_operators_for_them() -> None:
    source = (
        "converter.target_spec.supported_ops = [\n"
        "    tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS\n]\n"
        "# why not\nconverter._experimental_lower_tensor_list_ops = False\n"
        "converter.convert()\n"
    )
    kept = source.replace("ops = False", "ops = x")
    assert behind(fixed(CONVERTER + source, "TFL103"), CONVERTER) == (
        "# why not\nconverter.convert()\n"
    )
    assert "ops = x" in fixed(CONVERTER + kept, "TFL103")


@pytest.mark.parametrize("keras", ["tf_keras", "keras"])
def test_the_first_layer_of_a_sequential_model_gets_the_batch_in_keras_2_only(keras: str) -> None:
    source = (
        f"import {keras}\nimport tensorflow as tf\nfrom {keras} import layers\n"
        f"model = {keras}.Sequential([layers.LSTM(8, input_shape=(20, 3)), layers.Dense(2)])\n"
        "converter = tf.lite.TFLiteConverter.from_keras_model(model)\n"
        "converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS,\n"
        "    tf.lite.OpsSet.SELECT_TF_OPS]\n"
        "converter._experimental_lower_tensor_list_ops = False\n"
        "converter.convert()\n"
    )
    if keras == "keras":
        assert fixed(source, "TFL103", "TFL109") == source
        assert any("`Input(...)`" in reason for reason in obstacles(source, "TFL109"))
        return
    after = fixed(source, "TFL103", "TFL109")
    assert "layers.LSTM(8, input_shape=(20, 3), batch_size=1)" in after
    assert "SELECT_TF_OPS" not in after
    assert "tensor_list" not in after


def test_a_list_of_operators_in_a_variable() -> None:
    source = (
        "ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8, tf.lite.OpsSet.SELECT_TF_OPS]\n"
        "converter.target_spec.supported_ops = ops\n"
        "converter.convert()\n"
    )
    assert behind(fixed(CONVERTER + source, "TFL103"), CONVERTER).startswith(
        "ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]\n"
    )


def test_custom_operators() -> None:
    source = (
        "# nothing else helped\nconverter.allow_custom_ops = True  # sic\nconverter.convert()\n"
    )
    assert behind(fixed(CONVERTER + source, "TFL104"), CONVERTER) == (
        "# nothing else helped\nconverter.convert()\n"
    )


def test_custom_operators_in_a_branch() -> None:
    source = "if quick:\n    converter.allow_custom_ops = True\nconverter.convert()\n"
    assert behind(fixed(CONVERTER + source, "TFL104"), CONVERTER) == (
        "if quick:\n    pass\nconverter.convert()\n"
    )


def test_a_representative_dataset_waits_for_the_data() -> None:
    quantised = "converter.optimizations = [tf.lite.Optimize.DEFAULT]\n\n# to the board\n"
    source = CONVERTER + quantised + "tflite = converter.convert()\n"
    after = behind(fixed(source, "TFL106"), CONVERTER)
    names: dict[str, object] = {}
    function = after[after.index("def ") : after.index("\n\n\n", after.index("def "))]
    exec(function, names)

    assert "TO" + "DO" in function
    assert "float32 of shape (1, 28, 28, 1)" in function.replace("\n    #", "")
    assert (
        "\n\n\n# to the board\nconverter.representative_dataset = representative_dataset\n" in after
    )
    assert after.endswith("dataset\ntflite = converter.convert()\n")
    with pytest.raises(NotImplementedError, match="real inputs"):
        names["representative_dataset"]()  # type: ignore[operator]


def test_a_representative_dataset_in_a_function_has_its_indentation() -> None:
    source = (
        MODEL
        + "def export(model):\n"
        + "\tconverter = tf.lite.TFLiteConverter.from_keras_model(model)\n"
        + "\tconverter.optimizations = [tf.lite.Optimize.DEFAULT]\n"
        + "\treturn converter.convert()\n"
        + "export(model)\n"
    )
    after = fixed(source, "TFL106")

    assert "\n\n\tdef representative_dataset():\n\t\t# " in after
    assert "\n\tconverter.representative_dataset = representative_dataset\n\treturn conv" in after


def test_a_dataset_that_was_forgotten_is_taken() -> None:
    forgotten = (
        "def representative_data():\n    for x in load():\n        yield [x]\n\n"
        "converter.optimizations = [tf.lite.Optimize.DEFAULT]\n"
    )
    after = fixed(CONVERTER + forgotten + "converter.convert()\n", "TFL106")

    assert behind(after, CONVERTER + forgotten) == (
        "converter.representative_dataset = representative_data\nconverter.convert()\n"
    )


def test_a_converter_without_a_name_gets_one() -> None:
    source = MODEL + (
        "def quantised(model):\n"
        "    made = tf.lite.TFLiteConverter.from_keras_model(model)\n"
        "    made.optimizations = [tf.lite.Optimize.DEFAULT]\n"
        "    return made\n"
        "tflite = quantised(model).convert()\n"
    )
    after = fixed(source, "TFL106")

    assert "converter = quantised(model)\nconverter.representative_dataset" in after
    assert after.endswith("tflite = converter.convert()\n")


def test_integer_edges() -> None:
    source = CONVERTER + CALIBRATED + "tflite = converter.convert()\n"
    assert behind(fixed(source, "TFL107"), CONVERTER + CALIBRATED) == (
        "converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]\n"
        "converter.inference_input_type = tf.int8\n"
        "converter.inference_output_type = tf.int8\n"
        "tflite = converter.convert()\n"
    )


def test_integer_edges_in_place_of_others() -> None:
    head = (
        CONVERTER
        + CALIBRATED
        + ("converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]\n")
    )
    source = head + (
        "converter.inference_input_type = tf.uint8  # bytes\n"
        "converter.inference_output_type = tf.int8\n"
        "converter.convert()\n"
    )
    assert behind(fixed(source, "TFL107"), head) == (
        "converter.inference_input_type = tf.int8  # bytes\n"
        "converter.inference_output_type = tf.int8\n"
        "converter.convert()\n"
    )


def test_tensorflow_is_called_what_it_is_called() -> None:
    source = (CONVERTER + CALIBRATED + "converter.convert()\n").replace("tf.", "tensorflow.")
    source = source.replace("import tensorflow as tf", "import tensorflow")

    assert "converter.inference_input_type = tensorflow.int8\n" in fixed(source, "TFL107")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[tf.lite.Optimize.OPTIMIZE_FOR_SIZE]", "[tf.lite.Optimize.DEFAULT]"),
        (
            "[\n    tf.lite.Optimize.OPTIMIZE_FOR_LATENCY,  # fast\n]",
            "[\n    tf.lite.Optimize.DEFAULT,  # fast\n]",
        ),
    ],
)
def test_old_optimizations(before: str, after: str) -> None:
    line = (
        "converter.optimizations = {}\nconverter.representative_dataset = d\nconverter.convert()\n"
    )
    source = CONVERTER + line.format(before)

    assert fixed(source, "TFL115", unsafe=False) == CONVERTER + line.format(after)


def test_settings_of_tensorflow_1() -> None:
    head = MODEL + "converter = tf.compat.v1.lite.TFLiteConverter.from_saved_model(path)\n"
    source = head + "converter.post_training_quantize = True\nconverter.convert()\n"

    assert behind(fixed(source, "TFL115", unsafe=False), head) == (
        "converter.optimizations = [tf.lite.Optimize.DEFAULT]\nconverter.convert()\n"
    )


def test_a_converter_of_a_keras_file() -> None:
    source = (
        "import tensorflow as tf\n"
        "converter = tf.compat.v1.lite.TFLiteConverter.from_keras_model_file('m.h5')\n"
        "converter.convert()\n"
    )
    assert fixed(source, "TFL115") == (
        "import tensorflow as tf\n"
        "converter = tf.lite.TFLiteConverter.from_keras_model("
        "tf.keras.models.load_model('m.h5'))\n"
        "converter.convert()\n"
    )
    assert fixed(source, "TFL115", unsafe=False) == source


ACTIVATION = """\
from keras import Input, Model, Sequential, layers

{}
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "m = Sequential([\n    Input((8,)),\n    layers.Dense(4, activation='relu'),\n"
            "    layers.ReLU(),  # again\n    layers.Dense(2),\n])",
            "m = Sequential([\n    Input((8,)),\n    layers.Dense(4, activation='relu'),\n"
            "    layers.Dense(2),\n])",
        ),
        (
            "m = Sequential()\nm.add(Input((8,)))\nm.add(layers.Dense(4, 'relu'))\n"
            "m.add(layers.Activation('relu'))\nm.add(layers.Dense(2))",
            "m = Sequential()\nm.add(Input((8,)))\nm.add(layers.Dense(4, 'relu'))\n"
            "m.add(layers.Dense(2))",
        ),
        (
            "i = Input((8,))\nx = layers.Dense(4, 'relu')(i)\nx = layers.ReLU()(x)\n"
            "m = Model(i, x)",
            "i = Input((8,))\nx = layers.Dense(4, 'relu')(i)\nm = Model(i, x)",
        ),
        (
            "i = Input((8,))\nx = layers.ReLU()(layers.Dense(4, 'relu')(i))\nm = Model(i, x)",
            "i = Input((8,))\nx = layers.Dense(4, 'relu')(i)\nm = Model(i, x)",
        ),
        (
            "i = Input((8,))\nx = layers.Dense(4, 'relu')(i)\ny = layers.ReLU()(x)\n"
            "m = Model(i, y)",
            "i = Input((8,))\nx = layers.Dense(4, 'relu')(i)\ny = x\nm = Model(i, y)",
        ),
    ],
)
def test_an_activation_that_changes_nothing_goes(before: str, after: str) -> None:
    source = ACTIVATION.format(before)
    assert fixed(source, "TFL113", unsafe=False) == ACTIVATION.format(after)


def test_a_second_softmax_goes_only_when_asked() -> None:
    source = ACTIVATION.format(
        "m = Sequential([Input((8,)), layers.Dense(4, 'softmax'), layers.Softmax()])"
    )
    assert fixed(source, "TFL113", unsafe=False) == source
    assert "layers.Softmax()" not in fixed(source, "TFL113")


def test_code_that_also_stands_behind_another_layer_is_left() -> None:
    source = ACTIVATION.format(
        "def end(x):\n    return layers.ReLU()(x)\n\n"
        "i = Input((8,))\na = end(layers.Dense(4, activation='relu')(i))\n"
        "b = end(layers.Dense(4)(a))\nm = Model(i, b)"
    )
    assert fixed(source, "TFL113") == source


def test_softmax_on_one_unit() -> None:
    source = ACTIVATION.format(
        "m = Sequential([Input((8,)), layers.Dense(1, activation='softmax')])"
    )
    assert "Dense(1, activation='sigmoid')" in fixed(source, "TFL113")
    assert fixed(source, "TFL113", unsafe=False) == source


def test_a_loss_on_logits() -> None:
    source = ACTIVATION.format(
        "from keras.losses import CategoricalCrossentropy\n"
        "m = Sequential([Input((8,)), layers.Dense(4, activation='softmax')])\n"
        "m.compile(loss=CategoricalCrossentropy(from_logits=True), optimizer='adam')"
    )
    assert "loss=CategoricalCrossentropy(), optimizer" in fixed(source, "TFL113")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "m = Sequential([\n    Input((9, 9, 3)),\n    layers.Conv2D(4, 3, activation='relu'),\n"
            "    layers.BatchNormalization(),  # norm\n    layers.MaxPooling2D(),\n])",
            "m = Sequential([\n    Input((9, 9, 3)),\n    layers.Conv2D(4, 3),\n"
            "    layers.BatchNormalization(),  # norm\n    layers.Activation('relu'),\n"
            "    layers.MaxPooling2D(),\n])",
        ),
        (
            "m = Sequential()\nm.add(Input((9, 9, 3)))\nm.add(layers.Conv2D(4, 3))\n"
            "m.add(layers.ReLU())\nm.add(layers.BatchNormalization())\nm.add(layers.Flatten())",
            "m = Sequential()\nm.add(Input((9, 9, 3)))\nm.add(layers.Conv2D(4, 3))\n"
            "m.add(layers.BatchNormalization())\nm.add(layers.ReLU())\nm.add(layers.Flatten())",
        ),
        (
            "m = Sequential()\nm.add(Input((9, 9, 3)))\n"
            "m.add(layers.Conv2D(4, 3, activation='elu'))\n"
            "m.add(layers.BatchNormalization())\nm.add(layers.Flatten())",
            "m = Sequential()\nm.add(Input((9, 9, 3)))\nm.add(layers.Conv2D(4, 3))\n"
            "m.add(layers.BatchNormalization())\nm.add(layers.Activation('elu'))\n"
            "m.add(layers.Flatten())",
        ),
        (
            "i = Input((9, 9, 3))\nx = layers.Conv2D(4, 3)(i)\nx = layers.Activation('relu')(x)\n"
            "x = layers.BatchNormalization()(x)\nm = Model(i, layers.Flatten()(x))",
            "i = Input((9, 9, 3))\nx = layers.Conv2D(4, 3)(i)\nx = layers.BatchNormalization()(x)\n"
            "x = layers.Activation('relu')(x)\nm = Model(i, layers.Flatten()(x))",
        ),
        (
            "i = Input((9, 9, 3))\nx = layers.Conv2D(4, 3, activation='relu')(i)\n"
            "x = layers.BatchNormalization()(x)\nm = Model(i, layers.Flatten()(x))",
            "i = Input((9, 9, 3))\nx = layers.Conv2D(4, 3)(i)\n"
            "x = layers.Activation('relu')(layers.BatchNormalization()(x))\n"
            "m = Model(i, layers.Flatten()(x))",
        ),
    ],
)
def test_normalisation_goes_in_front_of_the_activation(before: str, after: str) -> None:
    source = ACTIVATION.format(before)

    assert fixed(source, "TFL111") == ACTIVATION.format(after)
    assert fixed(source, "TFL111", unsafe=False) == source


def test_an_activation_that_is_read_elsewhere_stays() -> None:
    source = ACTIVATION.format(
        "i = Input((9, 9, 3))\na = layers.Conv2D(4, 3, activation='relu')(i)\n"
        "b = layers.BatchNormalization()(a)\nm = Model(i, layers.Add()([a, b]))"
    )
    assert fixed(source, "TFL111") == source
    assert any("read by other layers" in reason for reason in obstacles(source, "TFL111"))


def test_a_recurrent_network_takes_one_sample() -> None:
    source = ACTIVATION.format("i = Input(shape=(20, 3))  # steps\nm = Model(i, layers.LSTM(8)(i))")
    assert "i = Input(shape=(20, 3), batch_size=1)  # steps\n" in fixed(source, "TFL109")
    trained = source + "m.fit(x, y)\n"
    assert fixed(trained, "TFL109") == trained
    assert any("trained here" in reason for reason in obstacles(trained, "TFL109"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = 1  # tflint: ignore[TFL301]\n", "x = 1\n"),
        ("x = 1  # noqa: E501  # tflint: ignore[TFL301] why\n", "x = 1  # noqa: E501\n"),
        ("x = 1  # tflint: ignore[TFL301] why # keep\n", "x = 1  # keep\n"),
        ("# tflint: ignore-file[TFL5]\nx = 1\n", "x = 1\n"),
        ("x = 1  # tflint: ignore[TFL999]\n", "x = 1  # tflint: ignore[TFL999]\n"),
    ],
)
def test_comments_that_silence_nothing(before: str, after: str) -> None:
    head = "import keras\n"
    assert fixed(head + before, unsafe=False) == head + after


@pytest.mark.parametrize(
    ("listed", "left"),
    [
        ("TFL101, TFL301", "TFL101"),
        ("TFL301, TFL101", "TFL101"),
        ("TFL301,TFL101,TFL302", "TFL101"),
        ("TFL301, TFL302, channels-first", "channels-first"),
    ],
)
def test_rules_that_silence_nothing(listed: str, left: str) -> None:
    line = 'from keras import layers\nlayers.Conv2D(8, 3, data_format="channels_first")  # tflint: '
    assert fixed(f"{line}ignore[{listed}] ok\n", unsafe=False) == f"{line}ignore[{left}] ok\n"


def test_what_a_comment_accepts_is_left() -> None:
    source = CONVERTER + (
        "converter.allow_custom_ops = True  # tflint: ignore[TFL104] the firmware has it\n"
        "converter.convert()\n"
    )
    assert fixed(source, "TFL104") == source


def test_repairs_are_safe_unless_said_otherwise() -> None:
    """What a plan does not say is the usual safety, and that is the rule's or stricter."""
    for code, fix in source_fixes().items():
        rule = find_rule(code)
        assert rule is not None
        if fix.safety is FixSafety.SAFE:
            assert rule.meta.fix is FixSafety.SAFE
