"""TFL206."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from tflint.finding import Finding, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.tables import Model
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule
from tflint.target.runtime import load_runtime


def _relu(version: int) -> Model:
    model = ModelBuilder()
    model.output(model.unary("RELU", model.input((1, 4))))
    built = model.build()
    code = dataclasses.replace(built.operator_codes[0], version=version)
    return dataclasses.replace(built, operator_codes=(code,))


class OpVersion(Rule):
    """An operator's version is one that the runtime does not implement.

    ## What it does
    Compares each operator's version with those that LiteRT was seen to implement. For LiteRT
    any other is an error. TFLM ignores versions, so there it is only worth
    knowing that the model was made by a newer converter.

    ## Why it matters on a device
    A version is raised when an operator gains a type, an option or an input. LiteRT refuses
    what it does not know. TFLM runs the kernel it has, which for a new option means: as if
    the option were not there.

    ## Repair
    Convert with a version of TensorFlow that matches the runtime, or update the runtime.
    """

    meta = Metadata(
        "TFL206",
        "op-version",
        Severity.ERROR,
        runtime_errors=(r"Didn't find op for builtin opcode '\w+' version '\d+'",),
    )
    examples = (
        Bad("From the future", lambda: _relu(99), says="version 99", target="litert"),
        Bad("TFLM does not look", lambda: _relu(99), says="ignores", severity=Severity.INFO),
        Bad("From nowhere", lambda: _relu(0), says="no version 0", target="litert"),
        Good("Version 1", lambda: _relu(1), target="litert"),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        runtime = context.runtime
        reference = runtime if not runtime.ignores_versions else load_runtime("litert")
        for node in context.nodes:
            kernel = reference.kernel(node.name)
            if node.code.is_custom or kernel is None or kernel.versions is None:
                continue
            version, (oldest, newest) = node.code.version, kernel.versions
            if oldest <= version <= newest or (runtime.ignores_versions and version < oldest):
                continue
            what = f"{node.name} version {version} is newer than {newest}"
            if runtime.ignores_versions:
                message = f"{what}, LiteRT's newest; {runtime.title} ignores versions"
            elif version < oldest:
                message = f"{runtime.title} has no version {version} of {node.name}, only {oldest}"
                message += f" to {newest}"
            else:
                message = f"{what}, the newest that {runtime.title} implements"
            yield self.finding(
                message,
                node=node,
                severity=Severity.INFO if runtime.ignores_versions else Severity.ERROR,
                help="convert with a TensorFlow that matches the runtime, or update the runtime",
            )
