"""Constants: what is folded is what Python computes; what it would not, or not soon, is unknown."""

# Programs on one line each are easier to compare than to read.
# ruff: noqa: E501

from __future__ import annotations

import contextlib
import warnings
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.source.facts_text import facts
from tflint.keras.values import UNKNOWN, Value


def folded(program: str, name: str = "r") -> Value:
    """What a variable is at the end of a program."""
    (layer,) = facts(f"{program}\nimport keras\nkeras.layers.Dense({name})").layers
    return layer.value("units")


EXPRESSIONS = [
    "1 + 2 * 3 - 4 // 5 % 6",
    "2 ** 10 >> 3 << 1 | 5 & 6 ^ 7",
    "-(+3), ~4, not 5",
    "1.5 / 2, 7 // 2.0, 1e3",
    "'a' + 'b' * 3",
    "f'{1}-{2.5:.1f}-{\"x\"!r:>4}'",
    "'%d-%s' % (3, 'x')",
    "'{}-{b}'.format(1, b=2)",
    "1 < 2 < 3, 1 < 3 < 2, 'a' in 'abc', 4 in [1, 2], 4 not in (4,)",
    "None is None, 1 is not None, True is True",
    "0 or 'x', 1 and 2, '' or 0 or None",
    "1 if [] else 2",
    "(1, 2, 3)[1], [1, 2, 3][-1], 'abc'[0], {'a': 5}['a']",
    "[1, 2, 3, 4][1:3], (1, 2, 3)[::-1], 'abcdef'[::2]",
    "[x * x for x in range(5) if x % 2]",
    "[(a, b) for a in (1, 2) for b in 'xy']",
    "{k: v for k, v in zip('ab', (1, 2))}['b']",
    "sum(x for x in (1, 2, 3)), max(1, 5, 3), min([4, 2]), abs(-3), round(2.567, 1)",
    "list(range(2, 10, 3)), tuple('ab'), len('abc'), sorted([3, 1, 2], reverse=True)",
    "[i + j for i, j in enumerate([5, 6], 1)], list(reversed([1, 2]))",
    "int('12') + int(3.9), float('1.5'), str(12) + 'x', bool('')",
    "'a-b'.split('-'), ' x '.strip().upper(), 'abc'.replace('b', 'd'), '-'.join(['a', 'b'])",
    "dict(a=1, b=2).get('b'), {'a': 1}.get('c', 9), dict([('x', 1)])['x']",
    "(lambda a, b=2, *c, d=4: (a, b, c, d))(1, 3, 5, d=6)",
    "[*range(2), *'ab'], (*[1], 2)",
    "__import__('math').prod([2, 3]), __import__('math').ceil(1.2)",
    "(n := 5) + n",
    "isinstance(1, int), isinstance('a', (list, tuple))",
    "list(map(lambda x: x + 1, [1, 2])), list({'a': 1}.items())[0]",
]
PROGRAMS = [
    "a, (b, *c) = 1, (2, 3, 4)\nr = (a, b, c)",
    "l = [1]\nl.append(2)\nl.extend([3])\nl += [4]\nl.insert(0, 0)\nl.pop()\nl[0] = 9\nm = l\nm.reverse()\nr = l",
    "d = {'a': 1}\nd['b'] = 2\nd.update(c=3)\ne = d.copy()\ne.pop('a')\nr = (len(d), list(e), d.setdefault('z', 4))",
    "n = 0\nfor i in range(5):\n    if i == 3:\n        break\n    n += i\nelse:\n    n = 99\nr = n",
    "n = 10\nwhile n > 3:\n    n -= 2\n    if n == 6:\n        continue\nr = n",
    "def f(x, *a, k=3, **w):\n    return x, a, k, sorted(w)\nr = f(1, 2, 3, k=4, z=5)",
    "def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\nr = fib(6)",
    "def g():\n    for i in range(3):\n        yield i\n    yield from [7, 8]\nr = list(g())",
    "class A:\n    K = 3\n    def __init__(self, x):\n        self.x = x + self.K\n    @property\n    def y(self):\n        return self.x * 2\nclass B(A):\n    K = 4\n    def __init__(self, x):\n        super().__init__(x)\n        self.x += 1\nr = (B(1).y, A(1).x)",
    "def outer():\n    n = 1\n    def inner():\n        nonlocal n\n        n += 1\n        return n\n    inner()\n    return inner()\nr = outer()",
    "x = 1\ndef f():\n    x = 2\n    return x\nr = (f(), x)",
    "x = 1\ndef f():\n    global x\n    x = 5\nf()\nr = x",
    "try:\n    r = 1\nfinally:\n    r = r + 1",
    "def f(l=[]):\n    l.append(1)\n    return len(l)\nf()\nr = f()",
    "r = 1\ndel r\nr = 2",
    "match (1, 'a'):\n    case (2, _):\n        r = 1\n    case (1, y):\n        r = y",
    "import functools\nr = functools.partial(int, base=2)('101') + functools.reduce(lambda a, b: a * b, [2, 3, 4])",
    "fs = [lambda i=i: i for i in range(3)]\nr = [f() for f in fs]",
    "from dataclasses import dataclass\n@dataclass\nclass C:\n    a: int\n    b: int = 2\nr = C(1).a + C(1, b=5).b",
    "a = b = [1]\na.append(2)\nr = b",
]


def as_value(value: Any) -> Any:
    """What Python gives, as values are exposed: lists are tuples."""
    if isinstance(value, list | tuple):
        return tuple(as_value(each) for each in value)
    return value


@pytest.mark.parametrize("program", [f"r = {each}" for each in EXPRESSIONS] + PROGRAMS)
def test_what_is_folded_is_what_python_computes(program: str) -> None:
    space: dict[str, Any] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(program, space)
    assert folded(program) == as_value(space["r"])


_names = st.sampled_from(["a", "b", "c"])
_atoms = st.one_of(
    _names,
    st.integers(-20, 20).map(str),
    st.sampled_from(["'x'", "''", "True", "None", "1.5", "[]", "[1, 2]", "(3,)", "{'k': 4}"]),
)
_operators = st.sampled_from(
    ["+", "-", "*", "//", "%", "<", "==", "!=", ">=", "and", "or", "in", "is", "|", "<<"]
)


def _expressions() -> st.SearchStrategy[str]:
    return st.recursive(
        _atoms,
        lambda inner: st.one_of(
            st.builds("({} {} {})".format, inner, _operators, inner),
            st.builds("({} if {} else {})".format, inner, inner, inner),
            st.builds("[{}, {}]".format, inner, inner),
            st.builds("{}[{}]".format, inner, inner),
            st.builds("len({})".format, inner),
            st.builds("str({})".format, inner),
            st.builds("not {}".format, inner),
            st.builds("[z for z in {} if z]".format, inner),
        ),
        max_leaves=8,
    )


_statements = st.one_of(
    st.builds("{} = {}".format, _names, _expressions()),
    st.builds("{} += {}".format, _names, _expressions()),
    st.builds("if {}:\n    {} = {}".format, _expressions(), _names, _expressions()),
    st.builds("for {} in {}:\n    {} = {}".format, _names, _expressions(), _names, _expressions()),
)


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(st.lists(_statements, max_size=8))
@example(["a = [1]", "b = a", "b += [2]", "c = a"])
def test_straight_line_code_is_what_python_makes_of_it(statements: list[str]) -> None:
    program = "a = 1\nb = 'x'\nc = [1, 2]\n" + "\n".join(statements)
    space: dict[str, Any] = {}
    with contextlib.suppress(Exception), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(program, "p", "exec"), space)
        found = folded(program, "[a, b, c]")
        if found is UNKNOWN:
            return
        assert isinstance(found, tuple)
        for name, value in zip("abc", found, strict=True):
            if value is not UNKNOWN and not _has_unknown(value):
                expected = as_value(space[name])
                # Assertions are not exceptions that may pass.
                if value != expected or type(value) is not type(expected):
                    pytest.fail(f"{name} is {expected!r}, folded {value!r}\n{program}")


def _has_unknown(value: Value) -> bool:
    if isinstance(value, tuple):
        return any(map(_has_unknown, value))
    if isinstance(value, dict):
        return any(map(_has_unknown, value.values()))
    return not isinstance(value, bool | int | float | str | None)


@pytest.mark.parametrize(
    "expression",
    [
        "10 ** 10 ** 10",
        "2 ** 100000",
        "1 << 10 ** 9",
        "'x' * 10 ** 9",
        "[0] * 10 ** 9",
        "'%999999999d' % 1",
        "f'{1:999999999}'",
        "'{:999999999}'.format(1)",
        "'x'.ljust(10 ** 9)",
        "('x' * 9000).replace('x', 'y' * 9000)",
        "1 / 0",
        "'a' + 1",
        "[][0]",
        "int('x')",
        "int('9' * 5000)",
        "undefined",
        "undefined.attribute[0](1)",
    ],
)
def test_what_python_does_not_compute_is_unknown(expression: str) -> None:
    assert folded(f"r = {expression}") is UNKNOWN
