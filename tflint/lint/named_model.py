"""The model in a file that was named on the command line, for commands that need it readable."""

from __future__ import annotations

import stat

from tflint.errors import InaccessibleFile, UnreadableModel, UsageError
from tflint.lint.discover import mode_of
from tflint.model.reader import read_model
from tflint.model.tables import Model
from tflint.printable import printable


def read_named_model(text: str, wanted: str = "a model file is wanted") -> Model:
    """The model at this path; `wanted` says what to give instead of a folder.

    Raises `UsageError` for paths that lead nowhere, and `UnreadableModel` naming the file.
    """
    mode, shown = mode_of(text), printable(text)
    if stat.S_ISDIR(mode):
        raise UsageError(f"`{shown}` is a folder; {wanted}")
    if not stat.S_ISREG(mode):
        raise UsageError(f"`{shown}` is not a regular file")
    try:
        return read_model(text)
    except UnreadableModel as error:
        raise UnreadableModel(f"`{shown}` cannot be read: {error}") from error
    except OSError as error:
        raise InaccessibleFile(f"`{shown}` cannot be read: {error.strerror or error}") from error
