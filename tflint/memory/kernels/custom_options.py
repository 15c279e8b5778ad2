"""What custom operators find in their options, a FlexBuffer."""

from __future__ import annotations

from collections.abc import Mapping

from tflint.memory.requests import Requests
from tflint.model.flexbuffer import FlexValue, NotFlexBuffer, decode

INT32_MAX = 2**31 - 1


def fields(ask: Requests) -> Mapping[str | int, FlexValue] | None:
    """The options by name and by position, None when they are missing or unreadable.

    Kernels of the signal library look values up by position: a map is a vector of values in
    the order of its keys.
    """
    data = ask.node.operator.custom_options
    if data is None:
        return None
    try:
        root = decode(data)
    except NotFlexBuffer:
        return None
    found: dict[str | int, FlexValue] = {}
    if isinstance(root, dict):
        found.update(root)
        root = list(root.values())
    if not isinstance(root, list):
        return None
    found.update(enumerate(root))
    return found


def integer(options: Mapping[str | int, FlexValue], key: str | int) -> int:
    """A number that fits an int32, 0 where there is none."""
    value = options.get(key)
    if isinstance(value, float) and abs(value) <= INT32_MAX:
        return int(value)
    return value if isinstance(value, int) and abs(value) <= INT32_MAX else 0
