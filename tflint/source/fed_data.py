"""What is fed to models: the expressions that arrays go through on their way."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tflint.source.syntax import Syntax

_FEEDERS = frozenset(
    ("evaluate", "fit", "predict", "predict_on_batch", "test_on_batch", "train_on_batch")
)
_SPLIT = "train_test_split"
_CALIBRATION = "representative_dataset"


def fed_expressions(syntax: Syntax) -> list[ast.expr]:
    """The expressions through which data go before models are fed with them.

    Followed backwards from `fit`, `predict` and the like through assignments in the file; where
    an expression says nothing of arrays, it ends.
    """
    assigned = _assignments(syntax)
    found: dict[ast.expr, None] = {}
    seen: set[str] = set()
    pending = list(_starts(syntax))
    while pending:
        node = pending.pop()
        if node in found:
            continue
        found[node] = None
        if isinstance(node, ast.Name):
            if node.id not in seen:
                seen.add(node.id)
                pending += assigned.get(node.id, ())
        elif isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                pending.append(node.func.value)
            pending += node.args[:1]
        elif isinstance(node, ast.BinOp):
            pending += [node.left, node.right]
        elif isinstance(node, ast.Subscript):
            pending.append(node.value)
    return list(found)


def reshaped_to(syntax: Syntax, name: str) -> Iterator[list[ast.expr]]:
    """The dimensions that a variable is reshaped to where it is assigned."""
    for value in _assignments(syntax).get(name, ()):
        for node in ast.walk(value):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                if node.func.attr == "reshape" and not node.keywords:
                    displays = [a for a in node.args if isinstance(a, ast.Tuple | ast.List)]
                    yield displays[-1].elts if displays else node.args


def _starts(syntax: Syntax) -> Iterator[ast.expr]:
    for node in syntax.nodes():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in _FEEDERS:
                yield from node.args[:1]
                for keyword in node.keywords:
                    if keyword.arg == "x":
                        yield keyword.value
                    elif keyword.arg == "validation_data":
                        yield from getattr(keyword.value, "elts", ())[:1]
        elif isinstance(node, ast.Yield) and isinstance(node.value, ast.List):
            function = next(
                (f for f in syntax.around(node) if isinstance(f, ast.FunctionDef)), None
            )
            if function is not None and _calibrates(syntax, function.name):
                yield from node.value.elts[:1]


def _calibrates(syntax: Syntax, name: str) -> bool:
    """Whether a function is what a converter is calibrated with."""
    for load in syntax.loads(name):
        parent = syntax.parent(load)
        targets = parent.targets if isinstance(parent, ast.Assign) else []
        if any(isinstance(t, ast.Attribute) and t.attr == _CALIBRATION for t in targets):
            return True
    return False


def _assignments(syntax: Syntax) -> dict[str, list[ast.expr]]:
    """What each name is assigned, anywhere in the file."""
    found: dict[str, list[ast.expr]] = {}
    for node in syntax.nodes():
        if isinstance(node, ast.Assign):
            for target in node.targets:
                for name, value in _bound(target, node.value):
                    found.setdefault(name, []).append(value)
        elif isinstance(node, ast.AnnAssign) and node.value and isinstance(node.target, ast.Name):
            found.setdefault(node.target.id, []).append(node.value)
    return found


def _bound(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple | ast.List):
        if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts):
            for one, other in zip(target.elts, value.elts, strict=True):
                yield from _bound(one, other)
        elif isinstance(value, ast.Call) and _called(value) == _SPLIT:
            # Two parts of each argument, in their order.
            for i, one in enumerate(target.elts):
                if isinstance(one, ast.Name) and i // 2 < len(value.args):
                    yield one.id, value.args[i // 2]


def _called(call: ast.Call) -> str:
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
