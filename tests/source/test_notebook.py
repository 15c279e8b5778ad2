"""Notebooks: which cells count, where their code stands, what damage is said."""

from __future__ import annotations

import ast
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.source.notebooks import code, markdown, notebook
from tflint.source.module import SourceModule
from tflint.source.notebook import read_notebook
from tflint.source.parsing import MAX_BYTES, MAX_NOTEBOOK_BYTES, SourceError


def calls(module: SourceModule) -> list[tuple[int | None, int | None, int | None, str]]:
    """Cell, line, column and text of each call of a name."""
    found = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            at = module.locate(node)
            found.append((at.cell, at.line, at.column, ast.unparse(node)))
    return sorted(found, key=lambda place: place[:3])


def test_cells_are_counted_among_all_and_lines_inside_the_cell() -> None:
    module = read_notebook(
        notebook(markdown("# Title"), "import keras\nf()\n", markdown("text"), "\nx = 'é'; g()")
    )

    assert calls(module) == [(2, 2, 1, "f()"), (4, 2, 10, "g()")]
    assert module.errors == ()


def test_a_name_of_one_cell_is_known_in_the_next() -> None:
    module = read_notebook(notebook("x = 1", "f(x)"))

    assert [type(node).__name__ for node in module.tree.body] == ["Assign", "Expr"]
    assert [node.lineno for node in module.tree.body] == [1, 2]


def test_each_cell_is_parsed_by_itself() -> None:
    """Two halves of a statement are two errors, and the cells around them are read."""
    module = read_notebook(notebook("f()", "g(", ")", "h()"))

    assert [(error.cell, error.line) for error in module.errors] == [(2, 1), (3, 1)]
    assert [text for *_, text in calls(module)] == ["f()", "h()"]


def test_an_error_has_the_line_of_the_cell() -> None:
    (error,) = read_notebook(notebook("pass", "x = 1\ndef f(:\n")).errors

    assert (error.cell, error.line, error.column) == (2, 2, 7)
    assert error.location.context == "def f(:"


def test_the_error_is_that_of_the_code_and_not_of_a_magic() -> None:
    (error,) = read_notebook(notebook("%matplotlib inline\nx = = 1")).errors

    assert error.line == 2


@pytest.mark.parametrize("indent", [1, 2, 4, None])
def test_lines_of_the_file_are_known(indent: int | None) -> None:
    data = notebook(
        markdown("a"), "x = 1\n\nf()\n", {"cell_type": "raw", "source": "x"}, "g()", indent=indent
    )
    module = read_notebook(data)
    lines = data.decode().split("\n")

    for cell, line, _, text in calls(module):
        assert line is not None
        in_file = module.file_line(cell, line)
        assert in_file is not None
        assert text in lines[in_file - 1]


def test_a_source_that_is_one_string_is_on_one_line_of_the_file() -> None:
    data = notebook(code([]) | {"source": "a()\nb()\n\nc()"})
    module = read_notebook(data)

    found = {module.file_line(1, line) for line in (1, 2, 3, 4)}
    assert len(found) == 1
    assert "a()" in data.decode().split("\n")[found.pop() - 1]  # type: ignore[operator]
    assert module.file_line(1, 5) is None
    assert module.file_line(2, 1) is None


@given(st.lists(st.lists(st.sampled_from(["a\n", "b", "\n", "c\nd\n", "e\r\n", ""]), max_size=6)))
def test_the_lines_of_the_file_are_those_of_the_pieces(cells: list[list[str]]) -> None:
    data = notebook(*(code(pieces) for pieces in cells))
    lines = data.decode().split("\n")
    module = read_notebook(data)

    for number, pieces in enumerate(cells, 1):
        # A piece begins a line where the one before ended one.
        line, begins = 1, True
        for piece in pieces:
            if piece and begins:
                at = module.file_line(number, line)
                assert at is not None
                assert json.dumps(piece) in lines[at - 1]
            line += piece.count("\n")
            begins = piece.endswith("\n") if piece else begins


def test_format_3_has_worksheets_and_calls_the_source_input() -> None:
    sheet = {
        "cells": [
            {"cell_type": "heading", "source": ["x"]},
            {"cell_type": "code", "language": "python", "input": ["f()\n", "g()"]},
        ]
    }
    data = json.dumps({"nbformat": 3, "worksheets": [sheet]}, indent=1).encode()
    module = read_notebook(data)

    assert calls(module) == [(2, 1, 1, "f()"), (2, 2, 1, "g()")]
    assert module.file_line(2, 2) == 1 + next(
        i for i, line in enumerate(data.decode().split("\n")) if line.strip() == '"g()"'
    )


@pytest.mark.parametrize(
    "metadata",
    [
        {"language_info": {"name": "R"}},
        {"language_info": {"name": "julia"}},
        {"kernelspec": {"language": "javascript"}},
    ],
)
def test_a_notebook_for_another_language_has_no_code(metadata: dict[str, Any]) -> None:
    module = read_notebook(notebook("x <- 1", metadata=metadata))

    assert (module.errors, module.cells) == ((), ())


@pytest.mark.parametrize("metadata", [{}, None, [], {"kernelspec": 1}, {"language_info": {}}])
def test_a_notebook_that_says_nothing_is_for_python(metadata: Any) -> None:
    assert len(read_notebook(notebook("f()", metadata=metadata)).cells) == 1


def test_a_cell_for_another_language_is_passed_over() -> None:
    cell = code("SELECT 1", metadata={"vscode": {"languageId": "sql"}})

    assert read_notebook(notebook(cell, "f()")).errors == ()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "not JSON|Expecting value"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Expecting value"),
        (b"[]", "no JSON object"),
        (b"{}", "no cells"),
        (b'{"cells": 1}', "no cells"),
        (b'{"cells": {}}', "no cells"),
        (b'{"worksheets": "x"}', "no cells"),
        (b'{"cells": [' + b"[" * 200_000, "deep"),
        (b'{"cells": ' + b'{"a":' * 200_000, "deep"),
        (b'{"cells": [], "x": ' + b"1" * 100_000 + b"}", "number|deep"),
        ('{"cells": []}'.encode("utf-16"), "UTF-8"),
        (b'{"cells": ["\xff"]}', "UTF-8"),
        (b'{"cells": [\n  {"cell_type": "code"\n', "Expecting"),
        (b" " * (MAX_NOTEBOOK_BYTES + 1), "longer than"),
        (notebook("#" * MAX_BYTES, "#"), "longer than"),
    ],
    ids=range(15),
)
def test_what_is_no_notebook_is_said(data: bytes, says: str) -> None:
    with pytest.raises(SourceError, match=says):
        read_notebook(data)


def test_where_it_is_no_json_is_shown() -> None:
    with pytest.raises(SourceError) as caught:
        read_notebook(b'{"cells": [\n<<<<<<< HEAD\n]}')

    assert (caught.value.line, caught.value.text) == (2, "<<<<<<< HEAD")


@pytest.mark.parametrize(
    "cell",
    [None, 1, "text", [], {"cell_type": "code", "source": 1}, {"cell_type": "code", "source": [1]}],
)
def test_a_damaged_cell_is_an_error_and_the_others_are_read(cell: Any) -> None:
    document = json.loads(notebook("f()", "g()"))
    document["cells"].insert(1, cell)
    module = read_notebook(json.dumps(document).encode())

    assert [error.cell for error in module.errors] == [2]
    assert [(at, text) for at, _, _, text in calls(module)] == [(1, "f()"), (3, "g()")]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inside: (
        st.lists(inside, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["cells", "worksheets", "cell_type", "source", "input", "metadata", "vscode"]
            ),
            inside | st.just("code"),
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(_JSON)
def test_any_json_is_read_or_refused(document: Any) -> None:
    try:
        module = read_notebook(json.dumps(document).encode())
    except SourceError:
        return
    for cell in module.cells:
        module.file_line(cell.number, 1)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        read_notebook(data)
    except SourceError:
        return


def test_pictures_cost_little() -> None:
    """Ten megabytes of outputs and one layer."""
    picture = {"output_type": "display_data", "data": {"image/png": "A" * 1_000_000}}
    data = notebook(*(code("f()", outputs=[picture]) for _ in range(10)))

    start = time.process_time()
    module = read_notebook(data)
    assert module.file_line(10, 1) is not None
    assert time.process_time() - start < 1
