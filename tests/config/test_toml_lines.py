"""The line that each key of a TOML document is on."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tflint.config.toml_lines import KeyLines

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

DOCUMENT = '''\
# [tool.tflint] in a comment
[tool.tflint]
target = "a" # = "b"
select = [
  "A", # ]
  "B",
  { path = "x", rules = ["1",
    "2"] },
]
text = """
[not.a.table]
key = 1
"""
a.b = 1
"quoted key" = 2

[[tool.tflint.models]]
path = "x"
[[tool.tflint.models]]
path = "y"
ignore = ["q",
          "r"]
[tool.other."x.y"]
z = 'a'
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("target",), 3),
        (("select",), 4),
        (("select", 0), 5),
        (("select", 1), 6),
        (("select", 2), 7),
        (("select", 2, "rules"), 7),
        (("text",), 10),
        (("a",), 14),
        (("a", "b"), 14),
        (("quoted key",), 15),
        (("models",), 17),
        (("models", 0), 17),
        (("models", 0, "path"), 18),
        (("models", 1), 19),
        (("models", 1, "path"), 20),
        (("models", 1, "ignore", 1), 22),
        (("nothing",), 2),
    ],
)
def test_line(path: tuple[str | int, ...], line: int) -> None:
    tomllib.loads(DOCUMENT)

    assert KeyLines(DOCUMENT).line(("tool", "tflint", *path)) == line


def test_dots_in_quoted_keys_are_no_separators() -> None:
    assert KeyLines(DOCUMENT).line(("tool", "other", "x.y", "z")) == 24


def test_an_empty_document_has_its_first_line() -> None:
    assert KeyLines("").line(("a",)) == 1


KEYS = st.sampled_from(["a", "b-c", "d_1"])
SCALARS = st.one_of(
    st.integers(-5, 5),
    st.booleans(),
    st.text(st.sampled_from("ab#[]{}=,'. "), max_size=6),
)


def write(value: Any, indent: str) -> str:
    """A value as TOML, arrays over several lines."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list):
        inner = "".join(f"{indent}  {write(item, indent + '  ')},\n" for item in value)
        return f"[ # array\n{inner}{indent}]" if value else "[]"
    return str(value)


@given(
    st.dictionaries(
        KEYS,
        st.dictionaries(KEYS, st.one_of(SCALARS, st.lists(st.one_of(SCALARS, st.lists(SCALARS))))),
    )
)
def test_every_key_and_element_is_on_its_line(document: dict[str, dict[str, Any]]) -> None:
    text = ""
    expected: dict[tuple[str | int, ...], int] = {}
    for table, values in document.items():
        expected[(table,)] = text.count("\n") + 1
        text += f"[{table}] # table\n"
        for key, value in values.items():
            first = text.count("\n") + 1
            expected[(table, key)] = first
            if isinstance(value, list):
                line = first + 1
                for i, item in enumerate(value):
                    expected[(table, key, i)] = line
                    line += write(item, "  ").count("\n") + 1
            text += f"{key} = {write(value, '')}\n"
    tomllib.loads(text)
    lines = KeyLines(text)

    assert {path: lines.line(path) for path in expected} == expected


@given(st.text(st.sampled_from("ab=[]{}\"'#\n\\., 1"), max_size=60))
def test_any_text_is_read_without_an_error(text: str) -> None:
    KeyLines(text).line(("a", 0, "b"))
