"""`tflint server`."""

from __future__ import annotations

from typing import Annotated

import typer

from tflint.errors import ExitCode, MissingExtra


def server(
    tcp: Annotated[
        int | None,
        typer.Option(
            metavar="PORT", help="Listen on this port of this machine instead of stdin and stdout."
        ),
    ] = None,
) -> None:
    """Speak the Language Server Protocol with an editor: findings and repairs as you type."""
    try:
        import pygls.lsp.server  # noqa: F401
    except ImportError as error:
        raise MissingExtra("`tflint server`", "server") from error
    from tflint.server.serve import serve_port, serve_streams

    in_order = serve_streams() if tcp is None else serve_port(tcp)
    raise typer.Exit(ExitCode.OK if in_order else ExitCode.FINDINGS)
