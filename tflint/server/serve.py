"""Running the server on the standard streams or on a port."""

from __future__ import annotations

import os
import socket
import sys
from typing import BinaryIO

from tflint.errors import UsageError
from tflint.server.features import make_server
from tflint.server.language_server import quiet_logging

# Nobody else's business, whatever the port.
HOST = "127.0.0.1"
MAX_PORT = 65_535


def serve_streams() -> bool:
    """Speak the protocol on stdin and stdout until the editor ends it; whether it did in order."""
    if sys.stdin is not None and sys.stdin.isatty():
        print("tflint: waiting for an editor on stdin; see docs/editors.md", file=sys.stderr)
    return _serve(*_own_streams())


def serve_port(port: int) -> bool:
    """Speak the protocol with the first editor that connects to a port of this machine.

    Raises `UsageError` for a port that cannot be had.
    """
    if not 0 < port <= MAX_PORT:
        raise UsageError(f"{port} is no port; they go from 1 to {MAX_PORT}")
    try:
        listener = socket.create_server((HOST, port))
    except OSError as error:
        raise UsageError(f"port {port} cannot be used: {error.strerror}") from error
    with listener:
        connection, _ = listener.accept()
    with connection:
        return _serve(connection.makefile("rb"), connection.makefile("wb"))


def _serve(incoming: BinaryIO, outgoing: BinaryIO) -> bool:
    quiet_logging()
    server = make_server()
    try:
        # On a port as well: pygls' own server for ports ends every conversation in a traceback.
        server.start_io(incoming, outgoing)
    except OSError as error:
        print(f"tflint: the editor is gone: {error.strerror}", file=sys.stderr)
    server.checks.stop()
    return server.was_shut_down


def _own_streams() -> tuple[BinaryIO, BinaryIO]:
    """The standard streams for the protocol alone.

    What anything else prints, a plug-in or a library in C, goes to stderr, and what reads
    stdin finds it empty: one stray byte would end the conversation.
    """
    incoming = os.fdopen(os.dup(0), "rb")
    outgoing = os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return incoming, outgoing
