"""What the converter made of a network, for the reports of `convert` and `fix --reconvert`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tflint.printable import printable

BUILTIN, SELECT, CUSTOM = "builtin", "select", "custom"


@dataclass(frozen=True, slots=True)
class OperatorDiagnosis:
    """An operator that costs more than it should, or that the target has no kernel for.

    `support` is `builtin`, `select` or `custom`, or `none` for what cannot be converted at all;
    `name` TensorFlow's unless it is builtin. `layer`,
    `layer_class`, `path` and `line` say where it comes from, None where that is not known. `cost`
    is what it does to the target, `way` how to have it with builtin operators alone.
    """

    name: str
    support: str
    count: int = 1
    layer: str | None = None
    layer_class: str | None = None
    path: str | None = None
    line: int | None = None
    cost: str = ""
    way: str = ""


@dataclass(frozen=True, slots=True)
class AttemptReport:
    """One try to convert: the operators that were `allowed`, and why it failed, if it did."""

    allowed: str
    error: str | None = None


@dataclass(frozen=True, slots=True)
class PortReport:
    """An input or output of the result.

    `shape` is that of the original, the batch first as it was set, None where a size is open.
    `order` is set where the result has another order of dimensions: its dimension i is the
    original's `order[i]`.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str
    order: tuple[int, ...] | None = None

    @property
    def is_turned(self) -> bool:
        """Whether the result's order of dimensions is another one."""
        return self.order is not None and self.order != tuple(range(len(self.shape)))

    @property
    def shape_now(self) -> tuple[int | None, ...]:
        """The shape of the result's input or output."""
        if self.order is None:
            return self.shape
        return tuple(self.shape[place] for place in self.order)


@dataclass(frozen=True, slots=True)
class RebuiltPart:
    """A part of the network that was put into another form; `layers` are their names."""

    what: str
    layers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Conversion:
    """What the converter made of a network.

    `framework` is what loaded it (`keras 3.15.1`, `tf-keras 2.21.0`, `SavedModel`); `quantize` the
    mode of the result, `none` for floats; `batch` what an open first dimension was set to, None
    where it stays open. `operators` are diagnosed whether or not there is a result. `has_result`
    tells whether an attempt made one within the operators that were allowed, `refusal` why
    nothing can be made of it all the same, such as what keeps it from being quantised.
    """

    framework: str
    quantize: str = "none"
    batch: int | None = 1
    attempts: tuple[AttemptReport, ...] = ()
    operators: tuple[OperatorDiagnosis, ...] = ()
    rebuilt: tuple[RebuiltPart, ...] = ()
    inputs: tuple[PortReport, ...] = ()
    outputs: tuple[PortReport, ...] = ()
    has_result: bool = True
    refusal: str = ""

    @property
    def is_done(self) -> bool:
        """Whether the network was converted as it was asked for."""
        return self.has_result and not self.refusal

    @property
    def interface_changes(self) -> Iterator[str]:
        """A sentence for each input and output whose dimensions have another order now."""
        for kind, ports in (("input", self.inputs), ("output", self.outputs)):
            for port in ports:
                if port.order is None or not port.is_turned:
                    continue
                now, was = shape_text(port.shape_now), shape_text(port.shape)
                name = printable(port.name)
                yield f"{kind} `{name}` is {now} now, was {was}: {_turn(kind, port.order)}"


def _turn(kind: str, order: tuple[int, ...]) -> str:
    """What whoever feeds or reads the result does about it."""
    if kind == "input":
        return f"transpose with {order}"
    back = tuple(order.index(place) for place in range(len(order)))
    return f"transpose with {back} to have the old order"


def shape_text(shape: tuple[int | None, ...]) -> str:
    """`(1, 32, 32, 1)`, an open size as `None`."""
    inside = ", ".join("None" if size is None else f"{size}" for size in shape)
    return f"({inside},)" if len(shape) == 1 else f"({inside})"
