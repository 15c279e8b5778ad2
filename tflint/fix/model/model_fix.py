"""What a repair of models is: the rule it belongs to, and a rewrite of the whole model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from tflint.analysis.dataflow import Dataflow
from tflint.finding import FixSafety
from tflint.model.constants import Constants
from tflint.model.graph import Graph, graphs
from tflint.model.tables import Model
from tflint.target.target import Target


class RewriteContext:
    """A model that is to be rewritten, and what is asked for; facts are computed once, when used.

    All indices of the model are in range. `unsafe` allows rewrites whose outputs are equal within
    a tolerance only, or that change the interface; `requested` holds the codes that the user
    named one by one, for passes that cost something and run on request only.
    """

    def __init__(
        self,
        model: Model,
        target: Target,
        *,
        unsafe: bool = False,
        requested: frozenset[str] = frozenset(),
    ) -> None:
        self.model = model
        self.target = target
        self.unsafe = unsafe
        self.requested = requested

    @cached_property
    def graphs(self) -> tuple[Graph, ...]:
        """The subgraphs."""
        return graphs(self.model)

    @cached_property
    def dataflows(self) -> tuple[Dataflow, ...]:
        """Who writes and who reads each value, by subgraph."""
        return tuple(Dataflow(graph) for graph in self.graphs)

    @cached_property
    def constants(self) -> Constants:
        """What is in the constants."""
        return Constants(self.model)


@dataclass(frozen=True, slots=True)
class OutputChange:
    """An output that means something else after a rewrite, as the proof has to know.

    `now` is what the original's output is of the new one: `softmax` of it, say.
    """

    output: int
    now: str


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A rewritten model, which differs from what it was made from.

    `places` is the number of places that were repaired. `safety` is `SAFE` where every output of
    every runtime stays the same to the bit. `notes` tell the user what is not as it was: an input
    of another type, say.
    """

    model: Model
    places: int
    safety: FixSafety = FixSafety.SAFE
    notes: tuple[str, ...] = ()
    outputs: tuple[OutputChange, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelFix:
    """The repair for one rule.

    `rewrite` is pure. It repairs every place at once and gives None where there is none, so that
    rewriting its own result gives None (what one rewrite makes possible may take another). It
    leaves operators, options and subgraphs that it does not know as they are.

    A rewrite that makes the file or the arena larger is not taken. Passes with `may_grow_file`
    may spend on the file what others saved, those with `may_exceed_original` even more; those
    with `may_grow_arena` make models run that had none. Passes `on_request` run only for codes
    that the user named.
    """

    code: str
    rewrite: Callable[[RewriteContext], Rewrite | None]
    may_grow_file: bool = False
    may_exceed_original: bool = False
    may_grow_arena: bool = False
    on_request: bool = False
