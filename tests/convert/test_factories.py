"""What makes networks in a source, as far as that is seen without running it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tflint.convert.factories import Factories, factories

BUILD = """
def build():
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
"""
MAKE = """
def make(units):
    inputs = keras.Input((3,))
    return keras.Model(inputs, keras.layers.Dense(units)(inputs))
"""
MODEL = "model = keras.Sequential([keras.layers.Dense(2, input_shape=(3,))])\n"


def found(folder: Path, text: str) -> Factories:
    path = folder / "net.py"
    path.write_text(f"import keras\n{text}")
    return factories(path, "net.py")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (BUILD, ["build"]),
        (MODEL, ["model"]),
        (MAKE, []),
        (MAKE + "model = make(3)\n", ["model"]),
        (MAKE + "def build():\n    return make(3)\n", ["build"]),
        (MAKE + "def build():\n    net = make(3)\n    net.compile()\n    return net\n", ["build"]),
        (MAKE.replace("units)", "units=4)", 1), ["make"]),
        (MAKE.replace("(units)", "(*, units)", 1), []),
        (BUILD + "trained = build()\ntrained.fit(x, y)\n", ["build", "trained"]),
        (BUILD + "if __name__ == '__main__':\n    trained = build()\n", ["build"]),
        (BUILD + "if '__main__' == __name__:\n    trained = build()\n", ["build"]),
        ("try:\n    " + MODEL + "except ValueError:\n    pass\n", ["model"]),
        (BUILD + BUILD.replace("build", "other"), ["build", "other"]),
        ("def build():\n    keras.Sequential([keras.layers.Dense(2)])\n", []),
        ("def build():\n    def inner():\n        return 1\n    " + MODEL, []),
        ("x = 1\n", []),
        ("class Net(keras.Model):\n    pass\n", []),
    ],
)
def test_what_gives_a_network(tmp_path: Path, text: str, names: list[str]) -> None:
    assert list(found(tmp_path, text).names) == names


@pytest.mark.parametrize(
    ("text", "name", "may"),
    [
        (BUILD, "build", True),
        (BUILD, "other", False),
        ("from elsewhere import build\n", "build", True),
        ("import elsewhere.deeper\n", "elsewhere.deeper.build", True),
        ("import elsewhere as other\n", "elsewhere", False),
        ("from elsewhere import *\n", "anything", True),
        ("globals()['build'] = 1\n", "build", True),
        ("def __getattr__(name):\n    return 1\n", "build", True),
        ("def f():\n    global build\n    build = 1\n", "build", True),
        ("def f():\n    build = 1\n", "build", False),
        ("for build in (1, 2):\n    pass\n", "build", True),
        ("with open('x') as build:\n    pass\n", "build", True),
        ("match 1:\n    case build:\n        pass\n", "build", True),
        ("if True:\n    def build():\n        pass\n", "build", True),
        ("(build := 1)\n", "build", True),
        ("class Holder:\n    pass\n", "Holder.build", True),
    ],
)
def test_names_that_may_be_defined(tmp_path: Path, text: str, name: str, may: bool) -> None:
    assert found(tmp_path, text).may_have(name) is may
