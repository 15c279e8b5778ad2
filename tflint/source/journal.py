"""What was changed, so that a branch can be taken back and what branches left be joined."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from tflint.source.store import MISSING, Store, Thing

# What became of each changed place, by the store's identity and the key.
Changes: TypeAlias = dict[tuple[int, Hashable], tuple[Store, Hashable, Thing]]


@dataclass(frozen=True, slots=True)
class Mark:
    """A point of the journal: how long it was, and the time."""

    length: int
    time: int


@dataclass(frozen=True, slots=True)
class Alternative:
    """What one way through the code changed. One that ended (raised) is not gone on from."""

    changes: Changes
    is_alive: bool = True


class Journal:
    """All changes so far, in order."""

    def __init__(self, charge: Callable[[int], None]) -> None:
        self._charge = charge
        self._entries: list[tuple[Store, Hashable, Thing]] = []
        self._time = 0

    def store(self, content: Mapping[Hashable, Thing] | None = None) -> Store:
        """A new store."""
        self._time += 1
        return Store(self._time, content)

    def write(self, store: Store, key: Hashable, thing: Thing) -> None:
        """Change a store."""
        self._entries.append((store, key, store.content.get(key, MISSING)))
        store.content[key] = thing

    def mark(self) -> Mark:
        """The present point."""
        return Mark(len(self._entries), self._time)

    def changes(self, since: Mark) -> Changes:
        """What was changed since, as it is now."""
        self._charge((len(self._entries) - since.length) // 6)
        changed: Changes = {}
        for store, key, _ in self._entries[since.length :]:
            changed[id(store), key] = (store, key, store.content[key])
        return changed

    def length(self, since: Mark) -> int:
        """How many changes there were since."""
        return len(self._entries) - since.length

    def take_back(self, since: Mark) -> None:
        """Make everything as it was."""
        for store, key, before in reversed(self._entries[since.length :]):
            store.content[key] = before
        del self._entries[since.length :]

    def merge(
        self,
        since: Mark,
        alternatives: Sequence[Alternative],
        join: Callable[[Sequence[Thing]], Thing],
    ) -> None:
        """Go on from a mark, to which everything was taken back, with all that may have happened.

        What an alternative made for itself keeps what it put there, even if it ended.
        """
        alive = [alternative for alternative in alternatives if alternative.is_alive]
        places: Changes = {}
        for alternative in alternatives:
            places.update(alternative.changes)
        self._charge(len(places) * len(alternatives) // 4)
        for place, (store, key, _) in places.items():
            if store.born > since.time:
                made = [each.changes[place][2] for each in alive if place in each.changes]
                made = made or [
                    each.changes[place][2] for each in alternatives if place in each.changes
                ]
                self.write(store, key, join(made))
                continue
            before = store.content.get(key, MISSING)
            if alive:
                after = [
                    each.changes[place][2] if place in each.changes else before for each in alive
                ]
                self.write(store, key, join(after))
