"""One depth-first run of the search for an order within a threshold, from either end.

Why it may forget what it forgets is said in `order_search`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from tflint.memory.order_bounds import Cuts
from tflint.memory.order_section import Section, masks, members

# Steps that the proof of one commitment may take; without it, all ways on are kept.
PROOF_STEPS = 50_000


class Answer(Enum):
    """What a run comes to."""

    FOUND = 0  # head and tail of the window make an order
    NONE = 1  # no order of the window keeps within the threshold
    UNKNOWN = 2  # the steps ran out


@dataclass(frozen=True, slots=True)
class Window:
    """What is left to order: from state `low` to state `high`, and the operators around it."""

    low: int
    high: int
    low_bytes: int
    high_bytes: int
    head: tuple[int, ...] = ()
    tail: tuple[int, ...] = ()


class Tables:
    """A section's tables, and the work done on it so far."""

    def __init__(self, section: Section) -> None:
        self.section = section
        self.cuts = Cuts(section)
        self.masks = masks(section)
        self.states = 0
        self.steps = 0

    def window(self) -> Window:
        """The whole section."""
        section = self.section
        start = section.start_bytes
        end = start + sum(section.makes) - sum(block.bytes for block in section.blocks)
        return Window(0, (1 << section.count) - 1, start, end)


@dataclass(slots=True)
class _Level:
    """A state on the stack: bytes alive, moves that are left (best last), length of the path."""

    state: int
    alive: int
    ready: Sequence[int]
    moves: list[tuple[int, int]]
    path: int


class Descent:
    """A run; `window` moves on with what it commits to, `above` is the next threshold to try.

    `above` is the smallest figure over the threshold that kept the run from a state. A run that
    only goes `downhill` takes the other end for found when it is no higher than its own.
    """

    def __init__(
        self,
        tables: Tables,
        window: Window,
        threshold: int,
        forward: bool,
        *,
        downhill: bool = False,
    ) -> None:
        self.tables = tables
        self.window = window
        self.threshold = threshold
        self.forward = forward
        self.above: int | None = None
        self.goal = window.high if forward else window.low
        self.stack: list[_Level] = []
        self.path: list[int] = []
        self.visited: set[int] = set()
        self.downhill = downhill
        self.certain = True

    def run(self, limit: int) -> Answer:
        """Search until an order is found, there is none, or the tables' steps pass `limit`."""
        window, tables, stack = self.window, self.tables, self.stack
        start = window.low if self.forward else window.high
        if start == self.goal:
            return Answer.FOUND
        self._push(start, window.low_bytes if self.forward else window.high_bytes, None)
        while stack:
            if tables.steps > limit:
                return Answer.UNKNOWN
            top = stack[-1]
            if not top.moves:
                stack.pop()
                continue
            alive, operator = top.moves.pop()
            state = top.state ^ 1 << operator
            if state in self.visited:
                continue
            tables.states += 1
            del self.path[top.path :]
            self.path.append(operator)
            if state == self.goal:
                if self.downhill and alive > stack[0].alive:
                    continue
                self._move_window(state, alive)
                return Answer.FOUND
            self.visited.add(state)
            self._enter(top, operator, state, alive)
        return Answer.NONE

    def _enter(self, top: _Level, operator: int, state: int, alive: int) -> None:
        """Go on from a new state, or from the one that it commits to."""
        chosen = self._commit(state, alive)
        if chosen is None:
            return
        if not self.stack:
            self._move_window(*chosen)
        ready = self._ready_after(top.ready, operator, state) if chosen[0] == state else None
        self._push(*chosen, ready)

    def _push(self, state: int, alive: int, ready: Sequence[int] | None) -> None:
        ready = self._ready(state) if ready is None else ready
        self.visited.add(state)
        moves = self._moves(state, alive, ready)
        self.stack.append(_Level(state, alive, ready, moves, len(self.path)))

    def _move_window(self, state: int, alive: int) -> None:
        """The path so far is part of the answer."""
        old, path = self.window, tuple(self.path)
        if self.forward:
            self.window = Window(state, old.high, alive, old.high_bytes, old.head + path, old.tail)
        else:
            self.window = Window(
                old.low, state, old.low_bytes, alive, old.head, path[::-1] + old.tail
            )
        self.path.clear()
        self.visited = {state}

    def _commit(self, state: int, alive: int) -> tuple[int, int] | None:
        """Take off the stack what commits to this state, or to a lower one that lies before it.

        Returns the state to go on from and its bytes; None where that one has failed already.
        """
        stack = self.stack
        while stack and stack[-1].alive >= alive:
            base = len(stack) - 1
            while base and stack[base - 1].alive >= alive:
                base -= 1
            level = stack[base]
            lower = self._least(level, state, alive)
            if lower is None:
                self.certain = False
                break
            if lower[0] == state:
                del stack[base:]
                break
            if lower[0] in self.visited and not self.certain:
                break
            passed = lower[0] ^ level.state
            way = [o for o in self.path[level.path :] if passed >> o & 1]
            self.path[level.path :] = way
            del stack[base:]
            if lower[0] in self.visited:
                return None
            # States behind the lower one have only been looked at on the way from elsewhere.
            state, alive = lower
            self.visited = {seen for seen in self.visited if not self._behind(seen, state)}
        return state, alive

    def _behind(self, seen: int, state: int) -> bool:
        """Whether a state comes after another in this direction."""
        return seen & state == (state if self.forward else seen)

    def _least(self, level: _Level, state: int, alive: int) -> tuple[int, int] | None:
        """The state with the fewest bytes between two, and these; None when not proved in time."""
        way = self.path[level.path :]
        near = self.tables.masks.before if self.forward else self.tables.masks.after
        if all(near[later] >> earlier & 1 for earlier, later in pairwise(way)):
            # A chain: all states between are on the stack, or were committed away from for less.
            return state, alive
        low, high = (level.state, state) if self.forward else (state, level.state)
        found = self.tables.cuts.lowest_between(low, high, PROOF_STEPS)
        self.tables.steps += PROOF_STEPS if found is None else found.steps
        if found is None:
            return None
        least = (level.alive if self.forward else alive) - found.saved
        if least == alive:
            return state, alive
        return low | (found.largest if self.forward else found.smallest), least

    def _moves(self, state: int, alive: int, ready: Iterable[int]) -> list[tuple[int, int]]:
        """(bytes alive afterwards, operator) of each move within the threshold, best last.

        A move after which no more is alive is committed to, so it is the only one.
        """
        during, change = self.tables.section.during, self.tables.masks.change
        shared, weight = self.tables.masks.shared, self.tables.masks.weight
        threshold, forward = self.threshold, self.forward
        moves: list[tuple[int, int]] = []
        above = None
        steps = 0
        for operator in ready:
            steps += weight[operator]
            if forward:
                most = alive + during[operator]
                after = alive + change[operator]
                done = state | 1 << operator
                for readers, size in shared[operator]:
                    if readers & done == readers:
                        after -= size
            else:
                after = alive - change[operator]
                for readers, size in shared[operator]:
                    if readers & state == readers:
                        after += size
                most = after + during[operator]
            if most > threshold:
                above = most if above is None else min(above, most)
            elif after <= alive:
                moves, above = [(after, operator)], None
                break
            else:
                moves.append((after, operator))
        self.tables.steps += steps
        if above is not None:
            self.above = above if self.above is None else min(self.above, above)
        # Among equals the one that comes first in the given order (or last, from the end).
        moves.sort(key=lambda move: (-move[0], -move[1] if forward else move[1]))
        return moves

    def _ready(self, state: int) -> list[int]:
        """The operators of the window that can run next, or that can have run last."""
        if self.forward:
            before, left = self.tables.masks.before, self.window.high & ~state
            ready = [o for o in members(left) if before[o] & state == before[o]]
        else:
            after, left = self.tables.masks.after, state & ~self.window.low
            ready = [o for o in members(left) if not after[o] & state]
        self.tables.steps += left.bit_count()
        return ready

    def _ready_after(self, ready: Sequence[int], operator: int, state: int) -> list[int]:
        """What is ready at a state that one operator led to."""
        found = [other for other in ready if other != operator]
        if self.forward:
            before, high = self.tables.masks.before, self.window.high
            for later in self.tables.section.after[operator]:
                if before[later] & state == before[later] and high >> later & 1:
                    found.append(later)
        else:
            after, low = self.tables.masks.after, self.window.low
            for earlier in self.tables.section.before[operator]:
                if not after[earlier] & state and not low >> earlier & 1:
                    found.append(earlier)
        return found
