"""Orders of dimensions: which dimension of the original each dimension of a rebuilt tensor is.

An order is a permutation: dimension `i` of the tensor at hand is dimension `order[i]` of the
original's. The batch is dimension 0 and stays there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Order = tuple[int, ...]
Shape = tuple[int | None, ...]


def identity(rank: int) -> Order:
    """The original's own order."""
    return tuple(range(rank))


def channels_last(rank: int) -> Order:
    """The order that puts the channels of a channels_first tensor last."""
    return (0, *range(2, rank), 1)


def inverse(order: Order) -> Order:
    """Where each dimension of the original is: `order[inverse(order)[d]] == d`."""
    found = [0] * len(order)
    for position, dimension in enumerate(order):
        found[dimension] = position
    return tuple(found)


def steps(before: Order, after: Order) -> Order:
    """The transposition that turns a tensor of one order into one of another."""
    where = inverse(before)
    return tuple(where[dimension] for dimension in after)


def permuted(order: Order, dims: Order) -> Order:
    """The order with respect to the original's result of a transposition by `dims`.

    The tensor itself is not moved: the original's is.
    """
    where = inverse(dims)
    return tuple(where[dimension] for dimension in order)


def reduced(order: Order, axes: Sequence[int]) -> Order:
    """The order that is left when the original's dimensions `axes` are taken out."""
    kept = [dimension for dimension in range(len(order)) if dimension not in axes]
    return tuple(kept.index(dimension) for dimension in order if dimension in kept)


def arranged(shape: Shape, order: Order) -> Shape:
    """The shape of the original, in an order."""
    return tuple(shape[dimension] for dimension in order)


def straight(shape: Shape, order: Order) -> Shape:
    """The original's shape, of a tensor with `shape` in an order."""
    return tuple(shape[position] for position in inverse(order))


def is_reshape(shape: Shape, dims: Order) -> bool:
    """Whether a transposition by `dims` moves dimensions of size 1 only: no value moves."""
    moved = [dimension for dimension in dims if shape[dimension] != 1]
    return moved == sorted(moved)


@dataclass(frozen=True, slots=True)
class Reshaped:
    """What a reshape does to a tensor in an order.

    `rows` is set where the values along the last dimension come in another order than the
    original's: position i holds the original's `rows[i]`.
    """

    order: Order
    rows: NDArray[np.int64] | None = None


def reshaped(order: Order, before: Sequence[int], after: Sequence[int]) -> Reshaped | None:
    """What becomes of an order by a reshape from `before` to `after`; None: values have to move.

    Both shapes are the original's, the batch first. The dimensions fall into the smallest groups
    whose products agree (merged or split); a reshape can be done in another order as long as
    each group lies together, in its own order. Where the last dimension of the result is merged
    out of dimensions that lie last, in whatever order, its values are numbered anew. Dimensions
    of size 1 hold no values.
    """
    if math.prod(before[1:]) != math.prod(after[1:]) or 0 in before[1:]:
        return None
    groups = _groups(before, after)
    group_of = {dimension: taken for taken, _ in groups for dimension in taken}
    given_to = dict(groups)
    rest = tuple(dimension for dimension in order[1:] if before[dimension] != 1)
    found = [0]
    rows = None
    while rest:
        taken = group_of[rest[0]]
        here, rest = rest[: len(taken)], rest[len(taken) :]
        given = given_to[taken]
        if here != taken:
            if rest or sorted(here) != list(taken) or given != (len(after) - 1,):
                return None
            rows = _rows([before[dimension] for dimension in taken], taken, here)
        found += given
    for dimension, size in enumerate(after):
        if dimension and size == 1:
            found.insert(found.index(dimension - 1) + 1, dimension)
    if rows is not None and found[-1] != len(after) - 1:
        return None
    return Reshaped(tuple(found), rows)


def _rows(sizes: Sequence[int], taken: Order, here: Order) -> NDArray[np.int64]:
    numbered = np.arange(math.prod(sizes), dtype=np.int64).reshape(sizes)
    rows: NDArray[np.int64] = numbered.transpose([taken.index(each) for each in here]).reshape(-1)
    return rows


def _groups(before: Sequence[int], after: Sequence[int]) -> list[tuple[Order, Order]]:
    """The smallest groups of dimensions with equal products, without those of size 1."""
    left = [dimension for dimension in range(1, len(before)) if before[dimension] != 1]
    right = [dimension for dimension in range(1, len(after)) if after[dimension] != 1]
    groups = []
    while left:
        taken, given = [left.pop(0)], [right.pop(0)]
        sizes = before[taken[0]], after[given[0]]
        while sizes[0] != sizes[1]:
            if sizes[0] < sizes[1]:
                taken.append(left.pop(0))
                sizes = sizes[0] * before[taken[-1]], sizes[1]
            else:
                given.append(right.pop(0))
                sizes = sizes[0], sizes[1] * after[given[-1]]
        groups.append((tuple(taken), tuple(given)))
    return groups
