"""The server as pygls runs it: its state, and how it tells the editor that something is wrong."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, default_converter
from pygls.uris import to_fs_path

from tflint.printable import printable
from tflint.rule import Kind
from tflint.server.buffers import Buffer, Buffers, folders_of
from tflint.server.checking import Subject
from tflint.server.diagnostics import SOURCE, diagnostic
from tflint.server.notebooks import CellText, notebook_text
from tflint.server.options import Found, Options, read_options, settings_for
from tflint.server.session import Checked, Part, Session, Snapshot
from tflint.version import __version__

_LANGUAGE = "python"
# All cells, those in Markdown too: they count where cells are numbered.
_NOTEBOOKS = types.NotebookDocumentSyncOptions(
    [types.NotebookDocumentFilterWithNotebook("jupyter-notebook")], save=True
)


class Protocol(LanguageServerProtocol):
    """The protocol, with an answer for requests that are not as the protocol has them."""

    def structure_message(self, data: dict[str, Any]) -> Any:
        """A message from JSON; raises `JsonRpcException` for one that is malformed."""
        try:
            return super().structure_message(data)
        except JsonRpcException as error:
            if "method" in data and isinstance(data.get("id"), (str, int)):
                self._send_response(data["id"], None, error.to_response_error())
            raise


class TflintServer(LanguageServer):
    """A language server for Keras sources."""

    def __init__(self) -> None:
        super().__init__(
            SOURCE,
            __version__,
            notebook_document_sync=_NOTEBOOKS,
            protocol_cls=Protocol,
            converter_factory=default_converter,
        )
        self.options = Options()
        self.checks = Session(self._take, self._configure, self._publish)
        self.was_shut_down = False
        self._said: set[str] = set()

    def begin(self, params: types.InitializeParams) -> None:
        """Take over what the editor says of itself and of its folders."""
        encoding = self.workspace.position_encoding
        root = params.root_uri
        self.protocol._workspace = Buffers(
            root, workspace_folders=params.workspace_folders or (), position_encoding=encoding
        )
        self.set_options(params.initialization_options)

    def set_options(self, given: object) -> None:
        """Take over the editor's options."""
        self.options = read_options(given)

    def owner(self, uri: str) -> str:
        """The address that a text is checked under: of a cell, that of its notebook."""
        notebook = self.workspace.get_notebook_document(cell_uri=uri)
        return uri if notebook is None else notebook.uri

    def is_source(self, document: types.TextDocumentItem) -> bool:
        """Whether a text is a Python source: a model is none, whatever the editor makes of it."""
        return document.language_id == _LANGUAGE or document.uri.endswith(".py")

    def say(self, kind: types.MessageType, message: str) -> None:
        """Tell the user something, the same thing once."""
        if message not in self._said:
            self._said.add(message)
            self.window_show_message(types.ShowMessageParams(kind, f"tflint: {message}"))

    def log(self, kind: types.MessageType, message: str) -> None:
        """Write something to the editor's log, and to the standard error output."""
        print(f"tflint: {message}", file=sys.stderr)
        self.window_log_message(types.LogMessageParams(kind, message))

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Log what went wrong in the protocol; pygls would show it to the user."""
        what = printable(f"{type(error).__name__}: {error}", 300)
        self.log(types.MessageType.Error, what)

    def _take(self, uri: str) -> Snapshot | None:
        notebook = self.workspace.get_notebook_document(notebook_uri=uri)
        if notebook is not None:
            return self._take_notebook(notebook)
        buffer = self._buffer(uri)
        if buffer is None:
            return None
        part = Part(uri, buffer.version, buffer.text)
        return Snapshot(uri, (part,), Subject(self._path(uri, ".py"), buffer.source))

    def _take_notebook(self, notebook: types.NotebookDocument) -> Snapshot:
        parts, cells = [], []
        for number, cell in enumerate(notebook.cells, 1):
            buffer = self._buffer(cell.document)
            if buffer is None:
                # One that the editor keeps for itself counts all the same.
                cells.append(CellText("", None))
                continue
            is_code = cell.kind is types.NotebookCellKind.Code
            language = buffer.language_id or _LANGUAGE
            cells.append(CellText(buffer.source, language if is_code else None))
            parts.append(Part(cell.document, buffer.version, buffer.text, number))
        path = self._path(notebook.uri, ".ipynb")
        subject = Subject(path, notebook_text(cells), Kind.NOTEBOOK)
        return Snapshot(notebook.uri, tuple(parts), subject)

    def _buffer(self, uri: str) -> Buffer | None:
        workspace = self.workspace
        return workspace.find(uri) if isinstance(workspace, Buffers) else None

    def _path(self, uri: str, suffix: str) -> Path:
        """The file that a text is; one that was never saved is below the first folder."""
        path = to_fs_path(uri)
        if path:
            return Path(path)
        folder = next(iter(self._folders()), Path.cwd())
        return folder / f"untitled{suffix}"

    def _folders(self) -> list[Path]:
        paths = (to_fs_path(uri) for uri in folders_of(self.workspace))
        return [Path(path) for path in paths if path is not None]

    def _configure(self, path: Path) -> Found:
        """The configuration as `tflint check` has it in the editor's folder around the file."""
        around = [folder for folder in self._folders() if folder in path.parents]
        folder = max(around, key=lambda each: len(each.parts), default=path.parent)
        return settings_for(folder, self.options)

    def _publish(self, checked: Checked) -> None:
        for problem in (*self.options.problems, checked.found.problem):
            if problem:
                self.say(types.MessageType.Error, problem)
        outcome = checked.outcome
        for failure in (checked.fault,) if outcome is None else outcome.failures:
            self.log(types.MessageType.Error, failure or "")
        for part in checked.snapshot.parts:
            diagnostics = [diagnostic(found, part.text) for found in checked.findings(part)]
            self.text_document_publish_diagnostics(
                types.PublishDiagnosticsParams(part.uri, diagnostics, part.version)
            )


def quiet_logging() -> None:
    """Let pygls not log: it logs each message, and tracebacks of malformed ones."""
    logging.getLogger("pygls").setLevel(logging.CRITICAL + 1)


def changed_settings(settings: object) -> object:
    """Our part of the settings that an editor sends; None when there is none."""
    return settings.get(SOURCE) if isinstance(settings, Mapping) else None
