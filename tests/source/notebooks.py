"""Notebooks for tests, as Jupyter writes them."""

from __future__ import annotations

import json
from typing import Any


def code(source: str | list[str], **more: Any) -> dict[str, Any]:
    """A code cell; a text is split into lines as Jupyter does."""
    lines = source.splitlines(keepends=True) if isinstance(source, str) else source
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
        "source": lines,
        **more,
    }


def markdown(source: str) -> dict[str, Any]:
    """A Markdown cell."""
    return {"cell_type": "markdown", "metadata": {}, "source": [source]}


def notebook(*cells: Any, indent: int | None = 1, **more: Any) -> bytes:
    """A notebook of format 4; strings are code cells."""
    document = {
        "cells": [code(cell) if isinstance(cell, str) else cell for cell in cells],
        "metadata": {"language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
        **more,
    }
    return json.dumps(document, indent=indent).encode()
