"""TFL507."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.analysis.held_variables import Replacements, resource_variables, variable_tensors
from tflint.finding import Finding, Fix, FixSafety, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.schema import TensorType, VarHandleOptions
from tflint.model.tables import Model
from tflint.printable import printable, size_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule

_FIX = Fix(FixSafety.SAFE, "tflint fix {path}")


def _variable(*, stored: bool) -> Model:
    model = ModelBuilder()
    x = model.input((1, 64), TensorType.FLOAT32)
    buffer = model.buffer(bytes(256)) if stored else 0
    state = model.tensor((1, 64), name="state", buffer=buffer, is_variable=True)
    y = model.tensor((1, 64))
    model.operator("ADD", [x, state], [y])
    model.output(y)
    return model.build()


def _resource(*, updated: bool) -> Model:
    model = ModelBuilder()
    x = model.input((1, 64))
    handle = model.tensor((), TensorType.RESOURCE)
    model.operator("VAR_HANDLE", [], [handle], VarHandleOptions(shared_name="table"))
    value = x if updated else model.constant((1, 64))
    model.operator("ASSIGN_VARIABLE", [handle, value], [])
    read, y = model.tensor((1, 64)), model.tensor((1, 64))
    model.operator("READ_VARIABLE", [handle], [read])
    model.operator("ADD", [x, read], [y])
    model.output(y)
    return model.build()


class ConstantInRam(Rule):
    """What the file holds, or nobody changes, takes RAM as a variable.

    ## What it does
    Finds variable tensors that the file stores values for, which TFLM sets to zero instead of
    loading them; variables that no operator reads; and resource variables that are only ever
    assigned the same constant.

    ## Why it matters on a device
    Variables lie in the persistent part of the arena from the first inference to the last,
    also where a constant in flash would do. Values stored for a variable tensor take flash and
    are never used: the model starts from zeros, whatever it was trained with.

    ## Repair
    Read the constant where the variable is read, and drop variables that nobody reads. `tflint
    fix` does that where the first read surely comes behind an assignment. Of a variable tensor
    it drops the stored values, which changes nothing on TFLM; LiteRT refuses such a file.
    """

    meta = Metadata("TFL507", "constant-in-ram", Severity.WARNING, fix=FixSafety.SAFE)
    examples = (
        Bad("Values for a variable", lambda: _variable(stored=True), says="never loaded"),
        Bad("A table in a variable", lambda: _resource(updated=False), says="`table`"),
        Good("State that starts from zero", lambda: _variable(stored=False)),
        Good("A variable that changes", lambda: _resource(updated=True)),
        Good("LiteRT", lambda: _variable(stored=True), target="litert"),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        if context.memory is None:
            return
        yield from self._variable_tensors(context)
        yield from self._resources(context)

    def _variable_tensors(self, context: ModelContext) -> Iterator[Finding]:
        for found in variable_tensors(context.model, context.graphs):
            value = found.value
            name, kept = printable(value.name, 60), size_text(value.bytes)
            if not found.is_read:
                yield self.finding(
                    f"no operator reads the variable `{name}`, which keeps {kept} of RAM",
                    value=value,
                    help=f"drop it: saves {kept} of RAM",
                    fix=_FIX,
                )
            else:
                yield self.finding(
                    f"the file stores {size_text(found.stored)} for the variable `{name}`, "
                    f"which are never loaded: TFLM starts from zero in {kept} of RAM",
                    value=value,
                    help=f"if it never changes make it a constant: saves {kept} of RAM; "
                    f"else drop the values: saves {size_text(found.stored)} of flash",
                    fix=_FIX,
                )

    def _resources(self, context: ModelContext) -> Iterator[Finding]:
        constants = Replacements(context.graphs)
        for variable in resource_variables(context.graphs):
            value = variable.assigned
            if value is None:
                continue
            fix: Fix | None = _FIX
            what, repair = "is never read", "drop it"
            if variable.reads:
                if value.data is None:
                    continue
                what, repair = "is only ever assigned one constant", "read the constant in place"
                fix = _FIX if constants.of(variable) else None
            yield self.finding(
                f"the resource variable `{printable(variable.name, 60)}` {what}, and keeps "
                f"{size_text(value.bytes)} of RAM",
                node=variable.handles[0],
                help=f"{repair}: saves {size_text(value.bytes)} of RAM",
                fix=fix,
            )
