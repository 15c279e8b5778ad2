"""The code of a Jupyter notebook, cell by cell, as one module.

Cells are numbered from 1 among all of the notebook, Markdown included, as ruff and editors do.
Formats 3 and 4 of nbformat are read, earlier ones as far as they look alike.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator

from tflint.printable import printable
from tflint.source.ipython import as_python, is_python
from tflint.source.module import Cell, SourceModule
from tflint.source.parsing import (
    MAX_BYTES,
    MAX_NOTEBOOK_BYTES,
    SourceError,
    parse_source,
    split_lines,
)

_PYTHON = ("python", "ipython")


def read_notebook(data: bytes) -> SourceModule:
    """The code cells of a notebook, parsed one by one; raises `SourceError`.

    A cell that does not parse is among the module's `errors`, the others are in its tree.
    """
    document = _decoded(data)
    notebook = _loaded(document)
    if not _is_for_python(notebook):
        return SourceModule("", cells=(), document=document)
    cells: list[Cell] = []
    errors: list[SourceError] = []
    body: list[ast.stmt] = []
    texts: list[str] = []
    next_line, length = 1, 0
    for number, content in enumerate(_cells(notebook), 1):
        try:
            text = _code(content, number)
        except SourceError as error:
            errors.append(error)
            continue
        if text is None:
            continue
        length += len(text)
        if length > MAX_BYTES:
            raise SourceError(f"its code is longer than {MAX_BYTES:,} characters", cell=number)
        python, tree = _parsed(text, number, errors)
        lines = split_lines(text)
        if tree is not None:
            ast.increment_lineno(tree, next_line - 1)
            body += tree.body
        cells.append(Cell(number, next_line, text, python))
        texts.append("\n".join(lines))
        next_line += len(lines)
    module = ast.Module(body=body, type_ignores=[])
    return SourceModule("\n".join(texts), module, cells, errors, document)


def _decoded(data: bytes) -> str:
    if len(data) > MAX_NOTEBOOK_BYTES:
        raise SourceError(
            f"it is longer than the {MAX_NOTEBOOK_BYTES:,} bytes that tflint reads of a notebook"
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SourceError("it is not a notebook: it is not UTF-8", line, 1) from error


def _loaded(document: str) -> dict[str, object]:
    try:
        notebook: object = json.loads(document)
    except json.JSONDecodeError as error:
        message = f"it is not a notebook: {error.msg}"
        text = document.split("\n")[error.lineno - 1]
        raise SourceError(message, error.lineno, error.colno, text=text) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise SourceError(
            "it is not a notebook: nested too deeply, or a number too long"
        ) from error
    if not isinstance(notebook, dict):
        raise SourceError("it is not a notebook: it is no JSON object", 1, 1)
    if not isinstance(notebook.get("cells", notebook.get("worksheets")), list):
        raise SourceError("it is not a notebook: it has no cells", 1, 1)
    return notebook


def _is_for_python(notebook: dict[str, object]) -> bool:
    """Whether its kernel runs Python; where nothing is said, it does."""
    metadata = notebook.get("metadata")
    if not isinstance(metadata, dict):
        return True
    for key, name in (("language_info", "name"), ("kernelspec", "language")):
        about = metadata.get(key)
        language = about.get(name) if isinstance(about, dict) else None
        if isinstance(language, str) and language:
            return language.lower().startswith(_PYTHON)
    return True


def _cells(notebook: dict[str, object]) -> Iterator[object]:
    """All cells; up to format 3 they are in worksheets, of which there is one."""
    cells = notebook.get("cells")
    if isinstance(cells, list):
        yield from cells
        return
    worksheets = notebook.get("worksheets")
    for sheet in worksheets if isinstance(worksheets, list) else ():
        inside = sheet.get("cells") if isinstance(sheet, dict) else None
        if isinstance(inside, list):
            yield from inside


def _code(cell: object, number: int) -> str | None:
    """The text of a code cell in Python; None for other cells. Raises `SourceError`."""
    if not isinstance(cell, dict):
        raise SourceError("the notebook is damaged: this cell is no JSON object", cell=number)
    if cell.get("cell_type") != "code":
        return None
    language = cell.get("language")
    metadata = cell.get("metadata")
    editor = metadata.get("vscode") if isinstance(metadata, dict) else None
    if isinstance(editor, dict):
        language = editor.get("languageId", language)
    if isinstance(language, str) and not language.lower().startswith(_PYTHON):
        return None
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, str):
        return source
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        return "".join(source)
    raise SourceError("the notebook is damaged: this cell has no text", cell=number)


def _parsed(text: str, number: int, errors: list[SourceError]) -> tuple[str, ast.Module | None]:
    """A cell as Python and its tree, which is None where there is none."""
    if not is_python(text):
        return "", None
    found = SourceError("")
    for python in _readings(text):
        try:
            return python, parse_source(python)
        except SourceError as error:
            # The last one is about a text without magics: those are not what is wrong.
            found = error
    message = printable(str(found), 200)
    line = found.line or 1
    shown = split_lines(text)[line - 1]
    errors.append(SourceError(message, line, found.column or 1, number, shown))
    return "", None


def _readings(text: str) -> Iterator[str]:
    """What a cell may mean in Python, each once, from the likeliest to the least."""
    seen: set[str] = set()
    yield text
    for timed in (True, False):
        python = as_python(text, timed=timed)
        if python != text and python not in seen:
            seen.add(python)
            yield python
