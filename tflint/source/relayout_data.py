"""The data that are fed to a network, where the source itself brings them into shape."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from tflint.keras.values import Argument, Value
from tflint.source.edits import Edit, Permute, Replace
from tflint.source.syntax import Syntax

Inputs = Sequence[tuple[tuple[Value, ...], tuple[int, ...], Argument | None]]


def data_edits(syntax: Syntax, inputs: Inputs) -> tuple[list[Edit], list[int]]:
    """Edits of what reshapes data to an input's old shape, and the lines that they are on.

    An input is its old shape without the batch, None for a size that is not known, with the order
    that its dimensions get.
    """
    edits: list[Edit] = []
    lines: list[int] = []
    for node in syntax.nodes():
        if not isinstance(node, ast.Call) or syntax.follows_format(node):
            continue
        for shape, order, _ in inputs:
            found = list(_reshape(syntax, node, shape, order))
            if found:
                edits += found
                lines.append(found[0].at.line or 0)
                break
    return edits, sorted(set(lines))


def _reshape(
    syntax: Syntax, call: ast.Call, shape: tuple[Value, ...], order: tuple[int, ...]
) -> Iterator[Edit]:
    """The edit of `x.reshape(...)` or `np.reshape(x, ...)` to the shape, samples in front."""
    if not isinstance(call.func, ast.Attribute) or call.keywords:
        return
    if call.func.attr == "expand_dims":
        return
    if call.func.attr != "reshape":
        return
    holder: ast.expr = call
    dims: Sequence[ast.expr] = call.args
    displays = [each for each in call.args if isinstance(each, ast.Tuple | ast.List)]
    if displays:
        holder, dims = displays[-1], displays[-1].elts
    lead = len(dims) - len(shape)
    if lead not in (0, 1) or any(isinstance(each, ast.Starred) for each in dims):
        return
    known = [syntax.module.constant(each) for each in dims[lead:]]
    if any(size is None or given != size for given, size in zip(known, shape, strict=True)):
        return
    whole = (*range(lead), *(axis + lead for axis in order))
    rest = [size for i, size in enumerate(shape) if i != order[-1]]
    if shape[order[-1]] == 1 or all(size == 1 for size in rest):
        yield Permute(syntax.locate(holder), whole)
        return
    # The numbers stay where they are in memory, so they have to be moved.
    listed = ", ".join(map(str, whole))
    root = call.func.value
    if isinstance(root, ast.Name) and len(call.args) == 2 and displays:
        yield Replace(syntax.locate(call), f"{root.id}.transpose({syntax.text(call)}, ({listed}))")
    else:
        yield Replace(syntax.locate(call), f"{syntax.text(call)}.transpose({listed})")
