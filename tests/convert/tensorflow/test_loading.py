"""Archives and SavedModels of both Kerases, and what is called of them."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="needs TensorFlow (the extra `convert`)")

import tensorflow as tf

from tflint.convert.origin import parse_origin
from tflint.convert.tensorflow.answers import NoAnswers, answers
from tflint.convert.tensorflow.calling import inputs, outputs
from tflint.convert.tensorflow.loaded import CannotLoad, Loaded
from tflint.convert.tensorflow.loading import load
from tflint.errors import UsageError


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield tmp_path
    for added in set(sys.modules) - before:
        if str(getattr(sys.modules[added], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[added]


@pytest.fixture(params=["keras", "tf_keras"])
def keras(request: pytest.FixtureRequest) -> Any:
    return importlib.import_module(request.param)


def network(keras: Any) -> Any:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((6, 6, 1), name="image"),
            layers.Conv2D(2, 3, name="conv"),
            layers.Flatten(),
            layers.Dense(3, name="out"),
        ]
    )


def loaded(text: str, **options: Any) -> Loaded:
    return load(parse_origin(text, **options))


def agree(found: Loaded, model: Any, shape: tuple[int, ...] = (6, 6, 1)) -> None:
    values = np.random.default_rng(1).normal(size=(5, 1, *shape)).astype(np.float32)
    (mine,) = answers(found, [values])
    yours = np.stack([np.asarray(model(value)) for value in values])
    assert mine.shape == yours.shape
    np.testing.assert_allclose(mine, yours, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["net.keras", "net.h5", "net.hdf5"])
def test_an_archive_is_loaded_by_the_keras_that_wrote_it(keras: Any, name: str) -> None:
    model = network(keras)
    model.save(name)

    found = loaded(name)

    assert found.is_legacy == (keras.__name__ == "tf_keras")
    assert found.layers["conv"].kind == "Conv2D"
    assert [port.shape for port in inputs(found)] == [(None, 6, 6, 1)]
    assert [(port.name, port.shape) for port in outputs(found)] == [("out", (None, 3))]
    agree(found, model)


@pytest.mark.parametrize("written", ["net.h5", "net.keras"])
@pytest.mark.parametrize("called", ["model.keras", "model.h5", "model", "model.bin"])
def test_what_an_archive_is_called_does_not_matter(keras: Any, written: str, called: str) -> None:
    model = network(keras)
    model.save(written)
    Path(written).rename(called)

    agree(loaded(called), model)


def test_keras_may_be_chosen(keras: Any) -> None:
    model = network(keras)
    model.save("net.h5")
    is_legacy = keras.__name__ == "tf_keras"

    assert loaded("net.h5", legacy=is_legacy).is_legacy == is_legacy


def test_code_in_an_archive_runs_where_it_is_trusted(keras: Any) -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Lambda(lambda x: x * 2.0)])
    for name in ("net.keras", "net.h5"):
        model.save(name)
        with pytest.raises(UsageError, match="a lambda as marshalled Python code"):
            loaded(name)
        agree(loaded(name, trust=True), model, (4,))


SCALE = """\
import {keras} as keras

class Scale(keras.layers.Layer):
    def call(self, x):
        return x * 3.0

def twice(x):
    return x * 2.0
"""


@pytest.mark.parametrize("name", ["net.keras", "net.h5"])
def test_classes_of_the_user_come_from_a_module(keras: Any, name: str) -> None:
    Path("mine.py").write_text(SCALE.format(keras=keras.__name__))
    sys.path.insert(0, str(Path.cwd()))
    mine = importlib.import_module("mine")
    # tf-keras does not read back what it writes into HDF5 of a function.
    is_read = keras.__name__ == "keras" or name.endswith(".keras")
    dense = keras.layers.Dense(2, activation=mine.twice if is_read else None)
    layers = [keras.Input((4,)), mine.Scale(), dense]
    model = keras.Sequential(layers)
    model.save(name)
    del sys.modules["mine"]
    Path("mine.py").rename("elsewhere.py")

    with pytest.raises((CannotLoad, UsageError), match=r"Scale.*(--with module\.py|--trust)"):
        loaded(name)
    agree(loaded(name, modules=[Path("elsewhere.py").absolute()]), model, (4,))


def test_tf_keras_imports_nothing_that_an_archive_names() -> None:
    """Neither where another module is given, nor after Keras 3 has failed."""
    for keras in map(importlib.import_module, ("keras", "tf_keras")):
        Path("mine.py").write_text(SCALE.format(keras=keras.__name__))
        sys.path.insert(0, str(Path.cwd()))
        mine = importlib.import_module("mine")
        keras.Sequential([keras.Input((4,)), mine.Scale()]).save("net.keras")
        del sys.modules["mine"]
        Path("mine.py").write_text("from pathlib import Path; Path('ran').touch()\n")
        Path("other.py").write_text("")

        with pytest.raises(CannotLoad, match=r"`Scale` is none of Keras' own: .*--with module\.py"):
            loaded("net.keras", modules=[Path("other.py").absolute()])

        assert not Path("ran").exists()


def test_an_archive_in_the_form_of_keras_1_names_the_way() -> None:
    h5py = pytest.importorskip("h5py")
    layer = {"name": "c", "batch_input_shape": [None, 8, 8, 1], "nb_filter": 2, "nb_row": 3}
    config = {"class_name": "Convolution2D", "config": {**layer, "nb_col": 3}}
    with h5py.File("net.h5", "w") as file:
        network = {"class_name": "Sequential", "config": [config]}
        file.attrs["model_config"] = json.dumps(network).encode()
        file.attrs["keras_version"] = b"1.2.2"

    with pytest.raises(CannotLoad, match=r"in a layer Conv2D, TypeError: .* form of Keras 1: "):
        loaded("net.h5")


def test_a_function_that_tf_keras_cannot_read_back() -> None:
    keras = importlib.import_module("tf_keras")
    dense = keras.layers.Dense(2, activation=lambda x: x * 2.0)
    keras.Sequential([keras.Input((4,)), dense]).save("net.h5")

    with pytest.raises((CannotLoad, UsageError)):
        loaded("net.h5")
    Path("mine.py").write_text("def twice(x):\n    return x * 2.0\n")
    sys.path.insert(0, str(Path.cwd()))
    dense.activation = importlib.import_module("mine").twice
    keras.Sequential([keras.Input((4,)), dense]).save("net.h5")
    with pytest.raises(CannotLoad, match="this file as --weights"):
        loaded("net.h5", trust=True)


@pytest.mark.parametrize("cut", [0.3, 0.9])
def test_a_damaged_archive_is_said_so(keras: Any, cut: float) -> None:
    for name in ("net.keras", "net.h5"):
        network(keras).save(name)
        data = Path(name).read_bytes()
        Path(name).write_bytes(data[: int(len(data) * cut)])
        with pytest.raises((CannotLoad, UsageError)) as caught:
            loaded(name)
        assert "\n" not in str(caught.value)


def test_weights_alone_are_no_network(keras: Any) -> None:
    network(keras).save_weights("net.weights.h5")

    with pytest.raises(UsageError, match=r"give module\.py:factory, with this file as --weights"):
        loaded("net.weights.h5")


def test_a_saved_model_of_keras_2_has_its_layers() -> None:
    keras = importlib.import_module("tf_keras")
    model = network(keras)
    model.save("saved")

    found = loaded("saved")

    assert found.is_legacy
    assert found.layers["conv"].kind == "Conv2D"
    agree(found, model)
    assert loaded("saved", legacy=False).is_graph


def test_layers_that_are_not_what_is_served_are_left_alone() -> None:
    keras = importlib.import_module("tf_keras")
    model = network(keras)
    spec = tf.TensorSpec((None, 6, 6, 1), tf.float32)
    serve = tf.function(lambda x: model(x / 255.0), input_signature=[spec])
    model.save("saved", signatures=serve)

    found = loaded("saved")

    assert found.is_graph
    agree(found, serve)


def test_a_saved_model_of_keras_3_is_a_graph() -> None:
    keras = importlib.import_module("keras")
    model = network(keras)
    model.export("saved", verbose=False)

    found = loaded("saved")

    assert (found.framework, found.is_graph) == ("SavedModel", True)
    agree(found, model)


@pytest.mark.parametrize(
    ("name", "keep"),
    [
        ("saved_model.pb", 0.5),
        ("saved_model.pb", 0.98),
        ("keras_metadata.pb", 0.5),
        ("variables/variables.index", 0.0),
        ("variables/variables.index", 0.5),
        ("variables/variables.data-00000-of-00001", 0.5),
    ],
)
def test_a_damaged_saved_model_is_said_so(name: str, keep: float) -> None:
    network(importlib.import_module("tf_keras")).save("saved")
    path = Path("saved") / name
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])

    with pytest.raises((CannotLoad, UsageError)) as caught:
        loaded("saved")

    assert "\n" not in str(caught.value)


class _Module(tf.Module):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.weight = tf.Variable(tf.random.normal((4, 2)))

    @tf.function(input_signature=[tf.TensorSpec((None, 4), tf.float32)])  # type: ignore[misc]
    def first(self, x: Any) -> Any:
        return x @ self.weight

    @tf.function(input_signature=[tf.TensorSpec((None, 4), tf.float32)])  # type: ignore[misc]
    def second(self, x: Any) -> Any:
        return {"b": x, "a": x @ self.weight}


def test_signatures() -> None:
    module = _Module()
    tf.saved_model.save(module, "none")
    tf.saved_model.save(module, "one", signatures={"only": module.first})
    tf.saved_model.save(module, "two", signatures={"one": module.first, "two": module.second})

    agree(loaded("one"), module.first, (4,))
    found = loaded("two", signature="two")
    assert [port.name for port in inputs(found)] == ["x"]
    assert [(port.name, port.shape) for port in outputs(found)] == [
        ("a", (None, 2)),
        ("b", (None, 4)),
    ]
    with pytest.raises(CannotLoad, match=r"several signatures \(`one`, `two`\)"):
        loaded("two")
    with pytest.raises(CannotLoad, match="no signature `three`: it has `one`, `two`"):
        loaded("two", signature="three")
    with pytest.raises(CannotLoad, match="has no signature"):
        loaded("none")


def test_a_saved_model_of_tensorflow_1() -> None:
    one = tf.compat.v1
    with tf.Graph().as_default(), one.Session() as session:
        x = one.placeholder(tf.float32, (None, 4), "x")
        y = tf.matmul(x, one.get_variable("w", (4, 2)))
        session.run(one.global_variables_initializer())
        one.saved_model.simple_save(session, "saved", {"x": x}, {"y": y})

    found = loaded("saved")

    assert [port.name for port in outputs(found)] == ["y"]
    assert answers(found, [np.ones((3, 1, 4), np.float32)])[0].shape == (3, 1, 2)


def test_inputs_and_outputs_that_are_nested(keras: Any) -> None:
    image = keras.Input((4,), name="image")
    words = keras.Input((3,), dtype="int32", name="words")
    flat = keras.layers.Flatten()(keras.layers.Embedding(7, 2)(words))
    joined = keras.layers.Concatenate()([image, flat])
    taken = {"words": words, "image": image}
    model = keras.Model(taken, {"b": joined, "a": keras.layers.Dense(2)(joined)})
    model.save("net.keras")

    found = loaded("net.keras")

    assert [(p.name, p.dtype) for p in inputs(found)] == [("image", "float32"), ("words", "int32")]
    assert [(p.name, p.shape) for p in outputs(found)] == [("a", (None, 2)), ("b", (None, 10))]
    samples = [np.ones((2, 1, 4), np.float32), np.full((2, 1, 3), 6, np.int32)]
    for mine, name in zip(answers(found, samples), ("a", "b"), strict=True):
        wanted = model({"image": samples[0][0], "words": samples[1][0]})[name]
        np.testing.assert_allclose(mine[0], np.asarray(wanted), rtol=1e-5)


def test_state_is_forgotten_between_samples(keras: Any) -> None:
    first = keras.Input(shape=(3, 2), batch_size=1)
    model = keras.Sequential([first, keras.layers.LSTM(4, stateful=True)])
    model.save("net.keras")
    value = np.random.default_rng(0).normal(size=(1, 1, 3, 2)).astype(np.float32)

    (found,) = answers(loaded("net.keras"), [np.concatenate([value, value])])

    np.testing.assert_array_equal(found[0], found[1])


def test_many_samples_are_run_at_once_where_that_is_the_same(keras: Any) -> None:
    network(keras).save("net.keras")
    values = np.random.default_rng(0).normal(size=(70, 1, 6, 6, 1)).astype(np.float32)
    found = loaded("net.keras")

    (many,) = answers(found, [values])

    single = np.concatenate([answers(found, [values[i : i + 1]])[0] for i in range(70)])
    assert many.shape == (70, 1, 3)
    np.testing.assert_allclose(many, single, rtol=1e-4, atol=1e-5)


def test_samples_of_a_batch_that_depend_on_each_other_are_run_one_by_one() -> None:
    class Centre(tf.Module):  # type: ignore[misc]
        @tf.function(input_signature=[tf.TensorSpec((None, 2), tf.float32)])  # type: ignore[misc]
        def __call__(self, x: Any) -> Any:
            return x - tf.reduce_mean(x, axis=0)

    module = Centre()
    tf.saved_model.save(module, "saved", signatures=module.__call__)
    values = np.random.default_rng(0).normal(size=(40, 1, 2)).astype(np.float32)

    assert not answers(loaded("saved"), [values])[0].any()


def test_kernels_that_a_processor_lacks_are_compiled(keras: Any) -> None:
    first = keras.layers.Conv2D(2, 3, data_format="channels_first", name="conv")
    model = keras.Sequential([keras.Input((1, 6, 6)), first])
    model.save("net.keras")
    values = np.random.default_rng(0).normal(size=(2, 1, 1, 6, 6)).astype(np.float32)

    (found,) = answers(loaded("net.keras"), [values])

    kernel, bias = (np.asarray(weight) for weight in model.get_weights())
    wanted = tf.nn.conv2d(values[:, 0].transpose(0, 2, 3, 1), kernel, 1, "VALID") + bias
    np.testing.assert_allclose(
        found[:, 0].transpose(0, 2, 3, 1), np.asarray(wanted), rtol=1e-4, atol=1e-5
    )


def test_outputs_that_are_no_numbers_are_no_reference() -> None:
    class Words(tf.Module):  # type: ignore[misc]
        @tf.function(input_signature=[tf.TensorSpec((None, 2), tf.float32)])  # type: ignore[misc]
        def __call__(self, x: Any) -> Any:
            return tf.strings.as_string(x)

    module = Words()
    tf.saved_model.save(module, "saved", signatures=module.__call__)

    with pytest.raises(NoAnswers, match="not numbers"):
        answers(loaded("saved"), [np.zeros((1, 1, 2), np.float32)])


def test_a_network_of_other_floats_is_fed_what_it_takes(keras: Any) -> None:
    first = keras.Input((4,), dtype="float16")
    dense = keras.layers.Dense(2, dtype="float16")
    keras.Model(first, dense(first)).save("net.keras")

    (found,) = answers(loaded("net.keras"), [np.ones((40, 1, 4), np.float32)])

    assert (found.dtype, found.shape) == (np.dtype(np.float32), (40, 1, 2))


def test_a_network_that_does_not_run_says_why(keras: Any) -> None:
    def fail(x: Any) -> Any:
        raise ValueError("not\ntoday")

    class Fails(keras.layers.Layer):  # type: ignore[misc, name-defined]
        def call(self, x: Any) -> Any:
            return tf.ensure_shape(tf.numpy_function(fail, [x], tf.float32), (None, 4))

    first = keras.Input((4,))
    found = Loaded(keras.Model(first, Fails()(first)), keras, "")

    with pytest.raises(NoAnswers, match=r"ValueError: not today"):
        answers(found, [np.ones((2, 1, 4), np.float32)])


def test_a_batch_that_is_written_into_the_network_is_run_one_by_one(keras: Any) -> None:
    class Fixed(keras.layers.Layer):  # type: ignore[misc, name-defined]
        def call(self, x: Any) -> Any:
            return tf.reshape(x, (1, 4)) * 2.0

    first = keras.Input((4,))
    model = keras.Model(first, Fixed()(first))
    found = Loaded(model, keras, "")
    values = np.random.default_rng(0).normal(size=(40, 1, 4)).astype(np.float32)

    (doubled,) = answers(found, [values])

    np.testing.assert_allclose(doubled, values * 2)
