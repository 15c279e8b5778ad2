"""IPython's own syntax: what becomes of it, and that positions stay."""

from __future__ import annotations

import ast
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tflint.source.ipython import as_python, is_python


@pytest.mark.parametrize(
    ("text", "python"),
    [
        ("%matplotlib inline\nf()", "pass\nf()"),
        ("!pip install 'x\nf()", "pass\nf()"),
        ("!!ls\nf()", "pass\nf()"),
        ("if a:\n    !ls\n    %cd x\nf()", "if a:\n    pass\n    pass\nf()"),
        ("x = !ls\ny = %pwd\n", "x = _\ny = _\n"),
        ("a, b = !ls", "a, b = _"),
        ("self.x['a'] = !ls", "self.x['a'] = _"),
        ("x?\ny.z??\n?x\n??x\n%time?\n", "pass\npass\npass\npass\npass\n"),
        ("/f 1\n,f a b\n;f a\n", "pass\npass\npass\n"),
        ("%time f()", "if 1: f()"),
        ("%timeit -n 10 -r3 f()", "if 1:             f()"),
        ("x = %time f()", "x =       f()"),
        ("!a \\\n  b (\nf()", "pass\n\nf()"),
        ("%%time\nf()", "\nf()"),
        ("\n\n%%capture out\nf()\n%ls\n", "\n\n\nf()\npass\n"),
        ("x = (1\n  % 2)\n%ls\n", "x = (1\n  % 2)\npass\n"),
        ("x = '''\n%ls\n'''\n%ls", "x = '''\n%ls\n'''\npass"),
        ('x = """\n%ls\n\\"""\n"""\n%ls', 'x = """\n%ls\n\\"""\n"""\npass'),
        ("x = 1 \\\n  % 2\n%ls", "x = 1 \\\n  % 2\npass"),
        ("# it's (\n%ls", "# it's (\npass"),
        ("x = '('\n%ls", "x = '('\npass"),
        ("pip install x", "pass"),
        ("cd folder\n", "pass\n"),
        ("%ls\r\nf()\r%cd\r\n", "pass\r\nf()\rpass\r\n"),
    ],
)
def test_what_is_ipython_becomes_python_on_the_same_lines(text: str, python: str) -> None:
    assert as_python(text) == python
    ast.parse(python)


@pytest.mark.parametrize(
    "text", ["ls = 1", "pip = 2", "run(1)", "x % y", "a = b != c", "f(x); g()"]
)
def test_python_stays_what_it_is(text: str) -> None:
    assert as_python(text) == text


def test_a_statement_of_several_lines_behind_a_magic_is_left_out() -> None:
    assert as_python("%time for x in y: f()\ng()", timed=False) == "pass\ng()"


def test_what_is_kept_keeps_its_columns() -> None:
    for text in ("%time model.fit()", "x = %time model.fit()", "%timeit -n 3 model.fit()"):
        assert as_python(text).index("model") == text.index("model")


@pytest.mark.parametrize(
    "text",
    [
        "%%bash\nls",
        "%%html\n<p>",
        "%%writefile x.py\nf()",
        "%%R\nx",
        "%%javascript\n",
        "%md\n# a",
        "%sql\nx",
    ],
)
def test_cells_in_other_languages_are_not_python(text: str) -> None:
    assert not is_python(text)


@pytest.mark.parametrize(
    "text", ["", "x", "%%time\nx", "%%capture\nx", "%time x", "%matplotlib inline"]
)
def test_cells_in_python_are(text: str) -> None:
    assert is_python(text)


_PIECES = st.sampled_from(
    [*"%!?x= \n\r()'\"\\#é\f/,", "%%", "\r\n", '"""', "'''", "time", "f()", "ls"]
)


@given(st.lists(_PIECES, max_size=40).map("".join))
def test_lines_are_never_lost(text: str) -> None:
    python = as_python(text)

    assert python.count("\n") == text.count("\n")
    assert python.count("\r") == text.count("\r")


@pytest.mark.parametrize(
    "text",
    [
        "%" * 300_000,
        "'" * 300_000,
        "(" * 300_000,
        "%ls\n" * 60_000,
        "%ls \\\n" * 50_000,
        "a" * 300_000,
        '"""' + "\\" * 300_000,
        "= " * 100_000,
        "[a]." * 80_000,
        " " * 300_000 + "%",
        "x?" * 100_000,
    ],
    ids=range(11),
)
def test_time_is_linear(text: str) -> None:
    start = time.process_time()

    assert as_python(text).count("\n") == text.count("\n")
    assert time.process_time() - start < 2
