"""JSON that nobody vouches for: bounded in size, depth and numbers before anything uses it."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TypeAlias, Union

from tflint.errors import MalformedArchive
from tflint.printable import counted, printable

Json: TypeAlias = Union[bool, int, float, str, "list[Json]", "dict[str, Json]", None]

# The configuration of a network of 2,500 layers takes 4 MB.
MAX_BYTES = 32 * 1024 * 1024
# Models in models in wrappers reach 30; Python's parser recurses, so this also has to be safe.
MAX_DEPTH = 100
# Values, which take 60 bytes and more each once they are parsed.
MAX_VALUES = 1_000_000
_MAX_DIGITS = 64

# What Keras 2 writes for tuples and shapes in SavedModels: an object with the `items`.
_TUPLES = ("__tuple__", "TensorShape")

_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)
_BRACKET = re.compile(r"[\[\]{}]")


def parse_json(data: bytes | str, what: str) -> Json:
    """The value that a document holds, tuples as lists; `what` names it in errors.

    Raises `MalformedArchive` for what is not JSON, is too large or too deep, has numbers of
    absurd length, or has a key twice: readers differ in which one they take.
    """
    if len(data) > MAX_BYTES:
        raise MalformedArchive(f"{what} is larger than {MAX_BYTES:,} bytes")
    try:
        text = data if isinstance(data, str) else data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedArchive(f"{what} is not UTF-8 (at byte {error.start:,})") from error
    _check_structure(text, what)

    def integer(digits: str) -> int:
        if len(digits) > _MAX_DIGITS:
            raise MalformedArchive(f"{what} has a number of {counted(len(digits), 'digit')}")
        return int(digits)

    def mapping(pairs: list[tuple[str, Json]]) -> Json:
        found = dict(pairs)
        if len(found) != len(pairs):
            (twice, _), *_ = Counter(key for key, _ in pairs).most_common(1)
            raise MalformedArchive(f"{what} has the key `{printable(twice)}` twice")
        if found.get("class_name") in _TUPLES and isinstance(found.get("items"), list):
            return found["items"]
        return found

    try:
        value: Json = json.loads(text, parse_int=integer, object_pairs_hook=mapping)
    except json.JSONDecodeError as error:
        raise MalformedArchive(
            f"{what} is not JSON: {error.msg} (line {error.lineno}, column {error.colno})"
        ) from error
    return value


def _check_structure(text: str, what: str) -> None:
    """Refuse, before it is parsed, what is nested too deeply or has too many values."""
    # Without its strings, what is left says how deep it is and how many values there are.
    bare = _STRING.sub("", text)
    if bare.count(",") + bare.count("[") + bare.count("{") > MAX_VALUES:
        raise MalformedArchive(f"{what} has more than {MAX_VALUES:,} values")
    depth = 0
    for bracket in _BRACKET.finditer(bare):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > MAX_DEPTH:
            raise MalformedArchive(f"{what} is nested more than {MAX_DEPTH} levels deep")
