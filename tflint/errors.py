"""Everything that tflint raises on purpose, and the exit code of each outcome.

TflintError
├── UsageError                 the call cannot be carried out as it was written
│   ├── UnknownName            a rule, target, runtime or format that does not exist
│   └── MissingExtra           an optional dependency is not installed
├── UnreadableModel            a model that cannot be read; `check` makes it a finding
│   ├── InaccessibleFile       the operating system does not let it be read (TFL001)
│   ├── MalformedModel         flatbuffer verification failed (TFL001)
│   ├── MalformedArchive       a `.keras`, `.h5` or SavedModel that is damaged or hostile (TFL001)
│   ├── NoNetwork              an archive without a network: weights only, a data set (TFL001)
│   └── NotAModel              the bytes are something else altogether (TFL002)
├── UnwritableModel            a model that cannot be written without losing something
├── ModelRefused               a runtime on this host does not run the model, and says why
└── HostFailed                 a runtime on this host crashed, hung or ran out of memory
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from tflint.printable import printable

# Set in the environment, faults of ours end the program with a traceback.
DEBUG_VARIABLE = "TFLITE_LINT_DEBUG"


class ExitCode(IntEnum):
    """The process's exit code, the same for every command and output format."""

    OK = 0
    FINDINGS = 1
    USAGE = 2


class TflintError(Exception):
    """Base of all errors that a user sees as one message; `exit_code` says how it ends."""

    exit_code = ExitCode.USAGE


class UsageError(TflintError):
    """The call cannot be carried out: a bad option, path or configuration."""


class UnknownName(UsageError):
    """A name that is not one of `known`; the message suggests the nearest."""

    def __init__(self, kind: str, name: str, known: Iterable[str], hint: str = "") -> None:
        import difflib  # For a mistake only: it takes 3 ms to load.

        by_lower = {candidate.lower(): candidate for candidate in known}
        near = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
        if near:
            hint = f"did you mean `{by_lower[near[0]]}`?"
        suggestion = f"; {hint}" if hint else ""
        super().__init__(f"unknown {kind} `{printable(name)}`{suggestion}")


class MissingExtra(UsageError):
    """A feature needs an optional dependency that is not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs an extra: pip install 'tflint[{extra}]'")


class UnreadableModel(TflintError):
    """The file is not a model that can be read."""


class InaccessibleFile(UnreadableModel):
    """The file is there, but cannot be read."""


class MalformedModel(UnreadableModel):
    """Verification of the flatbuffer failed; `position` is the byte where, if there is one."""

    def __init__(self, message: str, position: int | None = None) -> None:
        super().__init__(message if position is None else f"{message} (at byte {position:,})")
        self.position = position


class MalformedArchive(UnreadableModel):
    """A Keras archive is damaged, hostile, or of a kind that is not known."""


class NoNetwork(UnreadableModel):
    """A sound file of a kind that may hold a network, and does not."""


class NotAModel(UnreadableModel):
    """The file does not carry TFLite's identifier."""


class UnwritableModel(TflintError):
    """Writing the model would lose or corrupt something."""


class ModelRefused(TflintError):
    """A runtime does not run the model; the message is what it says."""

    exit_code = ExitCode.FINDINGS


class HostFailed(TflintError):
    """A worker process came to no end of its own: a crash, a time-out, no memory left."""
