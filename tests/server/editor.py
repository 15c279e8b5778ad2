"""An editor, as far as the protocol goes: it starts the server and speaks JSON-RPC with it."""

from __future__ import annotations

import itertools
import json
import queue
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, cast

from tests.cli.program import environment

SECONDS = 60.0
Message = dict[str, Any]


class Editor:
    """Speaks with a server over two streams; a thread reads what comes."""

    def __init__(self, incoming: BinaryIO, outgoing: BinaryIO) -> None:
        self._incoming, self._outgoing = incoming, outgoing
        self._numbers = itertools.count(1)
        self._messages: queue.Queue[Message | None] = queue.Queue()
        self.notifications: list[Message] = []
        self.requests: list[Message] = []
        self._answers: dict[int | str, Message] = {}
        self.texts: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            while True:
                length = 0
                while line := self._incoming.readline().strip():
                    name, _, value = line.partition(b":")
                    if name.lower() == b"content-length":
                        length = int(value)
                    elif not name.lower().startswith(b"content-"):
                        raise AssertionError(f"not the protocol: {line!r}")
                if not length:
                    break
                self._messages.put(json.loads(self._incoming.read(length)))
        finally:
            self._messages.put(None)

    def write(self, body: bytes) -> None:
        """Send any bytes as the body of a message."""
        self._outgoing.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self._outgoing.flush()

    def send(self, **message: Any) -> None:
        self.write(json.dumps({"jsonrpc": "2.0", **message}).encode())

    def notify(self, method: str, **params: Any) -> None:
        self.send(method=method, params=params)

    def _wait(self, done: Callable[[], bool], what: str) -> None:
        while not done():
            message = self._messages.get(timeout=SECONDS)
            assert message is not None, f"the server ended while waiting for {what}"
            if "method" in message and "id" in message:
                self.requests.append(message)
                self.send(id=message["id"], result=None)
            elif "method" in message:
                self.notifications.append(message)
            else:
                self._answers[message["id"]] = message

    def ask(self, method: str, **params: Any) -> Message:
        """The answer to a request, with `result` or `error`."""
        number = next(self._numbers)
        self.send(id=number, method=method, params=params or None)
        return self.answer(number)

    def answer(self, number: int | str) -> Message:
        self._wait(lambda: number in self._answers, f"the answer to {number}")
        return self._answers.pop(number)

    def start(
        self,
        folder: Path | None = None,
        options: Mapping[str, Any] | None = None,
        capabilities: Mapping[str, Any] | None = None,
    ) -> Message:
        """Initialise; returns what the server can do."""
        folders = None if folder is None else [{"uri": folder.as_uri(), "name": folder.name}]
        answer = self.ask(
            "initialize",
            processId=None,
            rootUri=None if folder is None else folder.as_uri(),
            workspaceFolders=folders,
            capabilities=capabilities or {},
            initializationOptions=options,
        )
        self.notify("initialized")
        return cast(Message, answer["result"]["capabilities"])

    def open(self, uri: str, text: str, language: str = "python") -> None:
        self.texts[uri], self.versions[uri] = text, 1
        document = {"uri": uri, "languageId": language, "version": 1, "text": text}
        self.notify("textDocument/didOpen", textDocument=document)

    def change(self, uri: str, *changes: Message) -> None:
        """Send changes of the protocol's form, or `{"text": ...}` for a whole new text."""
        self.versions[uri] += 1
        document = {"uri": uri, "version": self.versions[uri]}
        self.notify("textDocument/didChange", textDocument=document, contentChanges=changes)

    def replace(self, uri: str, text: str) -> None:
        self.texts[uri] = text
        self.change(uri, {"text": text})

    def diagnostics(self, uri: str) -> list[Message]:
        """What the server shows for the version of a text that was sent last."""

        def found() -> list[Message]:
            return [
                note["params"]
                for note in self.notifications
                if note["method"] == "textDocument/publishDiagnostics"
                and note["params"]["uri"] == uri
                and note["params"].get("version") == self.versions.get(uri)
            ]

        self._wait(lambda: bool(found()), f"diagnostics of {uri}")
        return cast(list[Message], found()[-1]["diagnostics"])

    def forget(self) -> None:
        """Wait for nothing that came before."""
        self.notifications.clear()

    def wait_for(self, method: str) -> Message:
        """The first notification or request of a method that has not been forgotten."""

        def found() -> list[Message]:
            received = (*self.notifications, *self.requests)
            return [message for message in received if message["method"] == method]

        self._wait(lambda: bool(found()), method)
        return found()[0]

    def actions(
        self, uri: str, line: int, only: list[str] | None = None, column: int = 0
    ) -> list[Message]:
        place = {"line": line, "character": column}
        context: Message = {"diagnostics": []} | ({"only": only} if only else {})
        answer = self.ask(
            "textDocument/codeAction",
            textDocument={"uri": uri},
            range={"start": place, "end": place},
            context=context,
        )
        return cast(list[Message], answer["result"])

    def apply(self, action: Message) -> None:
        """Make the edits of an action in the text, as an editor does, and tell the server."""
        for uri, edits in action["edit"]["changes"].items():
            text = self.texts[uri]
            places = [
                (_offset(text, edit["range"]["start"]), _offset(text, edit["range"]["end"]), edit)
                for edit in edits
            ]
            for start, end, edit in sorted(places, key=lambda place: place[0], reverse=True):
                text = text[:start] + edit["newText"] + text[end:]
            self.forget()
            self.replace(uri, text)


def _offset(text: str, place: Message) -> int:
    """The index of a place in UTF-16 units."""
    lines = text.replace("\r\n", "\n ").replace("\r", "\n").split("\n")
    before = sum(len(line) + 1 for line in lines[: place["line"]])
    line = text[before:].encode("utf-16-le", "surrogatepass")[: 2 * place["character"]]
    return before + len(line.decode("utf-16-le", "surrogatepass"))


class Started(Editor):
    """An editor with a server of its own, as a process that speaks on its standard streams."""

    def __init__(self, folder: Path, *program: str, arguments: tuple[str, ...] = ()) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *(program or ("-m", "tflint")), "server", *arguments],
            cwd=folder,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        super().__init__(cast(BinaryIO, self.process.stdout), cast(BinaryIO, self.process.stdin))

    def end(self) -> tuple[int, str]:
        """Shut down in order; returns the exit code and what was written to stderr."""
        assert "error" not in self.ask("shutdown")
        self.send(method="exit")
        return self.ended()

    def ended(self) -> tuple[int, str]:
        code = self.process.wait(timeout=SECONDS)
        assert self.process.stderr is not None
        return code, self.process.stderr.read().decode()

    def __enter__(self) -> Started:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None and self.process.poll() is None:
                self.process.kill()
                self.process.wait(timeout=SECONDS)
        if self.process.stdin is not None:
            with suppress(BrokenPipeError):
                self.process.stdin.close()


@contextmanager
def connected(port: int) -> Iterator[Editor]:
    """An editor that speaks with a server that listens on a port, or soon will."""
    until = time.monotonic() + SECONDS
    while True:
        try:
            connection = socket.create_connection(("127.0.0.1", port))
            break
        except ConnectionRefusedError:
            assert time.monotonic() < until
            time.sleep(0.05)
    with connection, connection.makefile("rb") as incoming, connection.makefile("wb") as outgoing:
        yield Editor(incoming, outgoing)


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return cast(int, found.getsockname()[1])
