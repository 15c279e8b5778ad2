"""What Keras layers cost: multiplications, and the maps that they work on."""

from __future__ import annotations

from tflint.keras.dimensions import product
from tflint.keras.network import Call, Shape
from tflint.keras.values import UNKNOWN, Unknown

# Layers that make maps, as a dense layer behind a Flatten reads them.
CONVOLUTIONS = frozenset(
    (
        "Conv1D",
        "Conv2D",
        "Conv3D",
        "Conv1DTranspose",
        "Conv2DTranspose",
        "Conv3DTranspose",
        "DepthwiseConv1D",
        "DepthwiseConv2D",
        "SeparableConv1D",
        "SeparableConv2D",
    )
)
_POOLINGS = ("MaxPooling", "AveragePooling")


def is_pool(kind: str) -> bool:
    """Whether it is a pool with a window."""
    return kind.startswith(_POOLINGS)


def elements(shape: Shape) -> int | None:
    """The numbers in a tensor of one sample, where all of its sizes are known."""
    if isinstance(shape, Unknown) or not shape:
        return None
    size = product(shape[1:])
    return size if isinstance(size, int) else None


def output_shape(call: Call) -> Shape:
    """The shape of what a call gives, where it gives one thing."""
    return call.output_shapes[0] if len(call.output_shapes) == 1 else UNKNOWN


def spatial(shape: Shape, data_format: object) -> tuple[tuple[int, ...], int] | None:
    """The sizes of a map and its channels, where all of them are known."""
    if isinstance(shape, Unknown) or len(shape) < 3 or not isinstance(data_format, str):
        return None
    inner = shape[1:]
    sizes, channels = inner[:-1], inner[-1]
    if data_format == "channels_first":
        sizes, channels = inner[1:], inner[0]
    if not isinstance(channels, int) or not all(isinstance(size, int) for size in sizes):
        return None
    return tuple(size for size in sizes if isinstance(size, int)), channels
