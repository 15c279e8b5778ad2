"""Pooling, and what makes maps larger or smaller without weights."""

from __future__ import annotations

from tflint.keras.dimensions import by, calculate, integer
from tflint.keras.network import Dim
from tflint.keras.shapes.applied import Applied, Calculators, Outcome, Refused
from tflint.keras.shapes.convolution import merge, padding_of, spatial_rank, split, window
from tflint.keras.values import UNKNOWN, Unknown, Value


def pool(applied: Applied) -> Outcome:
    """MaxPooling and AveragePooling."""
    rank = spatial_rank(applied.layer.kind)
    size = applied.integers("pool_size", rank)
    strides = size if applied.value("strides") is None else applied.integers("strides", rank)
    padding = padding_of(applied)
    if isinstance(padding, str) and applied.value("padding") != padding:
        applied.refuse_in(3, f"{applied.layer.kind} takes its padding in lower case")
    batch, spatial, channels, is_first = split(applied, rank)
    spatial = window(applied, spatial, size, strides, padding, thing="pool")
    return Outcome((merge(batch, spatial, channels, is_first),))


def global_pool(applied: Applied) -> Outcome:
    """GlobalMaxPooling and GlobalAveragePooling."""
    rank = spatial_rank(applied.layer.kind)
    batch, _, channels, is_first = split(applied, rank)
    keeps = applied.flag("keepdims")
    if isinstance(keeps, Unknown):
        return Outcome((UNKNOWN,))
    if not keeps:
        return Outcome(((*batch, channels),))
    return Outcome((merge(batch, (1,) * rank, channels, is_first),))


def adaptive_pool(applied: Applied) -> Outcome:
    """AdaptiveMaxPooling and AdaptiveAveragePooling of Keras 3."""
    rank = spatial_rank(applied.layer.kind)
    size = applied.integers("output_size", rank, least=0)
    shape = applied.shape
    if isinstance(shape, Unknown) or len(shape) < 2:
        return Outcome(((UNKNOWN,) * (rank + 2),))
    layout = applied.data_format
    if isinstance(layout, Unknown):
        return Outcome((merge(shape[:1], size, UNKNOWN, UNKNOWN),))
    is_first = layout == "channels_first"
    return Outcome((merge(shape[:1], size, shape[1 if is_first else -1], is_first),))


def _sides(applied: Applied, parameter: str, rank: int) -> list[tuple[Dim, Dim]]:
    """How much is added or taken at both ends of each dimension; raises `Refused`."""
    value = applied.value(parameter)
    kind = applied.layer.kind
    if isinstance(value, int) and not isinstance(value, bool):
        sides: list[tuple[Dim, Dim]] = [(integer(value), integer(value))] * rank
    elif not isinstance(value, tuple):
        sides = [(UNKNOWN, UNKNOWN)] * rank
    elif rank == 1:
        if len(value) != 2:
            raise Refused(f"{kind} needs {parameter} for 2 ends, gets {len(value)}")
        sides = [(integer(value[0]), integer(value[1]))]
    else:
        if len(value) != rank:
            raise Refused(f"{kind} needs {parameter} for {rank} dimensions, gets {len(value)}")
        sides = [_both_ends(applied, parameter, item) for item in value]
    for side in sides:
        for size in side:
            if isinstance(size, int) and size < 0:
                message = f"{kind} needs {parameter} not below 0, gets {size:,}"
                if not isinstance(value, int) or rank == 1:
                    raise Refused(message)
                applied.refuse_in(3 if parameter == "cropping" else 2, message)
                return [(UNKNOWN, UNKNOWN)] * rank
    return sides


def _both_ends(applied: Applied, parameter: str, value: Value) -> tuple[Dim, Dim]:
    if isinstance(value, tuple):
        if len(value) != 2:
            raise Refused(f"{applied.layer.kind} needs {parameter} for 2 ends, gets {len(value)}")
        return integer(value[0]), integer(value[1])
    return integer(value), integer(value)


def zero_padding(applied: Applied) -> Outcome:
    """ZeroPadding1D to 3D."""
    rank = spatial_rank(applied.layer.kind)
    sides = _sides(applied, "padding", rank)
    batch, spatial, channels, is_first = split(applied, rank)
    spatial = tuple(
        calculate(lambda length, before, after: length + before + after, length, *side)
        for length, side in zip(spatial, sides, strict=True)
    )
    return Outcome((merge(batch, spatial, channels, is_first),))


def cropping(applied: Applied) -> Outcome:
    """Cropping1D to 3D."""
    rank = spatial_rank(applied.layer.kind)
    sides = _sides(applied, "cropping", rank)
    batch, spatial, channels, is_first = split(applied, rank)
    cropped: list[Dim] = []
    for length, (before, after) in zip(spatial, sides, strict=True):
        rest = calculate(lambda length, one, two: length - one - two, length, before, after)
        if isinstance(rest, int) and rest <= 0:
            message = (
                f"{applied.layer.kind} takes {before} and {after} off {length} "
                f"of its {by(spatial)} input: nothing is left"
            )
            if rank == 3:
                applied.refuse_in(3, message)
                rest = 0
            else:
                raise Refused(message)
        cropped.append(rest)
    return Outcome((merge(batch, tuple(cropped), channels, is_first),))


def up_sampling(applied: Applied) -> Outcome:
    """UpSampling1D to 3D."""
    rank = spatial_rank(applied.layer.kind)
    size = applied.integers("size", rank)
    shape = applied.shape
    if rank == 3 and not isinstance(shape, Unknown) and len(shape) != 5:
        applied.refuse_in(3, applied.rank_fault("5", shape))
        return Outcome((UNKNOWN,))
    batch, spatial, channels, is_first = split(applied, rank)
    spatial = tuple(
        calculate(lambda length, factor: length * factor, length, factor)
        for length, factor in zip(spatial, size, strict=True)
    )
    if rank == 2 and not all(isinstance(length, int) for length in spatial):
        if applied.version == 2:  # which computes both sizes at once, at run time
            spatial = (None, None) if None in spatial else (UNKNOWN, UNKNOWN)
    return Outcome((merge(batch, spatial, channels, is_first),))


def _each(calculator: str, *ranks: int) -> tuple[str, ...]:
    return tuple(f"{calculator}{rank}D" for rank in ranks)


CALCULATORS: Calculators = {
    **dict.fromkeys(_each("MaxPooling", 1, 2, 3), pool),
    **dict.fromkeys(_each("AveragePooling", 1, 2, 3), pool),
    **dict.fromkeys(_each("GlobalMaxPooling", 1, 2, 3), global_pool),
    **dict.fromkeys(_each("GlobalAveragePooling", 1, 2, 3), global_pool),
    **dict.fromkeys(_each("AdaptiveMaxPooling", 1, 2, 3), adaptive_pool),
    **dict.fromkeys(_each("AdaptiveAveragePooling", 1, 2, 3), adaptive_pool),
    **dict.fromkeys(_each("ZeroPadding", 1, 2, 3), zero_padding),
    **dict.fromkeys(_each("Cropping", 1, 2, 3), cropping),
    **dict.fromkeys(_each("UpSampling", 1, 2, 3), up_sampling),
}
