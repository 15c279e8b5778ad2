"""Notebooks as an editor sends them: a text for each cell."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.server.editor import Message, Started
from tflint.server.notebooks import CellText, cell_texts, notebook_text

TEXTS = [
    "# A title",
    "import tensorflow as tf\nlayers = tf.keras.layers\n",
    "%matplotlib inline\nx = 1",
    'layers.Conv2D(8, 3, data_format="channels_first")',
]


class Notebook:
    """A notebook that is open in an editor; its first cell is Markdown."""

    def __init__(self, editor: Started, folder: Path) -> None:
        self.editor = editor
        self.uri = (folder / "train.ipynb").as_uri()
        self.cells = [f"{self.uri}#cell{index}" for index in range(len(TEXTS))]
        self.version = 1
        documents = []
        for index, (cell, text) in enumerate(zip(self.cells, TEXTS, strict=True)):
            language = "python" if index else "markdown"
            documents.append({"uri": cell, "languageId": language, "version": 1, "text": text})
            editor.texts[cell], editor.versions[cell] = text, 1
        notebook = {
            "uri": self.uri,
            "notebookType": "jupyter-notebook",
            "version": 1,
            "cells": [
                {"kind": 2 if index else 1, "document": cell}
                for index, cell in enumerate(self.cells)
            ],
        }
        editor.notify(
            "notebookDocument/didOpen", notebookDocument=notebook, cellTextDocuments=documents
        )

    def change(self, **cells: object) -> None:
        self.version += 1
        self.editor.notify(
            "notebookDocument/didChange",
            notebookDocument={"uri": self.uri, "version": self.version},
            change={"cells": cells},
        )

    def type(self, index: int, text: str) -> None:
        cell = self.cells[index]
        self.editor.versions[cell] += 1
        document = {"uri": cell, "version": self.editor.versions[cell]}
        self.change(textContent=[{"document": document, "changes": [{"text": text}]}])

    def codes(self, index: int) -> list[str]:
        return [found["code"] for found in self.editor.diagnostics(self.cells[index])]


@pytest.fixture
def notebook(editor: Started, tmp_path: Path) -> Notebook:
    able = editor.start(
        tmp_path, capabilities={"notebookDocument": {"synchronization": {}}, "textDocument": {}}
    )
    assert able["notebookDocumentSync"]["notebookSelector"] == [{"notebook": "jupyter-notebook"}]
    return Notebook(editor, tmp_path)


def test_findings_are_in_their_cells(notebook: Notebook) -> None:
    assert [notebook.codes(index) for index in range(4)] == [[], [], [], ["TFL101"]]
    place = notebook.editor.diagnostics(notebook.cells[3])[0]["range"]

    assert place["start"] == {"line": 0, "character": TEXTS[3].index('"')}


def test_a_change_of_one_cell_matters_to_others(notebook: Notebook) -> None:
    assert notebook.codes(3) == ["TFL101"]
    notebook.editor.forget()
    notebook.type(1, "import tensorflow as tf\nlayers = other\n")

    assert notebook.codes(3) == []


def test_a_cell_that_does_not_parse_is_one_finding(notebook: Notebook) -> None:
    notebook.type(2, "x = (")

    assert notebook.codes(2) == ["TFL902"]
    assert notebook.codes(3) == ["TFL101"]


def test_actions_edit_the_cell(notebook: Notebook) -> None:
    editor, cell = notebook.editor, notebook.cells[3]
    [found] = editor.diagnostics(cell)
    actions = editor.actions(cell, 0, column=found["range"]["start"]["character"])
    edited: set[str] = set()
    for action in actions:
        edited |= set(action["edit"]["changes"])

    assert any("Ignore TFL101" in action["title"] for action in actions)
    assert edited <= set(notebook.cells)
    assert editor.actions(notebook.cells[1], 0) == []


def test_cells_come_and_go(notebook: Notebook) -> None:
    editor = notebook.editor
    assert notebook.codes(3) == ["TFL101"]
    editor.forget()
    gone: Message = {"uri": notebook.cells[3]}
    notebook.change(structure={"array": {"start": 3, "deleteCount": 1}, "didClose": [gone]})
    del editor.versions[notebook.cells[3]]

    assert notebook.codes(3) == []
    assert notebook.codes(1) == []


def test_closing_takes_the_findings_away(notebook: Notebook) -> None:
    editor = notebook.editor
    assert notebook.codes(3) == ["TFL101"]
    editor.forget()
    documents = [{"uri": cell} for cell in notebook.cells]
    editor.notify(
        "notebookDocument/didClose",
        notebookDocument={"uri": notebook.uri},
        cellTextDocuments=documents,
    )
    editor.versions.clear()

    assert notebook.codes(3) == []


def test_a_file_has_the_texts_of_its_cells() -> None:
    cells = [CellText("# A\n", None), CellText("x = '😀'\r\n", "python"), CellText("", "r")]

    assert cell_texts(notebook_text(cells)) == [cell.text for cell in cells]


def test_a_repair_edits_its_cell_only(notebook: Notebook) -> None:
    pytest.importorskip("libcst", reason="needs the extra `fix`")
    editor, cell = notebook.editor, notebook.cells[3]
    notebook.type(3, "%time 1\ny = x  # tflint: ignore[channels-first]\n")
    [found] = editor.diagnostics(cell)
    [repair] = [
        action
        for action in editor.actions(cell, 1, column=found["range"]["start"]["character"])
        if action["title"].startswith("Repair unused-suppression")
    ]

    assert found["code"] == "TFL901"
    assert list(repair["edit"]["changes"]) == [cell]
    [edit] = repair["edit"]["changes"][cell]
    assert edit["newText"].rstrip("\n") == "y = x"
