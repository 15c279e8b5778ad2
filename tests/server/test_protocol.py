"""The server as an editor has it: a process that is spoken to."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from tests.server.editor import Message, Started, connected, free_port

HEAD = "import tensorflow as tf\n"
LAYER = 'tf.keras.layers.Conv2D(8, 3, data_format="channels_first")'
FAULTY = f"{HEAD}layer = {LAYER}\n"
CLEAN = FAULTY.replace("channels_first", "channels_last")


def codes(diagnostics: list[Message]) -> list[str]:
    return [diagnostic["code"] for diagnostic in diagnostics]


@pytest.fixture
def train(tmp_path: Path) -> str:
    """The address of a file that does not exist: what counts is what is open."""
    return (tmp_path / "train.py").as_uri()


def test_it_says_what_it_can_do(editor: Started, tmp_path: Path) -> None:
    able = editor.start(tmp_path)

    assert able["positionEncoding"] == "utf-16"
    assert able["hoverProvider"] is True
    assert "source.fixAll.tflint" in able["codeActionProvider"]["codeActionKinds"]
    assert able["textDocumentSync"]["openClose"] is True


def test_a_finding_comes_and_goes_with_the_text(running: Started, train: str) -> None:
    running.open(train, FAULTY)
    found = running.diagnostics(train)

    assert codes(found) == ["TFL101"]
    assert found[0]["source"] == "tflint"
    assert found[0]["severity"] == 2
    assert found[0]["data"]["name"] == "channels-first"
    assert found[0]["range"] == {
        "start": {"line": 1, "character": FAULTY.splitlines()[1].index('"channels')},
        "end": {"line": 1, "character": len(FAULTY.splitlines()[1]) - 1},
    }
    running.replace(train, CLEAN)
    assert running.diagnostics(train) == []


def test_an_edit_of_the_user_moves_a_finding(running: Started, train: str) -> None:
    running.open(train, FAULTY)
    before = running.diagnostics(train)[0]["range"]
    start = {"line": 1, "character": 0}
    running.change(train, {"range": {"start": start, "end": start}, "text": 's = "😀"\f; '})
    after = running.diagnostics(train)[0]["range"]

    assert after["start"]["line"] == 1
    # The emoji is one character for Python and two units for the editor.
    assert after["start"]["character"] == before["start"]["character"] + len('s = "😀"\f; ') + 1


@pytest.mark.parametrize(("encoding", "width"), [("utf-8", 4), ("utf-16", 2), ("utf-32", 1)])
def test_columns_are_in_the_units_that_the_editor_asks_for(
    editor: Started, tmp_path: Path, train: str, encoding: str, width: int
) -> None:
    able = editor.start(tmp_path, capabilities={"general": {"positionEncodings": [encoding]}})
    editor.open(train, f'{HEAD}s = "😀"; {LAYER}\n')
    start = editor.diagnostics(train)[0]["range"]["start"]

    assert able["positionEncoding"] == encoding
    assert start["character"] == len('s = ""; ') + width + LAYER.index('"channels')


def test_typing_gives_the_result_of_the_last_text_only(running: Started, train: str) -> None:
    running.open(train, CLEAN)
    assert running.diagnostics(train) == []
    running.forget()
    for count in range(20):
        running.replace(train, FAULTY + "#" * count)
    assert codes(running.diagnostics(train)) == ["TFL101"]
    shown = [
        note["params"]["version"]
        for note in running.notifications
        if note["method"] == "textDocument/publishDiagnostics"
    ]

    assert shown[-1] == running.versions[train]
    assert len(shown) < 20


def test_half_a_line_is_one_syntax_error(running: Started, train: str) -> None:
    running.open(train, FAULTY + "model = tf.keras.Sequential([\n")
    found = running.diagnostics(train)

    assert codes(found) == ["TFL902"]
    assert found[0]["severity"] == 1
    assert found[0]["range"]["start"]["line"] == 2


@pytest.mark.parametrize("text", ["def f(:\n", "print 'a'\n", "import torch\n"])
def test_what_has_no_keras_is_none_of_its_business(running: Started, train: str, text: str) -> None:
    running.open(train, text)

    assert running.diagnostics(train) == []


def test_closing_takes_the_findings_away(running: Started, train: str) -> None:
    running.open(train, FAULTY)
    assert running.diagnostics(train)
    running.forget()
    running.notify("textDocument/didClose", textDocument={"uri": train})
    del running.versions[train]

    assert running.diagnostics(train) == []


def test_other_languages_and_models_are_passed_over(
    running: Started, tmp_path: Path, train: str
) -> None:
    running.forget()
    for name, language in (("m.tflite", "plaintext"), ("notes.md", "markdown")):
        running.open((tmp_path / name).as_uri(), FAULTY, language)
    running.open(train, FAULTY)
    running.diagnostics(train)
    shown = {
        note["params"]["uri"]
        for note in running.notifications
        if note["method"] == "textDocument/publishDiagnostics"
    }

    assert shown == {train}


def test_a_text_that_was_never_saved_is_checked(running: Started, tmp_path: Path) -> None:
    running.open("untitled:Untitled-1", FAULTY)

    assert codes(running.diagnostics("untitled:Untitled-1")) == ["TFL101"]


def test_saving_checks_at_once(running: Started, train: str) -> None:
    running.open(train, FAULTY)
    assert running.diagnostics(train)
    running.forget()
    running.notify("textDocument/didSave", textDocument={"uri": train})

    assert codes(running.diagnostics(train)) == ["TFL101"]


def hover(running: Started, uri: str, line: int, column: int) -> Message | None:
    place = {"line": line, "character": column}
    answer = running.ask("textDocument/hover", textDocument={"uri": uri}, position=place)
    found: Message | None = answer["result"]
    return found


def test_hovering_explains_the_rule(editor: Started, tmp_path: Path, train: str) -> None:
    formats = {"textDocument": {"hover": {"contentFormat": ["markdown"]}}}
    editor.start(tmp_path, capabilities=formats)
    editor.open(train, FAULTY)
    column = FAULTY.splitlines()[1].index("channels_first")
    found = hover(editor, train, 1, column)

    assert found is not None
    assert found["contents"]["kind"] == "markdown"
    assert found["contents"]["value"].startswith("**TFL101 channels-first**")
    assert "#### Why it matters on a device" in found["contents"]["value"]
    assert found["range"]["start"]["line"] == 1
    assert hover(editor, train, 0, 0) is None


def test_an_editor_without_markdown_gets_plain_text(running: Started, train: str) -> None:
    running.open(train, FAULTY)
    found = hover(running, train, 1, FAULTY.splitlines()[1].index("channels_first"))

    assert found is not None
    assert found["contents"]["kind"] == "plaintext"
    assert "##" not in found["contents"]["value"]


def test_a_comment_accepts_a_finding(running: Started, train: str) -> None:
    running.open(train, FAULTY)
    column = FAULTY.splitlines()[1].index("channels_first")
    actions = running.actions(train, 1, column=column)
    ignore = next(action for action in actions if action["title"].startswith("Ignore TFL101"))
    running.apply(ignore)

    assert ignore["kind"] == "quickfix"
    assert codes(ignore["diagnostics"]) == ["TFL101"]
    assert running.texts[train].endswith('"channels_first")  # tflint: ignore[channels-first]\n')
    assert running.diagnostics(train) == []


def test_a_comment_that_silences_nothing_fades(running: Started, train: str) -> None:
    running.open(train, CLEAN.rstrip() + "  # tflint: ignore[channels-first]\n")
    [found] = running.diagnostics(train)

    assert found["code"] == "TFL901"
    assert found["tags"] == [1]


def test_actions_are_those_that_the_editor_asks_for(running: Started, train: str) -> None:
    running.open(train, FAULTY)
    [found] = running.diagnostics(train)
    column = found["range"]["start"]["character"]
    place = {"line": 1, "character": 0}
    by_name = running.ask(
        "textDocument/codeAction",
        textDocument={"uri": train},
        range={"start": place, "end": place},
        context={"diagnostics": [found]},
    )["result"]

    assert running.actions(train, 0) == []
    assert running.actions(train, 1, ["refactor"], column) == []
    assert running.actions(train, 1, ["quickfix"], column) != []
    assert [action["diagnostics"] for action in by_name] == [[found]] * len(by_name) != []


def test_the_configuration_of_the_folder_holds(editor: Started, tmp_path: Path, train: str) -> None:
    (tmp_path / "tflint.toml").write_text('ignore = ["channels-first"]\n', encoding="utf-8")
    watch = {"workspace": {"didChangeWatchedFiles": {"dynamicRegistration": True}}}
    editor.start(tmp_path, capabilities=watch)
    registered = editor.wait_for("client/registerCapability")["params"]["registrations"]
    editor.open(train, FAULTY)
    assert editor.diagnostics(train) == []

    (tmp_path / "tflint.toml").write_text("", encoding="utf-8")
    editor.forget()
    change = {"uri": (tmp_path / "tflint.toml").as_uri(), "type": 2}
    editor.notify("workspace/didChangeWatchedFiles", changes=[change])

    assert codes(editor.diagnostics(train)) == ["TFL101"]
    globs = [watcher["globPattern"] for watcher in registered[0]["registerOptions"]["watchers"]]
    assert globs == ["**/tflint.toml", "**/pyproject.toml"]


def test_the_folder_is_the_one_around_the_file(editor: Started, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "tflint.toml").write_text('ignore = ["TFL101"]\n', encoding="utf-8")
    (inner / "pyproject.toml").write_text('[tool.tflint]\nselect = ["TFL1"]\n', encoding="utf-8")
    editor.start(tmp_path)
    editor.open((inner / "a.py").as_uri(), FAULTY)
    assert editor.diagnostics((inner / "a.py").as_uri()) == []

    added = [{"uri": inner.as_uri(), "name": "inner"}]
    editor.forget()
    editor.notify("workspace/didChangeWorkspaceFolders", event={"added": added, "removed": []})

    assert codes(editor.diagnostics((inner / "a.py").as_uri())) == ["TFL101"]


def test_files_that_the_configuration_excludes_or_accepts(editor: Started, tmp_path: Path) -> None:
    (tmp_path / "tflint.toml").write_text(
        'exclude = ["generated"]\n[[ignore]]\npath = "old/*.py"\nrules = "TFL101"\nreason = "x"\n',
        encoding="utf-8",
    )
    editor.start(tmp_path)
    shown = {}
    for name in ("generated/deep/a.py", "old/b.py", "new/c.py"):
        uri = (tmp_path / name).as_uri()
        editor.open(uri, FAULTY)
        shown[name] = codes(editor.diagnostics(uri))

    assert shown == {"generated/deep/a.py": [], "old/b.py": [], "new/c.py": ["TFL101"]}


def test_options_of_the_editor_go_before_the_configuration(
    editor: Started, tmp_path: Path, train: str
) -> None:
    (tmp_path / "tflint.toml").write_text('select = ["TFL101"]\n', encoding="utf-8")
    editor.start(tmp_path, options={"select": ["TFL9"], "target": "cortex-m4"})
    editor.open(train, FAULTY)
    assert editor.diagnostics(train) == []

    editor.forget()
    editor.notify("workspace/didChangeConfiguration", settings={"tflint": {"select": "TFL1"}})
    assert codes(editor.diagnostics(train)) == ["TFL101"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"target": "no-such-board"}, "no-such-board"),
        ({"target": {"a": 1}}, "`target` is neither a text nor a list of texts"),
        ({"slect": "TFL1"}, "unknown option `slect`"),
        ([1, 2], "the options are not an object"),
    ],
)
def test_wrong_options_are_told_and_the_rest_works(
    editor: Started, tmp_path: Path, train: str, options: object, says: str
) -> None:
    editor.start(tmp_path, options=options)  # type: ignore[arg-type]
    editor.open(train, FAULTY)

    assert says in editor.wait_for("window/showMessage")["params"]["message"]
    assert codes(editor.diagnostics(train)) == ["TFL101"]


def test_a_broken_configuration_is_told_once(editor: Started, tmp_path: Path, train: str) -> None:
    (tmp_path / "tflint.toml").write_text("target = [\n", encoding="utf-8")
    editor.start(tmp_path)
    for text in (FAULTY, FAULTY + "\n", FAULTY + "\n\n"):
        if train in editor.texts:
            editor.replace(train, text)
        else:
            editor.open(train, text)
        assert codes(editor.diagnostics(train)) == ["TFL101"]
    told = [note for note in editor.notifications if note["method"] == "window/showMessage"]

    assert len(told) == 1
    assert "tflint.toml" in told[0]["params"]["message"]


MALFORMED = [
    b"{",
    b"\xff\xfe",
    b"[]",
    b"[1, 2]",
    b"null",
    b"{}",
    b'{"jsonrpc": "2.0"}',
    b'{"jsonrpc": "1.0", "id": 1, "method": "shutdown"}',
    b'{"jsonrpc": "2.0", "method": "no/such"}',
    b'{"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": 7}}',
    b'{"jsonrpc": "2.0", "method": "textDocument/didChange", "params": {"textDocument": '
    b'{"uri": "file:///not/open.py", "version": 1}, "contentChanges": [{"text": ""}]}}',
    b'{"jsonrpc": "2.0", "method": "textDocument/didClose", "params": '
    b'{"textDocument": {"uri": "file:///not/open.py"}}}',
    b'{"jsonrpc": "2.0", "id": "unknown", "result": null}',
    b"[" * 100_000,
]


def test_malformed_messages_do_no_harm(editor: Started, tmp_path: Path, train: str) -> None:
    editor.start(tmp_path)
    editor.open(train, CLEAN)
    for body in MALFORMED:
        editor.write(body)
        editor.replace(train, FAULTY)
        assert codes(editor.diagnostics(train)) == ["TFL101"], body[:80]
    code, log = editor.end()

    assert code == 0
    assert "Traceback" not in log


def test_a_malformed_request_has_an_answer(running: Started, tmp_path: Path) -> None:
    running.send(id="a", method="textDocument/hover", params={"position": 1})
    running.send(id="b", method="no/such", params={})

    assert running.answer("a")["error"]["code"] == -32602
    assert running.answer("b")["error"]["code"] == -32601


def test_a_request_before_the_first_is_an_error(editor: Started, tmp_path: Path) -> None:
    place = {"textDocument": {"uri": "file:///a.py"}, "position": {"line": 0, "character": 0}}

    assert "error" in editor.ask("textDocument/hover", **place)
    editor.start(tmp_path)


def test_it_ends_in_order_with_0_and_otherwise_with_1(tmp_path: Path) -> None:
    with Started(tmp_path) as editor:
        editor.start(tmp_path)
        assert editor.end() == (0, "")
    with Started(tmp_path) as editor:
        editor.start(tmp_path)
        editor.send(method="exit")
        assert editor.ended()[0] == 1
    with Started(tmp_path) as editor:
        editor.start(tmp_path)
        assert editor.process.stdin is not None
        editor.process.stdin.close()
        assert editor.ended() == (1, "")


def test_it_listens_on_a_port(tmp_path: Path, train: str) -> None:
    port = free_port()
    arguments = ("--tcp", str(port))
    with Started(tmp_path, arguments=arguments) as process, connected(port) as editor:
        editor.start(tmp_path)
        editor.open(train, FAULTY)
        assert codes(editor.diagnostics(train)) == ["TFL101"]
        assert "error" not in editor.ask("shutdown")
        editor.send(method="exit")
        assert process.ended() == (0, "")


@pytest.mark.parametrize(("port", "says"), [("99999", "no port"), ("taken", "cannot be used")])
def test_a_port_that_cannot_be_had(tmp_path: Path, port: str, says: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = str(taken.getsockname()[1]) if port == "taken" else port
        with Started(tmp_path, arguments=("--tcp", number)) as process:
            code, log = process.ended()

    assert code == 2
    assert says in log
    assert "Traceback" not in log


def test_a_large_file_does_not_hold_up_the_editor(
    running: Started, tmp_path: Path, train: str
) -> None:
    text = HEAD + f"layer = {LAYER.replace('first', 'last')}\n" * 5_000 + f"{LAYER}\n"
    running.open(train, text)
    other = (tmp_path / "other.py").as_uri()
    started = time.monotonic()
    place = {"line": 0, "character": 0}
    answer = running.ask("textDocument/hover", textDocument={"uri": other}, position=place)
    waited = time.monotonic() - started

    assert answer["result"] is None
    assert codes(running.diagnostics(train)) == ["TFL101"]
    checked = time.monotonic() - started
    assert waited < max(checked / 2, 0.5)


def test_nothing_but_the_protocol_reaches_stdout(tmp_path: Path, train: str) -> None:
    """A plug-in prints, a library in C writes to file descriptor 1, and something reads stdin."""
    (tmp_path / "loud.py").write_text(
        "import os, sys\n"
        "sys.argv = ['tflint', 'server']\n"
        "from tflint.server import checking\n"
        "checked = checking.check_source\n"
        "def loud(*arguments):\n"
        "    print('loud'); os.write(1, b'LOUD'); sys.stdin.read()\n"
        "    return checked(*arguments)\n"
        "checking.check_source = loud\n"
        "from tflint.cli.main import main\n"
        "main()\n",
        encoding="utf-8",
    )
    with Started(tmp_path, "loud.py") as editor:
        editor.start(tmp_path)
        editor.open(train, FAULTY)
        assert codes(editor.diagnostics(train)) == ["TFL101"]
        code, log = editor.end()

    assert code == 0
    assert sorted(log.split()) == ["LOUD", "loud"]


def test_a_rule_that_fails_is_logged_and_the_others_run(tmp_path: Path, train: str) -> None:
    (tmp_path / "faulty.py").write_text(
        "import sys\n"
        "sys.argv = ['tflint', 'server']\n"
        "from tflint.lint.registry import find_rule\n"
        "def fail(self, context):\n"
        "    raise ZeroDivisionError('oops')\n"
        "find_rule('TFL902').check_source = fail\n"
        "from tflint.cli.main import main\n"
        "main()\n",
        encoding="utf-8",
    )
    with Started(tmp_path, "faulty.py") as editor:
        editor.start(tmp_path)
        editor.open(train, FAULTY)

        assert codes(editor.diagnostics(train)) == ["TFL101"]
        assert "TFL902" in editor.wait_for("window/logMessage")["params"]["message"]
        code, log = editor.end()
    assert code == 0
    assert "ZeroDivisionError: oops" in log
    assert "Traceback" not in log


def test_the_extra_is_named_where_it_is_missing(tmp_path: Path) -> None:
    (tmp_path / "bare.py").write_text(
        "import sys\n"
        "sys.argv = ['tflint', 'server']\n"
        "sys.modules['pygls'] = None\n"
        "from tflint.cli.main import main\n"
        "main()\n",
        encoding="utf-8",
    )
    with Started(tmp_path, "bare.py") as editor:
        code, log = editor.ended()

    assert code == 2
    assert "pip install 'tflint[server]'" in log


DOUBLE = """\
import keras

inputs = keras.Input((8,))  # 😀
outputs = keras.layers.ReLU()(keras.layers.Dense(4, activation="relu")(inputs))
model = keras.Model(inputs, outputs)
"""


def test_a_quick_fix_repairs_a_finding(running: Started, train: str) -> None:
    pytest.importorskip("libcst", reason="needs the extra `fix`")
    running.open(train, DOUBLE)
    [found] = [each for each in running.diagnostics(train) if each["code"] == "TFL113"]
    start = found["range"]["start"]
    actions = running.actions(train, start["line"], ["quickfix"], start["character"])
    repair = next(action for action in actions if action["title"].startswith("Repair"))
    assert codes(repair["diagnostics"]) == ["TFL113"]
    running.apply(repair)

    assert "TFL113" not in codes(running.diagnostics(train))
    assert "# 😀" in running.texts[train]


def test_all_safe_repairs_at_once(running: Started, train: str) -> None:
    pytest.importorskip("libcst", reason="needs the extra `fix`")
    text = DOUBLE + "x = 1  # tflint: ignore[channels-first]\n"
    running.open(train, text)
    assert {"TFL113", "TFL901"} <= set(codes(running.diagnostics(train)))
    assert running.actions(train, 4) == []
    [action] = running.actions(train, 0, ["source.fixAll"])
    running.apply(action)

    assert action["kind"] == "source.fixAll.tflint"
    assert not {"TFL113", "TFL901"} & set(codes(running.diagnostics(train)))
    assert running.actions(train, 0, ["source.fixAll.tflint"]) == []
