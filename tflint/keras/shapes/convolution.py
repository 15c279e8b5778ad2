"""Convolutions over one to three spatial dimensions."""

from __future__ import annotations

from tflint.keras.dimensions import by, calculate, product, text
from tflint.keras.network import Dim, Variable
from tflint.keras.shapes.applied import (
    NOTHING_KNOWN,
    Applied,
    Calculators,
    Outcome,
    Refused,
    join,
    only_if,
)
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
    layout = applied.data_format
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
    if padding == "full":
        return UNKNOWN  # Keras 1 had it, with Theano
    allowed = ("valid", "same", "causal") if is_causal_allowed else ("valid", "same")
    if isinstance(padding, str) and padding not in allowed:
        raise Refused(f"{applied.layer.kind} has no padding {padding[:20]!r}")
    return padding


def _steps(
    applied: Applied, rank: int, *, is_depthwise: bool = False
) -> tuple[tuple[Dim, ...], tuple[Dim, ...]]:
    """Strides and dilation rate, which do not go together; Keras 3's depthwise layers try."""
    strides = applied.integers("strides", rank)
    dilation = applied.integers("dilation_rate", rank)
    if is_depthwise and applied.version == 3:
        return strides, dilation
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
    groups = applied.positive("groups", zero_in=2) or 1
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


def dilated_window(
    applied: Applied,
    spatial: tuple[Dim, ...],
    kernel: tuple[Dim, ...],
    strides: tuple[Dim, ...],
    padding: str | Unknown,
    dilation: tuple[Dim, ...],
) -> tuple[Dim, ...]:
    """As `window`; Keras 2 dilates by moving values into the batch, where sizes get lost."""
    is_known = all(isinstance(length, int) for length in spatial)
    if not is_known and any(rate != 1 for rate in dilation) and applied.version == 2:
        return (None if UNKNOWN not in spatial else UNKNOWN,) * len(spatial)
    return window(applied, spatial, kernel, strides, padding, dilation)


def depthwise(applied: Applied) -> Outcome:
    """DepthwiseConv1D and DepthwiseConv2D."""
    rank = spatial_rank(applied.layer.kind)
    kernel = applied.integers("kernel_size", rank)
    strides, dilation = _steps(applied, rank, is_depthwise=True)
    padding = padding_of(applied)
    multiplier = applied.positive("depth_multiplier", zero_in=2)
    batch, spatial, channels, is_first = split(applied, rank)
    _channels_known(applied, channels)
    spatial = dilated_window(applied, spatial, kernel, strides, padding, dilation)
    filters = calculate(lambda count, each: count * each, channels, multiplier)
    variables = (Variable("kernel", (*kernel, channels, multiplier)),)
    bias = only_if(applied.flag("use_bias"), Variable("bias", (filters,)))
    return Outcome((merge(batch, spatial, filters, is_first),), join(variables, bias))


def separable(applied: Applied) -> Outcome:
    """SeparableConv1D and SeparableConv2D."""
    rank = spatial_rank(applied.layer.kind)
    filters = applied.positive("filters")
    kernel = applied.integers("kernel_size", rank)
    strides, dilation = _steps(applied, rank, is_depthwise=True)
    padding = padding_of(applied, is_causal_allowed=rank == 1)
    if padding == "causal":
        applied.refuse_in(3, "SeparableConv1D has no padding 'causal'")
    multiplier = applied.positive("depth_multiplier", zero_in=2)
    batch, spatial, channels, is_first = split(applied, rank)
    _channels_known(applied, channels)
    spatial = dilated_window(applied, spatial, kernel, strides, padding, dilation)
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
    for more, step in zip(extra, strides, strict=False):
        if isinstance(more, int) and isinstance(step, int) and more >= step:
            raise Refused(
                f"{applied.layer.kind} needs output_padding below its strides, "
                f"gets {more} with {step}"
            )
    if rank == 2 and len(set(dilation)) == 2 and UNKNOWN not in dilation:
        applied.refuse_in(2, f"Conv2DTranspose takes one dilation rate, gets {by(dilation)}")
    if rank == 3 and any(rate != 1 for rate in dilation) and applied.version == 2:
        dilation = (1, 1, 1)  # tf-keras takes no notice of it
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


def locally_connected(applied: Applied) -> Outcome:
    """LocallyConnected1D and 2D of Keras 2: a kernel for each place."""
    kind = applied.layer.kind
    rank = spatial_rank(kind)
    filters = applied.positive("filters", zero_in=2)
    kernel = applied.integers("kernel_size", rank)
    strides = applied.integers("strides", rank)
    padding = padding_of(applied)
    implementation = applied.integer("implementation")
    if padding == "same" and implementation == 1:
        raise Refused(f"{kind} has no padding 'same' with implementation=1")
    batch, spatial, channels, is_first = split(applied, rank)
    _channels_known(applied, channels)
    if None in spatial:
        raise Refused(f"{kind} needs all spatial dimensions, gets {text(applied.shape)}")
    if filters == 0:
        return NOTHING_KNOWN
    mapped = window(applied, spatial, kernel, strides, padding)
    places, area = product(mapped), product((*kernel, channels))
    bias = only_if(applied.flag("use_bias"), Variable("bias", (*mapped, filters)))
    variables: tuple[Variable, ...] | Unknown = UNKNOWN
    if implementation == 1:
        variables = (Variable("kernel", (places, area, filters)),)
    elif implementation == 2 and not isinstance(is_first, Unknown):
        ends = (merge((), spatial, channels, is_first), merge((), mapped, filters, is_first))
        variables = (Variable("kernel", (*ends[0], *ends[1])),)
    return Outcome((merge(batch, mapped, filters, is_first),), join(variables, bias))


CALCULATORS: Calculators = {
    "Conv1D": convolution,
    "Conv1DTranspose": transposed,
    "Conv2D": convolution,
    "Conv2DTranspose": transposed,
    "Conv3D": convolution,
    "Conv3DTranspose": transposed,
    "DepthwiseConv1D": depthwise,
    "DepthwiseConv2D": depthwise,
    "LocallyConnected1D": locally_connected,
    "LocallyConnected2D": locally_connected,
    "SeparableConv1D": separable,
    "SeparableConv2D": separable,
}
