"""Comments that ask for findings to be ignored.

    x = Conv2D(8, 3, data_format="channels_first")  # tflint: ignore[channels-first] reason
    # tflint: ignore[TFL303, TFL301] on its own, a comment stands for the next line of code
    # tflint: ignore-file[TFL1]

Without brackets all rules are meant. `reason` goes up to the end of the comment or the next `#`.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from tflint.finding import Location
from tflint.printable import printable
from tflint.source.module import Cell, SourceModule
from tflint.source.relevance import mentions_tflint

# Strings, in which a comment is none, and comments. Prefixes make no difference: in a raw string
# a backslash keeps a quote from closing it as well.
_TOKEN = re.compile(
    r"\"\"\"[^\"\\]*(?:(?:\\.|\"(?!\"\"))[^\"\\]*)*\"\"\""
    r"|'''[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*'''"
    r"|\"[^\"\\\r\n]*(?:\\.[^\"\\\r\n]*)*\""
    r"|'[^'\\\r\n]*(?:\\.[^'\\\r\n]*)*'"
    r"|(?P<comment>#[^\r\n]*)",
    re.DOTALL,
)
_DIRECTIVE = re.compile(r"#\s*tflint:\s*(?P<rest>[^#]*)", re.IGNORECASE)
_FORM = re.compile(
    r"(?P<verb>[A-Za-z_-]+)\s*(?P<brackets>\[(?P<selectors>[^\]]*)\])?(?P<reason>.*)", re.DOTALL
)
_SELECTOR = re.compile(r"[^\s,]+")
_CODE = re.compile(r"[A-Z]{2,10}[0-9]{1,4}\b")
_LINE_END = re.compile(r"\r\n|\r|\n")
_MAX_SELECTORS = 200
_VERBS = ("ignore", "ignore-file")


@dataclass(frozen=True, slots=True)
class Selector:
    """A rule's code, its prefix or its name in a comment, and where it stands."""

    text: str
    location: Location


@dataclass(frozen=True, slots=True)
class Suppression:
    """A comment that asks for findings to be ignored.

    `selectors` is None where all rules are meant. `line` is the line of the module whose code it
    is about, None for the whole file, or where there is no code to it. `fault` says what keeps
    it from being understood; it then silences nothing.
    """

    location: Location
    selectors: tuple[Selector, ...] | None
    reason: str
    line: int | None
    is_for_file: bool = False
    fault: str = ""


def suppressions(module: SourceModule) -> tuple[Suppression, ...]:
    """All such comments of a module, in order."""
    if not mentions_tflint(module.text):
        return ()
    parts = module.cells or (Cell(1, 1, module.text, module.text),)
    return tuple(found for part in parts for found in _in_part(module, part))


def statement_lines(module: SourceModule, lines: Iterable[int]) -> dict[int, tuple[int, int]]:
    """For lines of the module the first and last line of the innermost statement they are in.

    Of a compound statement that is what stands before its body. A line of no statement is its own.
    """
    wanted = sorted(set(lines))
    found = {line: (line, line) for line in wanted}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.stmt | ast.ExceptHandler | ast.match_case):
            first, last = _extent(node, module.lines)
            for line in wanted[bisect_left(wanted, first) : bisect_right(wanted, last)]:
                found[line] = (first, last)
    return found


def _extent(
    node: ast.stmt | ast.ExceptHandler | ast.match_case, lines: Sequence[str]
) -> tuple[int, int]:
    """The first and last line of a statement, or of what stands before its body."""
    first = node.pattern.lineno if isinstance(node, ast.match_case) else _first_line(node)
    body: list[ast.stmt] = getattr(node, "body", [])
    if not body:
        return first, getattr(node, "end_lineno", None) or first
    # Parentheses around a condition are not in the tree, so the end is what the body leaves.
    last = _first_line(body[0]) - 1
    while last > first and (not lines[last - 1].strip() or lines[last - 1].lstrip()[0] == "#"):
        last -= 1
    return first, max(last, first)


def _first_line(node: ast.stmt | ast.ExceptHandler) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _in_part(module: SourceModule, part: Cell) -> Iterator[Suppression]:
    """The comments of a file or a cell."""
    text = part.python
    if not mentions_tflint(text):
        return
    starts = [0, *(match.end() for match in _LINE_END.finditer(text))]
    code_after = _code_after(text, starts)
    before = part.first_line - 1
    for token in _TOKEN.finditer(text):
        comment: str | None = token["comment"]
        if comment is None or not mentions_tflint(comment):
            continue
        line = bisect_right(starts, token.start())
        first = token.start() - starts[line - 1] + 1
        is_alone = not text[starts[line - 1] : token.start()].strip()
        about = code_after[line - 1] if is_alone else line
        for match in _DIRECTIVE.finditer(comment):
            place = _Place(module, line + before, first)
            yield _suppression(place, match, about and about + before, is_alone=is_alone)


def _code_after(text: str, starts: Sequence[int]) -> list[int | None]:
    """For each line the next one that is neither empty nor a comment alone."""
    found: list[int | None] = [None] * len(starts)
    after: int | None = None
    for at in range(len(starts) - 1, -1, -1):
        found[at] = after
        end = starts[at + 1] if at + 1 < len(starts) else len(text)
        stripped = text[starts[at] : end].strip()
        if stripped and not stripped.startswith("#"):
            after = at + 1
    return found


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a comment begins: makes locations of what is in it."""

    module: SourceModule
    line: int
    column: int

    def location(self, start: int, end: int) -> Location:
        return self.module.location(self.line, self.column + start, self.line, self.column + end)


def _suppression(
    place: _Place, match: re.Match[str], line: int | None, *, is_alone: bool
) -> Suppression:
    end = match.start() + len(match[0].rstrip())
    location = place.location(match.start(), end)
    form = _FORM.match(match["rest"])
    verb = "" if form is None else form["verb"].lower()
    if form is None or verb not in _VERBS:
        known = " and ".join(f"`{name}[...]`" for name in _VERBS)
        fault = f"`tflint: {printable(match['rest'].strip(), 40)}` is not known: {known} are"
        return Suppression(location, (), "", line, fault=fault)
    is_for_file = verb == "ignore-file"
    reason = form["reason"].strip().lstrip(":-, ").strip()
    selectors = None
    fault = ""
    if form["selectors"] is not None:
        at = match.start("rest") + form.start("selectors")
        selectors = tuple(
            Selector(found[0], place.location(at + found.start(), at + found.end()))
            for found in islice(_SELECTOR.finditer(form["selectors"]), _MAX_SELECTORS + 1)
        )
        if not selectors:
            fault = "the brackets name no rule"
        elif len(selectors) > _MAX_SELECTORS:
            selectors, fault = (), f"the brackets name more than {_MAX_SELECTORS} rules"
    elif form["reason"].lstrip(" :=").startswith("[") or _CODE.match(form["reason"].lstrip(" :=")):
        selectors = ()
        fault = f"rules stand in brackets: `{verb}[TFL101, channels-first]`"
    if is_for_file and not is_alone and not fault:
        fault = "`ignore-file` stands on a line of its own"
    return Suppression(location, selectors, reason, line, is_for_file, fault)
