"""What a one-operator model is made of, and how it becomes bytes.

A `Case` says what an operator's tensors look like apart from their types; a `Signature`
gives the types; a `Variant` settles what more than one well-formed model may do differently.
The three together are one model.
"""

from __future__ import annotations

import itertools
import math
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import per_channel, per_tensor
from tflint.model.record import Record
from tflint.model.schema import TensorType
from tflint.model.tables import QuantizationParameters
from tflint.model.types import BITS, FORMATS, elements, packed_bytes
from tflint.model.writer import write_model

Shape = tuple[int, ...]
# None stands for an optional input that is left out.
Types = tuple[TensorType | None, ...]

T = TensorType
# Scale and zero point of activations. One pair for inputs and outputs alike, as many kernels
# demand; the product of input and weight scale is the scale of the bias.
SCALE = 1 / 16
ZERO_POINTS = {T.INT8: 0, T.INT16: 0, T.UINT8: 128, T.UINT16: 32768, T.INT4: 0, T.UINT4: 8}
WIDE = (T.INT32, T.INT64)
UNSIGNED = (T.UINT8, T.UINT16, T.UINT32, T.UINT64)
# Types whose numbers Python can read from an output, and hand to a graph input. Inputs of
# other types are constants here; outputs of other types cannot be compared.
READABLE = (*FORMATS, T.FLOAT16)
FED = tuple(type for type in READABLE if type is not T.UINT16)

# What first, second and further inputs repeat: none is zero, the first two are sometimes
# equal, sometimes less and sometimes greater, and no row of four adds up to nothing.
PATTERNS = ((1, -1, 2), (1, 2, -1, -1), (2, 1, -1))

# Behind an argument's values lie these bytes: a kernel that takes narrow numbers for wide
# ones meets them and gives itself away.
FILLER = b"\x5a" * 16

# Scale and zero point that a kernel demands for a type; alternatives are tried in turn.
Scales = Mapping[TensorType, tuple[tuple[float, int], ...]]


@dataclass(frozen=True, slots=True)
class Input:
    """An input of the operator.

    `role` is `data`, `weights`, `bias`, `state` (a variable tensor) or `argument` (an axis, a
    shape, indices: its type varies apart from the others). `channels` is the dimension along
    which weights can be quantised. `repeat` is how often a variadic operator gets it.
    """

    name: str
    shape: Shape
    role: str = "data"
    values: tuple[float, ...] | None = None
    constant: bool = False
    optional: bool = False
    channels: int | None = None
    repeat: int = 1
    scales: Scales = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Output:
    """An output of the operator."""

    shape: Shape
    repeat: int = 1


@dataclass(frozen=True, slots=True)
class Signature:
    """Types of the written inputs and outputs of an operator."""

    inputs: Types
    outputs: Types

    def __str__(self) -> str:
        def names(types: Types) -> str:
            return ",".join("none" if type is None else type.name for type in types)

        return f"{names(self.inputs)}->{names(self.outputs)}"


Options = Callable[[Signature], Record | None]


@dataclass(frozen=True, slots=True)
class Case:
    """An operator's tensors and options, types left open.

    `quantized` is False for operators that take integers as what they are, `positive` True
    for those that are defined on positive numbers only.
    """

    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    options: Options = lambda _: None
    output_scales: Scales = field(default_factory=dict)
    quantized: bool = True
    positive: bool = False


@dataclass(frozen=True, slots=True)
class Shift:
    """What is done to an operand's quantisation: the scale multiplied, the zero point moved."""

    factor: float = 1.0
    steps: int = 0


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the ways in which a model with given types can be well formed.

    `per_channel`: weights have a scale for each channel. `wide`: int32 and int64 data are
    quantised. `output_scale`: which of the case's alternatives the output has. `fed`: the
    input, counted in slots, that is a graph input although the case makes it a constant.
    `dropped`: trailing inputs that are left out are not even listed. `shifts`: operands, counted
    over all inputs and then all outputs, that are quantised otherwise than usual.
    """

    per_channel: bool = False
    wide: bool = False
    output_scale: int = 0
    fed: int | None = None
    dropped: bool = False
    shifts: tuple[tuple[int, Shift], ...] = ()


PLAIN = Variant()


@dataclass(frozen=True, slots=True)
class Feed:
    """What a graph input is given before the model runs: raw little-endian elements."""

    type: TensorType
    shape: Shape
    data: bytes


@dataclass(frozen=True, slots=True)
class Attempt:
    """A model to be tried, what its graph inputs are given, and what its outputs mean.

    `reals` are the numbers that each input stands for, in the order of the operator's inputs.
    """

    model: bytes
    feeds: tuple[Feed, ...]
    reals: tuple[tuple[float, ...], ...]
    outputs: tuple[tuple[TensorType, QuantizationParameters | None], ...]


def variants(case: Case, signature: Signature) -> Iterator[Variant]:
    """Every well-formed way to build a model of these types, the plainest first."""
    inputs = list(zip(case.inputs, signature.inputs, strict=True))
    integers = any(slot.channels is not None and type in ZERO_POINTS for slot, type in inputs)
    wide = any(type in WIDE for type in signature.outputs) or any(
        type in WIDE and slot.role == "data" for slot, type in inputs
    )
    scales = [len(case.output_scales.get(type, ())) for type in signature.outputs if type]
    for is_wide, is_per_channel, scale in itertools.product(
        (False, True) if wide and case.quantized else (False,),
        (False, True) if integers else (False,),
        range(max(scales, default=1) or 1),
    ):
        yield Variant(is_per_channel, is_wide, scale)
        if signature.inputs and signature.inputs[-1] is None:
            yield Variant(is_per_channel, is_wide, scale, dropped=True)


def attempt(
    operator: str,
    case: Case,
    signature: Signature,
    variant: Variant,
    reals: Sequence[Sequence[float]] | None = None,
) -> Attempt:
    """The model of one operator with these types, on small numbers or the reals given.

    Reals take the place of what is stored, so they are for types that are not quantised.
    """
    model = ModelBuilder()
    feeds: list[Feed] = []
    inputs: list[int] = []
    meant: list[tuple[float, ...]] = []
    slots = list(zip(case.inputs, signature.inputs, strict=True))
    if variant.dropped:
        while slots and slots[-1][1] is None:
            slots.pop()
    for position, (slot, type) in enumerate(slots):
        for copy in range(slot.repeat):
            if type is None:
                inputs.append(-1)
                meant.append(())
                continue
            scale = shifted(quantization(case, slot, type, variant), len(inputs), variant)
            given = reals[len(meant)] if reals else ()
            stored = given or numbers_of(case, slot, position + copy, type, scale)
            data = pack(stored, type)
            meant.append(tuple(dequantized(stored, scale)))
            if slot.role == "state":
                inputs.append(model.tensor(slot.shape, type, scale, is_variable=True))
            elif (slot.constant and position != variant.fed) or type not in FED:
                filler = FILLER if slot.role == "argument" else b""
                inputs.append(model.constant(slot.shape, type, data + filler, scale))
            else:
                inputs.append(model.input(slot.shape, type, scale))
                feeds.append(Feed(type, slot.shape, data))
    outputs: list[int] = []
    for output, type in zip(case.outputs, signature.outputs, strict=True):
        assert type is not None
        like_data = Input("output", output.shape, scales=case.output_scales)
        usual = quantization(case, like_data, type, variant)
        for _ in range(output.repeat):
            scale = shifted(usual, len(inputs) + len(outputs), variant)
            outputs.append(model.tensor(output.shape, type, scale))
    model.operator(operator, inputs, outputs, case.options(signature))
    model.output(*outputs)
    described = tuple((model.type(y), model.tensors[y].quantization) for y in outputs)
    if not case.quantized:
        described = tuple((type, None) for type, _ in described)
    return Attempt(write_model(model.build()), tuple(feeds), tuple(meant), described)


def numbers_of(
    case: Case, slot: Input, shift: int, type: TensorType, scale: QuantizationParameters | None
) -> tuple[float, ...]:
    """What is stored in an input: a short pattern, sized so that no output saturates."""
    if slot.role == "state":
        return (0,) * elements(slot.shape)
    if slot.values is not None:
        return slot.values
    pattern = list(itertools.islice(itertools.cycle(PATTERNS[shift % 3]), elements(slot.shape)))
    if case.positive:
        pattern = [abs(value) for value in pattern]
    if type is T.BOOL:
        return tuple(int(value > 0) for value in pattern)
    if type in (T.FLOAT32, T.FLOAT16, T.FLOAT64):
        unit = {"weights": SCALE, "bias": 0.125}.get(slot.role, 1)
        return tuple(unit * value for value in pattern)
    if scale is not None:
        unit = {"weights": 1, "bias": 32}.get(slot.role, 16 if BITS[type] >= 8 else 1)
        if type in UNSIGNED and scale.zero_point[0] == 0:
            pattern = [abs(value) for value in pattern]
        return tuple(unit * value + scale.zero_point[0] for value in pattern)
    if type in UNSIGNED and case.quantized:
        # The highest bit tells a kernel that takes the type for a signed one.
        top = 1 << (BITS[type] - 1)
        return tuple(abs(v) + top * (index == shift) for index, v in enumerate(pattern))
    if type in FORMATS or type in ZERO_POINTS:
        return tuple(pattern)
    # Not something this script can write: no result can be right.
    return (math.nan,) * len(pattern)


def dequantized(stored: Sequence[float], scale: QuantizationParameters | None) -> Iterator[float]:
    """The reals that stored numbers stand for; here all channels have one scale."""
    for number in stored:
        yield number if scale is None else scale.scale[0] * (number - scale.zero_point[0])


def shifted(
    usual: QuantizationParameters | None, place: int, variant: Variant
) -> QuantizationParameters | None:
    """The quantisation of the operand in this place as the variant wants it."""
    shift = dict(variant.shifts).get(place)
    if usual is None or shift is None:
        return usual
    return replace(
        usual,
        scale=tuple(scale * shift.factor for scale in usual.scale),
        zero_point=tuple(zero_point + shift.steps for zero_point in usual.zero_point),
    )


def pack(numbers: Sequence[float], type: TensorType) -> bytes:
    """Numbers as a tensor's raw elements."""
    if type in FORMATS:
        code = FORMATS[type]
        return struct.pack(
            f"<{len(numbers)}{code}", *(float(n) if code in "fd" else int(n) for n in numbers)
        )
    if type is T.FLOAT16:
        return struct.pack(f"<{len(numbers)}e", *numbers)
    if BITS.get(type) == 4:
        nibbles = [int(number) & 15 for number in numbers] + [0]
        return bytes(
            low | high << 4 for low, high in zip(nibbles[::2], nibbles[1::2], strict=False)
        )
    return bytes(packed_bytes((len(numbers),), type) or 0)


def quantization(
    case: Case, slot: Input, type: TensorType, variant: Variant
) -> QuantizationParameters | None:
    """The quantisation that a tensor of this role and type has in a well-formed model."""
    if not case.quantized or slot.role == "argument":
        return None
    if type in slot.scales:
        alternatives = slot.scales[type]
        return per_tensor(*alternatives[min(variant.output_scale, len(alternatives) - 1)])
    if slot.role == "bias" and (type in WIDE or type in ZERO_POINTS):
        channels = elements(slot.shape) if variant.per_channel else 1
        return per_channel([SCALE * SCALE] * channels, 0)
    if type in WIDE and slot.role == "data" and variant.wide:
        return per_tensor(SCALE)
    if type not in ZERO_POINTS:
        return None
    if BITS[type] == 4 and slot.role == "data":
        return per_tensor(1, ZERO_POINTS[type])
    if slot.channels is not None and variant.per_channel:
        return per_channel([SCALE] * slot.shape[slot.channels], slot.channels)
    return per_tensor(SCALE, ZERO_POINTS[type])
