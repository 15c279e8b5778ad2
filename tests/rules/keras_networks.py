"""Keras networks built by hand, for the rules that look at them, and what these then say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tflint.finding import Finding, Location
from tflint.keras.building import apply, outputs
from tflint.keras.facts import Compilation, Conversion, FormatChange, KerasFacts
from tflint.keras.network import Call, Layer, Network, Shape, Tensor
from tflint.keras.values import UNKNOWN, Argument, Evidence, Value
from tflint.lint.registry import all_rules
from tflint.rule import Kind
from tflint.source.module import SourceModule, read_source
from tflint.target.runtime import Runtime
from tflint.target.target import Target, find_target


class Builder:
    """Collects layers and calls, a line each."""

    def __init__(self, default_format: str = "channels_last") -> None:
        self.layers: list[Layer] = []
        self.calls: list[Call] = []
        self.networks: list[Network] = []
        self.default_format = default_format
        self.line = 0

    def input(self, *shape: int | None, batch: int | None = None) -> Tensor:
        self.line += 1
        return Tensor((batch, *shape), is_input=True, location=Location(line=self.line))

    def layer(self, kind: str, evidence: Evidence = Evidence.CERTAIN, **given: Value) -> Layer:
        self.line += 1
        at = Location(line=self.line, column=1)
        arguments = {
            name: Argument(value, Location(line=self.line, column=10 + number))
            for number, (name, value) in enumerate(given.items())
        }
        made = Layer(
            kind,
            f"keras.layers.{kind}",
            arguments,
            location=at,
            evidence=evidence,
            default_data_format=self.default_format,
        )
        self.layers.append(made)
        return made

    def call(self, layer: Layer, *inputs: Tensor, evidence: Evidence = Evidence.CERTAIN) -> Tensor:
        call = apply(layer, inputs, evidence=evidence)
        self.calls.append(call)
        return outputs(call)[0]

    def apply(self, x: Tensor, kind: str, **given: Value) -> Tensor:
        return self.call(self.layer(kind, **given), x)

    def network(self, inputs: Sequence[Tensor], *ends: Tensor, complete: bool = True) -> Network:
        made = Network("Model", tuple(inputs), ends, tuple(self.calls), complete)
        self.networks.append(made)
        return made

    def facts(
        self,
        *,
        compilations: Sequence[Compilation] = (),
        format_changes: Sequence[FormatChange] = (),
        conversions: Sequence[Conversion] = (),
        keras_version: tuple[int, ...] | None = None,
    ) -> KerasFacts:
        return KerasFacts(
            tuple(self.layers),
            tuple(self.calls),
            tuple(self.networks),
            tuple(compilations),
            tuple(format_changes),
            tuple(conversions),
            keras_version,
        )


@dataclass
class Context:
    keras: KerasFacts
    kind: Kind
    target: Target

    @property
    def module(self) -> SourceModule:
        return read_source(b"")

    @property
    def runtime(self) -> Runtime:
        return self.target.runtime


def findings(
    code: str, facts: KerasFacts, kind: Kind = Kind.KERAS_SOURCE, target: str = "tflm"
) -> list[Finding]:
    """What one rule says about the facts."""
    rule = next(rule for rule in all_rules() if rule.meta.code == code)
    return list(rule().check_keras(Context(facts, kind, find_target(target))))


def sequential(shape: Shape, *layers: tuple[str, dict[str, Value]], **given: str) -> KerasFacts:
    """A chain of layers on an input, as one network."""
    builder = Builder(**given)
    x = first = builder.input(*(() if shape is UNKNOWN else shape))
    for kind, arguments in layers:
        x = builder.apply(x, kind, **arguments)
    builder.network([first], x)
    return builder.facts()


def messages(found: Sequence[Finding]) -> Iterator[str]:
    return (finding.message for finding in found)
