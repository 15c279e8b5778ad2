"""Hostile variants of sources: what half-written, damaged or malicious code looks like.

Everything is drawn from one `random.Random`, so a failure can be had again.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

Mutation = Callable[[random.Random, str, Sequence[str]], str]

NUMBERS = (
    "-1",
    "0",
    "1",
    "10**30",
    "1 << 62",
    "2**31",
    "1e400",
    "-0.5",
    "None",
    "True",
    "()",
    "[]",
)
STRINGS = (
    "'channels_first'",
    "'same'",
    "'\\x00'",
    "'\\ud800'",
    "''",
    "'relu' * 10**9",
    "b'x'",
    "f'{x}'",
)
VALUES = (*NUMBERS, *STRINGS, "x", "lambda: x", "*x", "{'a': 1}", "(1, 2, 3)", "range(10**12)")
JUNK = (
    "(",
    ")",
    "[",
    "{",
    ":",
    ",",
    "@",
    "*",
    "**",
    "\\",
    '"""',
    "'",
    "\t",
    "\f",
    "\0",
    "await ",
    "\n",
)
_NUMBER, _STRING = re.compile(r"(?<![\w.])\d+(?:\.\d*)?\b"), re.compile(r"(['\"])\w*\1")
_NAME = re.compile(r"\b[A-Za-z_]\w*\b")


def truncated(rng: random.Random, text: str, others: Sequence[str]) -> str:
    """The text up to any place, as while it is typed."""
    return text[: rng.randrange(len(text) + 1)]


def spliced(rng: random.Random, text: str, others: Sequence[str]) -> str:
    """The beginning of one file and the end of another."""
    other = rng.choice(others)
    lines, more = text.splitlines(keepends=True), other.splitlines(keepends=True)
    cut, start = rng.randrange(len(lines) + 1), rng.randrange(len(more) + 1)
    return "".join(lines[:cut] + more[start:])


def joined(rng: random.Random, text: str, others: Sequence[str]) -> str:
    """Several files one behind the other: names are bound again, classes defined twice."""
    return "\n".join((text, *rng.sample(list(others), min(3, len(others))), text))


def with_other_numbers(rng: random.Random, text: str, others: Sequence[str]) -> str:
    """Numbers that are negative, enormous, or no numbers."""
    return _NUMBER.sub(lambda found: _sometimes(rng, found[0], NUMBERS), text)


def with_other_strings(rng: random.Random, text: str, others: Sequence[str]) -> str:
    """Words that mean something else, and strings that no file could hold."""
    return _STRING.sub(lambda found: _sometimes(rng, found[0], STRINGS), text)


def with_other_names(rng: random.Random, text: str, others: Sequence[str]) -> str:
    """Names that stand for something else of the same file: calls of modules, sums of layers."""
    names = list(dict.fromkeys(_NAME.findall(text)))
    return _NAME.sub(lambda found: _sometimes(rng, found[0], names, 0.03), text)


def with_arguments_dropped(rng: random.Random, text: str, others: Sequence[str]) -> str:
    """Calls with fewer arguments, and lists with fewer elements."""
    return re.sub(r", *[\w.]+(?==)?", lambda found: _sometimes(rng, found[0], ("",), 0.1), text)


def with_values_replaced(rng: random.Random, text: str, others: Sequence[str]) -> str:
    """Anything behind an equals sign."""
    return re.sub(r"(?<==)[ \w.]+(?=[,)\n])", lambda found: _sometimes(rng, found[0], VALUES), text)


def with_lines_moved(rng: random.Random, text: str, others: Sequence[str]) -> str:
    """Lines dropped, said many times and in another order."""
    lines = text.splitlines(keepends=True)
    for _ in range(rng.randrange(1, 20)):
        if not lines:
            break
        at = rng.randrange(len(lines))
        line = lines.pop(at)
        if rng.random() < 0.7:
            lines.insert(rng.randrange(len(lines) + 1), line)
        if rng.random() < 0.3:
            lines[at:at] = [line] * rng.choice((2, 30))
    return "".join(lines)


def with_junk(rng: random.Random, text: str, others: Sequence[str]) -> str:
    """Characters that open, close or continue something."""
    for _ in range(rng.randrange(1, 6)):
        at = rng.randrange(len(text) + 1)
        text = text[:at] + rng.choice(JUNK) + text[at:]
    return text


def inside(rng: random.Random, text: str, others: Sequence[str]) -> str:
    """The whole file in loops, functions and classes, some of which call themselves."""
    for depth in range(rng.randrange(1, 12)):
        head = rng.choice(
            (
                f"for i{depth} in range({rng.choice((3, 1000, 10**9))}):",
                "while True:",
                f"def f{depth}(x=1, *a, **k):\n {'return' if depth % 2 else 'x ='} f{depth}(x)",
                f"class C{depth}(object):",
                "if unknown:",
                "try:",
                "with open('x') as x:",
            )
        )
        body = "".join(f" {line}" for line in text.splitlines(keepends=True))
        text = f"{head}\n{body}\n" + (" pass\nfinally:\n pass\n" if head == "try:" else "")
    return text


MUTATIONS: tuple[Mutation, ...] = (
    truncated,
    spliced,
    joined,
    with_other_numbers,
    with_other_strings,
    with_other_names,
    with_arguments_dropped,
    with_values_replaced,
    with_lines_moved,
    with_junk,
    inside,
)


def _sometimes(rng: random.Random, text: str, choices: Sequence[str], chance: float = 0.15) -> str:
    return rng.choice(choices) if choices and rng.random() < chance else text
