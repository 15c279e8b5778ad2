"""The state of an interpretation, and what its parts ask of one another."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from tflint.finding import Location
from tflint.keras.values import Evidence
from tflint.source.joins import join
from tflint.source.journal import Alternative, Changes, Journal, Mark
from tflint.source.limits import Budget
from tflint.source.objects import ITEMS, Arguments, FunctionNode, Items, SequenceThing
from tflint.source.recorder import Recorder
from tflint.source.scopes import Bindings, Scope, bindings_of
from tflint.source.store import MISSING, Store, Thing

Node: TypeAlias = ast.expr | ast.stmt | ast.keyword | ast.arg | ast.alias
Place: TypeAlias = ast.expr | ast.stmt


@dataclass(frozen=True, slots=True, eq=False)
class Exit:
    """A way out of a loop or function from inside a branch, with what was changed until there."""

    kind: str
    value: Thing
    changes: Changes


@dataclass(slots=True, eq=False)
class Frame:
    """A running block that `return`, `break` or `continue` leave: a function or a loop's round.

    `forks` is how many undecided branches were open when it began.
    """

    mark: Mark
    forks: int
    is_loop: bool = False
    exits: list[Exit] = field(default_factory=list)
    # What a path that nothing interrupted returned.
    result: Thing | None = None
    left_by: str | None = None


class Machine(ABC):
    """An interpretation under way. Its parts are functions that are given it."""

    def __init__(self, locate: Callable[[Node], Location]) -> None:
        self.locate = locate
        self.budget = Budget()
        self.journal = Journal(self.budget.charge)
        self.recorder = Recorder()
        self.evidence = Evidence.CERTAIN
        self.forks = 0
        # How often a branch left a function or loop.
        self.exits = 0
        self.frames: list[Frame] = []
        self.yields: list[list[Thing]] = []
        # Keras' global settings.
        self.settings = Store(0)
        self.scope = Scope(Store(0))
        # The statement that is run.
        self.statement: ast.stmt | None = None
        self.owners: list[tuple[Thing, Thing]] = []
        self.bindings: dict[int, Bindings] = {}
        # What functions gave for arguments of which nothing is known, by function and receiver.
        self.memo: dict[tuple[int, int], tuple[int, Thing]] = {}
        # The functions that are being run, with how many branches were open at each call.
        self.running: dict[int, list[int]] = {}
        # The names that loops bind, by the loop's identity.
        self.bound: dict[int, set[str]] = {}

    @abstractmethod
    def evaluate(self, node: ast.expr) -> Thing:
        """What an expression stands for."""

    @abstractmethod
    def run(self, body: Sequence[ast.stmt]) -> bool:
        """Run statements; whether what is behind them is reached."""

    @abstractmethod
    def call(self, callee: Thing, arguments: Arguments, node: Place) -> Thing:
        """Call something; `node` is where."""

    @abstractmethod
    def attribute(self, thing: Thing, name: str, node: Place) -> Thing:
        """An attribute of something."""

    # Making things

    def sequence(
        self,
        values: Sequence[Thing] = (),
        kind: str = "list",
        origin: ast.expr | None = None,
        *,
        is_open: bool = False,
    ) -> SequenceThing:
        """A new list, tuple, set or iterator."""
        items = Items(tuple(values), is_open)
        return SequenceThing(kind, self.journal.store({ITEMS: items}), origin)

    # Branches

    @contextmanager
    def possibly(self) -> Iterator[None]:
        """What is found inside is possible only."""
        before = self.evidence
        if before is Evidence.CERTAIN:
            self.evidence = Evidence.POSSIBLE
        try:
            yield
        finally:
            self.evidence = before

    def weaken(self) -> None:
        """From here on, to the end of the function or loop, things are possible only."""
        if self.evidence is Evidence.CERTAIN:
            self.evidence = Evidence.POSSIBLE

    def fork(self, branches: Sequence[Callable[[], bool]]) -> bool:
        """Run branches of which one happens, and join what they leave; whether one goes on."""
        mark = self.journal.mark()
        alternatives = []
        left = False
        self.forks += 1
        try:
            for branch in branches:
                exits = self.exits
                with self.possibly():
                    is_alive = branch()
                alternatives.append(Alternative(self.journal.changes(mark), is_alive))
                self.journal.take_back(mark)
                left |= exits != self.exits
        finally:
            self.forks -= 1
        self.journal.merge(mark, alternatives, join)
        if left:
            self.weaken()
        return any(alternative.is_alive for alternative in alternatives)

    def each(self, things: Sequence[Thing], action: Callable[[Thing], Thing]) -> Thing:
        """Do something with each of what may be there, and join what that gives."""
        if len(things) == 1:
            return action(things[0])
        results: list[Thing] = []

        def branch(thing: Thing) -> Callable[[], bool]:
            def run() -> bool:
                results.append(action(thing))
                return True

            return run

        self.fork([branch(thing) for thing in things])
        return join(results)

    # Frames

    def leave(self, kind: str, value: Thing) -> bool:
        """`return`, `break` or `continue`; always False, for nothing behind it is reached."""
        for frame in reversed(self.frames):
            if frame.is_loop != (kind != "return"):
                continue
            if self.forks == frame.forks:
                frame.result, frame.left_by = value, kind
            else:
                self.exits += 1
                frame.exits.append(Exit(kind, value, self.journal.changes(frame.mark)))
            break
        return False

    def settle(self, frame: Frame, *, is_alive: bool, kinds: Sequence[str]) -> bool:
        """Join the exits of these kinds with what came to the end; whether one goes on."""
        exits = [exit for exit in frame.exits if exit.kind in kinds]
        reached = is_alive or frame.left_by in kinds
        if exits:
            alternatives = [Alternative(exit.changes) for exit in exits]
            alternatives.append(Alternative(self.journal.changes(frame.mark), reached))
            self.journal.take_back(frame.mark)
            self.journal.merge(frame.mark, alternatives, join)
        return reached or bool(exits)

    # Names

    def write_name(self, name: str, thing: Thing) -> None:
        """Bind a name in the scope it belongs to."""
        self.journal.write(self.scope.home(name).store, name, thing)

    def bindings_of(self, node: FunctionNode) -> Bindings:
        """The names that a function binds, looked up once."""
        known = self.bindings.get(id(node))
        if known is None:
            known = self.bindings[id(node)] = bindings_of(node)
        return known

    def has_setting(self, key: str) -> Thing:
        """One of Keras' global settings, MISSING where it was never made."""
        return self.settings.content.get(key, MISSING)
