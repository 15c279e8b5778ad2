"""Preprocessing of images, categories, text and sound."""

from __future__ import annotations

from tflint.keras.dimensions import calculate, dimension, integer, text
from tflint.keras.network import Dim, Shape, Variable
from tflint.keras.shapes.applied import NOTHING_KNOWN, Applied, Calculators, Outcome, Refused
from tflint.keras.shapes.convolution import window
from tflint.keras.values import UNKNOWN, Unknown


def resized(applied: Applied) -> Outcome:
    """Resizing, CenterCrop and RandomCrop: a height and a width, with or without a batch."""
    height, width = applied.integer("height"), applied.integer("width")
    return Outcome((_with_size(applied, height, width),))


def random_height(applied: Applied) -> Outcome:
    """RandomHeight of Keras 2: of no height that is known."""
    return Outcome((_with_size(applied, None, False),))


def random_width(applied: Applied) -> Outcome:
    """RandomWidth of Keras 2."""
    return Outcome((_with_size(applied, False, None),))


def _with_size(applied: Applied, height: Dim, width: Dim) -> Shape:
    """The input with another height and width; False leaves them."""
    shape = applied.shape
    layout = applied.data_format
    if isinstance(shape, Unknown) or len(shape) not in (3, 4) or isinstance(layout, Unknown):
        return UNKNOWN
    start = len(shape) - (2 if layout == "channels_first" else 3)
    result = list(shape)
    if height is not False:
        result[start] = height
    if width is not False:
        result[start + 1] = width
    return tuple(result)


def normalization(applied: Applied) -> Outcome:
    """Normalization: weights for what `adapt` finds, unless mean and variance are given."""
    shape = applied.shape
    given = applied.value("mean")
    if given is not None:
        return Outcome((shape,), UNKNOWN if isinstance(given, Unknown) else ())
    axis = applied.value("axis")
    if axis is None:
        axis = ()
    axes = tuple(map(integer, axis)) if isinstance(axis, tuple) else (integer(axis),)
    sizes: list[Dim] = []
    if isinstance(shape, Unknown) or any(isinstance(each, Unknown) for each in axes):
        sizes = [UNKNOWN for _ in axes]
    else:
        places = [each for each in axes if isinstance(each, int)]
        for each in places:
            if not -len(shape) <= each < len(shape):
                raise Refused(
                    f"Normalization along axis {each}, but its input has {len(shape)} dimensions"
                )
            if shape[each] is None:
                raise Refused(f"Normalization needs dimension {each} of its input, gets None")
        sizes = [shape[each] for each in sorted(each % len(shape) for each in places)]
    variables = (
        Variable("mean", tuple(sizes), is_trainable=False),
        Variable("variance", tuple(sizes), is_trainable=False),
        Variable("count", (), is_trainable=False),
    )
    return Outcome((shape,), variables)


def category_encoding(applied: Applied) -> Outcome:
    """CategoryEncoding: a vector for an integer, or for several."""
    tokens = applied.integer("num_tokens")
    mode = applied.value("output_mode")
    shape = applied.shape
    if isinstance(tokens, int) and tokens < 1:
        raise Refused(f"CategoryEncoding needs num_tokens above 0, gets {tokens:,}")
    if mode == "one_hot" and not isinstance(shape, Unknown) and len(shape) > 1:
        if not isinstance(shape[-1], Unknown) and shape[-1] != 1:
            applied.refuse_in(2, f"CategoryEncoding takes vectors of 1, gets {text(shape)}")
    return Outcome((_encoded(shape, tokens, mode if isinstance(mode, str) else UNKNOWN),))


def _encoded(shape: Shape, tokens: Dim, mode: str | Unknown) -> Shape:
    if isinstance(shape, Unknown) or isinstance(mode, Unknown):
        return UNKNOWN
    if mode == "one_hot":
        if not shape or len(shape) == 1:
            return UNKNOWN
        if isinstance(shape[-1], Unknown):
            return UNKNOWN
        return (*shape[:-1], tokens) if shape[-1] == 1 else (*shape, tokens)
    return (*shape[:-1], tokens) if len(shape) > 1 else UNKNOWN


def looked_up(applied: Applied) -> Outcome:
    """Hashing, Discretization and the lookups: integers of the same shape, or encoded ones."""
    if applied.value("output_mode") == "int":
        return Outcome((applied.shape,), ())
    return Outcome((UNKNOWN,), ())


def text_vectorization(applied: Applied) -> Outcome:
    """TextVectorization: as many integers as `output_sequence_length` says."""
    shape = applied.shape
    if applied.value("output_mode") != "int" or isinstance(shape, Unknown) or not shape:
        return Outcome((UNKNOWN,), ())
    if len(shape) > 2 or (len(shape) == 2 and shape[1] != 1):
        return Outcome((UNKNOWN,), ())
    return Outcome(((shape[0], dimension(applied.value("output_sequence_length"))),), ())


def mel_spectrogram(applied: Applied) -> Outcome:
    """MelSpectrogram of Keras 3, over sound with or without a batch."""
    shape = applied.shape
    bins, stride = applied.integer("num_mel_bins"), applied.positive("sequence_stride")
    if isinstance(shape, Unknown) or len(shape) not in (1, 2):
        return Outcome((UNKNOWN,))
    frames = calculate(lambda length, step: (length + step + 1) // step, shape[-1], stride)
    return Outcome(((*shape[:-1], bins, frames),))


def stft_spectrogram(applied: Applied) -> Outcome:
    """STFTSpectrogram of Keras 3: a convolution with fixed kernels."""
    layout = applied.data_format
    mode = applied.value("mode")
    length = applied.integer("frame_length")
    step = applied.value("frame_step")
    fft = applied.value("fft_length")
    expands = applied.flag("expand_dims")
    if isinstance(layout, Unknown) or isinstance(expands, Unknown) or not isinstance(mode, str):
        return NOTHING_KNOWN
    is_first = layout == "channels_first"
    batch, *rest = applied.needs_rank(3)
    channels, steps = rest if is_first else reversed(rest)
    bins = calculate(lambda size: size // 2 + 1, integer(length if fft is None else fft))
    if mode == "stft":
        bins = calculate(lambda size: 2 * size, bins)
    stride = calculate(lambda size: size // 2, length) if step is None else integer(step)
    if isinstance(stride, int) and stride < 1:
        return NOTHING_KNOWN
    if isinstance(stride, int) and isinstance(length, int) and stride > length:
        raise Refused(f"STFTSpectrogram takes frame_step up to {length:,}, gets {stride:,}")
    padding = applied.choice("padding")
    (frames,) = window(applied, (steps,), (length,), (stride,), padding)
    if expands:
        shape = (batch, channels, frames, bins) if is_first else (batch, frames, bins, channels)
        return Outcome((shape,), UNKNOWN)
    width = calculate(lambda count, size: count * size, channels, bins)
    return Outcome(((batch, width, frames) if is_first else (batch, frames, width),), UNKNOWN)


CALCULATORS: Calculators = {
    **dict.fromkeys(("CenterCrop", "RandomCrop", "Resizing"), resized),
    **dict.fromkeys(("Discretization", "Hashing", "IntegerLookup", "StringLookup"), looked_up),
    "CategoryEncoding": category_encoding,
    "MelSpectrogram": mel_spectrogram,
    "Normalization": normalization,
    "RandomHeight": random_height,
    "RandomWidth": random_width,
    "STFTSpectrogram": stft_spectrogram,
    "TextVectorization": text_vectorization,
}
