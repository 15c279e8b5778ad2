"""What can change: names, attributes and contents lie in stores, for branches to be undone."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Final


class Thing:
    """Base of everything that a name can stand for."""

    __slots__ = ()


class Opaque(Thing):
    """Nothing is known of it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "OPAQUE"


class Missing(Thing):
    """Nothing is there: a name that is not bound, a key that is not set."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"


OPAQUE: Final = Opaque()
MISSING: Final = Missing()


class Store:
    """Something that can change: the names of a scope, attributes, the content of a list.

    Written through the journal only. `born` is the journal's time when it was made.
    """

    __slots__ = ("born", "content")

    def __init__(self, born: int, content: Mapping[Hashable, Thing] | None = None) -> None:
        self.born = born
        self.content: dict[Hashable, Thing] = dict(content or {})
