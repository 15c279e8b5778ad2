"""Tensors of a rebuilt network, each with the order that its dimensions are in."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflint.convert.tensorflow import order as orders
from tflint.convert.tensorflow.order import Order, Shape
from tflint.convert.tensorflow.rebuild import Call, Layer, Rebuilding, Tensor, Weights, carry

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Folded:
    """How the last dimension came to be numbered anew: what was reshaped, and in which order."""

    shape: Shape
    order: Order
    after: Shape


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """A tensor that holds what the original's holds, in another order.

    Dimension i is the original's dimension `order[i]`. With `rows`, which needs the original's
    last dimension to be last, position i along it holds the original's `rows[i]`. `forms` are the
    same values in other orders, as far as they were needed.
    """

    tensor: Tensor
    order: Order
    rows: Rows | None = None
    folded: Folded | None = None
    forms: dict[Order, Tensor] = field(default_factory=dict)

    @property
    def rank(self) -> int:
        """The number of dimensions, the batch's among them."""
        return len(self.order)

    @property
    def shape(self) -> Shape:
        """The shape of the tensor, None where a size is open."""
        return tuple(None if size is None else int(size) for size in self.tensor.shape)

    @property
    def original_shape(self) -> Shape:
        """The shape in the original's order."""
        return orders.straight(self.shape, self.order)

    @property
    def is_straight(self) -> bool:
        """Whether the values are where the original has them."""
        return self.rows is None and self.order == orders.identity(self.rank)


@dataclass(frozen=True, slots=True)
class Planned:
    """How a layer is called on tensors in another order.

    Its inputs are brought into `order`. `changes` of its configuration are needed for it, or
    `make` gives a layer with a name; neither keeps the layer itself. `weights` turns the
    original's weights into the new layer's, `key` tells variants of a shared layer apart. `after`
    is the order of the result, None the same. `takes_rows` says that values numbered anew may
    come in, `gives_rows` that they leave as they came; `rows` are the numbers they leave with
    otherwise. `what` is reported. `activation` is
    applied to the result in the original's order.
    """

    order: Order
    changes: Mapping[str, Any] | None = None
    make: Callable[[str], Layer] | None = None
    weights: Callable[[Weights], Weights] = list
    key: Hashable = None
    after: Order | None = None
    takes_rows: bool = False
    gives_rows: bool = False
    rows: Rows | None = None
    what: str | None = None
    activation: Any = None


class Arranging:
    """The rebuilt network as it grows, and what was done to it."""

    def __init__(self, again: Rebuilding) -> None:
        self.again = again
        self.keras = again.keras
        self.done: dict[str, dict[str, None]] = {}
        self.moved: list[str] = []
        self.notes: list[str] = []
        # By the tensor they were made of, which they keep alive with them.
        self._numbered: dict[int, tuple[Laid, Laid]] = {}

    def note(self, what: str, call: Call) -> None:
        """Report that something was done to a layer."""
        self.done.setdefault(what, {})[call.name] = None

    def arranged(self, laid: Laid, order: Order) -> Laid:
        """The same values in an order; a transposition where there is no other way."""
        if laid.rows is not None:
            laid = self.numbered(laid)
        laid.forms.setdefault(laid.order, laid.tensor)
        if order not in laid.forms:
            laid.forms[order] = self._transposed(laid, order)
        return replace(laid, tensor=laid.forms[order], order=order)

    def straight(self, laid: Laid) -> Laid:
        """The values where the original has them."""
        return self.arranged(laid, orders.identity(laid.rank))

    def numbered(self, laid: Laid) -> Laid:
        """The values along the last dimension in the original's order."""
        if laid.rows is None:
            return laid
        if id(laid.tensor) not in self._numbered:
            self._numbered[id(laid.tensor)] = (laid, self._unnumbered(laid, laid.rows))
        return self._numbered[id(laid.tensor)][1]

    def _unnumbered(self, laid: Laid, rows: Rows) -> Laid:
        folded = laid.folded
        if folded is not None and _can_reshape(folded.shape) and _can_reshape(laid.shape):
            tensor = self.reshape(laid.tensor, folded.shape)
            straight = self.straight(Laid(tensor, folded.order))
            found = Laid(self.reshape(straight.tensor, folded.after), orders.identity(laid.rank))
            return self.arranged(found, laid.order)
        places = np.argsort(rows)
        if self.again.graph.is_legacy:
            import tensorflow as tf

            found = tf.gather(laid.tensor, places, axis=-1)
        else:
            found = self.keras.ops.take(laid.tensor, places, axis=-1)
        return Laid(self.again.adopted(found), laid.order)

    def reshape(self, tensor: Tensor, shape: Shape) -> Tensor:
        """A tensor in another shape, the batch first, at most one size besides it open."""
        if tuple(tensor.shape[1:]) == tuple(shape[1:]):
            return tensor
        target = tuple(-1 if size is None else size for size in shape[1:])
        name = self.again.free_name("reshape")
        return self.again.added(self.keras.layers.Reshape(target, name=name), tensor)

    def _transposed(self, laid: Laid, order: Order) -> Tensor:
        dims = orders.steps(laid.order, order)
        shape = laid.shape
        after = orders.arranged(shape, dims)
        if orders.is_reshape(shape, dims) and _can_reshape(after):
            return self.reshape(laid.tensor, after)
        name = self.again.free_name("permute")
        self.moved.append(name)
        return self.again.added(self.keras.layers.Permute(dims[1:], name=name), laid.tensor)


def _can_reshape(shape: Shape) -> bool:
    return sum(size is None for size in shape[1:]) <= 1


@dataclass(frozen=True, slots=True)
class Site:
    """A call of the original that is to be made again, with its tensors as they lie now.

    `wish` is the order that those who take the result would like best, None where they have no
    preference; `columns` the numbers they would like a vector in.
    """

    arranging: Arranging
    call: Call
    values: tuple[Laid, ...]
    wish: Order | None = None
    columns: Rows | None = None

    @property
    def again(self) -> Rebuilding:
        """The network as it grows."""
        return self.arranging.again

    @property
    def rank(self) -> int:
        """The number of dimensions of the first input."""
        return self.values[0].rank

    def straight(self) -> tuple[Laid, ...]:
        """The call as it was, on tensors as the original has them: always right."""
        tensors = [self.arranging.straight(value).tensor for value in self.values]
        return self.made(self.again.same(self.call, tensors))

    def planned(self, plan: Planned) -> tuple[Laid, ...]:
        """The call as planned."""
        values = [
            value
            if value.order == plan.order and (value.rows is None or plan.takes_rows)
            else self.arranging.arranged(value, plan.order)
            for value in self.values
        ]
        found = self._called(plan, [value.tensor for value in values])
        if plan.what is not None:
            self.arranging.note(plan.what, self.call)
        kept = values[0] if plan.gives_rows else None
        after = plan.order if plan.after is None else plan.after
        rows = plan.rows if kept is None else kept.rows
        made = [Laid(each, after, rows, None if kept is None else kept.folded) for each in found]
        if plan.activation is not None:
            made = [self.activated(self.arranging.straight(each), plan.activation) for each in made]
        return tuple(made)

    def _called(self, plan: Planned, tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
        call, make, changes = self.call, plan.make, plan.changes
        if make is None:
            if changes is None:
                return self.again.same(call, tensors)
            return self.again.changed(call, tensors, changes, plan.weights, plan.key)
        layer = self.again.variant(call.layer, plan.key, make)
        is_new = not layer.built
        found = self.again.replaced(call, layer, tensors)
        if is_new:
            carry(call.layer, layer, plan.weights)
        return found

    def activated(self, laid: Laid, activation: Any) -> Laid:
        """An activation of the layer's, by itself."""
        name = self.again.free_name(f"{self.call.layer.name}_activation")
        layer = self.again.keras.layers.Activation(activation, name=name)
        return Laid(self.again.added(layer, laid.tensor), laid.order)

    def made(self, tensors: Sequence[Tensor], order: Order | None = None) -> tuple[Laid, ...]:
        """Results in an order, by default the original's."""
        return tuple(
            Laid(tensor, orders.identity(len(tensor.shape)) if order is None else order)
            for tensor in tensors
        )

    def agreed(self) -> tuple[Laid, ...]:
        """The inputs in one order, for operations that go value by value.

        Of several orders the one that is wished for later stays, or else that of most values.
        """
        values = self.values
        if len({value.rank for value in values}) > 1:
            return tuple(map(self.arranging.straight, values))
        first = values[0]
        if any(not same_rows(value.rows, first.rows) for value in values):
            values = tuple(map(self.arranging.numbered, values))
        if len({value.order for value in values}) == 1:
            return values
        values = tuple(map(self.arranging.numbered, values))
        weights: dict[Order, int] = {}
        for value in values:
            size = 1
            for dimension in value.shape[1:]:
                size *= dimension or 1
            weights[value.order] = weights.get(value.order, 0) + size
        best = max(weights, key=lambda order: (order == self.wish, weights[order]))
        return tuple(self.arranging.arranged(value, best) for value in values)


def same_rows(one: Rows | None, other: Rows | None) -> bool:
    """Whether values along the last dimension come in the same order."""
    if one is None or other is None:
        return one is other
    return one is other or bool(np.array_equal(one, other))
