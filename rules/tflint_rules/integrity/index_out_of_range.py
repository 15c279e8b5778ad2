"""TFL003."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from tflint.finding import Finding, Location, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.graph import DanglingIndex, dangling_indices
from tflint.model.tables import Model
from tflint.printable import printable
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule, Stage


def _dense(**changes: object) -> Model:
    """A dense layer; `changes` are fields of its operator."""
    model = ModelBuilder()
    model.output(model.fully_connected(model.input((1, 4)), units=2))
    model.operators[0] = dataclasses.replace(model.operators[0], **changes)  # type: ignore[arg-type]
    return model.build()


def _relu() -> Model:
    model = ModelBuilder()
    model.output(model.unary("RELU", model.input((1, 4))))
    return model.build()


class IndexOutOfRange(Rule):
    """An index leads outside its table: of tensors, buffers, operator codes or subgraphs.

    ## What it does
    Checks the index of every operator's inputs, outputs and code, every tensor's buffer,
    every subgraph that is called, and every entry of signatures and metadata. -1 stands for
    an input that is left out, and is an error where the operator cannot do without it.

    ## Why it matters on a device
    TFLM uses most of these indices without a check (tflite-micro issues 3073 to 3077): a
    bad one reads or writes outside the arena.

    ## Repair
    None in the file. It was damaged or written by a faulty tool: convert again.
    """

    meta = Metadata("TFL003", "index-out-of-range", Severity.ERROR, stage=Stage.TABLES)
    examples = (
        Bad("A tensor that is not there", lambda: _dense(inputs=(0, 99, 2)), says="input 1"),
        Bad("A dense layer without weights", lambda: _dense(inputs=(0, -1, 2)), says="left out"),
        Bad("No such operator code", lambda: _dense(opcode_index=7), says="operator code 7"),
        Bad(
            "No buffers at all",
            lambda: dataclasses.replace(_relu(), buffers=()),
            says="no buffers",
        ),
        Good("A dense layer without bias", lambda: _dense(inputs=(0, 1, -1))),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        if not context.model.buffers and context.runtime.is_mcu:
            yield self.finding(
                f"there are no buffers, but {context.runtime.title} looks into one for each tensor",
                help="write the model with an empty first buffer, as converters do",
            )
        for dangling in dangling_indices(context.model):
            yield self.finding(
                _message(dangling),
                location=_location(context.model, dangling),
                help="the file is damaged or its writer faulty: convert the model again",
            )


def _message(dangling: DanglingIndex) -> str:
    if dangling.index == -1 and dangling.holder.startswith("input"):
        return f"{dangling.holder} is left out, but the operator cannot do without it"
    return (
        f"{dangling.holder} refers to {dangling.kind} {dangling.index}, "
        f"but there are {dangling.table_size}"
    )


def _location(model: Model, dangling: DanglingIndex) -> Location:
    name = None
    if dangling.subgraph is not None and dangling.operator is not None:
        operator = model.subgraphs[dangling.subgraph].operators[dangling.operator]
        if operator.opcode_index < len(model.operator_codes):
            name = printable(model.operator_codes[operator.opcode_index].name)
    return Location(
        subgraph=dangling.subgraph,
        operator=dangling.operator,
        operator_name=name,
        anchor=f"{dangling.holder} {dangling.kind}",
    )
