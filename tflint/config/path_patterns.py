"""Path patterns as in `.gitignore`: what configuration names models by."""

from __future__ import annotations

import functools
import os
import re
from pathlib import Path

from tflint.errors import UsageError
from tflint.lint.discover import path_from

MAX_LENGTH = 1000


class PathPattern:
    """A glob over paths below a folder.

    `*` and `?` stay within one folder, `**` crosses folders, `[a-c]` is a set. A pattern
    without `/` matches names in every folder, one that matches a folder all that is in it.
    """

    def __init__(self, text: str) -> None:
        if not text.strip() or len(text) > MAX_LENGTH:
            raise UsageError("a path pattern is empty or too long")
        self.text = text
        self._expression = _compile(text.replace(os.sep, "/"))

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"PathPattern({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PathPattern) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    def matches(self, path: Path, root: Path) -> bool:
        """Whether this file, below `root` or elsewhere, is meant."""
        candidates = (path_from(path, root), os.path.abspath(path).replace(os.sep, "/"))
        return any(self._expression.fullmatch(candidate) for candidate in candidates)


@functools.cache
def _compile(pattern: str) -> re.Pattern[str]:
    """The regular expression of a pattern. No nested repetition: it matches in linear time...

    ...but for several `**`, whose number is bounded by what a user writes in a configuration.
    """
    anchored = "/" in pattern.rstrip("/")
    text = pattern.rstrip("/").removeprefix("./")
    out, i = ([] if anchored else ["(?:.*/)?"]), 0
    while i < len(text):
        if text.startswith("**/", i):
            out.append("(?:.*/)?")
            i += 3
        elif text.startswith("**", i):
            out.append(".*")
            i += 2
        elif text[i] == "*":
            out.append("[^/]*")
            i += 1
        elif text[i] == "?":
            out.append("[^/]")
            i += 1
        elif text[i] == "[" and (end := text.find("]", i + 2)) > 0:
            inside = text[i + 1 : end].replace("\\", "\\\\").replace("[", "\\[")
            out.append(f"[{'^' + inside[1:] if inside[0] in '!^' else inside}]")
            i = end + 1
        else:
            out.append(re.escape(text[i]))
            i += 1
    try:
        return re.compile("".join(out) + "(?:/.*)?", re.DOTALL)
    except re.error as error:
        raise UsageError(f"`{pattern}` is not a path pattern: {error}") from error
