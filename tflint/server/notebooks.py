"""Notebooks between the editor, which has a text for each cell, and tflint, which reads files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CellText:
    """A cell as the editor has it; a language of None is no code."""

    text: str
    language: str | None


def notebook_text(cells: Sequence[CellText]) -> str:
    """The file of a notebook with these cells."""
    return json.dumps(
        {
            "cells": [_cell(cell) for cell in cells],
            "metadata": {},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
    )


def _cell(cell: CellText) -> dict[str, object]:
    if cell.language is None:
        return {"cell_type": "markdown", "metadata": {}, "source": cell.text}
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {"vscode": {"languageId": cell.language}},
        "outputs": [],
        "source": cell.text,
    }


def cell_texts(document: str) -> list[str]:
    """The texts of all cells of such a file, which may have been repaired since."""
    found: list[str] = []
    for cell in json.loads(document)["cells"]:
        source = cell["source"]
        found.append(source if isinstance(source, str) else "".join(source))
    return found
