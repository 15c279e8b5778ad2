"""The texts that are open in the editor: what counts, whatever is on disk."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import unquote

from lsprotocol import types
from pygls.workspace import PositionCodec, TextDocument, Workspace

from tflint.server.positions import Text, encoding_named


class Buffer(TextDocument):
    """An open text.

    pygls also ends lines at form feeds and U+2028, which editors do not: an edit behind one
    would go to the wrong place.
    """

    @property
    def text(self) -> Text:
        """The text with its places."""
        return Text(self.source, encoding_named(self.position_codec.encoding))

    def apply_change(self, change: types.TextDocumentContentChangeEvent) -> None:
        """Take over one edit of the user, or a new text."""
        if not isinstance(change, types.TextDocumentContentChangePartial):
            self._source = change.text
            return
        text = self.text
        start, end = text.offset(change.range.start), text.offset(change.range.end)
        self._source = text.text[:start] + change.text + text.text[max(start, end) :]


class Buffers(Workspace):
    """All open texts and notebooks."""

    def _create_text_document(
        self,
        doc_uri: str,
        source: str | None = None,
        version: int | None = None,
        language_id: str | None = None,
    ) -> Buffer:
        return Buffer(
            doc_uri,
            source=source or "",
            version=version,
            language_id=language_id,
            position_codec=PositionCodec(encoding=self.position_encoding),
        )

    def find(self, uri: str) -> Buffer | None:
        """The text that is open under this address."""
        document = self.text_documents.get(unquote(uri))
        return document if isinstance(document, Buffer) else None


def folders_of(workspace: Workspace) -> Sequence[str]:
    """The addresses of the folders that are open in the editor."""
    found = list(workspace.folders)
    return found or ([workspace.root_uri] if workspace.root_uri else [])
