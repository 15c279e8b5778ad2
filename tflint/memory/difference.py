"""What a model takes against what it took before: figures, peak, buffers, kernels.

Buffers are matched by the names of their tensors, within the same subgraph, and an operator's
scratch memory by that of its first output. A name that several tensors of one model share
matches nothing, and models that have no name in common, as after their names were stripped, are
compared by their figures alone: nothing is guessed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from tflint.memory.arena import Arena, Buffer
from tflint.memory.flash import KernelCode
from tflint.memory.usage import MemoryUse
from tflint.model.graph import Node, Value

# A subgraph, and the name of a tensor in it.
Key = tuple[int, str]


class Change(Enum):
    """What became of something."""

    GROWN = "grown"
    SHRUNK = "shrunk"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of bytes in both models; None where there is no such model."""

    name: str
    before: int | None
    after: int | None

    @property
    def difference(self) -> int | None:
        """How much it grew, if there are two models."""
        return None if self.before is None or self.after is None else self.after - self.before


@dataclass(frozen=True, slots=True)
class Peak:
    """The operator during which the most is alive, None when none runs then.

    `bytes` is what is alive then, each buffer rounded up to 16; no plan takes less unless it
    lets buffers overlap. `alive` are the buffers, largest first.
    """

    node: Node | None
    bytes: int
    alive: tuple[Buffer, ...]


@dataclass(frozen=True, slots=True)
class PeakChange:
    """The peak of each model. `moved` is None where names do not tell whether it did."""

    before: Peak | None
    after: Peak | None
    moved: bool | None


@dataclass(frozen=True, slots=True)
class BufferChange:
    """A tensor, or an operator's scratch memory, that takes more or less than it did.

    `bytes_before` and `bytes_after` are 0 where it is not there. `value` is the tensor; for
    scratch memory the first output of `node`, the operator that asked.
    """

    change: Change
    value: Value
    node: Node | None
    bytes_before: int
    bytes_after: int

    @property
    def difference(self) -> int:
        """How many bytes it grew by."""
        return self.bytes_after - self.bytes_before


@dataclass(frozen=True, slots=True)
class BufferChanges:
    """Buffers that were matched and differ, by how many bytes, the most first.

    `kept` counts the matched ones of one size. `unmatched_before` and `unmatched_after` count
    those whose name is missing or not unique in either model. `are_matched` is False where the
    models have no name in common: then nothing is listed.
    """

    are_matched: bool
    changes: tuple[BufferChange, ...] = ()
    kept: int = 0
    unmatched_before: int = 0
    unmatched_after: int = 0

    def of(self, change: Change) -> list[BufferChange]:
        """Those that this became of."""
        return [found for found in self.changes if found.change is change]


@dataclass(frozen=True, slots=True)
class KernelChange:
    """A kernel that only one of the models needs.

    `code` is None where TFLM has no such kernel, or its code is not known.
    """

    change: Change
    operator: str
    code: KernelCode | None


@dataclass(frozen=True, slots=True)
class MemoryDifference:
    """What changed from `before` to `after`, either of which is None when there is no model."""

    before: MemoryUse | None
    after: MemoryUse | None
    figures: tuple[Figure, ...]
    peak: PeakChange
    tensors: BufferChanges
    scratch: BufferChanges
    kernels: tuple[KernelChange, ...]

    def figure(self, name: str) -> Figure:
        """The figure of this name; raises `KeyError` where there is none."""
        for figure in self.figures:
            if figure.name == name:
                return figure
        raise KeyError(name)


def compare(before: MemoryUse | None, after: MemoryUse | None) -> MemoryDifference:
    """Compare what two models take, of the same target.

    Takes time linear in tensors and operators, and the sorting of what differs.
    """
    old, new = _Side(before), _Side(after)
    names = old.tensors.keys() & new.tensors.keys()
    comparable = not old.arena or not new.arena or bool(names)
    shared = _Names(old.ambiguous | new.ambiguous, comparable)
    return MemoryDifference(
        before=before,
        after=after,
        figures=tuple(_figures(before, after)),
        peak=_peak(old, new, shared),
        tensors=_changes(old.tensors, new.tensors, (old.unnamed, new.unnamed), shared),
        scratch=_changes(
            old.scratch, new.scratch, (old.unnamed_scratch, new.unnamed_scratch), shared
        ),
        kernels=tuple(_kernels(before, after)),
    )


@dataclass(frozen=True, slots=True)
class _Names:
    """What is known of the names: which are not unique, and whether they tell anything."""

    ambiguous: set[Key]
    are_comparable: bool

    def tell(self, key: Key) -> bool:
        """Whether what has this name is what has it in the other model."""
        return self.are_comparable and key not in self.ambiguous


@dataclass(slots=True)
class _Held:
    """The bytes that go by one name, and whose they are."""

    value: Value
    node: Node | None
    bytes: int = 0
    buffers: int = 0


class _Side:
    """One model's buffers by name."""

    def __init__(self, use: MemoryUse | None) -> None:
        self.arena: Arena | None = None if use is None else use.arena
        self.tensors: dict[Key, _Held] = {}
        self.scratch: dict[Key, _Held] = {}
        self.unnamed = self.unnamed_scratch = 0
        self._tensors_of: dict[Key, set[int]] = defaultdict(set)
        for buffer in self.arena.buffers if self.arena else ():
            self._add(buffer)
        self.ambiguous = {key for key, indices in self._tensors_of.items() if len(indices) > 1}

    def _add(self, buffer: Buffer) -> None:
        value = buffer.value
        if value is None and buffer.node is not None:
            value = buffer.node.outputs[0] if buffer.node.outputs else None
        if value is None or not value.name:
            self.unnamed += not buffer.is_scratch
            self.unnamed_scratch += buffer.is_scratch
            return
        key = _key(value)
        self._tensors_of[key].add(value.index)
        held = self.scratch if buffer.is_scratch else self.tensors
        entry = held.setdefault(key, _Held(value, buffer.node))
        entry.bytes += buffer.bytes
        entry.buffers += 1


def _key(value: Value) -> Key:
    return value.subgraph, value.name


def _changes(
    before: Mapping[Key, _Held],
    after: Mapping[Key, _Held],
    unnamed: tuple[int, int],
    names: _Names,
) -> BufferChanges:
    then, now = (
        count + sum(held.buffers for key, held in side.items() if not names.tell(key))
        for count, side in zip(unnamed, (before, after), strict=True)
    )
    if not names.are_comparable:
        # Without buffers on either side there was nothing to match, and nothing is missing.
        return BufferChanges(not (then or now), unmatched_before=then, unmatched_after=now)
    changes, kept = [], 0
    for key in dict.fromkeys((*before, *after)):
        if not names.tell(key):
            continue
        change = _change(before.get(key), after.get(key))
        if change is None:
            kept += 1
        else:
            changes.append(change)
    changes.sort(key=lambda found: (-abs(found.difference), found.value.subgraph, found.value.name))
    return BufferChanges(True, tuple(changes), kept, then, now)


def _change(before: _Held | None, after: _Held | None) -> BufferChange | None:
    """What became of a buffer, None when it is of the size that it was."""
    held = after or before
    then, now = (0 if side is None else side.bytes for side in (before, after))
    if held is None or (before is not None and after is not None and then == now):
        return None
    change = Change.GROWN if now > then else Change.SHRUNK
    if before is None or after is None:
        change = Change.ADDED if before is None else Change.REMOVED
    return BufferChange(change, held.value, held.node, then, now)


def _figures(before: MemoryUse | None, after: MemoryUse | None) -> Iterable[Figure]:
    old, new = ({} if use is None else dict(figures_of(use)) for use in (before, after))
    for name in dict.fromkeys((*new, *old)):
        yield Figure(name, old.get(name), new.get(name))


def figures_of(use: MemoryUse) -> Iterable[tuple[str, int]]:
    """The figures of one model in bytes, each total before its parts.

    `passing` is what the arena needs beyond what stays in it, while TFLM prepares and plans,
    and to come to a multiple of 16.
    """
    arena, static = use.arena, use.static
    yield "ram", use.ram_bytes
    yield "min_arena", arena.min_arena_bytes
    yield "nonpersistent", arena.nonpersistent_bytes
    yield "persistent", arena.persistent_bytes
    for kind, size in arena.persistent.items():
        yield f"persistent.{kind}", size
    yield "passing", arena.min_arena_bytes - arena.arena_bytes
    yield "interpreter", static.interpreter
    yield "resolver", static.resolver
    yield "stack", static.stack
    yield "arena", arena.arena_bytes
    yield "lower_bound", arena.lower_bound_bytes
    yield "flash", use.flash_bytes
    yield "model", use.model_bytes
    yield "runtime", use.code.bytes


def _peak(old: _Side, new: _Side, names: _Names) -> PeakChange:
    before, after = (peak_of(side.arena) if side.arena else None for side in (old, new))
    if before is None or after is None:
        return PeakChange(before, after, None)
    return PeakChange(before, after, _has_moved(before.node, after.node, (old, new), names))


def peak_of(arena: Arena) -> Peak:
    """When the most is alive, and what."""
    alive = arena.alive_at(arena.peak_scope) if arena.lower_bound_bytes else ()
    return Peak(arena.peak_node, arena.lower_bound_bytes, tuple(alive))


def _has_moved(
    before: Node | None, after: Node | None, sides: tuple[_Side, _Side], names: _Names
) -> bool | None:
    """Whether these are different operators, None where their outputs' names do not tell."""
    if before is None or after is None:
        return before is not after
    then, now = _node_key(before), _node_key(after)
    if then is None or now is None or not (names.tell(then) and names.tell(now)):
        return None
    if then == now:
        return False
    # Where neither is in the other model, it may be one operator under another name.
    return True if then in sides[1].tensors or now in sides[0].tensors else None


def _node_key(node: Node) -> Key | None:
    return _key(node.outputs[0]) if node.outputs and node.outputs[0].name else None


def _kernels(before: MemoryUse | None, after: MemoryUse | None) -> Iterable[KernelChange]:
    """The kernels that came and went, those with the most code first; then the unknown."""
    old, new = (() if use is None else use.operators for use in (before, after))
    yield from _only_there(new, old, after, Change.ADDED)
    yield from _only_there(old, new, before, Change.REMOVED)


def _only_there(
    there: Sequence[str], not_there: Sequence[str], use: MemoryUse | None, change: Change
) -> Iterable[KernelChange]:
    code = {} if use is None else {kernel.operator: kernel for kernel in use.code.kernels}
    only = sorted(set(there).difference(not_there))
    changes = (KernelChange(change, name, code.get(name)) for name in only)
    yield from sorted(changes, key=lambda found: -(found.code.freed_bytes if found.code else -1))
