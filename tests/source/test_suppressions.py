"""Finding the comments: held against Python's own tokenizer."""

from __future__ import annotations

import io
import sysconfig
import time
import tokenize
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tflint.source.module import SourceModule
from tflint.source.parsing import SourceError
from tflint.source.suppressions import statement_lines, suppressions

# Files of the standard library that are full of strings.
MODULES = ("tokenize", "argparse", "textwrap", "doctest", "inspect", "difflib", "string", "locale")


def with_mark(text: str) -> str:
    return text.replace("#", "# tflint: ignore #")


def by_tokenizer(text: str) -> list[int]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return [
        token.start[0]
        for token in tokens
        if token.type == tokenize.COMMENT
        for _ in range(token.string.count("tflint:"))
    ]


@pytest.mark.parametrize("name", MODULES)
def test_comments_are_those_of_the_tokenizer(name: str) -> None:
    path = Path(sysconfig.get_paths()["stdlib"], f"{name}.py")
    text = with_mark(path.read_text(encoding="utf-8"))
    found = [comment.location.line for comment in suppressions(SourceModule(text))]

    assert len(found) > 5
    assert found == by_tokenizer(text)


_PIECES = st.sampled_from(
    ["x", "'", '"', '"""', "\\", "\n", " ", "(", ")", "# tflint: ignore", "r", "b", "f", "{", "}"]
)


@given(st.lists(_PIECES, max_size=25).map("".join))
def test_strings_hide_comments(text: str) -> None:
    try:
        module = SourceModule(text)
        expected = by_tokenizer(text)
    except (SourceError, tokenize.TokenError, SyntaxError):
        return
    assert [comment.location.line for comment in suppressions(module)] == expected


def test_without_the_mark_nothing_is_looked_for() -> None:
    assert suppressions(SourceModule("x = 1  # ignore\n" * 10)) == ()


@pytest.mark.parametrize(
    "text",
    [
        "# tflint: ignore[TFL101]\n" * 20_000,
        "x = 1  # tflint: ignore[TFL101]\n" * 20_000,
        "# tflint: ignore[" + "a," * 200_000,
        "# tflint: ignore[" + "a," * 200_000 + "]",
        "# tflint:" * 50_000,
        "#" * 300_000 + " tflint: ignore",
        "# tflint: " + " " * 300_000 + "ignore" + " " * 300_000 + "[x]",
        "x = '''" + "\\n#" * 100_000 + "'''  # tflint: ignore",
        "x = " + "'a' " * 100_000 + "# tflint: ignore",
    ],
    ids=range(9),
)
def test_time_is_linear(text: str) -> None:
    module = SourceModule(text)
    start = time.process_time()
    suppressions(module)
    statement_lines(module, range(1, len(module.lines) + 1))

    assert time.process_time() - start < 4
