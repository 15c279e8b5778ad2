"""A good order where an exact search is out of reach: the most promising states, layer by layer."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.memory.order_descent import Tables

State = int
# Peak so far, bytes alive, the operators that are ready, and the way here (operator, before it).
_Entry = tuple[int, int, tuple[int, ...], "_Way | None"]
_Way = tuple[int, "_Way | None"]


def beam_order(tables: Tables, lower_bound: int, width: int, limit: int) -> list[int] | None:
    """An order found by keeping `width` states for each number of operators that have run.

    Those with the smallest peak are kept, where anything up to `lower_bound` is the same, then
    those with the fewest bytes alive. None when it takes more than `limit` steps.
    """
    section = tables.section
    ready = tuple(o for o in range(section.count) if not section.before[o])
    layer: dict[State, _Entry] = {0: (lower_bound, section.start_bytes, ready, None)}
    stop = tables.steps + limit
    for _ in range(section.count):
        following: dict[State, _Entry] = {}
        for state, entry in layer.items():
            if tables.steps > stop:
                return None
            for after, next_entry in _steps_from(tables, state, entry):
                known = following.get(after)
                if known is None or next_entry[0] < known[0]:
                    following[after] = next_entry
        tables.states += len(following)
        best = sorted(following.items(), key=lambda item: (item[1][0], item[1][1], item[0]))
        layer = {
            state: (*entry[:2], _ready(tables, state, entry), entry[3])
            for state, entry in best[:width]
        }
    (entry,) = layer.values()
    order = []
    way = entry[3]
    while way is not None:
        order.append(way[0])
        way = way[1]
    return order[::-1]


def _steps_from(tables: Tables, state: State, entry: _Entry) -> Iterator[tuple[State, _Entry]]:
    """The states one operator further; only the one that costs nothing, if there is one."""
    peak, alive, ready, way = entry
    during, change, shared = tables.section.during, tables.masks.change, tables.masks.shared
    found = []
    for operator in ready:
        tables.steps += tables.masks.weight[operator]
        after = state | 1 << operator
        left = alive + change[operator]
        for readers, size in shared[operator]:
            if readers & after == readers:
                left -= size
        most = max(peak, alive + during[operator])
        step = (after, (most, left, ready, (operator, way)))
        if left <= alive and most == peak:
            yield step
            return
        found.append(step)
    yield from found


def _ready(tables: Tables, state: State, entry: _Entry) -> tuple[int, ...]:
    """The operators that can run at a state, from those that could before the last step."""
    assert entry[3] is not None
    operator = entry[3][0]
    before = tables.masks.before
    found = [other for other in entry[2] if other != operator]
    for later in tables.section.after[operator]:
        if before[later] & state == before[later]:
            found.append(later)
    return tuple(found)
