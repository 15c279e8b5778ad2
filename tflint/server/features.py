"""What an editor asks, and the answers: one function for each method of the protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from lsprotocol import types

from tflint.finding import Finding, FixSafety
from tflint.server.diagnostics import SOURCE, diagnostic, hover, touching
from tflint.server.edits import changes, ignoring
from tflint.server.language_server import TflintServer, changed_settings
from tflint.server.options import CONFIGURATION_FILES
from tflint.server.positions import Text
from tflint.server.repairs import Repair, Repairs
from tflint.server.session import Checked

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
    buffer = ls.buffer(params.text_document.uri)
    if buffer is not None and ls.is_ours(buffer):
        ls.checks.request(buffer.uri, delay=0)


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
    uri = params.text_document.uri
    if uri in ls.checks.uris:
        ls.checks.close(uri)
        ls.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))


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
    buffer = ls.buffer(params.text_document.uri)
    checked = await ls.checks.current(params.text_document.uri)
    if buffer is None or checked is None or checked.outcome is None:
        return None
    return hover(
        checked.outcome.report.findings,
        buffer.text,
        markdown=_takes_markdown(ls),
        position=params.position,
    )


def _takes_markdown(ls: TflintServer) -> bool:
    """Whether the editor shows Markdown when pointed at something; by default it need not."""
    document = ls.client_capabilities.text_document
    formats = document.hover.content_format if document and document.hover else None
    return types.MarkupKind.Markdown in (formats or ())


async def code_action(
    ls: TflintServer, params: types.CodeActionParams
) -> list[types.CodeAction] | None:
    """The repairs of what is found in a stretch of a text, and comments that accept it."""
    buffer = ls.buffer(params.text_document.uri)
    checked = await ls.checks.current(params.text_document.uri)
    if buffer is None or checked is None or checked.outcome is None:
        return None
    text, findings = buffer.text, checked.outcome.report.findings
    if not findings:
        return []
    start, end = text.offset(params.range.start), text.offset(params.range.end)
    here = touching(findings, text, start, end)
    here += [f for f in _named(findings, text, params.context.diagnostics) if f not in here]
    only = [str(getattr(kind, "value", kind)) for kind in params.context.only or ()]
    actions: list[types.CodeAction] = []
    wants_repairs = _wanted(FIX_ALL, only, unasked=False) or (here and _wanted(_QUICK_FIX, only))
    repairs = await ls.checks.repairs(checked) if wants_repairs else Repairs()
    if _wanted(_QUICK_FIX, only):
        actions += _quick_fixes(checked, text, here, repairs)
        actions += _comments(checked, text, here)
    if _wanted(FIX_ALL, only, unasked=False) and repairs.all_safe is not None:
        edit = _edit(checked, changes(text, repairs.all_safe))
        actions.append(types.CodeAction("tflint: make all safe repairs", FIX_ALL, edit=edit))
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


def _quick_fixes(
    checked: Checked, text: Text, here: list[Finding], repairs: Repairs
) -> Iterator[types.CodeAction]:
    for repair in repairs.each:
        if repair.finding not in here:
            continue
        yield types.CodeAction(
            _title(repair),
            _QUICK_FIX,
            diagnostics=[diagnostic(repair.finding, text)],
            is_preferred=repair.safety is FixSafety.SAFE,
            edit=_edit(checked, changes(text, repair.text)),
        )


def _title(repair: Repair) -> str:
    unsafe = "" if repair.safety is FixSafety.SAFE else " (unsafe)"
    return f"{repair.title}{unsafe} [{repair.finding.code}]"


def _comments(checked: Checked, text: Text, here: list[Finding]) -> Iterator[types.CodeAction]:
    """For each rule that found something here, a comment that accepts it."""
    names: set[str] = set()
    for finding in here:
        if finding.code in _UNIGNORABLE or finding.name in names:
            continue
        edit = ignoring(finding, text)
        if edit is None:
            continue
        names.add(finding.name)
        yield types.CodeAction(
            f"Ignore {finding.code} ({finding.name}) here with a comment",
            _QUICK_FIX,
            diagnostics=[diagnostic(finding, text)],
            edit=_edit(checked, [edit]),
        )


def _edit(checked: Checked, edits: list[types.TextEdit]) -> types.WorkspaceEdit:
    return types.WorkspaceEdit({checked.snapshot.uri: edits})


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
