"""The facts about one file, computed when a rule first asks."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from tflint.archive.archive import Archive
from tflint.errors import UnreadableModel
from tflint.keras.facts import KerasFacts
from tflint.memory.usage import MemoryUse, memory_use
from tflint.model import cost
from tflint.model.constants import Constants
from tflint.model.graph import Graph, Node, dangling_indices, graphs
from tflint.model.tables import Model
from tflint.model.types import MAX_RANK
from tflint.rule import Kind, Rule, Stage
from tflint.source.module import SourceModule
from tflint.source.parsing import SourceError
from tflint.target.runtime import Runtime
from tflint.target.target import Target


class LintedModel:
    """Implements `tflint.rule.ModelContext` for a model that was read, or was not."""

    def __init__(self, target: Target, outcome: Model | UnreadableModel) -> None:
        self.target = target
        self._outcome = outcome

    @property
    def runtime(self) -> Runtime:
        """The target's runtime."""
        return self.target.runtime

    @property
    def unreadable(self) -> UnreadableModel | None:
        """Why the file could not be read, if it could not."""
        return self._outcome if isinstance(self._outcome, UnreadableModel) else None

    @property
    def model(self) -> Model:
        """The model's tables."""
        if isinstance(self._outcome, UnreadableModel):
            raise self._outcome
        return self._outcome

    @cached_property
    def is_sound(self) -> bool:
        """Whether the graph can be walked: no index dangles, no rank is absurd."""
        return not any(dangling_indices(self.model)) and all(
            len(tensor.shape) <= MAX_RANK
            for subgraph in self.model.subgraphs
            for tensor in subgraph.tensors
        )

    def can_run(self, rule: type[Rule]) -> bool:
        """Whether a rule can look at this model, which was read."""
        return rule.meta.stage is not Stage.GRAPH or self.is_sound

    @cached_property
    def graphs(self) -> tuple[Graph, ...]:
        """The subgraphs of a sound model."""
        return graphs(self.model)

    @property
    def nodes(self) -> Iterator[Node]:
        """All operators of all subgraphs, in order."""
        return (node for graph in self.graphs for node in graph.nodes)

    @cached_property
    def weights(self) -> cost.Weights:
        """The model's constants."""
        return cost.weights(self.graphs)

    @cached_property
    def constants(self) -> Constants:
        """What is in the constants."""
        return Constants(self.model)

    @cached_property
    def memory(self) -> MemoryUse | None:
        """What the model takes of the target, on runtimes for microcontrollers."""
        if not self.runtime.is_mcu:
            return None
        return memory_use(self.model, self.graphs, self.target)

    @cached_property
    def macs(self) -> int:
        """Multiply-accumulates of one inference: the first subgraph, run once."""
        return sum(cost.macs(node) for node in self.graphs[0].nodes)


class LintedSource:
    """Implements `tflint.rule.SourceContext` for a source that parsed, or did not."""

    def __init__(
        self,
        target: Target,
        outcome: SourceModule | SourceError,
        kind: Kind = Kind.KERAS_SOURCE,
    ) -> None:
        self.target = target
        self.kind = kind
        self._outcome = outcome

    @property
    def runtime(self) -> Runtime:
        """The target's runtime."""
        return self.target.runtime

    @property
    def broken(self) -> SourceError | None:
        """Why the source does not parse, if it does not."""
        return self._outcome if isinstance(self._outcome, SourceError) else None

    @property
    def module(self) -> SourceModule:
        """The parsed source."""
        if isinstance(self._outcome, SourceError):
            raise self._outcome
        return self._outcome

    @property
    def keras(self) -> KerasFacts:
        """What the source says about Keras."""
        return self.module.keras


class LintedArchive:
    """Implements `tflint.rule.ArchiveContext` for an archive that was read, or was not."""

    def __init__(self, target: Target, outcome: Archive | UnreadableModel, kind: Kind) -> None:
        self.target = target
        self.kind = kind
        self._outcome = outcome

    @property
    def runtime(self) -> Runtime:
        """The target's runtime."""
        return self.target.runtime

    @property
    def unreadable(self) -> UnreadableModel | None:
        """Why the archive could not be read, if it could not."""
        return self._outcome if isinstance(self._outcome, UnreadableModel) else None

    @property
    def archive(self) -> Archive:
        """What is in the archive."""
        if isinstance(self._outcome, UnreadableModel):
            raise self._outcome
        return self._outcome

    @property
    def keras(self) -> KerasFacts:
        """What the archive's configuration says."""
        return self.archive.keras
