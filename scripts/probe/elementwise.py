"""Recipes of the operators that work element by element."""

from __future__ import annotations

from probe.cases import Case, Input, Output, Scales, Shape, Signature
from probe.recipe import Recipe, always, output_type, shape_of
from tflint.model.record import Record
from tflint.model.schema import (
    AddNOptions,
    CastOptions,
)


def unary(
    options: Record | None = None,
    scales: Scales | None = None,
    reference: str | None = None,
    *,
    positive: bool = False,
) -> Recipe:
    """Output like the input."""

    def case(rank: int) -> Case:
        shape = shape_of(rank)
        return Case(
            (Input("input", shape),),
            (Output(shape),),
            lambda _: options,
            scales or {},
            positive=positive,
        )

    return Recipe(case, reference=reference)


def interleaved(rank: int) -> tuple[Shape, Shape, Shape]:
    """Two shapes that broadcast in alternate dimensions, so that no two of these merge into
    one, and what they become.
    """
    first = tuple(2 - axis % 2 for axis in range(rank))
    second = tuple(1 + axis % 2 for axis in range(rank))
    return first, second, tuple(max(pair) for pair in zip(first, second, strict=True))


def binary(options: Record | None = None, reference: str | None = None) -> Recipe:
    """Two inputs of one shape."""

    def build(first: Shape, second: Shape, result: Shape) -> Case:
        inputs = (Input("input1", first), Input("input2", second))
        return Case(inputs, (Output(result),), lambda _: options)

    return Recipe(
        lambda rank: build(shape_of(rank), shape_of(rank), shape_of(rank)),
        broadcast=lambda rank: build(*interleaved(rank)),
        flat=lambda count: build((count,), (count,), (count,)),
        reference=reference,
    )


def cast(rank: int) -> Case:
    shape = shape_of(rank)

    def options(signature: Signature) -> Record:
        source = signature.inputs[0]
        assert source is not None
        return CastOptions(in_data_type=source, out_data_type=output_type(signature))

    return Case((Input("input", shape),), (Output(shape),), options, quantized=False, positive=True)


def select() -> Recipe:
    def build(condition: Shape, x: Shape, y: Shape, result: Shape) -> Case:
        inputs = (Input("condition", condition), Input("x", x), Input("y", y))
        return Case(inputs, (Output(result),))

    def broadcast(rank: int) -> Case:
        first, second, result = interleaved(rank)
        return build(second, first, second, result)

    return Recipe(
        lambda rank: build(*[shape_of(rank)] * 4),
        broadcast=broadcast,
        flat=lambda count: build(*[(count,)] * 4),
        reference="BOOL,FLOAT32,FLOAT32->FLOAT32",
    )


def prelu(rank: int) -> Case:
    shape = shape_of(rank)
    alpha = Input("alpha", shape_of(rank, first=1), "weights", constant=True)
    return Case((Input("input", shape), alpha), (Output(shape),))


def add_n(rank: int) -> Case:
    shape = shape_of(rank)
    return Case((Input("inputs", shape, repeat=2),), (Output(shape),), always(AddNOptions()))
