"""What the converter made of a network, for people: tries, operators with their ways, ports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from tflint.printable import counted, printable
from tflint.report.convert_result import (
    BUILTIN,
    CUSTOM,
    SELECT,
    AttemptReport,
    Conversion,
    OperatorDiagnosis,
)
from tflint.report.style import Line, Span, line, wrap
from tflint.report.wording import MAX_MESSAGE, path_text

WIDTH = 100
INDENT = "            "
_ALLOWED = {
    BUILTIN: "builtin operators",
    SELECT: "TensorFlow's operators as well (select)",
    CUSTOM: "custom operators as well",
}
# The roles of what an operator needs: nothing, TensorFlow, someone to write it.
_ROLES = {BUILTIN: "warning", SELECT: "error", CUSTOM: "error"}
# An error of the converter can fill a screen; what it says of operators is told beside them.
_MAX_ERROR = 600
# Operators that are listed, and layers of a part that was rebuilt.
_SHOWN = 20
_CODE_INDENT = "    "
_MAX_CODE = WIDTH - len(_CODE_INDENT)
_SHOWN_LAYERS = 8


def render_conversion(conversion: Conversion) -> Iterator[Line]:
    """The lines below the name of what was converted."""
    yield from _wrapped(_origin(conversion), "  ", "dim")
    yield from _attempts(conversion.attempts, is_done=conversion.has_result)
    for part in conversion.rebuilt:
        yield from _wrapped(f"rebuilt: {_part(part.what, part.layers)}", "  ", "good")
    for change in conversion.interface_changes:
        yield from _wrapped(change, "  ", "warning")
    shown = conversion.operators[:_SHOWN]
    for operator, following in zip_longest(shown, shown[1:]):
        yield from _head(operator)
        # What holds for the next one as well is said once.
        if following is None or _advice(following) != _advice(operator):
            yield from _body(operator)
    if len(conversion.operators) > _SHOWN:
        more = counted(len(conversion.operators) - _SHOWN, "more operator")
        yield from _wrapped(f"and {more}: --format json lists them", "  ", "dim")
    if conversion.refusal:
        text = f"nothing was written: {printable(conversion.refusal, MAX_MESSAGE)}"
        yield from _wrapped(text, "  ", "error")


def _origin(conversion: Conversion) -> str:
    text = f"read by {printable(conversion.framework)}"
    if conversion.batch is None:
        return f"{text}, an open batch stays open"
    return f"{text}, an open batch is {conversion.batch:,}"


def _attempts(attempts: Sequence[AttemptReport], *, is_done: bool) -> Iterator[Line]:
    for attempt in attempts:
        allowed = _ALLOWED.get(attempt.allowed, printable(attempt.allowed))
        if attempt.error is None:
            role = "good" if is_done else "warning"
            yield from _wrapped(f"converts with {allowed}", "  ", role)
            continue
        error = printable(_shortened(attempt.error), _MAX_ERROR)
        yield from _wrapped(f"does not convert with {allowed}: {error}", "  ", "error")


def _shortened(error: str) -> str:
    """What the converter says, on one line, without what it would have one do about it."""
    return " ".join(error.split()).partition(" Please consider using ")[0]


def _part(what: str, layers: Sequence[str]) -> str:
    names = ", ".join(f"`{printable(name, 60)}`" for name in layers[:_SHOWN_LAYERS])
    more = f" and {len(layers) - _SHOWN_LAYERS:,} more" if len(layers) > _SHOWN_LAYERS else ""
    return f"{printable(what, MAX_MESSAGE)}" + (f" ({names}{more})" if names else "")


def _advice(operator: OperatorDiagnosis) -> tuple[str, str]:
    return operator.cost, operator.way


def _head(operator: OperatorDiagnosis) -> Iterator[Line]:
    where = operator_place(operator)
    name = printable(operator.name, 60)
    times = f" ({operator.count:,} times)" if operator.count > 1 else ""
    head = f"{name}{times}  {where}".rstrip()
    first, *rest = wrap(head, WIDTH, INDENT)
    role = _ROLES.get(operator.support, "error")
    yield line("  ", Span(f"{printable(operator.support, 8):<10}", role), first[len(INDENT) :])
    for text in rest:
        yield line(text)


def _body(operator: OperatorDiagnosis) -> Iterator[Line]:
    if operator.cost:
        yield from _wrapped(f"costs: {printable(operator.cost, MAX_MESSAGE)}", INDENT)
    if operator.way:
        yield from _lines(f"instead: {operator.way}", INDENT)


def operator_place(operator: OperatorDiagnosis) -> str:
    """``layer `lstm` (LSTM), model.py:12``; nothing where it is not known."""
    parts = []
    if operator.layer is not None:
        kind = f" ({printable(operator.layer_class, 60)})" if operator.layer_class else ""
        parts.append(f"layer `{printable(operator.layer)}`{kind}")
    elif operator.layer_class is not None:
        parts.append(printable(operator.layer_class, 60))
    if operator.path is not None:
        number = "" if operator.line is None else f":{operator.line}"
        parts.append(f"{path_text(operator.path)}{number}")
    return ", ".join(parts)


def _lines(text: str, indent: str) -> Iterator[Line]:
    """A sentence, and below it lines of code, which stay as they are: they are there to copy."""
    first, *code = text.splitlines()
    yield from _wrapped(printable(first, MAX_MESSAGE), indent, "dim")
    for part in code:
        yield line(Span(f"{_CODE_INDENT}{printable(part, _MAX_CODE)}", "dim"))


def _wrapped(text: str, indent: str, role: str = "") -> Iterator[Line]:
    for part in wrap(text, WIDTH, indent):
        yield line(Span(part, role))
