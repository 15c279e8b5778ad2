"""From bytes to a tree: encodings, positions of errors, and sources made to do harm."""

from __future__ import annotations

import ast
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tflint.source.nesting import nesting
from tflint.source.parsing import (
    MAX_BYTES,
    SourceError,
    decode_source,
    parse_source,
    split_lines,
)


def error_of(text: str) -> SourceError:
    with pytest.raises(SourceError) as caught:
        parse_source(text)
    return caught.value


def refusal(text: str) -> SourceError | None:
    try:
        parse_source(text)
    except SourceError as error:
        return error
    return None


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("def f(:\n", 1, 7),
        ("x = 1\n  y = 2\n", 2, 2),
        ("print 'x'\n", 1, 1),
        ("`x`\n", 1, 1),
        ("exec 'x'\n", 1, 1),
        ("x = 0777\n", 1, 5),
        ("é = = 1\n", 1, 5),
        ("日本 = (\n", 1, 6),
        ("x = 1\r\r\ny = = 2", 3, 5),
        ("def f():\n\x0c\n  return\ndef g(:", 4, 7),
        ("if x:\npass", 2, 1),
        ("x = '\n", 1, 5),
        ("y = 1\nx = '''abc\n\n", 2, 5),
        ("x = 1\ny = \0", 2, 5),
        ("x = 1\ny = '\ud800'", 2, 6),
    ],
)
def test_an_error_is_where_it_is(text: str, line: int, column: int) -> None:
    error = error_of(text)

    assert (error.line, error.column) == (line, column)
    assert error.text == split_lines(text)[line - 1]


def test_an_error_in_an_f_string_has_its_line_whatever_the_python() -> None:
    assert error_of("x = 1\ny = f'{a b}'\n").line == 2


@given(st.text(st.sampled_from("ab=(:'\"{}f\n\r\t #\\é日\x00\x0c[]1.+"), max_size=30))
def test_an_error_is_inside_the_text(text: str) -> None:
    error = refusal(text)
    if error is not None and error.line is not None:
        lines = split_lines(text)
        assert error.column is not None
        assert 1 <= error.line <= len(lines)
        assert 1 <= error.column <= len(lines[error.line - 1]) + 1


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"x = 1", "x = 1"),
        (b"\xef\xbb\xbfx = 1", "x = 1"),
        (b"# coding: latin-1\nx = '\xe9'", "# coding: latin-1\nx = 'é'"),
        (b"#!/bin/x\n# vim: set fileencoding=cp1252 :\n'\x80'", None),
        (b"# coding: utf-7\nx = '+AOk-'", "# coding: utf-7\nx = 'é'"),
        # Only a comment of its own on the first two lines declares anything.
        (b"x = 1\r# coding: hex\r", "x = 1\r# coding: hex\r"),
        (b"x = 1\ny = 2\n# coding: hex\n", "x = 1\ny = 2\n# coding: hex\n"),
        (b"", ""),
    ],
)
def test_encodings_are_honoured(data: bytes, text: str | None) -> None:
    assert decode_source(data) == (data.decode("cp1252") if text is None else text)


@pytest.mark.parametrize(
    ("data", "says", "line", "column"),
    [
        ("import keras".encode("utf-16"), "UTF-16", 1, 1),
        ("import keras".encode("utf-32"), "UTF-32", 1, 1),
        (b"x = 1\ny = '\xff'\n", "0xff is not utf-8", 2, 6),
        (b"\n\n\ny = '\xe9\xe9'\n", "0xe9 is not utf-8", 4, 6),
        (b"# coding: nonsense\n", "unknown encoding", 1, 1),
        (b"\n# coding: nonsense\n", "unknown encoding", 2, 1),
        (b"# coding: rot13\n", "not a text encoding", 1, 1),
        (b"# coding: hex\n", "not a text encoding", 1, 1),
        (b"# coding: undefined\n", "undefined", 1, 1),
        (b"\xef\xbb\xbf# coding: latin-1\n", "mark says UTF-8", 1, 1),
        (b"# coding: punycode\n" + b"a" * 500_000, "punycode", 1, 1),
        (b"# coding: \x1b[31m\n", "", None, None),
        (b"#" * (MAX_BYTES + 1), "longer than", None, None),
    ],
)
def test_a_wrong_encoding_is_said(
    data: bytes, says: str, line: int | None, column: int | None
) -> None:
    if not says:
        decode_source(data)
        return
    with pytest.raises(SourceError, match=says) as caught:
        decode_source(data)
    assert (caught.value.line, caught.value.column) == (line, column)


@given(st.binary(max_size=60))
def test_any_bytes_are_text_or_a_source_error(data: bytes) -> None:
    try:
        decode_source(b"# coding: utf-8\n" + data)
        decode_source(data)
    except SourceError:
        return


HARMFUL = {
    "parentheses": "(" * 1_000_000,
    "closed parentheses": "(" * 100_000 + ")" * 100_000,
    "brackets": "[" * 1_000_000,
    "braces": "{" * 1_000_000,
    "minus": "-" * 1_000_000,
    "not": "not " * 250_000 + "x",
    "attributes": "a" + ".a" * 500_000,
    "calls": "f" + "()" * 500_000,
    "subscripts": "a" + "[0]" * 300_000,
    "plus": "1" + "+1" * 500_000,
    "powers": "1" + "**1" * 300_000,
    "lambdas": "lambda:" * 140_000 + "1",
    "ternary": "1 if 1 else " * 80_000 + "1",
    "elif": "if a: pass\n" + "elif a: pass\n" * 50_000,
    "matrix products": "-1@" * 300_000 + "1",
    "indents": "".join(" " * i + "if a:\n" for i in range(300)),
    "f-strings": "f'{" * 10_000,
    "braces in an f-string": "f'" + "{" * 100_000 + "'",
    "strings": "'a' " * 200_000,
    "one line": "x = 1; " * 140_000,
    "one name": "a" * 1_000_000,
    "one number": "1" * 1_000_000,
    "list": "x = [" + "1," * 1_000_000 + "]",
    "lines": "\n" * 1_000_000,
    "backslashes": "\\\n" * 500_000,
    "quotes": "'" * 1_000_001,
    "triple quotes": "'''" * 300_001,
    "nulls": "\0" * 1_000_000,
    "decorators": "@a\n" * 100_000,
}


@pytest.mark.parametrize("name", HARMFUL)
def test_a_harmful_source_is_read_or_refused_in_time(name: str) -> None:
    start = time.process_time()
    error = refusal(HARMFUL[name])

    assert error is None or len(str(error)) < 300
    assert time.process_time() - start < 5


@pytest.mark.parametrize("length", [1_000, 3_000, 10_000, 14_000, 50_000, 90_000])
def test_long_sums_do_not_end_the_process(length: int) -> None:
    error = refusal("x = 1\ny = 1" + "+1" * length)

    assert error is None or (error.line == 2 and "nested too deeply" in str(error))


def depth(tree: ast.AST) -> int:
    most, level = 0, [tree]
    while level:
        most += 1
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    return most


@given(
    st.recursive(
        st.sampled_from(["x", "1", "1.5", "'('", '"""+\n"""']),
        lambda inside: st.one_of(
            st.builds("({})".format, inside),
            st.builds("[{}, {}]".format, inside, inside),
            st.builds("{} + {}".format, inside, inside),
            st.builds("-{}".format, inside),
            st.builds("not {}".format, inside),
            st.builds("f({}).a[{}]".format, inside, inside),
            st.builds("lambda: {}".format, inside),
            st.builds("({} if x else {})".format, inside, inside),
        ),
        max_leaves=30,
    )
)
def test_nesting_bounds_the_depth_of_the_tree(text: str) -> None:
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return
    # Module, expression statement, the innermost operand with its context, arguments.
    assert depth(tree) <= nesting(text).depth * 2 + 6


def test_commas_in_strings_are_no_elements() -> None:
    text = "x = '''" + "1,2,3\n" * 200_000 + "'''"

    assert nesting(text).parts == 0
    parse_source(text)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Python 3.12 brought `type`")
def test_new_syntax_is_that_of_the_python_that_runs() -> None:
    parse_source("type X = int\n")
