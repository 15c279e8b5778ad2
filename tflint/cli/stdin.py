"""`--stdin-filename`: a file that is not on disk, or not as it is in the editor."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tflint.errors import UsageError
from tflint.lint.discover import Artifact, artifact_of

DASH = "-"


def from_stdin(paths: Sequence[str], name: str | None) -> Artifact | None:
    """What is read from stdin under this name, as `-` or the name alone asks for; else None.

    Raises `UsageError` where one contradicts the other, and for a name of no kind tflint reads.
    """
    if name is None:
        if DASH in paths:
            raise UsageError("`-` reads stdin: --stdin-filename has to say what it is called")
        return None
    if any(path != DASH for path in paths):
        raise UsageError("--stdin-filename reads stdin; other paths cannot be checked with it")
    if not name.strip() or "\0" in name:
        raise UsageError("--stdin-filename needs a name")
    return artifact_of(name, sys.stdin.buffer.read)
