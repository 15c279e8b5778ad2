"""What a recipe is, and what recipes are written with.

Where the rank is free, a recipe makes (2, 1, ..., 1, 4) of it, so that the numbers that come
out are the same for every rank, except for the first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from probe.cases import Case, Input, Options, Shape, Signature
from tflint.model.record import Record
from tflint.model.schema import (
    TensorType,
)

IDENTITY = "identity"

# Ranks worth trying: 8 is the most that LiteRT's kernels take anywhere.
RANKS = tuple(range(1, 9))


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to make a `Case` of a given rank, and the rank that all other questions use.

    `broadcast` makes one of a given rank whose inputs differ in shape, `flat` the one of so
    many elements in a row that computes the same.

    `templates` are the documented combinations of types, for operators with so many inputs
    that only one of them is varied at a time.

    `reference` is the signature whose results are right by definition, all FLOAT32 (arguments:
    INT32) unless said otherwise; `IDENTITY` for operators that change the type and nothing
    else. `same_type` (`inputs` or `all`) keeps to equal types where the result would not give
    a mistake away. `same_numbers` is False where the result depends on the rank, `truncates`
    True where the type of the output may not hold it.
    """

    case: Callable[[int], Case]
    rank: int = 2
    ranks: tuple[int, ...] = RANKS
    broadcast: Callable[[int], Case] | None = None
    flat: Callable[[int], Case] | None = None
    templates: tuple[str, ...] = ()
    reference: str | None = None
    same_type: str = ""
    same_numbers: bool = True
    truncates: bool = False

    @property
    def typical(self) -> Case:
        """The case of the usual rank."""
        return self.case(self.rank)


def shape_of(rank: int, first: int = 2, last: int = 4) -> Shape:
    """(first, 1, ..., 1, last), or (last) alone."""
    return (last,) if rank == 1 else (first, *(1,) * (rank - 2), last)


def always(options: Record) -> Options:
    """Options that do not depend on the types."""
    return lambda _: options


def output_type(signature: Signature) -> TensorType:
    """The type of the first output, for options that repeat it."""
    type = signature.outputs[0]
    assert type is not None
    return type


def fixed(case: Case, rank: int, reference: str | None = None) -> Recipe:
    """An operator that is defined for one rank only."""
    return Recipe(lambda _: case, rank, (rank,), reference=reference)


def numbers(
    name: str, values: tuple[int, ...], *, shape: Shape | None = None, optional: bool = False
) -> Input:
    """A constant argument."""
    shape = (len(values),) if shape is None else shape
    return Input(name, shape, "argument", values, constant=True, optional=optional)
