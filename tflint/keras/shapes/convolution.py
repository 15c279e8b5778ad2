"""Convolutions over one to three spatial dimensions."""

from __future__ import annotations

from tflint.keras.dimensions import by, calculate, text
from tflint.keras.network import Dim, Variable
from tflint.keras.shapes.applied import Applied, Calculators, Outcome, Refused, join, only_if
from tflint.keras.values import UNKNOWN, Unknown


def spatial_rank(kind: str) -> int:
    """The number of spatial dimensions in the name of a layer's class."""
    return next((int(letter) for letter in reversed(kind) if letter in "123"), 0)


def split(
    applied: Applied, rank: int, *, extra_batch: bool = False
) -> tuple[tuple[Dim, ...], tuple[Dim, ...], Dim, bool | Unknown]:
    """Batch, spatial dimensions and channels of the input, and whether channels come first."""
    shape = applied.shape
    if extra_batch and not isinstance(shape, Unknown) and len(shape) > rank + 2:
        applied.refuse_in(3, applied.rank_fault(str(rank + 2), shape))
        count = len(shape) - rank - 1
        dims: tuple[Dim, ...] = shape
    else:
        count = 1
        dims = applied.needs_rank(rank + 2)
    layout = applied.layer.data_format
    if layout == "channels_last":
        return dims[:count], dims[count:-1], dims[-1], False
    if layout == "channels_first":
        return dims[:count], dims[count + 1 :], dims[count], True
    return dims[:count], (UNKNOWN,) * rank, UNKNOWN, UNKNOWN


def merge(
    batch: tuple[Dim, ...], spatial: tuple[Dim, ...], channels: Dim, is_first: bool | Unknown
) -> tuple[Dim, ...]:
    """A shape in a data format; of unknown dimensions where that is not known."""
    if isinstance(is_first, Unknown):
        return (*batch, *(UNKNOWN for _ in spatial), UNKNOWN)
    return (*batch, channels, *spatial) if is_first else (*batch, *spatial, channels)


def window(
    applied: Applied,
    spatial: tuple[Dim, ...],
    size: tuple[Dim, ...],
    strides: tuple[Dim, ...],
    padding: str | Unknown,
    dilation: tuple[Dim, ...] | None = None,
    thing: str = "kernel",
) -> tuple[Dim, ...]:
    """Spatial dimensions after a window has passed over them; raises `Refused`."""
    if isinstance(padding, Unknown):
        return (UNKNOWN,) * len(spatial)
    if padding in ("same", "causal"):
        return tuple(
            calculate(lambda length, step: -(-length // step), length, step)
            for length, step in zip(spatial, strides, strict=True)
        )
    reach = tuple(
        calculate(lambda length, step: (length - 1) * step + 1, length, step)
        for length, step in zip(size, dilation or (1,) * len(size), strict=True)
    )
    for length, width in zip(spatial, reach, strict=True):
        if isinstance(length, int) and isinstance(width, int) and length < width:
            raise Refused(_does_not_fit(spatial, size, reach, thing))
    return tuple(
        calculate(lambda length, width, step: (length - width) // step + 1, length, width, step)
        for length, width, step in zip(spatial, reach, strides, strict=True)
    )


def _does_not_fit(
    spatial: tuple[Dim, ...], size: tuple[Dim, ...], reach: tuple[Dim, ...], thing: str
) -> str:
    wide = "" if reach == size else f" ({by(reach)} with its dilation)"
    if len(spatial) == 1:
        return (
            f"a {thing} of {by(size)}{wide} with padding valid "
            f"does not fit into its input of {by(spatial)}"
        )
    return (
        f"a {by(size)} {thing}{wide} with padding valid does not fit into its {by(spatial)} input"
    )


def padding_of(applied: Applied, *, is_causal_allowed: bool = False) -> str | Unknown:
    """The padding; raises `Refused` for a word that Keras does not know."""
    padding = applied.choice("padding")
    allowed = ("valid", "same", "causal") if is_causal_allowed else ("valid", "same")
    if isinstance(padding, str) and padding not in allowed:
        raise Refused(f"{applied.layer.kind} has no padding {padding[:20]!r}")
    return padding


def _steps(applied: Applied, rank: int) -> tuple[tuple[Dim, ...], tuple[Dim, ...]]:
    strides = applied.integers("strides", rank)
    dilation = applied.integers("dilation_rate", rank)
    if any(isinstance(step, int) and step > 1 for step in strides):
        if any(isinstance(step, int) and step > 1 for step in dilation):
            raise Refused(
                f"{applied.layer.kind} takes strides or a dilation rate above 1, "
                f"gets both ({by(strides)} and {by(dilation)})"
            )
    return strides, dilation


def _channels_known(applied: Applied, channels: Dim) -> None:
    if channels is None:
        raise Refused(
            f"{applied.layer.kind} needs the number of channels, gets {text(applied.shape)}"
        )


def _divide(total: Dim, parts: Dim) -> Dim:
    return calculate(lambda whole, part: whole // part, total, parts)


def convolution(applied: Applied) -> Outcome:
    """Conv1D, Conv2D and Conv3D."""
    kind = applied.layer.kind
    rank = spatial_rank(kind)
    filters = applied.positive("filters")
    kernel = applied.integers("kernel_size", rank)
    strides, dilation = _steps(applied, rank)
    padding = padding_of(applied, is_causal_allowed=rank == 1)
    groups = applied.positive("groups")
    if isinstance(filters, int) and isinstance(groups, int) and filters % groups:
        raise Refused(f"{filters:,} filters cannot be divided into {groups:,} groups")
    batch, spatial, channels, is_first = split(applied, rank, extra_batch=True)
    _channels_known(applied, channels)
    if isinstance(channels, int) and isinstance(groups, int) and channels % groups:
        raise Refused(f"{channels:,} channels cannot be divided into {groups:,} groups")
    spatial = window(applied, spatial, kernel, strides, padding, dilation)
    variables = (Variable("kernel", (*kernel, _divide(channels, groups), filters)),)
    bias = only_if(applied.flag("use_bias"), Variable("bias", (filters,)))
    return Outcome((merge(batch, spatial, filters, is_first),), join(variables, bias))


def depthwise(applied: Applied) -> Outcome:
    """DepthwiseConv1D and DepthwiseConv2D."""
    rank = spatial_rank(applied.layer.kind)
    kernel = applied.integers("kernel_size", rank)
    strides, dilation = _steps(applied, rank)
    padding = padding_of(applied)
    multiplier = applied.positive("depth_multiplier")
    batch, spatial, channels, is_first = split(applied, rank)
    _channels_known(applied, channels)
    spatial = window(applied, spatial, kernel, strides, padding, dilation)
    filters = calculate(lambda count, each: count * each, channels, multiplier)
    variables = (Variable("kernel", (*kernel, channels, multiplier)),)
    bias = only_if(applied.flag("use_bias"), Variable("bias", (filters,)))
    return Outcome((merge(batch, spatial, filters, is_first),), join(variables, bias))


def separable(applied: Applied) -> Outcome:
    """SeparableConv1D and SeparableConv2D."""
    rank = spatial_rank(applied.layer.kind)
    filters = applied.positive("filters")
    kernel = applied.integers("kernel_size", rank)
    strides, dilation = _steps(applied, rank)
    padding = padding_of(applied, is_causal_allowed=rank == 1)
    multiplier = applied.positive("depth_multiplier")
    batch, spatial, channels, is_first = split(applied, rank)
    _channels_known(applied, channels)
    spatial = window(applied, spatial, kernel, strides, padding, dilation)
    between = calculate(lambda count, each: count * each, channels, multiplier)
    variables = (
        Variable("depthwise_kernel", (*kernel, channels, multiplier)),
        Variable("pointwise_kernel", (*(1,) * rank, between, filters)),
    )
    bias = only_if(applied.flag("use_bias"), Variable("bias", (filters,)))
    return Outcome((merge(batch, spatial, filters, is_first),), join(variables, bias))


def transposed(applied: Applied) -> Outcome:
    """Conv1DTranspose, Conv2DTranspose and Conv3DTranspose."""
    rank = spatial_rank(applied.layer.kind)
    filters = applied.positive("filters")
    kernel = applied.integers("kernel_size", rank)
    strides, dilation = _steps(applied, rank)
    padding = padding_of(applied)
    has_extra = applied.value("output_padding") is not None
    extra = applied.integers("output_padding", rank, least=0) if has_extra else ()
    batch, spatial, channels, is_first = split(applied, rank)
    _channels_known(applied, channels)
    grown: list[Dim] = []
    for axis, length in enumerate(spatial):
        if isinstance(padding, Unknown):
            grown.append(UNKNOWN)
        elif has_extra:
            grown.append(
                calculate(
                    lambda length, step, width, rate, more: (
                        (length - 1) * step
                        + (reach := (width - 1) * rate + 1)
                        - (2 * (reach // 2) if padding == "same" else 0)
                        + more
                    ),
                    length,
                    strides[axis],
                    kernel[axis],
                    dilation[axis],
                    extra[axis],
                )
            )
        elif padding == "same":
            grown.append(calculate(lambda length, step: length * step, length, strides[axis]))
        else:
            grown.append(
                calculate(
                    lambda length, step, width, rate: (
                        length * step + max((width - 1) * rate + 1 - step, 0)
                    ),
                    length,
                    strides[axis],
                    kernel[axis],
                    dilation[axis],
                )
            )
    variables = (Variable("kernel", (*kernel, filters, channels)),)
    bias = only_if(applied.flag("use_bias"), Variable("bias", (filters,)))
    return Outcome((merge(batch, tuple(grown), filters, is_first),), join(variables, bias))


CALCULATORS: Calculators = {
    "Conv1D": convolution,
    "Conv1DTranspose": transposed,
    "Conv2D": convolution,
    "Conv2DTranspose": transposed,
    "Conv3D": convolution,
    "Conv3DTranspose": transposed,
    "DepthwiseConv1D": depthwise,
    "DepthwiseConv2D": depthwise,
    "SeparableConv1D": separable,
    "SeparableConv2D": separable,
}
