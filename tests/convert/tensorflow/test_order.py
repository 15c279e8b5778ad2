"""Orders of dimensions, held against NumPy."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tflint.convert.tensorflow import order as orders

SIZES = st.lists(st.integers(1, 4), min_size=1, max_size=4)


@st.composite
def placed(draw: st.DrawFn) -> tuple[np.ndarray, tuple[int, ...]]:
    """A numbered array, the batch first, and an order of its dimensions."""
    sizes = draw(SIZES)
    order = (0, *(axis + 1 for axis in draw(st.permutations(range(len(sizes))))))
    return np.arange(2 * math.prod(sizes)).reshape(2, *sizes), order


@given(placed(), st.data())
def test_steps_turn_one_order_into_another(case, data: st.DataObject) -> None:
    array, before = case
    after = (0, *data.draw(st.permutations(before[1:])))

    turned = array.transpose(before).transpose(orders.steps(before, after))

    assert np.array_equal(turned, array.transpose(after))


@given(placed(), st.data())
def test_a_transposition_is_carried_along(case, data: st.DataObject) -> None:
    array, order = case
    dims = (0, *data.draw(st.permutations(range(1, array.ndim))))

    assert np.array_equal(
        array.transpose(dims).transpose(orders.permuted(order, dims)), array.transpose(order)
    )


@given(placed(), st.data())
def test_dimensions_taken_out_leave_the_others_in_order(case, data: st.DataObject) -> None:
    array, order = case
    axes = data.draw(st.sets(st.integers(1, array.ndim - 1)))
    turned = [order.index(axis) for axis in axes]

    assert np.array_equal(
        array.sum(tuple(axes)).transpose(orders.reduced(order, list(axes))),
        array.transpose(order).sum(tuple(turned)),
    )


@given(placed())
def test_a_transposition_that_is_a_reshape_is_told(case) -> None:
    array, dims = case
    turned = array.transpose(dims)

    if orders.is_reshape(array.shape, dims):
        assert np.array_equal(array.reshape(turned.shape), turned)
    else:
        assert not np.array_equal(array.reshape(turned.shape), turned)


@given(placed(), st.data())
def test_a_reshape_in_another_order_gives_the_same_values(case, data: st.DataObject) -> None:
    array, order = case
    after = (2, *data.draw(st.sampled_from(factorings(math.prod(array.shape[1:])))))

    found = orders.reshaped(order, array.shape, after)

    if found is None:
        assert order != orders.identity(array.ndim)
        return
    right = array.reshape(after).transpose(found.order)
    if found.rows is not None:
        right = right[..., found.rows]
    assert np.array_equal(array.transpose(order).reshape(right.shape), right)


def test_flattening_a_map_numbers_its_values_anew() -> None:
    found = orders.reshaped((0, 2, 3, 1), (1, 2, 2, 3), (1, 12))

    assert found is not None
    assert found.order == (0, 1)
    assert found.rows is not None
    assert found.rows.tolist() == [0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11]


def test_a_reshape_that_mixes_dimensions_is_refused() -> None:
    assert orders.reshaped((0, 2, 3, 1), (1, 4, 6, 4), (1, 12, 8)) is None


def factorings(size: int) -> list[tuple[int, ...]]:
    """Shapes with a product, of up to three dimensions."""
    return (
        [
            (a, b, size // a // b)
            for a in range(1, size + 1)
            for b in range(1, size // a + 1)
            if size % (a * b) == 0
        ]
        + [(a, size // a) for a in range(1, size + 1) if size % a == 0]
        + [(size,)]
    )
