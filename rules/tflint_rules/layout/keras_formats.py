"""The data formats that Keras layers are built with: settings, edges of chains, bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tflint.finding import Location
from tflint.keras.facts import FormatChange, KerasFacts
from tflint.keras.network import Call, Layer, Shape, Tensor
from tflint.keras.values import UNKNOWN
from tflint_rules.keras.activations import is_keras
from tflint_rules.keras.connections import Connections
from tflint_rules.keras.sizes import elements
from tflint_rules.layout.channels_first_conversion import FIRST

# Layers that work on any format and leave it as it is.
NEUTRAL = frozenset(
    (
        "Activation",
        "ActivityRegularization",
        "AlphaDropout",
        "BatchNormalization",
        "Dropout",
        "ELU",
        "GaussianDropout",
        "GaussianNoise",
        "Identity",
        "LeakyReLU",
        "PReLU",
        "ReLU",
        "Rescaling",
        "ThresholdedReLU",
    )
)
MERGES = frozenset(("Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract"))


def setting_of(layer: Layer, changes: Sequence[FormatChange]) -> FormatChange | None:
    """The call that made channels_first the default of this layer, as far as places tell.

    None where the layer was given the format, or where no call in the file is to blame.
    """
    given = layer.arguments.get("data_format")
    if given is not None and given.value is not None:
        return None
    at = _order(layer.location)
    before = [change for change in changes if _order(change.location) <= at]
    return before[-1] if before else changes[0] if changes else None


def settings_to_first(facts: KerasFacts) -> list[FormatChange]:
    """The calls that make channels_first the default, in the order of places."""
    found = {
        _order(change.location): change
        for change in facts.format_changes
        if isinstance(change.data_format.value, str) and change.data_format.value.lower() == FIRST
    }
    return [found[at] for at in sorted(found)]


def is_overruled(change: FormatChange, facts: KerasFacts) -> bool:
    """Whether a later call sets the format anew."""
    at = _order(change.location)
    return any(_order(other.location) > at for other in facts.format_changes)


def _order(at: Location) -> tuple[int, int, int]:
    return (at.cell or 0, at.line or 0, at.column or 0)


def formats(facts: KerasFacts) -> dict[int, Call]:
    """By the `id` of each call: the call of the layer that settles the format of what it gives.

    Not there for what has no format, or one that is not known, as behind a Reshape.
    """
    found: dict[int, Call] = {}
    for call in facts.calls:
        layer = call.layer
        settled: Call | None = None
        if not is_keras(layer):
            continue
        if layer.kind in NEUTRAL or layer.kind in MERGES or layer.kind == "Concatenate":
            made = [format_before(tensor, found) for tensor in call.inputs]
            known = [each for each in made if each is not None]
            if len(known) == len(made) and len({each.layer.data_format for each in known}) == 1:
                settled = known[0]
        elif isinstance(layer.data_format, str) and gives_a_map(call):
            settled = call
        if settled is not None:
            found[id(call)] = settled
    return found


def format_before(tensor: Tensor, found: Mapping[int, Call]) -> Call | None:
    """The call of the layer that settles the format of a tensor, by what `formats` found."""
    return None if tensor.producer is None else found.get(id(tensor.producer))


def turned_maps(call: Call, found: Mapping[int, Call], connections: Connections) -> list[Shape]:
    """The maps that the converter has to turn round a channels_first layer: a chain's ends."""
    turned: list[Shape] = []
    for tensor in call.inputs[:1]:
        maker = format_before(tensor, found)
        if maker is None or maker.layer.data_format != FIRST:
            turned.append(tensor.shape)
    readers = connections.readers(call)
    if not any(found.get(id(reader), reader).layer.data_format == FIRST for reader in readers):
        turned += call.output_shapes[:1]
    # One channel, or one position, is the same in both formats.
    return [shape for shape in turned if (elements(shape) or 0) > 0 and not _is_flat(shape)]


def _is_flat(shape: Shape) -> bool:
    return shape is UNKNOWN or len(shape) < 3 or shape[1] == 1 or set(shape[2:]) == {1}


def gives_a_map(call: Call) -> bool:
    """Whether a layer with a data format gives out something that has one."""
    kind = call.layer.kind
    if kind == "Flatten" or kind.startswith("ConvLSTM"):
        return False
    if kind.startswith("Global"):
        return call.layer.value("keepdims") is True
    return True


def calls_by_layer(calls: Iterable[Call]) -> dict[int, Call]:
    """The first call of each layer, by the `id` of the layer."""
    found: dict[int, Call] = {}
    for call in calls:
        found.setdefault(id(call.layer), call)
    return found
