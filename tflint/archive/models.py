"""From the configuration of a model, in any version's form, to its layers and a plan."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import replace

from tflint.archive.bounded_json import Json
from tflint.archive.connections import Node, TensorName, read_ends, read_nodes
from tflint.archive.layer_configs import (
    class_name,
    inner_config,
    is_keras_class,
    is_model,
    layer_name,
    make_layer,
    value_of,
)
from tflint.archive.plan import (
    INPUTS,
    MAX_CALLS,
    OPERATIONS,
    Input,
    Plan,
    Source,
    Step,
    TooManyCalls,
    network_of,
)
from tflint.errors import MalformedArchive
from tflint.finding import Location
from tflint.keras import building
from tflint.keras.network import Call, Dim, Layer, Network, Shape, Tensor
from tflint.keras.values import UNKNOWN, Argument, Unknown
from tflint.printable import printable

MAX_LAYERS = 20_000
# Outputs of a layer that are followed.
_MAX_OUTPUTS = 32


class ModelReader:
    """Collects the layers and networks of one configuration, models in models included."""

    def __init__(self) -> None:
        self.layers: list[Layer] = []
        self.networks: list[Network] = []
        self.foreign: dict[str, None] = {}
        self.unseen: list[str] = []
        self._calls_left = MAX_CALLS
        # What is in several models at once is written in each, with the same number.
        self._shared: dict[tuple[str, int], tuple[Layer, Plan | None]] = {}

    def model(self, entry: Mapping[str, Json], prefix: str = "") -> tuple[Plan, Network]:
        """Read a model; its layers are named behind the names of the models they are in."""
        location = Location() if not prefix else _location(prefix.rstrip("/"))
        config = entry.get("config")
        if class_name(entry) == "Sequential" and not (
            isinstance(config, dict) and "input_layers" in config
        ):
            plan = self._sequential(entry, location, prefix)
        else:
            plan = self._functional(entry, location, prefix)
        try:
            network = network_of(plan, self._calls_left)
            self._calls_left -= len(network.calls)
        except TooManyCalls:
            if self._calls_left:
                self.unseen.append("the model comes to too many calls: not all were looked at")
            self._calls_left = 0
            network = Network(plan.kind, (), (), (), False, plan.name, location)
        self.networks.append(network)
        return plan, network

    def piece(self, entry: Mapping[str, Json]) -> tuple[Call, ...]:
        """Read a layer that stands alone, and its call where it says what it was built for."""
        if not isinstance(entry.get("class_name"), str):
            return ()
        # Numbers are given anew in each description.
        self._shared.clear()
        layer, plan = self._layer(entry, "")
        shape = _shape(entry.get("build_input_shape"))
        if plan is not None or layer.kind == "InputLayer" or isinstance(shape, Unknown):
            return ()
        return (building.apply(layer, (Tensor(shape, location=layer.location),)),)

    def _layer(self, entry: Mapping[str, Json], prefix: str) -> tuple[Layer, Plan | None]:
        number = entry.get("shared_object_id")
        if isinstance(number, int) and not isinstance(number, bool):
            key = (class_name(entry), number)
            if key not in self._shared:
                self._shared[key] = self._new_layer(entry, prefix)
            return self._shared[key]
        return self._new_layer(entry, prefix)

    def _new_layer(self, entry: Mapping[str, Json], prefix: str) -> tuple[Layer, Plan | None]:
        name = layer_name(entry) or class_name(entry)
        path = f"{prefix}{name}"
        plan = network = None
        if is_model(entry):
            plan, network = self.model(entry, f"{path}/")
        elif not is_keras_class(entry):
            self.foreign.setdefault(class_name(entry))

        def make_inner(inner: dict[str, Json]) -> Layer:
            return self._layer(inner, f"{path}/")[0]

        layer = make_layer(entry, _location(path), make_inner, network)
        if len(self.layers) >= MAX_LAYERS:
            raise MalformedArchive(f"the configuration has more than {MAX_LAYERS:,} layers")
        self.layers.append(layer)
        return layer, plan

    def _sequential(self, entry: Mapping[str, Json], location: Location, prefix: str) -> Plan:
        config = entry.get("config")
        entries = config if isinstance(config, list) else inner_config(entry).get("layers")
        first: Input | None = None
        steps: list[Step] = []
        complete = True
        for item in _entries(entries):
            layer, plan = self._layer(item, prefix)
            complete &= is_keras_class(item) and (plan is None or plan.is_complete)
            if first is None and not steps:
                first = _declared_input(item, layer, plan)
            if layer.kind == "InputLayer":
                continue
            saved = _input_shape(item)
            if steps and not isinstance(saved, Unknown):
                steps[-1].saved_shapes.setdefault(0, saved)
            steps.append(Step(layer, (Source(len(steps) - 1, 0),), plan))
        if first is None:
            first = Input(_build_shape(entry), location=location)
        return Plan(
            "Sequential",
            layer_name(entry),
            location,
            (first,),
            # The step in front of the first is the input.
            tuple(steps),
            (Source(len(steps) - 1, 0),),
            complete,
        )

    def _functional(self, entry: Mapping[str, Json], location: Location, prefix: str) -> Plan:
        config = inner_config(entry)
        graph = _Graph()
        for item in _entries(config.get("layers")):
            layer, plan = self._layer(item, prefix)
            graph.add(item, layer, plan)
        graph.connect()
        ends = read_ends(config.get("output_layers", []), "output_layers")
        starts = read_ends(config.get("input_layers", []), "input_layers")
        return graph.plan(starts, ends, layer_name(entry), location)


class _Graph:
    """The layers of a functional model and the calls that connect them."""

    def __init__(self) -> None:
        self._entries: dict[str, Mapping[str, Json]] = {}
        self._layers: dict[str, Layer] = {}
        self._plans: dict[str, Plan | None] = {}
        self._nodes: dict[str, list[Node]] = {}
        self._complete = True

    def add(self, entry: Mapping[str, Json], layer: Layer, plan: Plan | None) -> None:
        name = layer_name(entry)
        if name is None:
            raise MalformedArchive("a layer of a functional model has no name")
        if name in self._layers:
            raise MalformedArchive(f"two layers of a model are called `{printable(name)}`")
        self._entries[name], self._layers[name], self._plans[name] = entry, layer, plan
        self._complete &= is_keras_class(entry) and (plan is None or plan.is_complete)

    def connect(self) -> None:
        for name, entry in self._entries.items():
            nodes = read_nodes(entry.get("inbound_nodes"), name, self._layers)
            self._nodes[name] = nodes
            for node in nodes:
                for tensor in node.inputs:
                    if tensor.layer not in self._layers:
                        raise MalformedArchive(
                            f"layer `{printable(name)}` is fed by `{printable(tensor.layer)}`, "
                            "which is not there"
                        )

    def plan(
        self,
        starts: list[TensorName],
        ends: list[TensorName],
        name: str | None,
        location: Location,
    ) -> Plan:
        inputs = self._inputs(starts)
        sources = {(each, 0): Source(INPUTS, index) for index, each in enumerate(inputs)}
        order = list(self._order(sources))
        for index, key in enumerate(order):
            sources[key] = Source(index, 0)
        shapes = self._saved_shapes()
        steps = []
        for layer, position in order:
            node = self._nodes[layer][position]
            steps.append(
                Step(
                    _with_call_arguments(self._layers[layer], node),
                    tuple(self._source(tensor, node, sources) for tensor in node.inputs),
                    self._plans[layer],
                    shapes.get((layer, position), {}),
                )
            )
        outputs = []
        for end in ends:
            key = self._called(end, is_legacy=True)
            if key in sources:
                outputs.append(Source(sources[key].step, _output(end, sources[key])))
        complete = self._complete and len(outputs) == len(ends)
        complete &= len(order) == sum(
            len(nodes) for layer, nodes in self._nodes.items() if layer not in inputs
        )
        return Plan(
            "Functional",
            name,
            location,
            tuple(self._input(each) for each in inputs),
            tuple(steps),
            tuple(outputs),
            complete,
        )

    def _inputs(self, starts: list[TensorName]) -> list[str]:
        """The names of the input layers, those that the model says first, each once."""
        declared = [start.layer for start in starts if start.layer in self._layers]
        others = [name for name, layer in self._layers.items() if layer.kind == "InputLayer"]
        return list(dict.fromkeys((*declared, *others)))

    def _input(self, name: str) -> Input:
        declared = _declared_input(self._entries[name], self._layers[name], self._plans[name])
        return declared or Input(UNKNOWN, name=name, location=self._layers[name].location)

    def _called(self, tensor: TensorName, *, is_legacy: bool) -> tuple[str, int]:
        """Which call a tensor comes from, as an index into the nodes of its layer.

        Models begin with a node of their own, which Keras 1 and 2 count, and Keras 3 counts
        for the outputs of a model.
        """
        count, node = (
            len(self._nodes[tensor.layer]) if tensor.layer in self._nodes else 0,
            tensor.node,
        )
        plan = self._plans.get(tensor.layer)
        if plan is not None and is_legacy and node > 0:
            begins = plan.kind != "Sequential" or not isinstance(plan.inputs[0].shape, Unknown)
            if begins or node >= count:
                node -= 1
        return tensor.layer, node

    def _source(
        self, tensor: TensorName, node: Node, sources: dict[tuple[str, int], Source]
    ) -> Source:
        source = sources[self._called(tensor, is_legacy=node.is_legacy)]
        return Source(source.step, _output(tensor, source))

    def _order(self, known: dict[tuple[str, int], Source]) -> Iterator[tuple[str, int]]:
        """The calls in an order in which each comes behind what feeds it, else as written."""
        position = {name: index for index, name in enumerate(self._layers)}
        waiting: dict[tuple[str, int], int] = {}
        readers: dict[tuple[str, int], list[tuple[str, int]]] = {}
        ready: list[tuple[int, int, str]] = []
        for name, nodes in self._nodes.items():
            for index, node in enumerate(nodes):
                key = (name, index)
                if key in known:
                    continue
                feeding = {self._called(each, is_legacy=node.is_legacy) for each in node.inputs}
                feeding -= known.keys()
                for feeder in feeding:
                    readers.setdefault(feeder, []).append(key)
                waiting[key] = len(feeding)
                if not feeding:
                    heapq.heappush(ready, (position[name], index, name))
        while ready:
            _, index, name = heapq.heappop(ready)
            yield name, index
            for key in readers.get((name, index), ()):
                waiting[key] -= 1
                if not waiting[key]:
                    heapq.heappush(ready, (position[key[0]], key[1], key[0]))

    def _saved_shapes(self) -> dict[tuple[str, int], dict[int, Shape]]:
        """The shapes that are written where a tensor is read, by the call that it is of.

        Keras 3 writes them beside the tensor, and like Keras 2 in what a layer was built with.
        """
        found: dict[tuple[str, int], dict[int, Shape]] = {}
        for name, nodes in self._nodes.items():
            built = _input_shape(self._entries[name]) if len(nodes) == 1 else UNKNOWN
            for node in nodes:
                for tensor in node.inputs:
                    shape: Shape = built if len(node.inputs) == 1 else UNKNOWN
                    if tensor.shape is not None:
                        shape = tensor.shape
                    if not isinstance(shape, Unknown) and 0 <= tensor.tensor < _MAX_OUTPUTS:
                        key = self._called(tensor, is_legacy=node.is_legacy)
                        found.setdefault(key, {}).setdefault(tensor.tensor, shape)
        return found


def _output(tensor: TensorName, source: Source) -> int:
    return source.index if source.step == INPUTS else max(tensor.tensor, 0)


def _with_call_arguments(layer: Layer, node: Node) -> Layer:
    """The layer of an operation on tensors, with the arguments that the call was given."""
    if not layer.path.startswith(OPERATIONS) or not (node.positional or node.keywords):
        return layer
    arguments = dict(layer.arguments)
    for name, value in node.keywords.items():
        arguments.setdefault(name, Argument(value_of(value)))
    for position, value in node.positional.items():
        # What operations on two tensors call their operands.
        arguments.setdefault(f"x{position + 1}", Argument(value_of(value)))
    return replace(layer, arguments=arguments, has_unknown_arguments=bool(node.positional))


def _entries(value: Json) -> Iterator[Mapping[str, Json]]:
    if not isinstance(value, list):
        raise MalformedArchive("the configuration's `layers` are not a list")
    for item in value:
        if not isinstance(item, dict):
            raise MalformedArchive("the configuration has a layer that is not an object")
        yield item


def _location(path: str) -> Location:
    return Location(layer=path, anchor=path)


def _declared_input(entry: Mapping[str, Json], layer: Layer, plan: Plan | None) -> Input | None:
    """The input that an `InputLayer` is, or that a first layer says it has."""
    if plan is not None:
        return replace(plan.inputs[0], location=layer.location) if plan.inputs else None
    config = inner_config(entry)
    for key in ("batch_shape", "batch_input_shape"):
        if config.get(key) is not None:
            return Input(
                _shape(config[key]), _dtype(config.get("dtype")), layer.name, layer.location
            )
    return None


def _build_shape(entry: Mapping[str, Json]) -> Shape:
    """The shape that a model without an input was built with, where that is written."""
    config = entry.get("config")
    if isinstance(config, dict) and config.get("build_input_shape") is not None:
        return _shape(config["build_input_shape"])
    return _input_shape(entry)


def _input_shape(entry: Mapping[str, Json]) -> Shape:
    """The shape of the one input that a layer was built with, where that is written."""
    built = entry.get("build_config")
    return _shape(built.get("input_shape")) if isinstance(built, dict) else UNKNOWN


def _shape(value: Json) -> Shape:
    # A list of lists has the shapes of several inputs.
    if not isinstance(value, list) or any(isinstance(dim, (list, dict)) for dim in value):
        return UNKNOWN
    return tuple(_dim(dim) for dim in value)


def _dim(value: Json) -> Dim:
    if value is None:
        return None
    return (
        value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else UNKNOWN
    )


def _dtype(value: Json) -> str | Unknown:
    if isinstance(value, dict):
        config = value.get("config")
        value = config.get("name") if isinstance(config, dict) else None
    return value if isinstance(value, str) else UNKNOWN
