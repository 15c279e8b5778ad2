"""From the bytes of a source to a document that can be edited."""

from __future__ import annotations

from tflint.fix.source.document import Document, PythonFile
from tflint.rule import Kind
from tflint.source.parsing import decode_source


def read_document(data: bytes, kind: Kind) -> Document:
    """The document of a source's bytes; raises `SourceError` or `CannotEdit`."""
    if kind is Kind.NOTEBOOK:
        from tflint.fix.source.notebook_document import Notebook

        return Notebook.read(data)
    decode_source(data)  # Says in the words of `check` what is wrong with it.
    return PythonFile.read(data)
