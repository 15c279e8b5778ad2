"""What an interpretation finds, in the order in which it finds it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from tflint.finding import Location
from tflint.keras.building import apply
from tflint.keras.facts import Compilation, Conversion, FormatChange, KerasFacts
from tflint.keras.network import Call, Layer, Network, Shape, Tensor
from tflint.keras.values import UNKNOWN, Evidence
from tflint.source.objects import (
    ClassThing,
    ConverterThing,
    FunctionThing,
    Instance,
    SequentialThing,
)
from tflint.source.store import Thing


class Recorder:
    """Collects facts, and what has to be looked at when the file was run."""

    def __init__(self) -> None:
        self.layers: list[Layer] = []
        self.calls: list[Call] = []
        self.networks: list[Network] = []
        self.compilations: list[Compilation] = []
        self.format_changes: list[FormatChange] = []
        self.conversions: list[Conversion] = []
        self.unseen: list[str] = []
        self.is_silent = False
        # How many `try` statements there are around, that catch what Keras raises.
        self.guards = 0
        # The last call of each layer, and the last that counts its weights, by identity.
        self.last_calls: dict[int, Call] = {}
        self.counted: dict[int, Call] = {}
        # For what comes after the file was run.
        self.models: list[SequentialThing] = []
        self.functions: list[FunctionThing] = []
        self.classes: list[ClassThing] = []
        self.instances: list[Instance] = []
        self.converters: list[ConverterThing] = []
        self.converted: set[int] = set()
        # Networks that were called inside others, and those of Sequential models, by identity.
        self.inlined: dict[int, Network] = {}
        self.built: dict[int, tuple[Thing, Network, SequentialThing]] = {}
        # Of objects of classes of the file, by the object's or the definition's identity.
        self.instance_networks: dict[int, Network] = {}
        self.instance_layers: dict[int, Layer] = {}
        self.with_variables: dict[int, bool] = {}
        # Sequential models that are parts of others.
        self.nested: set[int] = set()
        # The functions of Lambda layers, by the layer's identity.
        self.lambdas: dict[int, Thing] = {}
        self.run_nodes: set[int] = set()
        self.made_classes: set[int] = set()

    def layer(self, layer: Layer) -> Layer:
        """Note a layer."""
        if not self.is_silent:
            self.layers.append(layer)
        return layer

    def apply(
        self,
        layer: Layer,
        inputs: Sequence[Tensor],
        location: Location,
        evidence: Evidence,
        *,
        is_sure: bool = True,
        shape: Shape = UNKNOWN,
    ) -> Call:
        """Call a layer on tensors, and note it.

        `is_sure` where these are all its inputs; `shape` is the output's, where it is known
        otherwise than from the layer.
        """
        is_first = id(layer) not in self.last_calls
        call = apply(layer, inputs, is_first=is_first, location=location, evidence=evidence)
        if call.fault is not None and not is_sure:
            call = dataclasses.replace(call, fault=None)
        if isinstance(shape, tuple) and call.output_shapes == (UNKNOWN,):
            call = dataclasses.replace(call, output_shapes=(shape,))
        if call.fault is not None and self.guards and call.evidence is Evidence.CERTAIN:
            # The author is ready for it.
            call = dataclasses.replace(call, evidence=Evidence.POSSIBLE)
        return self.call(call)

    def call(self, call: Call) -> Call:
        """Note a call."""
        if not self.is_silent:
            self.calls.append(call)
            self.last_calls[id(call.layer)] = call
            if call.variables != ():
                self.counted[id(call.layer)] = call
        return call

    def facts(self) -> KerasFacts:
        """Everything found."""
        return KerasFacts(
            layers=tuple(self.layers),
            calls=tuple(self.calls),
            networks=tuple(self.networks),
            compilations=tuple(self.compilations),
            format_changes=tuple(self.format_changes),
            conversions=tuple(self.conversions),
            unseen=tuple(self.unseen),
        )
