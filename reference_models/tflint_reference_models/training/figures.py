"""What a model's file alone tells, as `metrics.json` keeps it: sizes, memory, findings."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

from tflint.bench.arenas import runtimes_of
from tflint.bench.inventory import weights_of
from tflint.config.load import load_settings
from tflint.config.settings import Settings
from tflint.errors import MalformedModel
from tflint.finding import Severity
from tflint.lint.context import LintedModel
from tflint.lint.plan import Plan
from tflint.lint.registry import built_in_rules
from tflint.lint.runner import check_model
from tflint.model.garbage import uncollected
from tflint.model.reader import parse_model
from tflint.model.tables import Model

# The board that reference models are checked for.
TARGET = "arduino-nano-33-ble"
# From here on a finding is one at warning level.
_WARNING = (Severity.WARNING, Severity.ERROR)


@dataclass(frozen=True, slots=True)
class Use:
    """What a runtime takes of the board, in bytes. `refusal` says why it does not run the model,
    None where it does; `ram_bytes` is the smallest arena, interpreter and stack, `flash_bytes` the
    file and the runtime's code.
    """

    runtime: str
    refusal: str | None
    arena_bytes: int | None
    min_arena_bytes: int | None
    ram_bytes: int | None
    flash_bytes: int | None


@dataclass(frozen=True, slots=True)
class Found:
    """What `tflint check` says under one code: how often, and the first message."""

    code: str
    severity: str
    count: int
    message: str


@dataclass(frozen=True, slots=True)
class Figures:
    """A model's file: `weights` are constants as `tflint bench` counts them, `weight_bytes` theirs.

    `operators` are names and how many there are of each, in the order of the graph. `uses` begin
    with the runtime of the board, `TARGET`; `found` is what `tflint check` says for it.
    """

    file_bytes: int
    weights: int
    weight_bytes: int
    macs: int | None
    operators: tuple[tuple[str, int], ...]
    uses: tuple[Use, ...]
    found: tuple[Found, ...]

    @property
    def use(self) -> Use:
        """What the board's own runtime takes."""
        return self.uses[0]

    @property
    def warnings(self) -> tuple[Found, ...]:
        """The findings at warning level and above."""
        levels = {level.value for level in _WARNING}
        return tuple(one for one in self.found if one.severity in levels)


@uncollected()
def figures_of(data: bytes) -> Figures:
    """The figures of a `.tflite` file. Raises `UnreadableModel` for what is none."""
    model = parse_model(data)
    plan = _plan()
    context = LintedModel(plan.target, model)
    if not context.is_sound:
        raise MalformedModel("its graph is broken")
    weights = weights_of(context)
    names: dict[str, int] = {}
    for node in context.nodes:
        names[node.name] = names.get(node.name, 0) + 1
    uses = [
        Use(
            use.runtime,
            None if use.runnable else use.reason or "it does not run",
            use.arena_bytes,
            use.min_arena_bytes,
            use.ram_bytes,
            use.flash_bytes,
        )
        for use in runtimes_of(model, plan.target)
    ]
    uses.sort(key=lambda use: use.runtime != plan.target.runtime_name)
    return Figures(
        len(data),
        weights.count,
        weights.bytes,
        context.macs,
        tuple(names.items()),
        tuple(uses),
        _found(model, plan),
    )


def _found(model: Model, plan: Plan) -> tuple[Found, ...]:
    own = {rule.meta.code for rule in built_in_rules()}
    rules = [rule for rule in plan.rules if rule.meta.code in own]
    found: dict[tuple[str, str], Found] = {}
    for one in check_model(model, rules, plan.target, "model.tflite").findings:
        key = (one.code, one.severity.value)
        before = found.get(key)
        count = 1 if before is None else before.count + 1
        message = one.message if before is None else before.message
        found[key] = Found(*key, count, message)
    return tuple(found[key] for key in sorted(found))


@functools.cache
def settings() -> Settings:
    """The configuration that reference models are converted and checked under: the defaults."""
    return load_settings({"target": TARGET}, isolated=True)


def _plan() -> Plan:
    return settings().plan(Path("model.tflite"))
