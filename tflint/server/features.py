"""What an editor asks, and the answers: one function for each method of the protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from lsprotocol import types

from tflint.finding import Finding, FixSafety
from tflint.rule import Kind
from tflint.server.diagnostics import SOURCE, diagnostic, hover, touching
from tflint.server.edits import changes, ignoring
from tflint.server.language_server import TflintServer, changed_settings
from tflint.server.notebooks import cell_texts
from tflint.server.options import CONFIGURATION_FILES
from tflint.server.positions import Text
from tflint.server.repairs import Repair
from tflint.server.session import Checked, Part

FIX_ALL = f"{types.CodeActionKind.SourceFixAll.value}.{SOURCE}"
_QUICK_FIX = types.CodeActionKind.QuickFix.value
_UNIGNORABLE = ("TFL901", "TFL902")


def initialize(ls: TflintServer, params: types.InitializeParams) -> None:
    """The first request: what the editor can do, its folders, the options."""
    ls.begin(params)


def initialized(ls: TflintServer, params: types.InitializedParams) -> None:
    """Ask to be told when a configuration file changes."""
    files = getattr(ls.client_capabilities.workspace, "did_change_watched_files", None)
    if files is None or not files.dynamic_registration:
        return
    watchers = [types.FileSystemWatcher(f"**/{name}") for name in CONFIGURATION_FILES]
    ls.client_register_capability(
        types.RegistrationParams(
            [
                types.Registration(
                    id="tflint-configuration",
                    method=types.WORKSPACE_DID_CHANGE_WATCHED_FILES,
                    register_options=types.DidChangeWatchedFilesRegistrationOptions(watchers),
                )
            ]
        )
    )


def shutdown(ls: TflintServer, params: None) -> None:
    """The last request; what follows ends the process."""
    ls.was_shut_down = True
    ls.checks.stop()


def did_open(ls: TflintServer, params: types.DidOpenTextDocumentParams) -> None:
    """Check a text at once."""
    if ls.is_source(params.text_document):
        ls.checks.request(params.text_document.uri, delay=0)


def did_change(ls: TflintServer, params: types.DidChangeTextDocumentParams) -> None:
    """Check a text when nothing is typed for a moment."""
    if params.text_document.uri in ls.checks.uris:
        ls.checks.request(params.text_document.uri)


def did_save(ls: TflintServer, params: types.DidSaveTextDocumentParams) -> None:
    """Check a text at once, or all when it is a configuration."""
    uri = params.text_document.uri
    if uri.endswith(CONFIGURATION_FILES):
        _check_all(ls)
    elif uri in ls.checks.uris:
        ls.checks.request(uri, delay=0)


def did_close(ls: TflintServer, params: types.DidCloseTextDocumentParams) -> None:
    """Forget a text, and what was shown for it."""
    if params.text_document.uri in ls.checks.uris:
        ls.checks.close(params.text_document.uri)
        _show_nothing(ls, [params.text_document])


def did_open_notebook(ls: TflintServer, params: types.DidOpenNotebookDocumentParams) -> None:
    """Check a notebook at once."""
    ls.checks.request(params.notebook_document.uri, delay=0)


def did_change_notebook(ls: TflintServer, params: types.DidChangeNotebookDocumentParams) -> None:
    """Check a notebook when nothing is typed for a moment; cells may be gone."""
    ls.checks.request(params.notebook_document.uri)
    cells = params.change.cells
    if cells is not None and cells.structure is not None:
        _show_nothing(ls, cells.structure.did_close or ())


def did_save_notebook(ls: TflintServer, params: types.DidSaveNotebookDocumentParams) -> None:
    """Check a notebook at once."""
    ls.checks.request(params.notebook_document.uri, delay=0)


def did_close_notebook(ls: TflintServer, params: types.DidCloseNotebookDocumentParams) -> None:
    """Forget a notebook, and what was shown for its cells."""
    ls.checks.close(params.notebook_document.uri)
    _show_nothing(ls, params.cell_text_documents)


def _show_nothing(ls: TflintServer, documents: Iterable[types.TextDocumentIdentifier]) -> None:
    for document in documents:
        ls.text_document_publish_diagnostics(types.PublishDiagnosticsParams(document.uri, []))


def did_change_watched_files(ls: TflintServer, params: types.DidChangeWatchedFilesParams) -> None:
    """A configuration has changed, came or went."""
    _check_all(ls)


def did_change_workspace_folders(
    ls: TflintServer, params: types.DidChangeWorkspaceFoldersParams
) -> None:
    """Other configurations may hold now."""
    _check_all(ls)


def did_change_configuration(ls: TflintServer, params: types.DidChangeConfigurationParams) -> None:
    """The editor's settings have changed; those that are not for us say nothing."""
    given = changed_settings(params.settings)
    if given is not None:
        ls.set_options(given)
        _check_all(ls)


def _check_all(ls: TflintServer) -> None:
    for uri in ls.checks.uris:
        ls.checks.request(uri, delay=0)


async def on_hover(ls: TflintServer, params: types.HoverParams) -> types.Hover | None:
    """What the rules at a position mean."""
    uri = params.text_document.uri
    checked = await ls.checks.current(ls.owner(uri))
    part = None if checked is None else checked.snapshot.part(uri)
    if checked is None or part is None:
        return None
    markdown = _takes_markdown(ls)
    return hover(checked.findings(part), part.text, markdown=markdown, position=params.position)


def _takes_markdown(ls: TflintServer) -> bool:
    """Whether the editor shows Markdown when pointed at something; by default it need not."""
    document = ls.client_capabilities.text_document
    formats = document.hover.content_format if document and document.hover else None
    return types.MarkupKind.Markdown in (formats or ())


async def code_action(
    ls: TflintServer, params: types.CodeActionParams
) -> list[types.CodeAction] | None:
    """The repairs of what is found in a stretch of a text, and comments that accept it."""
    uri = params.text_document.uri
    checked = await ls.checks.current(ls.owner(uri))
    part = None if checked is None else checked.snapshot.part(uri)
    if checked is None or part is None:
        return None
    text, findings = part.text, checked.findings(part)
    start, end = text.offset(params.range.start), text.offset(params.range.end)
    here = touching(findings, text, start, end)
    here += [f for f in _named(findings, text, params.context.diagnostics) if f not in here]
    only = [str(getattr(kind, "value", kind)) for kind in params.context.only or ()]
    actions: list[types.CodeAction] = []
    if _wanted(_QUICK_FIX, only):
        for finding in here:
            repair = await ls.checks.repair(checked, finding)
            if repair is not None:
                actions.append(_quick_fix(checked, part, finding, repair))
        actions += _comments(part, here)
    if findings and _wanted(FIX_ALL, only, unasked=False):
        repair = await ls.checks.repair(checked, None)
        if repair is not None:
            edit = _edit_of(checked, repair)
            actions.append(types.CodeAction(f"tflint: {repair.title}", FIX_ALL, edit=edit))
    return actions


def _named(
    findings: Iterable[Finding], text: Text, diagnostics: Sequence[types.Diagnostic]
) -> Iterator[Finding]:
    """The findings that the editor asks about by name: those of a line, say, not of a column."""
    asked = [(given.code, given.range) for given in diagnostics if given.source == SOURCE]
    for finding in findings:
        if asked and (finding.code, text.range(*text.span(finding.location))) in asked:
            yield finding


def _wanted(kind: str, only: list[str], *, unasked: bool = True) -> bool:
    """Whether the editor asks for actions of a kind; `unasked` is for when it asks for no kind."""
    if not only:
        return unasked
    return any(kind == asked or kind.startswith(f"{asked}.") for asked in only)


def _quick_fix(checked: Checked, part: Part, finding: Finding, repair: Repair) -> types.CodeAction:
    is_safe = repair.safety is FixSafety.SAFE
    return types.CodeAction(
        f"{repair.title}{'' if is_safe else ' (unsafe)'} [{finding.code}]",
        _QUICK_FIX,
        diagnostics=[diagnostic(finding, part.text)],
        is_preferred=is_safe,
        edit=_edit_of(checked, repair),
    )


def _edit_of(checked: Checked, repair: Repair) -> types.WorkspaceEdit:
    """The edits of a repair, which may concern several cells of a notebook."""
    snapshot = checked.snapshot
    texts = cell_texts(repair.text) if snapshot.subject.kind is Kind.NOTEBOOK else [repair.text]
    edits = {part.uri: changes(part.text, texts[(part.cell or 1) - 1]) for part in snapshot.parts}
    return types.WorkspaceEdit({uri: found for uri, found in edits.items() if found})


def _comments(part: Part, here: list[Finding]) -> Iterator[types.CodeAction]:
    """For each rule that found something here, a comment that accepts it."""
    names: set[str] = set()
    for finding in here:
        if finding.code in _UNIGNORABLE or finding.name in names:
            continue
        edit = ignoring(finding, part.text)
        if edit is None:
            continue
        names.add(finding.name)
        yield types.CodeAction(
            f"Ignore {finding.code} ({finding.name}) here with a comment",
            _QUICK_FIX,
            diagnostics=[diagnostic(finding, part.text)],
            edit=types.WorkspaceEdit({part.uri: [edit]}),
        )


_ACTIONS = types.CodeActionOptions(code_action_kinds=[_QUICK_FIX, FIX_ALL])
Handler = Callable[..., Any]
FEATURES: tuple[tuple[str, Handler, object], ...] = (
    (types.INITIALIZE, initialize, None),
    (types.INITIALIZED, initialized, None),
    (types.SHUTDOWN, shutdown, None),
    (types.TEXT_DOCUMENT_DID_OPEN, did_open, None),
    (types.TEXT_DOCUMENT_DID_CHANGE, did_change, None),
    (types.TEXT_DOCUMENT_DID_SAVE, did_save, None),
    (types.TEXT_DOCUMENT_DID_CLOSE, did_close, None),
    (types.NOTEBOOK_DOCUMENT_DID_OPEN, did_open_notebook, None),
    (types.NOTEBOOK_DOCUMENT_DID_CHANGE, did_change_notebook, None),
    (types.NOTEBOOK_DOCUMENT_DID_SAVE, did_save_notebook, None),
    (types.NOTEBOOK_DOCUMENT_DID_CLOSE, did_close_notebook, None),
    (types.TEXT_DOCUMENT_HOVER, on_hover, None),
    (types.TEXT_DOCUMENT_CODE_ACTION, code_action, _ACTIONS),
    (types.WORKSPACE_DID_CHANGE_WATCHED_FILES, did_change_watched_files, None),
    (types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS, did_change_workspace_folders, None),
    (types.WORKSPACE_DID_CHANGE_CONFIGURATION, did_change_configuration, None),
)


def make_server() -> TflintServer:
    """A server with all that it can do."""
    server = TflintServer()
    for method, handler, options in FEATURES:
        server.feature(method, options)(handler)
    return server
