"""Sources made to do harm, through every rule: a report, in time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.source.notebooks import notebook
from tests.source.test_parsing import HARMFUL
from tflint.lint.registry import all_rules
from tflint.lint.runner import check_code
from tflint.report.formats import FORMATS
from tflint.report.result import FileReport, LintReport
from tflint.rule import Kind
from tflint.source.relevance import SMALL_BYTES
from tflint.target.target import find_target

TARGET = find_target("tflm")
LAYER = "keras.layers.Conv2D(8, 3, data_format='channels_first')"
# What is parsed and then looked at.
NESTED = {
    "sum": "x = 1" + "+1" * 900,
    "attributes": "x = keras" + ".a" * 900,
    "calls": "keras.layers.Dense(1)" + "(x)" * 900,
    "lists": "x = " + "[" * 90 + LAYER + "]" * 90,
    "one line": f"{LAYER}; " * 1_500,
    "one wide line": f"x = 'é{'日' * 50_000}'; " + f"{LAYER}; " * 1_500,
    "one list": f"keras.Sequential([{f'{LAYER}, ' * 1_500}])",
    "numbers": "x = [" + "1," * 100_000 + "]",
    "functions": "".join(f"def f{i}(): return f{i + 1}()\n" for i in range(2_000)),
    "recursion": "def f(x): return f(f(x))\nf(1)\n",
    "powers": "x = 10 ** 10 ** 10\ny = 'a' * 10 ** 10\nz = [0] * 10 ** 10\n",
    "loops": "for i in range(10 ** 9):\n  for j in range(10 ** 9):\n    keras.layers.Dense(i)\n",
    "name": "keras.layers.Dense(1, name='\\x1b[31m\\u202e" + "a" * 100_000 + "')",
    "comments": f"{LAYER}  # tflint: ignore[TFL101, nonsense]\n" * 1_000,
    "form feeds": f"\f\f{LAYER}\f\n" * 100,
    "tabs": f"if x:\n\t{LAYER}\n\t{LAYER}\n",
    "returns": f"{LAYER}\r{LAYER}\r\n{LAYER}\n",
}


def check(text: str) -> FileReport:
    data = f"import keras\n{text}".encode("utf-8", "surrogatepass")
    return check_code(data, all_rules(), TARGET)


@pytest.mark.parametrize("name", [*NESTED, "parentheses", "plus", "list", "nulls", "elif"])
def test_a_harmful_source_gives_a_report_in_every_format(name: str) -> None:
    start = time.process_time()
    report = check(NESTED.get(name) or HARMFUL[name])
    for format in FORMATS.values():
        assert len(format.document(LintReport(TARGET, (report,)))) < 10_000_000
    assert time.process_time() - start < 10


@pytest.mark.parametrize("name", NESTED)
def test_a_harmful_cell_gives_a_report(name: str) -> None:
    data = notebook("import keras", NESTED[name])
    report = check_code(data, all_rules(), TARGET, "x.ipynb", Kind.NOTEBOOK)

    assert report.readable


@pytest.mark.parametrize("name", ["form feeds", "tabs", "returns", "one line"])
def test_layers_are_found_in_odd_sources(name: str) -> None:
    assert "TFL101" in {finding.code for finding in check(NESTED[name]).findings}


_WORDS = st.sampled_from(
    [
        "import keras\n",
        LAYER,
        "def f(",
        "# tflint: ignore",
        "[TFL101]",
        *"()[]{}:,=*%x1 \t\n\r\f\0\\'\"é",
    ]
)


@given(st.lists(_WORDS, max_size=30).map("".join))
def test_any_text_gives_a_report(text: str) -> None:
    check(text)
    check_code(notebook("import keras", text), all_rules(), TARGET, "x.ipynb", Kind.NOTEBOOK)


@pytest.mark.parametrize(
    ("data", "codes"),
    [
        (b"def f(:\n", ["TFL902"]),
        # Large, and nothing in it could be a finding: not parsed.
        (b"def f(:\n" + b"#" * SMALL_BYTES, []),
        (b"def f(:  # keras\n" + b"#" * SMALL_BYTES, ["TFL902"]),
        ("import keras\n".encode("utf-16"), ["TFL902"]),
        (("import keras\n" + "#" * SMALL_BYTES).encode("utf-16"), ["TFL902"]),
        (("import keras\n" + "#" * SMALL_BYTES).encode("utf-16-le"), ["TFL902"]),
        (b"", []),
    ],
)
def test_what_is_parsed_depends_on_what_could_be_found(data: bytes, codes: list[str]) -> None:
    report = check_code(data, all_rules(), TARGET)

    assert [finding.code for finding in report.findings] == codes
