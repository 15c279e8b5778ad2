"""How findings about Keras code name layers, shapes and weights."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tflint.finding import Confidence, Severity
from tflint.keras.network import Call, Dim, Layer, Shape
from tflint.keras.values import UNKNOWN, Evidence
from tflint.printable import printable, size_text

FLOAT32_BYTES = 4
_MOST_DIMS = 8


def layer_text(layer: Layer) -> str:
    """A layer by its class, and its name where it has one: "Conv2D `stem`"."""
    kind = printable(layer.kind, 40)
    return f"{kind} `{printable(layer.name, 40)}`" if layer.name else kind


def other_layer(layer: Layer) -> str:
    """A layer that the finding does not stand at, with its place: "Conv2D (line 12)"."""
    at = layer.location
    if layer.name or at.line is None:
        return layer_text(layer)
    cell = "" if at.cell is None else f"cell {at.cell}, "
    return f"{layer_text(layer)} ({cell}line {at.line})"


def map_text(shape: Shape) -> str:
    """A shape without its batch: `32 x 32 x 3`; ? for what is not known."""
    if shape is UNKNOWN:
        return "?"
    return " x ".join(_dim(dim) for dim in shape[1 : 1 + _MOST_DIMS]) or "scalar"


def shape_text(shape: Shape) -> str:
    """A whole shape as Keras prints it: `(None, 32, 32, 3)`."""
    if shape is UNKNOWN:
        return "(?)"
    dims = ", ".join("None" if dim is None else _dim(dim) for dim in shape[:_MOST_DIMS])
    return f"({dims}{',' if len(shape) == 1 else ''}{', ...' if len(shape) > _MOST_DIMS else ''})"


def _dim(dim: Dim) -> str:
    return str(dim) if isinstance(dim, int) else "?"


def bytes_text(elements: int) -> str:
    """What so many numbers take: `196.0 KiB in float32, 49.0 KiB in int8`."""
    return f"{size_text(FLOAT32_BYTES * elements)} in float32, {size_text(elements)} in int8"


def listed(names: Iterable[str], most: int = 4) -> str:
    """Names in a row, each once: `Conv2D, MaxPooling2D and 2 more`."""
    each = list(dict.fromkeys(names))
    more = len(each) - most
    if more > 0:
        return f"{', '.join(each[:most])} and {more:,} more"
    return " and ".join(filter(None, (", ".join(each[:-1]), each[-1]))) if each else ""


def is_certain(*evidence: Evidence) -> bool:
    """Whether all that a finding rests on is code that runs."""
    return all(each is Evidence.CERTAIN for each in evidence)


def call_is_certain(calls: Sequence[Call]) -> bool:
    """Whether these calls, and what builds their layers, run."""
    return all(is_certain(call.evidence, call.layer.evidence) for call in calls)


def held_back(severity: Severity, *, certain: bool) -> Severity:
    """The severity, but no error where what it rests on need not run."""
    return Severity.WARNING if severity is Severity.ERROR and not certain else severity


def confidence(*, certain: bool) -> Confidence:
    """High for what runs, medium for what may run."""
    return Confidence.HIGH if certain else Confidence.MEDIUM
