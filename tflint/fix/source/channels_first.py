"""TFL101: a channels_first network becomes channels_last."""

from __future__ import annotations

from tflint.finding import FixSafety
from tflint.fix.source.source_fix import Request, SourceFix
from tflint.keras.facts import KerasFacts
from tflint.keras.network import Network, Shape
from tflint.keras.values import Unknown
from tflint.source.edits import Plan, obstructed
from tflint.source.image_layout import FIRST, ImageLayout, format_of
from tflint.source.module import SourceModule
from tflint.source.relayout import plan_relayout


def relayout(request: Request) -> Plan:
    """The plan for the whole file."""
    plan = plan_relayout(request.keras, request.module)
    if plan.edits or plan.obstacles:
        return plan
    return obstructed("no network that it is part of is in view", request.finding.location)


def proof(before: SourceModule, after: SourceModule) -> str | None:
    """Why the edited networks are not the same in the other layout, None when they are.

    Nothing in them is channels_first any more, and where their layers agreed before, each gives
    the same shapes but for the order of dimensions, and has as many weights.
    """
    old, new = before.keras, after.keras
    if any(format_of(call.layer) == FIRST for call in new.calls):
        return "a layer would still be channels_first"
    if len(old.networks) != len(new.networks) or len(old.calls) != len(new.calls):
        return "the edited file would build other networks"
    faults = sum(call.fault is not None for call in old.calls)
    if sum(call.fault is not None for call in new.calls) > faults:
        return "Keras would refuse a layer of the edited network"
    if _disagrees(old):
        return None
    for network, edited in zip(old.networks, new.networks, strict=True):
        if not _same_weights(network, edited):
            return "the edited network would have other weights"
    for call, other in zip(old.calls, new.calls, strict=True):
        if call.fault is None and not all(
            map(_same_sizes, call.output_shapes, other.output_shapes)
        ):
            return f"{other.layer.kind} would give another shape"
    return None


def _disagrees(facts: KerasFacts) -> bool:
    """Whether the layers did not agree on a layout, so that the repair changes shapes."""
    layout = ImageLayout(facts)
    if any(maps.is_mixed for maps in layout.sets):
        return True
    for call in layout.calls:
        if call.layer.kind in ("BatchNormalization", "Concatenate"):
            maps = layout.before(call)
            axis = call.layer.value("axis")
            if maps is not None and maps.is_first and axis in (-1, (maps.rank or 0) - 1):
                return True
    return False


def _same_weights(network: Network, edited: Network) -> bool:
    known = not isinstance(network.weights, Unknown) and not isinstance(edited.weights, Unknown)
    return not known or network.weights == edited.weights


def _same_sizes(shape: Shape, other: Shape) -> bool:
    """Whether the dimensions are the same, in whatever order."""
    if isinstance(shape, Unknown) or isinstance(other, Unknown):
        return True
    if any(isinstance(dim, Unknown) for dim in (*shape, *other)):
        return len(shape) == len(other)
    return sorted(map(str, shape)) == sorted(map(str, other))


FIX = SourceFix("TFL101", FixSafety.UNSAFE, relayout, proof)
