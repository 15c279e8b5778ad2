"""Repairing one model: passes in their order, again and again until none finds anything to do.

Safe passes come to their fixed point first, alone, so that they can be proved to the bit; then,
where they were asked for, the others join. A rewrite that makes the file or the arena larger is
not taken (see `ModelFix`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tflint.analysis.unused_entries import COMPRESSION
from tflint.errors import TflintError, UsageError
from tflint.finding import FixSafety
from tflint.fix.model.model_fix import ModelFix, OutputChange, RewriteContext
from tflint.fix.model.registry import model_fixes
from tflint.memory.usage import memory_use
from tflint.model.graph import graphs
from tflint.model.reader import parse_model
from tflint.model.tables import Model
from tflint.model.writer import write_model
from tflint.printable import printable
from tflint.target.target import Target

# Each round makes the model smaller or simpler; nobody's needs more, and a mistake ends here.
MAX_ROUNDS = 20


class PassFailed(TflintError):
    """A pass raised an exception: a mistake of ours, in one line."""

    def __init__(self, code: str, error: Exception) -> None:
        what = printable(f"{type(error).__name__}: {error}", 200)
        super().__init__(
            f"internal error in the repair of {code}, please report it: {what} "
            f"(--ignore {code} goes on without)"
        )


@dataclass(frozen=True, slots=True)
class Step:
    """One rewrite that was taken: the pass, and the model behind it."""

    code: str
    data: bytes
    arena: int | None
    places: int
    safety: FixSafety
    bytes_saved: int
    arena_saved: int | None
    notes: tuple[str, ...] = ()
    outputs: tuple[OutputChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A rewrite that was not taken, and why."""

    code: str
    reason: str


@dataclass(slots=True)
class Repair:
    """A model on its way: what it was, what it is, and the steps between.

    `rewritten_bytes` is the size of the original as tflint writes it, known when it is needed: what
    that saves is no pass's.
    """

    before: bytes
    data: bytes
    model: Model
    arena_before: int | None
    arena: int | None
    steps: list[Step] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    rewritten_bytes: int | None = None

    @property
    def is_safe(self) -> bool:
        """Whether every step leaves the outputs the same to the bit."""
        return all(step.safety is FixSafety.SAFE for step in self.steps)

    @property
    def outputs(self) -> tuple[OutputChange, ...]:
        """The outputs that mean something else now."""
        return tuple(change for step in self.steps for change in step.outputs)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user has to know about the result, each once."""
        return tuple(dict.fromkeys(note for step in self.steps for note in step.notes))


def start(data: bytes, target: Target) -> Repair:
    """A repair of the model in these bytes, with no step taken.

    Raises `UnreadableModel` for what is no model.
    """
    model = parse_model(data)
    arena = arena_of(model, target)
    return Repair(data, data, model, arena, arena)


def repair(
    work: Repair,
    target: Target,
    *,
    is_wanted: Callable[[str], bool] = lambda code: True,
    unsafe: bool = False,
    requested: frozenset[str] = frozenset(),
) -> None:
    """Take all steps that there are, of the passes whose codes are wanted."""
    fixes = [
        fix
        for fix in model_fixes()
        if is_wanted(fix.code) and (not fix.on_request or fix.code in requested)
    ]
    _to_fixed_point(work, fixes, target, unsafe=False, requested=requested)
    if unsafe:
        _to_fixed_point(work, fixes, target, unsafe=True, requested=requested)


def take_result(work: Repair, code: str, data: bytes, target: Target) -> None:
    """Take what was made of the whole model, such as by a quantiser, as an unsafe step."""
    model = parse_model(data)
    arena = arena_of(model, target)
    saved = None if arena is None or work.arena is None else work.arena - arena
    work.steps.append(
        Step(
            code=code,
            data=data,
            arena=arena,
            places=1,
            safety=FixSafety.UNSAFE,
            bytes_saved=len(work.data) - len(data),
            arena_saved=saved,
        )
    )
    work.data, work.model, work.arena = data, model, arena


def _to_fixed_point(
    work: Repair,
    fixes: Sequence[ModelFix],
    target: Target,
    *,
    unsafe: bool,
    requested: frozenset[str],
) -> None:
    refused: dict[str, Model] = {}
    for _ in range(MAX_ROUNDS):
        steps = len(work.steps)
        for fix in fixes:
            if refused.get(fix.code) is work.model:
                continue
            context = RewriteContext(work.model, target, unsafe=unsafe, requested=requested)
            reason = _take(work, fix, context)
            if reason is not None:
                refused[fix.code] = work.model
                refusal = Refusal(fix.code, reason)
                if refusal not in work.refusals:
                    work.refusals.append(refusal)
        if len(work.steps) == steps:
            return


def _take(work: Repair, fix: ModelFix, context: RewriteContext) -> str | None:
    """Carry out one pass, if it finds something; why its rewrite was not taken."""
    try:
        rewrite = fix.rewrite(context)
    except Exception as error:
        raise PassFailed(fix.code, error) from error
    if rewrite is None:
        return None
    if any(entry.name == COMPRESSION for entry in work.model.metadata):
        return "its compressed tensors are known by their place in the file, which may not change"
    data = write_model(rewrite.model, compact=True)
    # What is written is what counts from here on, also for the next pass.
    model = parse_model(data)
    arena = arena_of(model, context.target)
    limit = _size_limit(work, fix)
    if limit is not None and len(data) > limit:
        return f"it would add {len(data) - limit:,} bytes to the file"
    is_larger = arena is not None and work.arena is not None and arena > work.arena
    if is_larger and not fix.may_grow_arena:
        return f"it would add {(arena or 0) - (work.arena or 0):,} bytes to the arena"
    saved = None if arena is None or work.arena is None else work.arena - arena
    work.steps.append(
        Step(
            code=fix.code,
            data=data,
            arena=arena,
            places=rewrite.places,
            safety=rewrite.safety,
            bytes_saved=_size(work) - len(data),
            arena_saved=saved,
            notes=rewrite.notes,
            outputs=rewrite.outputs,
        )
    )
    work.data, work.model, work.arena = data, model, arena
    work.refusals = [refusal for refusal in work.refusals if refusal.code != fix.code]
    return None


def _size_limit(work: Repair, fix: ModelFix) -> int | None:
    """The most bytes that the file may have behind a pass; None where that is open.

    As many as it has, as it would be written; for passes that may grow it, as many as it had at
    the beginning, so that others have to save first.
    """
    if fix.may_exceed_original:
        return None
    now = _size(work)
    if fix.may_grow_file:
        return max(len(work.before), now)
    # Before the first step, what alignment adds counts as well.
    return now if work.steps else min(len(work.before), now)


def _size(work: Repair) -> int:
    """The bytes of the file as it would be written."""
    if work.steps:
        return len(work.data)
    if work.rewritten_bytes is None:
        work.rewritten_bytes = len(write_model(work.model, compact=True))
    return work.rewritten_bytes


def arena_of(model: Model, target: Target) -> int | None:
    """What TFLM's `arena_used_bytes()` says of the model; None where there is nothing to plan."""
    try:
        use = memory_use(model, graphs(model), target)
    except UsageError:
        return None
    return use.arena.arena_bytes if use.arena.is_planned and use.fault is None else None


def safe_steps(work: Repair) -> int:
    """How many steps come before the first that is not safe."""
    for count, step in enumerate(work.steps):
        if step.safety is not FixSafety.SAFE:
            return count
    return len(work.steps)
