"""Operators that only move a map's elements, and runs of them that come to less.

A transpose or reshape can change places with operators that work element by element. So
two of them meet even with such operators in between, and become one, or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from tflint.analysis.dataflow import Dataflow
from tflint.analysis.operator_kinds import BINARY, RESHAPES, UNARY
from tflint.analysis.quantization_match import same_per_tensor_quantization
from tflint.model.graph import Graph, Node, Value
from tflint.model.schema import TensorType
from tflint.model.types import FORMATS, packed_bytes

_ELEMENTWISE = UNARY | BINARY
# Up to here every elementwise kernel takes any shape.
_MOST_DIMENSIONS = 4
Order = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """Movers of one kind, with nothing but elementwise operators in between.

    `movers` are in execution order, branches that meet included. They `cancel` when the last
    value has the order (or shape) of the first, otherwise one of them remains. With `alone`
    the last mover undoes one whose result others read too, so that one stays. `passed` are
    the elementwise operators that would work on the map as it was.

    `last` is what the run ends with: a mover, or an elementwise operator at which branches meet.
    `keys` say, by the index of the operator, where the elements of its result are: for transposes
    which dimension of the unmoved map each of its dimensions is, for reshapes the unmoved shape.
    """

    movers: tuple[Node, ...]
    passed: tuple[Node, ...]
    cancel: bool
    last: Node
    keys: Mapping[int, Order] = field(default_factory=dict)
    alone: bool = False

    @property
    def ends_with_reshape(self) -> bool:
        """Whether the last mover is a RESHAPE, whose argument does not depend on what it reads."""
        return self.last in self.movers and self.last.name == "RESHAPE"

    @property
    def is_repairable(self) -> bool:
        """Whether what remains can be done by one operator with constant arguments."""
        if self.cancel or self.movers[0].name == "TRANSPOSE":
            return True
        return self.ends_with_reshape or one_reshape(self) is not None

    @property
    def removable(self) -> int:
        """How many of the movers can go."""
        return 1 if self.alone else len(self.movers) - (0 if self.cancel else 1)

    @property
    def bytes_saved(self) -> int:
        """Bytes that need not be written at each inference: all but the largest result."""
        sizes = [node.outputs[0].bytes for node in self.movers]
        if self.alone:
            return sizes[-1]
        return sum(sizes) - (0 if self.cancel else max(sizes))


class _Link:
    """An operator on a map that is moved, and the links before it.

    `key` says where the elements are relative to the unmoved map: a permutation for
    transposes, the map's first shape for reshapes.
    """

    __slots__ = ("before", "followed", "key", "movers", "node")

    def __init__(self, node: Node, key: Order, before: tuple[_Link, ...], *, mover: bool) -> None:
        self.node = node
        self.key = key
        self.before = before
        self.followed = False
        self.movers: int = sum(link.movers for link in before) + mover


@dataclass(frozen=True, slots=True)
class _Kind:
    """What tells transposes from reshapes: the key of one, of one on top, and when it is home.

    `start` gives the key of a mover, None for other operators; `then` that of a mover behind
    a link with a key; `done` says whether a value with this key is as the unmoved map was;
    `fits` whether an elementwise constant can be moved along.
    """

    start: Callable[[Node], Order | None]
    then: Callable[[Order, Order], Order]
    done: Callable[[Order, Value], bool]
    fits: Callable[[Order, Value, Value], bool]


def transpose_runs(graph: Graph, dataflow: Dataflow) -> list[Run]:
    """Runs of TRANSPOSE by constant permutations of which at least one can go."""
    return list(_runs(graph, dataflow, _TRANSPOSES))


def reshape_runs(graph: Graph, dataflow: Dataflow) -> list[Run]:
    """Runs of RESHAPE, SQUEEZE and EXPAND_DIMS, their arguments constant, that can shrink."""
    return list(_runs(graph, dataflow, _RESHAPES))


def one_reshape(run: Run) -> Order | None:
    """The argument of a RESHAPE that does what all of a run do, None where no constant can.

    One dimension may be -1, whose size is not known before the model's inputs have theirs.
    """
    y = run.last.outputs[0]
    signature = tuple(y.tensor.shape_signature) or y.shape
    if len(signature) != len(y.shape) or signature.count(-1) > 1:
        return None
    return tuple(
        -1 if known == -1 else size for known, size in zip(signature, y.shape, strict=True)
    )


def permutation(node: Node) -> Order | None:
    """The permutation of a TRANSPOSE when it is a constant and fits the shapes."""
    if node.name != "TRANSPOSE" or len(node.inputs) != 2 or len(node.outputs) != 1:
        return None
    x, argument, y = node.inputs[0], node.inputs[1], node.outputs[0]
    order = None if argument is None else argument.integers()
    if x is None or x.data is not None or order is None:
        return None
    if sorted(order) != list(range(len(x.shape))) or not same_per_tensor_quantization(x, y):
        return None
    return order if y.shape == tuple(x.shape[p] for p in order) else None


def _reshape(node: Node) -> Order | None:
    """The shape that a reshape starts from, when its result's is known from the file."""
    if node.name not in RESHAPES or not node.inputs or len(node.outputs) != 1:
        return None
    x, y = node.inputs[0], node.outputs[0]
    if x is None or x.data is not None or not same_per_tensor_quantization(x, y):
        return None
    if any(argument is not None and argument.data is None for argument in node.inputs[1:]):
        return None
    return x.shape if 0 < x.elements == y.elements else None


def _is_home(key: Order, y: Value) -> bool:
    """Whether a permutation leaves the elements where they were.

    Dimensions of one index may change places among themselves and with others: that moves
    nothing, as long as the shape comes out the same.
    """
    original = [0] * len(key)
    for at, dimension in zip(key, y.shape, strict=True):
        original[at] = dimension
    moved = [at for at in key if original[at] != 1]
    return tuple(original) == y.shape and moved == sorted(moved)


def _fits_any(key: Order, constant: Value, y: Value) -> bool:
    return True


def _fits_last(key: Order, constant: Value, y: Value) -> bool:
    """Whether a constant means the same on the unmoved map: one for each last index."""
    return bool(key and y.shape and constant.shape) and (
        key[-1] == y.shape[-1] == constant.shape[-1] == constant.elements
        and len(constant.shape) <= len(key)
    )


_TRANSPOSES = _Kind(
    start=permutation,
    then=lambda key, order: tuple(key[p] for p in order),
    done=_is_home,
    fits=_fits_any,
)
_RESHAPES = _Kind(
    start=_reshape,
    then=lambda key, shape: key,
    done=lambda key, y: key == y.shape,
    fits=_fits_last,
)


def _runs(graph: Graph, dataflow: Dataflow, kind: _Kind) -> Iterator[Run]:
    moved: dict[int, _Link] = {}
    links: list[_Link] = []
    for node in graph.nodes:
        own = kind.start(node)
        if own is not None:
            x, y = node.inputs[0], node.outputs[0]
            if x is None or not dataflow.is_stable(x):
                continue
            link, before = None, moved.get(x.index)
            if before is not None and dataflow.sole_reader(x) is node:
                key = kind.then(before.key, own)
                before.followed = True
                link = _Link(node, key, (before,), mover=True)
                if kind.done(key, y) and _can_be_replaced(link, dataflow):
                    yield _run(link, cancel=True)
                    continue
            elif before is not None and _undoes(before, node, own, kind, dataflow):
                yield Run((before.node, node), (), cancel=True, last=node, alone=True)
                continue
            link = link or _Link(node, own, (), mover=True)
        elif node.name in _ELEMENTWISE:
            link = _passing(node, moved, dataflow, kind)
        else:
            continue
        if link is not None:
            links.append(link)
            moved[node.outputs[0].index] = link
    for link in links:
        if link.movers > 1 and not link.followed:
            yield _run(link, cancel=False)


def _passing(node: Node, moved: dict[int, _Link], dataflow: Dataflow, kind: _Kind) -> _Link | None:
    """The link of an elementwise operator on moved maps, None when it cannot work unmoved."""
    if len(node.outputs) != 1 or not 0 < len(node.inputs) <= 2:
        return None
    y = node.outputs[0]
    before: list[_Link] = []
    constants: list[Value] = []
    for x in node.inputs:
        if x is None or not _is_per_tensor(x):
            return None
        if x.data is not None:
            constants.append(x)
            continue
        link = moved.get(x.index)
        if link is None or x.shape != y.shape or dataflow.sole_reader(x) is not node:
            return None
        before.append(link)
    if not before or not _is_per_tensor(y) or any(b.key != before[0].key for b in before):
        return None
    if len(before) == 1 and not constants and node.name in BINARY:
        return None
    key = before[0].key
    if len(key) > max(len(y.shape), _MOST_DIMENSIONS):
        return None
    for constant in constants:
        if constant.elements != 1 and not (
            len(constant.shape) <= len(y.shape)
            and dataflow.reads(constant) == 1
            and is_stored_plainly(constant)
            and kind.fits(key, constant, y)
        ):
            return None
    for link in before:
        link.followed = True
    return _Link(node, key, tuple(before), mover=False)


def is_stored_plainly(constant: Value) -> bool:
    """Whether a constant's elements lie one behind the other, each in bytes of its own."""
    return (
        constant.data is not None
        and (constant.type in FORMATS or constant.type is TensorType.FLOAT16)
        and constant.tensor.sparsity is None
        and packed_bytes(constant.shape, constant.type) == len(constant.data)
    )


def _is_per_tensor(value: Value) -> bool:
    quantization = value.tensor.quantization
    return quantization is None or len(quantization.scale) <= 1


def _can_be_replaced(link: _Link, dataflow: Dataflow) -> bool:
    """Whether what follows a run can have the unmoved map in place of its result.

    An output of the graph must still be made by an operator: the last elementwise one of
    the run, or the one that makes the map.
    """
    y = link.node.outputs[0]
    if not dataflow.is_stable(y):
        return False
    if not y.is_output:
        return True
    while link.node.name not in _ELEMENTWISE:
        if not link.before:
            return _can_become_output(link.node.inputs[0], dataflow)
        link = link.before[0]
    return True


def _can_become_output(source: Value | None, dataflow: Dataflow) -> bool:
    return source is not None and not source.is_output and dataflow.maker(source) is not None


def _undoes(before: _Link, node: Node, own: Order, kind: _Kind, dataflow: Dataflow) -> bool:
    """Whether a mover undoes the one right before it, whose result others read too."""
    first, x, y = kind.start(before.node), node.inputs[0], node.outputs[0]
    if first is None or x is None or dataflow.maker(x) is not before.node:
        return False
    if before.node.index > node.index or not kind.done(kind.then(first, own), y):
        return False
    return not y.is_output or _can_become_output(before.node.inputs[0], dataflow)


def _run(last: _Link, *, cancel: bool) -> Run:
    while last.before and len(last.before) == 1 and last.node.name in _ELEMENTWISE:
        last = last.before[0]
    movers: list[Node] = []
    passed: list[Node] = []
    keys: dict[int, Order] = {}
    left = [last]
    while left:
        link = left.pop()
        keys[link.node.index] = link.key
        (passed if link.node.name in _ELEMENTWISE else movers).append(link.node)
        left.extend(link.before)
    return Run(
        tuple(sorted(movers, key=lambda node: node.index)),
        tuple(sorted(passed, key=lambda node: node.index)),
        cancel,
        last.node,
        keys,
    )
