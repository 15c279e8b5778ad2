"""The settings of a converter at a `.convert()`, on each way that leads there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

from tflint.finding import Location
from tflint.keras.facts import Conversion
from tflint.keras.values import UNKNOWN, Choice, Evidence, Setting, Value
from tflint.rule import SourceContext
from tflint.source.branches import NO_BRANCH, Branch, Branches

OPTIMIZATIONS = "optimizations"
DATASET = "representative_dataset"
OPERATORS = "target_spec.supported_ops"
TYPES = "target_spec.supported_types"
INPUT_TYPE = "inference_input_type"
OUTPUT_TYPE = "inference_output_type"
CUSTOM_OPERATORS = "allow_custom_ops"
# Of TensorFlow 1, where the first sets `optimizations` and the second `supported_ops`.
POST_TRAINING_QUANTIZE = "post_training_quantize"
TARGET_OPERATORS = "target_ops"
INFERENCE_TYPE = "inference_type"
INPUT_STATISTICS = "quantized_input_stats"

# Ways that are told apart; with more, nothing is said that does not hold whatever is set.
_MOST_WAYS = 128


@dataclass(frozen=True, slots=True)
class Held:
    """A value that a setting holds, with the assignment and the literal that it comes from."""

    value: Value
    location: Location | None = None
    origin: Location | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """One way to a `.convert()`: one value for each setting that is written on it.

    `taken` are the branches that make it this way, by their statement. `is_tf1` says that the
    converter is one that only TensorFlow 1 and `tf.compat.v1` have, `is_tf2` that they have not.
    """

    held: Mapping[str, Held]
    taken: Mapping[int | str, int]
    is_tf1: bool = False
    is_tf2: bool = False

    def value(self, name: str, default: Value = None) -> Value:
        """What the setting holds, the default where nothing was written."""
        held = self.held.get(name)
        return default if held is None else held.value

    def locate(self, name: str) -> Location | None:
        """The literal behind the setting, or else its assignment."""
        held = self.held.get(name)
        return None if held is None else held.origin or held.location

    def assignment(self, name: str) -> Location | None:
        """Where the setting is assigned to."""
        held = self.held.get(name)
        return None if held is None else held.location


@dataclass(frozen=True, slots=True)
class Judgement:
    """That something holds at a conversion: on which way for example, and how sure that is.

    `depends_on_branch` says that it holds on some ways only.
    """

    way: Way
    evidence: Evidence
    depends_on_branch: bool = False

    @property
    def is_certain(self) -> bool:
        """Whether it holds on every way, and the conversion is surely run."""
        return self.evidence is Evidence.CERTAIN


@dataclass(frozen=True, slots=True)
class _Write:
    """A value that a setting may hold, and the branches in which it is what it holds."""

    held: Held
    branches: tuple[Branch, ...]


class Conversions:
    """The conversions of one source, and what holds at them."""

    def __init__(self, context: SourceContext) -> None:
        self._context = context
        self._branches: Branches | None = None
        self._mentioned: dict[re.Pattern[str], bool] = {}

    def mentions(self, pattern: re.Pattern[str]) -> bool:
        """Whether the source has text of this kind, comments included; looked for once."""
        if pattern not in self._mentioned:
            self._mentioned[pattern] = pattern.search(self._context.module.text) is not None
        return self._mentioned[pattern]

    def __iter__(self) -> Iterator[Conversion]:
        return iter(self._context.keras.conversions)

    def judge(
        self, conversion: Conversion, names: Sequence[str], holds: Callable[[Way], bool | None]
    ) -> Judgement | None:
        """Whether something holds of the settings `names`, the only ones that `holds` looks at.

        It is certain if it holds on every way. If on some only, it is possible where a single
        branch makes the difference: which branches of two statements go together is not known,
        and a setting of the one is often meant for that of the other.
        """
        ways = self.ways(conversion, names)
        found = [holds(way) for way in ways]
        held = [way for way, verdict in zip(ways, found, strict=True) if verdict]
        if not held:
            return None
        evidence = conversion.evidence
        if len(held) < len(ways):
            if not any(_decides(key, ways, found) for key in ways[0].taken):
                return None
            evidence = Evidence.POSSIBLE
        if conversion.may_have_other_settings and evidence is Evidence.CERTAIN:
            evidence = Evidence.POSSIBLE
        return Judgement(held[0], evidence, len(held) < len(ways))

    def ways(self, conversion: Conversion, names: Sequence[str]) -> list[Way]:
        """The ways to a conversion that differ in these settings; none if there are too many."""
        if conversion.constructor.endswith("toco_convert"):
            # What it is given is not among the settings.
            return []
        settings = {
            name: conversion.settings[name] for name in names if name in conversion.settings
        }
        here = frozenset(self._around(conversion.location)) if _are_uncertain(settings) else ()
        writes = {name: self._writes(name, setting) for name, setting in settings.items()}
        choices: dict[int | str, tuple[int, ...]] = {}
        for branch in (b for some in writes.values() for write in some for b in write.branches):
            choices[branch.statement] = (branch.index,) if branch in here else branch.alternatives
        if prod(map(len, choices.values())) > _MOST_WAYS:
            return []
        unwritten = Held(UNKNOWN) if conversion.may_have_other_settings else None
        found = []
        for taken in product(*choices.values()):
            way = dict(zip(choices, taken, strict=True))
            held = {name: _held(writes.get(name, ()), way) or unwritten for name in names}
            if all(held[name] or not setting.is_surely_set for name, setting in settings.items()):
                known = {name: one for name, one in held.items() if one is not None}
                found.append(Way(known, way, is_tf1(conversion), is_tf2(conversion)))
        return found

    def _writes(self, name: str, setting: Setting) -> list[_Write]:
        """The values of a setting with the branches they are written in.

        Where these do not tell the values apart, each is one of as many branches of its own.
        """
        held = list(_each(setting))
        if setting.is_surely_set and all(one.value == held[0].value for one in held):
            return [_Write(held[0], ())]
        places = [one.location for one in held if one.location is not None]
        around = [self._around(place) for place in places]
        tells = len(setting.locations) == len(held) == len(places) == len(set(around))
        if not tells or (() in around and not setting.is_surely_set):
            return [_Write(one, (branch,)) for one, branch in _any_of(name, held, setting)]
        return [_Write(one, some) for one, some in zip(held, around, strict=True)]

    def _around(self, location: Location) -> tuple[Branch, ...]:
        if self._branches is None:
            self._branches = Branches(self._context.module)
        return self._branches.around(location)


def _each(setting: Setting) -> Iterator[Held]:
    """The values that a setting may hold, with their assignments; those of a choice one by one."""
    values, locations = setting.values, setting.locations
    if len(values) == 1:
        # Several branches that write the same.
        values *= max(1, len(locations))
    aligned = len(locations) == len(values)
    for index, value in enumerate(values):
        location = locations[index] if aligned else _first(locations)
        origin = setting.origins[index] if len(setting.origins) == len(values) else None
        for one in value.values if isinstance(value, Choice) else (value,):
            yield Held(one, location, origin)


def _first(locations: Sequence[Location]) -> Location | None:
    return locations[0] if locations else None


def _any_of(name: str, held: Sequence[Held], setting: Setting) -> Iterator[tuple[Held, Branch]]:
    """Each value in a branch of its own, of a statement that nothing else is decided by."""
    other = () if setting.is_surely_set else (NO_BRANCH,)
    for index, one in enumerate(held):
        yield one, Branch(name, index, (*range(len(held)), *other))


def _held(writes: Sequence[_Write], way: Mapping[int | str, int]) -> Held | None:
    """What a setting holds on a way.

    Of the values whose branches it takes that is the innermost one: what is written later and
    outside of a branch would have replaced the one that is written inside.
    """
    taken = [w for w in writes if all(way[b.statement] == b.index for b in w.branches)]
    return max(taken, key=lambda write: len(write.branches)).held if taken else None


def _are_uncertain(settings: Mapping[str, Setting]) -> bool:
    return any(len(one.values) > 1 or not one.is_surely_set for one in settings.values())


def _decides(key: int | str, ways: Sequence[Way], found: Sequence[bool | None]) -> bool:
    """Whether the branch taken at one statement alone decides what was found."""
    verdicts: dict[int, set[bool]] = {}
    for way, verdict in zip(ways, found, strict=True):
        verdicts.setdefault(way.taken[key], set()).add(bool(verdict))
    return all(len(some) == 1 for some in verdicts.values())


def is_tf2(conversion: Conversion) -> bool:
    """Whether the converter is one that TensorFlow 1 does not have."""
    return not is_tf1(conversion) and conversion.constructor.rpartition(".")[2] in _TF2_CONSTRUCTORS


def is_tf1(conversion: Conversion) -> bool:
    """Whether the converter is one that only TensorFlow 1 and `tf.compat.v1` have."""
    path = conversion.constructor
    return any(part in path for part in _TF1_HOMES) or path.rpartition(".")[2] in _TF1_CONSTRUCTORS


_TF2_CONSTRUCTORS = frozenset(
    ("from_keras_model", "from_concrete_functions", "experimental_from_jax")
)
# The last is where TensorFlow keeps it; `TFLiteConverterV2` there is TensorFlow 2's.
_TF1_HOMES = (".contrib.", ".compat.v1.", "TocoConverter", ".python.lite.TFLiteConverter.")
_TF1_CONSTRUCTORS = frozenset(
    ("from_session", "from_frozen_graph", "from_keras_model_file", "toco_convert")
)
