"""The messages in `runtime_messages.toml`, and where they are in a text."""

from __future__ import annotations

import functools
import importlib.resources
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

# What may stand for a word of a message. Each is bounded, and none can begin where another could
# as well: a text of any length is searched in time proportional to it.
_KINDS = {
    "": r"[^\s,'\"()\[\]{}]{1,120}",
    "builtin": r"(?!CUSTOM\b)[A-Z][A-Z0-9_]{0,60}",
    "custom": r"CUSTOM\b",
    "source": r"(?<![\w/.+-])[\w/+-][\w/.+-]{0,200}\.(?:cc|cpp|h)",
    "type": r"[A-Z][A-Z0-9]{2,20}",
    "number": r"-?\d{1,20}",
    "scale": r"[^\s!=]{0,80}(?:scale|zero_point|/256|/32768)[^\s!=]{0,40}",
    "plain": r"[^\n!=]{1,160}",
    "condition": r"[^\n]{1,300}?",
}
_ANYTHING = r"[^\n]{0,120}?"
_PLACEHOLDER = re.compile(r"\{(?:(\w+)(?::(\w+))?|(\.\.\.))\}")


@dataclass(frozen=True, slots=True)
class RuntimeMessage:
    """One entry: what is printed, by what, why, and what to do about it.

    `subject` names the placeholder that is an operator. A `generic` message says little.
    """

    name: str
    by: str
    source: str
    says: tuple[str, ...]
    said: tuple[str, ...]
    example: tuple[str, ...]
    cause: str
    repair: str
    rules: tuple[str, ...] = ()
    subject: str = ""
    generic: bool = False

    @property
    def patterns(self) -> tuple[re.Pattern[str], ...]:
        """A regular expression for each way in which it is, or was, printed."""
        return tuple(pattern(text) for text in (*self.says, *self.said))


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A message in a text: from where to where, and the words in it."""

    message: RuntimeMessage
    start: int
    end: int
    words: Mapping[str, str]

    def filled_in(self, text: str) -> str:
        """The text with the message's own words in the place of their names."""
        return _PLACEHOLDER.sub(lambda match: self.words.get(match[1] or "", match[0]), text)


@functools.cache
def runtime_messages() -> tuple[RuntimeMessage, ...]:
    """All entries, the more particular first."""
    path = importlib.resources.files("tflint.lint") / "runtime_messages.toml"
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    return tuple(
        RuntimeMessage(
            name=name,
            by=entry["by"],
            source=entry["source"],
            says=tuple(entry["says"]),
            said=tuple(entry["said"]),
            example=tuple(entry["example"]),
            cause=entry["cause"],
            repair=entry["repair"],
            rules=tuple(entry.get("rules", ())),
            subject=entry.get("subject", ""),
            generic=entry.get("generic", False),
        )
        for name, entry in tables.items()
    )


@functools.cache
def pattern(text: str) -> re.Pattern[str]:
    """The regular expression for a message. Lines may have been broken at any blank."""
    parts = []
    end = 0
    for match in _PLACEHOLDER.finditer(text):
        parts.append(_literal(text[end : match.start()]))
        name, kind = match[1], match[2] or ""
        parts.append(_ANYTHING if name is None else f"(?P<{name}>{_KINDS[kind]})")
        end = match.end()
    return re.compile("".join((*parts, _literal(text[end:]))))


def _literal(text: str) -> str:
    return r"\s{1,20}".join(re.escape(word) for word in text.split(" "))


def occurrences(text: str) -> list[Occurrence]:
    """Where a text has which messages, in order.

    Of those that overlap there is the first entry's, in its longest wording.
    """
    found: list[Occurrence] = []
    for message in runtime_messages():
        for match in _matches(message, text):
            start, end = match.span()
            if all(end <= other.start or start >= other.end for other in found):
                found.append(Occurrence(message, start, end, match.groupdict()))
    return sorted(found, key=lambda occurrence: occurrence.start)


def _matches(message: RuntimeMessage, text: str) -> list[re.Match[str]]:
    """Where the text has the message, the longest wording first where several begin."""
    matches = [match for expression in message.patterns for match in expression.finditer(text)]
    return sorted(matches, key=lambda match: (match.start(), -match.end()))
