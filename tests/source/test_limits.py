"""Hostile and odd sources: no exception, and in a bounded time."""

# Programs on one line each are easier to compare than to read.
# ruff: noqa: E501

from __future__ import annotations

import ast
import sysconfig
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cpu_time import cpu_seconds
from tests.source.facts_text import facts
from tflint.source.limits import Budget, OutOfSteps
from tflint.source.module import SourceError, SourceModule, read_source

HEAD = "import keras\nfrom keras import layers\n"
HOSTILE = {
    "endless loop": "while True:\n    x = layers.Dense(1)",
    "endless list": "x = [1]\nfor i in x:\n    x.append(i)\n",
    "growing list": "x = [1]\nwhile x:\n    x = x + x",
    "growing string": "x = 'a'\nwhile x:\n    x += x",
    "nested loops": "".join(" " * i + f"for a{i} in range(1000):\n" for i in range(20))
    + " " * 20
    + "layers.Dense(1)",
    "nested branches": "".join(" " * i + f"if x{i}:\n" for i in range(90)) + " " * 90 + "y = 1",
    "many branches": "y = []\n" + "".join(f"if x{i}:\n    y.append({i})\n" for i in range(500)),
    "branches of models": "m = keras.Sequential()\n"
    + "".join(f"if x{i}:\n    m.add(layers.Dense({i + 1}))\n" for i in range(300)),
    "recursion": "def f(x):\n    return f(layers.Dense(1)(f(x)))\nf(1)",
    "mutual recursion": "def f(x):\n    return g(x) + g(x)\ndef g(x):\n    return f(x) + f(x)\nf(1)",
    "calls that double": "def f0(): pass\n"
    + "".join(f"def f{i + 1}():\n    f{i}()\n    f{i}()\n" for i in range(60)),
    "list in itself": "x = []\nx.append(x)\nlayers.Dense(x)\nstr(x)\nx == x",
    "dictionary in itself": "x = {}\nx['x'] = x\nlayers.Dense(**x)\nlayers.Dense(x)",
    "object in itself": "class A: pass\na = A()\na.a = a\nlayers.Dense(a.a.a)",
    "class of itself": "class A(A): pass\nA()\nclass B(B0): pass\nclass B0(B): pass\nB()",
    "model in itself": "m = keras.Sequential()\nm.add(m)\nm.add(m)\nm(keras.Input((1,)))",
    "generator of itself": "def g():\n    yield from g()\nlist(g())",
    "property of itself": "class A:\n    @property\n    def x(self):\n        return self.x\nA().x",
    "property that iterates": "class A:\n    def __iter__(self):\n        return self\nlist(A())",
    "deep attributes": "x" + ".a" * 400,
    "deep calls": "x = " + "f(" * 80 + ")" * 80,
    "deep lambdas": "x = " + "lambda: " * 80 + "1",
    "partial of itself": "import functools\nf = functools.partial\nfor i in range(100):\n"
    "    f = functools.partial(f, layers.Dense)\nf(1)",
    "setattr": "setattr(1, 2, 3)\nsetattr(layers, 'Dense', 1)\ngetattr(layers, '')",
    "odd calls": "layers.Dense(*5, **6)\nlayers.Conv2D(**{1: 2})\nkeras.Input(*[])\n"
    "keras.Model()\nkeras.Model(1, 2)\nkeras.Sequential(5)\nlayers.add()\nlayers.merge([])\n"
    "keras.Sequential([None, 1, 'x', keras.Sequential])",
    "odd methods": "m = keras.Sequential()\nm.pop()\nm.layers[-1].output\nm.build()\nm.build('x')\n"
    "m.get_layer()\nm.get_layer(index=3)\nm.compile()\nm.output\nm.add()\nm.summary()()()",
    "odd definitions": "def f(a, /, b, *, c, **d): pass\nf()\nf(1, 2, 3, 4, 5, a=6)\n"
    "class A(*x, metaclass=y): a, b = 1\nA.b.c",
    "odd targets": "a, b = 1\n*a, = 5\n[a, *b] = ()\nx[0][1] = x.y = 2\n(a := 1)\ndel x[0], x.y, (a, b)",
    "odd f-strings": "x = f'{y!r:{z}}' f'{1:{2}}' f'{1:q}'",
    "odd imports": "import keras.layers.Dense as D\nfrom keras import nothing\nfrom . import *\n"
    "from .. import x\nfrom keras.layers.nothing.nowhere import *\nD(1)\nnothing(1)",
    "odd converters": "import tensorflow as tf\nc = tf.lite.TFLiteConverter()\nc.convert()\n"
    "c.target_spec = 5\nc.target_spec.supported_ops.append(1)\nc.x.y.z = 1\nc.optimizations += 3\n"
    "c.representative_dataset = c\nc.convert()\nc.representative_dataset = lambda: c.convert()\n"
    "c.convert()\ntf.lite.TargetSpec(1, 2, x=3)",
    "odd formats": "keras.backend.set_image_data_format()\nkeras.backend.set_image_data_format(5)\n"
    "layers.Conv2D(1, 1)\nkeras.backend.set_image_data_format('nothing')\nlayers.Conv2D(1, 1)",
    "star args": "def f(*a, **k):\n    return f(*a, **k)\nf(*f, **f)",
    "control characters": "layers.Dense(1, name='\\x1b[31m\\u202e')",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_sources_end(text: str) -> None:
    def run() -> None:
        SourceModule(HEAD + text).keras  # noqa: B018

    assert cpu_seconds(run) < 6


def test_long_chains_are_followed() -> None:
    (layer,) = facts(HEAD + f"layers.Dense({' + '.join(['1'] * 400)})").layers
    assert layer.value("units") == 400


def test_what_is_nested_too_deep_is_unknown_and_the_rest_is_not() -> None:
    deep = "-" * 190 + "1"
    found = facts(HEAD + f"layers.Dense({deep})\nlayers.Dense(2)").layers
    assert found[1].value("units") == 2


def test_a_budget_is_shared() -> None:
    budget = Budget(100)
    with pytest.raises(OutOfSteps), budget.share(10):
        budget.charge(11)
    assert not budget.is_spent
    with pytest.raises(OutOfSteps):
        budget.charge(90)
    assert budget.is_spent


def test_a_source_that_is_not_followed_to_its_end_says_so() -> None:
    body = "".join(f"    x = layers.Dense({i})(x)\n" for i in range(300))
    text = HEAD + f"def f(x):\n{body}    return x\n" + "f(f(f(f(f(f(1))))))\n" * 60
    found = facts(text)
    assert len(found.unseen) == 1
    assert found.layers


LIBRARY = sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py"))


@pytest.mark.parametrize("path", LIBRARY[::12], ids=lambda path: path.name)
def test_any_source_is_read(path: Path) -> None:
    try:
        module = read_source(path.read_bytes())
    except SourceError:
        return
    # As if it had to do with Keras, or it would not be interpreted.
    from tflint.source.interpreter import interpret

    interpret(module.tree, module.locate)


_words = st.sampled_from(
    [
        "x",
        "y",
        "layers",
        "keras",
        "tf",
        "Dense",
        "Conv2D",
        "Sequential",
        "Model",
        "add",
        "append",
        "f",
        "self",
        "None",
        "True",
        "1",
        "2",
        "'a'",
        "*",
        "**",
        "@",
        ".",
        ",",
        ":",
        "=",
        "+=",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "if",
        "else",
        "for",
        "in",
        "while",
        "def",
        "class",
        "return",
        "yield",
        "lambda",
        "import",
        "from",
        "as",
        "try",
        "except",
        "finally",
        "with",
        "break",
        "continue",
        "raise",
        "not",
        "and",
        "or",
        "is",
        "global",
        "nonlocal",
        "del",
        "assert",
        "pass",
        "match",
        "case",
        "_",
        "async",
        "await",
    ]
)


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(st.lists(st.lists(_words, max_size=12).map(" ".join), max_size=4))
def test_any_words_are_read(lines: list[str]) -> None:
    text = HEAD + "\n".join(lines)
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return
    facts(text)
