"""How much work a source is worth: what is beyond it stays unknown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

# Nested expressions, statements and calls. Each takes a few of Python's own thousand frames.
MAX_DEPTH = 120
# Calls of functions of the file inside one another.
MAX_CALLS_DEEP = 24
# Calls of a function with nothing known that are run, where it gives nothing of Keras.
MAX_SAME_CALLS = 4
# Nodes looked at, counting again what is run again; layers and their calls cost more.
# That is enough for 10,000 lines of nothing but layers, and takes about two seconds.
MAX_STEPS = 400_000
# Of those, what a function that nothing calls may take.
MAX_STEPS_UNCALLED = 60_000
# Elements of lists and characters of strings that are computed.
MAX_LENGTH = 10_000
# Bits of integers that are computed.
MAX_BITS = 512
# Values that branches may leave in one place, before it is anything.
MAX_OPTIONS = 8
# Rounds of a loop.
MAX_ROUNDS = 1_000
# Rounds of a `while` loop, whose end is computed.
MAX_WHILE_ROUNDS = 300
# Rounds of `while True`, that nothing is known to end.
MAX_ENDLESS_ROUNDS = 30
# Results of a function that are kept for rules.
MAX_RESULTS = 64


class OutOfSteps(Exception):
    """The whole analysis took its share; what was found so far stands."""


class Budget:
    """Counts steps and depth."""

    __slots__ = ("calls", "depth", "most", "steps")

    def __init__(self, most: int = MAX_STEPS) -> None:
        self.steps = 0
        self.most = most
        self.depth = 0
        self.calls = 0

    def charge(self, steps: int) -> None:
        """Count steps; raises `OutOfSteps`."""
        self.steps += steps
        if self.steps > self.most:
            raise OutOfSteps

    @contextmanager
    def share(self, steps: int) -> Iterator[None]:
        """Allow only some of the steps inside; raises `OutOfSteps` beyond."""
        before, self.most = self.most, min(self.most, self.steps + steps)
        depth, calls = self.depth, self.calls
        try:
            yield
        finally:
            self.most, self.depth, self.calls = before, depth, calls

    @property
    def is_spent(self) -> bool:
        """Whether nothing of the whole is left."""
        return self.steps > self.most
