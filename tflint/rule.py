"""The base of all rules: what a rule says about itself, what it is given, its examples.

A rule is one file with one class:

    class Float16Target(Rule):
        \"\"\"Float16 weights behind DEQUANTIZE, which TFLM rejects.

        ## What it does
        ...
        ## Why it matters on a device
        ...
        ## Repair
        ...
        \"\"\"

        meta = Metadata("TFL108", "float16-target", Severity.ERROR, ...)
        examples = (Bad(...), Good(...))

        def check_model(self, context: ModelContext) -> Iterator[Finding]: ...

The docstring and the examples become the rule's page, the examples its first tests.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import ClassVar, Protocol

from tflint.archive.archive import Archive
from tflint.errors import UnreadableModel
from tflint.finding import Confidence, Finding, Fix, FixSafety, Location, Severity
from tflint.keras.facts import KerasFacts
from tflint.memory.usage import MemoryUse
from tflint.model.constants import Constants
from tflint.model.cost import Weights
from tflint.model.graph import Graph, Node, Value
from tflint.model.tables import Model
from tflint.printable import printable
from tflint.source.module import SourceModule
from tflint.source.parsing import SourceError
from tflint.target.runtime import Runtime
from tflint.target.target import Target

HEADINGS = ("What it does", "Why it matters on a device", "Repair")

GROUPS = {
    "TFL0": "Integrity and security",
    "TFL1": "Layout and Keras source",
    "TFL2": "Operators and runtimes",
    "TFL3": "Architecture and weights",
    "TFL4": "Quantisation",
    "TFL5": "Memory and budgets",
    "TFL6": "Graph",
    "TFL7": "Interface",
    "TFL9": "tflint itself",
}


class Kind(Enum):
    """What kinds of artifact tflint reads, by their name in reports.

    A configuration is only among them where something is wrong with it.
    """

    TFLITE = "tflite"
    KERAS_SOURCE = "keras-source"
    NOTEBOOK = "notebook"
    KERAS_ARCHIVE = "keras-archive"
    H5 = "h5"
    SAVED_MODEL = "saved-model"
    CONFIGURATION = "configuration"


SOURCES = frozenset((Kind.KERAS_SOURCE, Kind.NOTEBOOK))
ARCHIVES = frozenset((Kind.KERAS_ARCHIVE, Kind.H5, Kind.SAVED_MODEL))
# What a rule with `check_keras` applies to.
KERAS = SOURCES | ARCHIVES


class Stage(Enum):
    """What must hold before a rule can look at a model.

    `FILE`: nothing, it also sees files that cannot be read. `TABLES`: the flatbuffer is
    verified, but indices may lead anywhere. `GRAPH`: indices and ranks are sound.
    """

    FILE = auto()
    TABLES = auto()
    GRAPH = auto()


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a rule is. `severity` is the usual one; a finding may carry another.

    `may_refuse` is for rules that usually warn, and whose errors say that the runtime refuses
    the model. (The errors of rules that usually report errors say so in any case, but for
    budgets.)

    `runtime_errors` are regular expressions for what runtimes print when they meet the
    problem, by which `tflint explain` finds the rule. `aliases` are earlier codes or names.
    """

    code: str
    name: str
    severity: Severity
    confidence: Confidence = Confidence.HIGH
    fix: FixSafety | None = None
    applies_to: frozenset[Kind] = frozenset((Kind.TFLITE,))
    stage: Stage = Stage.GRAPH
    since: str = "0.1.0"
    runtime_errors: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    may_refuse: bool = False

    @property
    def group(self) -> str:
        """The title of the rule's family."""
        return GROUPS.get(self.code[:4], "Plug-ins")


@dataclass(frozen=True, slots=True)
class Example:
    """Something to show a rule with.

    `build` gives a model, bytes that are meant to be one, the text of a Python source, or the
    `config.json` of a `.keras` archive.
    """

    title: str
    build: Callable[[], Model | bytes | str | Mapping[str, object]]
    target: str = "tflm"


@dataclass(frozen=True, slots=True)
class Bad(Example):
    """An example that the rule fires on, with a message that contains `says`."""

    says: str = ""
    severity: Severity | None = None
    findings: int = 1


@dataclass(frozen=True, slots=True)
class Good(Example):
    """An example, close to a bad one, that the rule lets pass."""


class ModelContext(Protocol):
    """What a rule is given about a `.tflite` file; facts are computed once, when asked for."""

    @property
    def target(self) -> Target:
        """What the model is checked for."""

    @property
    def runtime(self) -> Runtime:
        """The target's runtime."""

    @property
    def unreadable(self) -> UnreadableModel | None:
        """Why the file could not be read, if it could not."""

    @property
    def model(self) -> Model:
        """The model's tables. Not for rules of stage `FILE` when `unreadable` is set."""

    @property
    def graphs(self) -> tuple[Graph, ...]:
        """The subgraphs. Only for rules of stage `GRAPH`."""

    @property
    def nodes(self) -> Iterator[Node]:
        """All operators of all subgraphs, in order. Only for rules of stage `GRAPH`."""

    @property
    def weights(self) -> Weights:
        """The model's constants. Only for rules of stage `GRAPH`."""

    @property
    def constants(self) -> Constants:
        """What is in the constants: for rules that have to look at weights."""

    @property
    def memory(self) -> MemoryUse | None:
        """What the model takes of the target; None for a runtime without an arena.

        Only for rules of stage `GRAPH`.
        """


class KerasContext(Protocol):
    """What a rule is given about Keras code, whether in a source, a notebook or an archive."""

    @property
    def target(self) -> Target:
        """The target."""

    @property
    def runtime(self) -> Runtime:
        """The target's runtime."""

    @property
    def kind(self) -> Kind:
        """What it was read from."""

    @property
    def keras(self) -> KerasFacts:
        """Layers, networks, conversions. Only for rules of another stage than `FILE`."""


class ArchiveContext(KerasContext, Protocol):
    """What a rule is given about a `.keras` or `.h5` file or a SavedModel."""

    @property
    def unreadable(self) -> UnreadableModel | None:
        """Why the archive could not be read, if it could not."""

    @property
    def archive(self) -> Archive:
        """What is in the archive. Only for rules of another stage than `FILE`."""


class SourceContext(KerasContext, Protocol):
    """What a rule is given about a Python source or a notebook."""

    @property
    def broken(self) -> SourceError | None:
        """Why the source does not parse, if it does not."""

    @property
    def module(self) -> SourceModule:
        """The parsed source. Only for rules of another stage than `FILE`."""


@dataclass(frozen=True, slots=True)
class IdleSuppression:
    """A comment or an entry of a configuration that asks for findings to be ignored, for nothing.

    `location` is the comment, or of several `selectors` the one that is idle; without selectors
    all rules are meant. `fault` says why it could not be understood, where that is so.
    """

    location: Location
    selectors: tuple[str, ...]
    fault: str = ""
    is_in_source: bool = True


class Rule:
    """Base class: metadata, examples and a check for each kind of artifact."""

    meta: ClassVar[Metadata]
    examples: ClassVar[tuple[Example, ...]] = ()

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        """The findings in a `.tflite` model. No I/O, no state, nothing executed."""
        yield from ()

    def check_source(self, context: SourceContext) -> Iterator[Finding]:
        """The findings in a Python source. Nothing of it is executed."""
        yield from ()

    def check_keras(self, context: KerasContext) -> Iterator[Finding]:
        """The findings in the Keras code of a source, a notebook or an archive."""
        yield from ()

    def check_archive(self, context: ArchiveContext) -> Iterator[Finding]:
        """The findings that only an archive can have. Nothing of it is executed."""
        yield from ()

    def check_suppressions(self, idle: Sequence[IdleSuppression]) -> Iterator[Finding]:
        """The findings about what asks for findings to be ignored, once all other rules ran."""
        yield from ()

    def finding(
        self,
        message: str,
        *,
        node: Node | None = None,
        value: Value | None = None,
        location: Location | None = None,
        severity: Severity | None = None,
        confidence: Confidence | None = None,
        help: str = "",
        fix: Fix | None = None,
    ) -> Finding:
        """A finding of this rule, at an operator, at a tensor, or as `location` says."""
        meta = self.meta
        return Finding(
            code=meta.code,
            name=meta.name,
            severity=severity or meta.severity,
            confidence=confidence or meta.confidence,
            message=message,
            location=location or locate(node, value),
            fix=fix,
            help=help,
        )

    @classmethod
    def summary(cls) -> str:
        """The docstring's first paragraph, on one line."""
        return " ".join(inspect.cleandoc(cls.__doc__ or "").split("\n\n")[0].split())


def locate(node: Node | None, value: Value | None = None) -> Location:
    """The location of an operator and one of its tensors, or of either alone."""
    tensor = None if value is None else value.index
    if node is None:
        subgraph = None if value is None else value.subgraph
        return Location(
            subgraph=subgraph, tensor=tensor, anchor=None if value is None else value.name
        )
    named = value or (node.outputs[0] if node.outputs else None)
    return Location(
        subgraph=node.subgraph,
        operator=node.index,
        operator_name=printable(node.name),
        tensor=tensor,
        context=neighbourhood(node),
        anchor=None if named is None else named.name,
    )


def neighbourhood(node: Node) -> str:
    """The operator between what feeds it and what it feeds: `CONV_2D #1 > [ADD #2] > RELU #3`."""
    before = _names(node.predecessors()) or ("input" if any(_inputs(node)) else "")
    after = _names(node.successors()) or (
        "output" if any(v.is_output for v in node.outputs) else ""
    )
    parts = (before, f"[{_name(node)}]", after)
    return " > ".join(part for part in parts if part)


def _inputs(node: Node) -> Iterator[bool]:
    return (value is not None and value.is_input for value in node.inputs)


def _names(nodes: Iterator[Node], most: int = 2) -> str:
    found: list[str] = []
    for node in nodes:
        name = _name(node)
        if name in found:
            continue
        if len(found) == most:
            return ", ".join(found) + ", ..."
        found.append(name)
    return ", ".join(found)


def _name(node: Node) -> str:
    return f"{printable(node.name, 40)} #{node.index}"


def locate_source(module: SourceModule, node: ast.expr) -> Location:
    """The location of an expression; the line it is on is what it is known by."""
    return module.locate(node)
