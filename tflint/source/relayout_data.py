"""The data that are fed to a network, where the source itself brings them into shape."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tflint.keras.values import Argument, Value
from tflint.source.edits import Edit, Permute, Replace, conflict
from tflint.source.fed_data import fed_expressions, reshaped_to
from tflint.source.syntax import FORMATS, Syntax
from tflint.source.tensor_operations import integers


@dataclass(frozen=True, slots=True)
class Input:
    """An input of a network, as it was: its shape without the batch, None for open sizes.

    `order` is the one that its dimensions get, `argument` where the shape is given.
    """

    shape: tuple[Value, ...]
    order: tuple[int, ...]
    argument: Argument | None

    @property
    def channels(self) -> Value:
        """The number of channels."""
        return self.shape[self.order[-1]]

    @property
    def keeps_memory(self) -> bool:
        """Whether the numbers stay where they are in memory: one channel, or one position."""
        others = [size for i, size in enumerate(self.shape) if i != self.order[-1]]
        return self.channels == 1 or all(size == 1 for size in others)


def data_edits(syntax: Syntax, inputs: Sequence[Input]) -> tuple[list[Edit], list[int]]:
    """Edits of what shapes the data that are fed to these inputs, and the lines they are on."""
    edits: list[Edit] = []
    for node in syntax.nodes():
        if isinstance(node, ast.Call) and not syntax.follows_format(node):
            found = next((e for e in (_reshape(syntax, node, one) for one in inputs) if e), None)
            edits += [found] if found else []
    if len({(one.shape, one.order) for one in inputs}) == 1:
        for expression in fed_expressions(syntax):
            if not syntax.follows_format(expression):
                found = _turned(syntax, expression, inputs[0])
                edits += [found] if found else []
    edits += _told_the_format(syntax)
    kept: list[Edit] = []
    for edit in dict.fromkeys(edits):
        if not any(conflict(edit, other) for other in kept):
            kept.append(edit)
    return kept, sorted({edit.at.line or 0 for edit in kept})


def shape_of_data(syntax: Syntax, node: ast.expr, rank: int) -> tuple[Value, ...] | None:
    """The shape of a sample where `x.shape[1:]` is given, and `x` is reshaped in view."""
    if not (
        isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Attribute)
        and node.value.attr == "shape"
        and isinstance(node.value.value, ast.Name)
    ):
        return None
    for dims in reshaped_to(syntax, node.value.value.id):
        sizes = tuple(syntax.module.constant(each) for each in dims[-rank + 1 :])
        if len(dims) >= rank - 1 and all(isinstance(size, int) for size in sizes):
            return sizes
    return None


def _reshape(syntax: Syntax, call: ast.Call, given: Input) -> Edit | None:
    """The edit of `x.reshape(...)` or `np.reshape(x, ...)` to the shape, samples in front."""
    if not isinstance(call.func, ast.Attribute) or call.keywords or call.func.attr != "reshape":
        return None
    holder: ast.expr = call
    dims: Sequence[ast.expr] = call.args
    displays = [each for each in call.args if isinstance(each, ast.Tuple | ast.List)]
    if displays:
        holder, dims = displays[-1], displays[-1].elts
    lead = len(dims) - len(given.shape)
    if lead not in (0, 1) or any(isinstance(each, ast.Starred) for each in dims):
        return None
    sizes = [syntax.module.constant(each) for each in dims[lead:]]
    if any(size is None or size != old for old, size in zip(given.shape, sizes, strict=True)):
        return None
    whole = (*range(lead), *(axis + lead for axis in given.order))
    if given.keeps_memory:
        return Permute(syntax.locate(holder), whole)
    # The numbers stay where they are in memory, so they have to be moved.
    listed = ", ".join(map(str, whole))
    text = syntax.text(call)
    root = call.func.value
    if isinstance(root, ast.Name) and len(call.args) == 2 and displays:
        return Replace(syntax.locate(call), f"{root.id}.transpose({text}, ({listed}))")
    return Replace(syntax.locate(call), f"{text}.transpose({listed})")


def _turned(syntax: Syntax, node: ast.expr, given: Input) -> Edit | None:
    """The edit of what puts the channels of fed data first."""
    if isinstance(node, ast.Subscript):
        return _new_axis(syntax, node, given)
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return None
    name = node.func.attr
    if name == "expand_dims":
        axis = _argument(node, "axis", 1)
        if axis is not None and given.channels == 1 and integers(axis) == (given.order[-1] + 1,):
            return Replace(syntax.locate(axis), "-1")
        return None
    operand, axes = _transposition(node)
    if operand is None or axes is None or not _puts_channels_first(name, axes, given):
        return None
    return Replace(syntax.locate(node), syntax.text(operand))


def _new_axis(syntax: Syntax, node: ast.Subscript, given: Input) -> Edit | None:
    """`x[:, np.newaxis]` for data of one channel."""
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else []
    new = [i for i, part in enumerate(parts) if _is_new_axis(part)]
    full = all(_is_full(part) for i, part in enumerate(parts) if i not in new)
    if given.channels != 1 or new != [given.order[-1] + 1] or not full:
        return None
    text = f"{syntax.text(node.value)}[..., {syntax.text(parts[new[0]])}]"
    return Replace(syntax.locate(node), text)


def _is_full(node: ast.expr) -> bool:
    """Whether a part of a subscript takes all of a dimension: `:`."""
    return isinstance(node, ast.Slice) and (node.lower, node.upper, node.step) == (None,) * 3


def _is_new_axis(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return node.value is None
    return isinstance(node, ast.Attribute) and node.attr == "newaxis"


def _transposition(call: ast.Call) -> tuple[ast.expr | None, tuple[int, ...] | None]:
    """What a call transposes, and the numbers that it is told."""
    assert isinstance(call.func, ast.Attribute)
    numbers = [integers(each) for each in call.args]
    if call.func.attr in ("moveaxis", "rollaxis") and len(call.args) == 3:
        if numbers[1] and numbers[2]:
            return call.args[0], (*numbers[1], *numbers[2])
    elif call.func.attr == "transpose":
        told = _argument(call, "axes", 1) or _argument(call, "perm", 1)
        if told is not None and len(call.args) + len(call.keywords) == 2 and call.args:
            if integers(call.args[0]) is None:
                return call.args[0], integers(told)
        if numbers and None not in numbers and not call.keywords:
            return call.func.value, tuple(n for each in numbers for n in each or ())
    return None, None


def _puts_channels_first(name: str, axes: tuple[int, ...], given: Input) -> bool:
    """Whether these axes bring what comes last to the place of the channels."""
    rank = len(given.shape) + 1
    place = given.order[-1] + 1
    if name in ("moveaxis", "rollaxis"):
        return axes[0] in (-1, rank - 1) and axes[1] == place
    batch = [*range(rank - 1)]
    batch.insert(place, rank - 1)
    sample = [*range(rank - 2)]
    sample.insert(place - 1, rank - 2)
    return list(axes) in (batch, sample)


def _argument(call: ast.Call, name: str, position: int) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    return call.args[position] if len(call.args) > position else None


def _told_the_format(syntax: Syntax) -> Iterator[Edit]:
    """Functions that read or change images, and are told the format."""
    for call in syntax.module.keras_calls:
        given = call.argument("data_format")
        if call.path.startswith("keras.layers.") or not isinstance(given, ast.Constant):
            continue
        if given.value in FORMATS and given.value in ("channels_first", "th"):
            quote = "'" if syntax.text(given).endswith("'") else '"'
            last = "tf" if given.value == "th" else "channels_last"
            yield Replace(syntax.locate(given), f"{quote}{last}{quote}")
