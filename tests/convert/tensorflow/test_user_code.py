"""Sources are run as the user would run them, and what goes wrong in them is said with its line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="needs TensorFlow (the extra `convert`)")

from tflint.convert.origin import parse_origin
from tflint.convert.tensorflow.calling import inputs
from tflint.convert.tensorflow.loaded import CannotLoad, Loaded
from tflint.convert.tensorflow.loading import load

NET = """\
import keras
from keras import layers

def build():
    inputs = keras.Input((8, 8, 1), name="image")
    x = layers.Conv2D(2, 3, name="conv")(inputs)
    x = layers.Flatten(name="flat")(x)
    return keras.Model(inputs, layers.Dense(3, name="out")(x))
"""
KERASES = pytest.mark.parametrize("keras", ["keras", "tf_keras"])
Run = Callable[..., Loaded]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Writes a source and loads what it makes; modules and paths are as before then."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)

    def load_from(text: str, name: str = "build", path: str = "net.py", **options: Any) -> Loaded:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text)
        return load(parse_origin(f"{path}:{name}", **options))

    yield load_from
    for added in set(sys.modules) - before:
        if str(getattr(sys.modules[added], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[added]


def refusal(run: Run, text: str, name: str = "build", **options: Any) -> str:
    with pytest.raises(CannotLoad) as caught:
        run(text, name, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@KERASES
def test_each_layer_is_known_by_the_line_that_makes_it(run: Run, keras: str) -> None:
    loaded = run(NET.replace("import keras\nfrom keras", f"import {keras} as keras\nfrom {keras}"))

    assert loaded.framework.startswith(keras.replace("_", "-"))
    assert loaded.is_legacy == (keras == "tf_keras")
    lines = {name: (place.kind, place.line) for name, place in loaded.layers.items()}
    assert lines["conv"] == ("Conv2D", 6)
    assert lines["flat"] == ("Flatten", 7)
    assert lines["out"] == ("Dense", 8)


def test_a_layer_made_by_a_module_beside_it_is_found_there(run: Run, tmp_path: Path) -> None:
    Path("blocks.py").write_text(
        "from keras import layers\n\ndef conv():\n    return layers.Conv2D(2, 3, name='conv')\n"
    )

    loaded = run(
        NET.replace('layers.Conv2D(2, 3, name="conv")', "conv()").replace(
            "from keras import layers", "from keras import layers; from blocks import conv"
        )
    )

    place = loaded.layers["conv"]
    assert (Path(str(place.path)).name, place.line) == ("blocks.py", 4)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (NET + "net = build()\n", "net"),
        (NET + "def both(): return build(), {'history': 1}\n", "both"),
        (NET + "class Holder:\n    make = staticmethod(build)\n", "Holder.make"),
        (NET + "def build2(units=3, *rest, **more): return build()\n", "build2"),
        (NET + "import functools\npart = functools.partial(build)\n", "part"),
        (NET + "if __name__ == '__main__': raise SystemExit\n", "build"),
        (NET + "import sys; assert len(sys.argv) == 1 or True\n", "build"),
    ],
    ids=["variable", "tuple", "attribute", "defaults", "partial", "main", "argv"],
)
def test_what_gives_a_network(run: Run, text: str, name: str) -> None:
    assert run(text, name).model.count_params() > 0


def test_a_module_of_a_package_imports_from_it(run: Run) -> None:
    for name in ("package/__init__.py", "package/inner/__init__.py"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()
    Path("package/sizes.py").write_text("UNITS = 3\n")
    text = NET.replace("import keras\n", "import keras\nfrom ..sizes import UNITS\n")

    loaded = run(text.replace("Dense(3", "Dense(UNITS"), path="package/inner/net.py")

    assert loaded.model.output_shape == (None, 3)


def test_a_source_in_a_folder_imports_from_the_working_directory(run: Run) -> None:
    Path("shared_sizes.py").write_text("UNITS = 3\n")
    text = NET.replace("import keras\n", "import keras\nfrom shared_sizes import UNITS\n")

    assert run(text, path="networks/net.py").model.count_params() > 0


@KERASES
@pytest.mark.parametrize(
    "how", ["net.build((None, 5))", "net(np.ones((2, 5)))", "net.predict(np.ones((2, 5)))"]
)
def test_a_subclassed_network_that_was_built(run: Run, keras: str, how: str) -> None:
    text = f"""\
import numpy as np
import {keras} as keras

class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(2)

    def call(self, x, training=False):
        return self.dense(x)

def build():
    net = Net()
    {how}
    return net
"""
    assert [port.shape for port in inputs(run(text))] == [(None, 5)]
    assert "is not built" in unbuilt(run, text.replace(how, "pass"))


def unbuilt(run: Run, text: str) -> str:
    with pytest.raises(CannotLoad) as caught:
        inputs(run(text))
    return str(caught.value)


@pytest.mark.parametrize("path", ["json.py", "keras.py", "numpy.py", "with-dash.py", "class.py"])
def test_a_source_may_be_called_like_a_module(run: Run, path: str) -> None:
    held = dict(sys.modules)

    assert run(NET, path=path).framework.startswith("keras")
    assert all(sys.modules.get(name) is held[name] for name in ("json", "numpy") if name in held)


def test_the_text_given_runs_in_place_of_the_file(run: Run) -> None:
    run(NET)
    origin = parse_origin("net.py:build")

    assert load(origin, NET.replace("Dense(3", "Dense(5")).model.output_shape == (None, 5)
    with pytest.raises(CannotLoad, match=r"at net\.py:9: ValueError: here"):
        load(origin, NET.replace("    return", "\n    raise ValueError('here')\n    return"))


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("return 5", "is a `builtins.int`, no Keras model"),
        ("pass", "returned nothing"),
        ("return make(), make()", "is a tuple of (Functional, Functional)"),
        ("yield make()", "is a generator"),
        ("import tensorflow as tf; return tf.Module()", "tf.saved_model.save"),
        ("return layers.Dense(3)", "no Keras model"),
        ("return layers.Dense(3, activation='nope')", "at net.py:11: ValueError: Could not"),
        ("import sys; sys.exit('enough')", "called sys.exit('enough') at net.py:11"),
        ("raise KeyboardInterrupt", "at net.py:11: KeyboardInterrupt"),
        ("return build()", "RecursionError"),
        ("import nothing_like_it", "No module named 'nothing_like_it'"),
        ("raise type('Odd', (Exception,), {'__str__': lambda self: 1 / 0})", "at net.py:11: Odd"),
        ("raise ValueError('a\\nb\\n\\n  c')", "ValueError: a b c"),
        ("assert 1 == 2", "at net.py:11: AssertionError"),
        ("exec('x = (')", "SyntaxError"),
    ],
)
def test_what_goes_wrong_is_said_in_a_line(run: Run, body: str, says: str) -> None:
    text = NET.replace("def build", "def make") + f"\ndef build():\n    {body}\n"

    assert says in refusal(run, text)


def test_what_goes_wrong_before_the_factory(run: Run) -> None:
    assert "running `net.py` failed at net.py:1: ZeroDivisionError" in refusal(
        run, "x = 1 / 0\nbuild = 1\n"
    )
    Path("broken.py").write_text("x = [\n")
    assert "at broken.py:1: SyntaxError" in refusal(run, "import broken as build\n")
    needs = "def build(units, *, rate): pass\n"
    assert "needs arguments (`units`, `rate`)" in refusal(run, needs)
    unbound = "if False:\n    build = 1\ndef other(): pass\n"
    assert "defines no `build`: it has `other`" in refusal(run, unbound)


def test_memory_that_runs_out_is_no_fault_of_the_source(run: Run) -> None:
    with pytest.raises(MemoryError):
        run("def build(): raise MemoryError\n")


WEIGHTED = """\
import {keras} as keras

def build():
    return keras.Sequential([
        keras.Input((6, 6, 1)),
        keras.layers.Conv2D(2, 3),
        keras.layers.BatchNormalization(),
        keras.layers.Flatten(),
        keras.layers.Dense({units}),
    ])
"""


@KERASES
@pytest.mark.parametrize(
    "kind", ["net.weights.h5", "net.h5", "net.keras", "net.hdf5", "odd", "checkpoint", "saved"]
)
def test_weights(run: Run, keras: str, kind: str) -> None:
    import tensorflow as tf

    text = WEIGHTED.format(keras=keras, units=3)
    trained = run(text).model
    trained.set_weights([w + np.float32(0.5) for w in trained.get_weights()])
    if kind == "checkpoint":
        tf.train.Checkpoint(trained).write("checkpoint")
    elif kind == "saved":
        if keras == "keras":
            pytest.skip("Keras 3 writes no SavedModel whose weights it reads")
        trained.save("saved")
    elif kind == "odd":
        trained.save_weights("net.weights.h5")
        Path("net.weights.h5").rename("odd")
    elif kind == "net.hdf5" or kind.endswith(".keras") or (kind == "net.h5" and keras == "keras"):
        trained.save(kind)
    else:
        trained.save_weights(kind)

    loaded = run(text, weights=kind)

    for mine, yours in zip(loaded.model.get_weights(), trained.get_weights(), strict=True):
        assert (mine == yours).all()
    assert loaded.notes == ()


@KERASES
@pytest.mark.parametrize("kind", ["net.weights.h5", "net.keras"])
def test_weights_that_find_no_place_are_told(run: Run, keras: str, kind: str) -> None:
    text = WEIGHTED.format(keras=keras, units=3)
    more = run(text.replace("    ])", "        keras.layers.Dense(2, name='more'),\n    ])")).model
    more.compile("adam", "mse")
    more.fit(np.ones((4, 6, 6, 1)), np.ones((4, 2)), verbose=0)
    (more.save if kind == "net.keras" else more.save_weights)(kind)

    loaded = run(text, weights=kind)

    assert loaded.notes == (
        f"the weights `{kind}` hold 8 numbers for which the network has no place",
    )


@KERASES
@pytest.mark.parametrize("kind", ["net.weights.h5", "checkpoint", "text.h5", "cut.weights.h5"])
def test_weights_of_something_else(run: Run, keras: str, kind: str) -> None:
    import tensorflow as tf

    other = run(WEIGHTED.format(keras=keras, units=4)).model
    other.save_weights("net.weights.h5")
    tf.train.Checkpoint(other).write("checkpoint")
    Path("text.h5").write_text("text" * 400)
    data = Path("net.weights.h5").read_bytes()
    Path("cut.weights.h5").write_bytes(data[: len(data) // 2])

    says = refusal(run, WEIGHTED.format(keras=keras, units=3), weights=kind)

    assert f"the weights `{kind}`" in says
    assert "no HDF5, no .keras archive and no checkpoint" in says or "do not fit" in says


def test_legacy_keras_is_what_a_source_imports_then(run: Run) -> None:
    held = sys.modules["keras"]
    inside = "from keras.models import Model\ndef build():\n    import keras.backend"
    text = NET.replace("layers.Flatten", "keras.layers.Flatten").replace("def build():", inside)

    assert run(text, legacy=True).is_legacy
    assert sys.modules["keras"] is held
    assert not run(text).is_legacy
