"""The code around a converter: where its settings are written, how it is called."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tflint.finding import Location
from tflint.fix.source.source_fix import Request
from tflint.keras.facts import Conversion
from tflint.keras.values import Setting
from tflint.source.edits import Edit, InsertBefore, Replace
from tflint.source.syntax import Syntax, place, syntax_of

OPERATORS = "target_spec.supported_ops"
TARGET_OPERATORS = "target_ops"


class ConverterCode:
    """What a finding about converters is about, and the code for it."""

    def __init__(self, request: Request) -> None:
        self.module = request.module
        self.syntax = syntax_of(request.module)
        self._at = place(request.finding.location)
        self._conversions = request.keras.conversions

    @property
    def conversions(self) -> list[Conversion]:
        """The conversions whose settings, or which themselves, stand where the finding is."""
        return [one for one in self._conversions if self._at in _places(one)]

    def writes(self, *names: str) -> Iterator[tuple[ast.stmt, ast.expr | None, Location]]:
        """The statements that write a setting, with the literal behind each and its place."""
        seen: set[object] = set()
        for conversion in self.conversions:
            for name in names:
                setting = conversion.settings.get(name)
                for location, origin in () if setting is None else _written(setting):
                    statement = self.statement_at(location)
                    if statement is None or place(location) in seen:
                        continue
                    seen.add(place(location))
                    literal = self.syntax.expression(origin)
                    yield statement, literal, self.syntax.locate(statement)

    def statement_at(self, location: Location) -> ast.stmt | None:
        """The statement that stands at a place, or that what stands there is in."""
        statement = self.syntax.statement_at(location)
        if statement is not None:
            return statement
        node = self.syntax.expression(location)
        return None if node is None else self.syntax.statement(node)

    def site(self, conversion: Conversion) -> ConvertSite | None:
        """How a conversion is called; None where that is no call of a method."""
        call = self.syntax.expression(conversion.location)
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            return None
        statement = self.syntax.statement(call)
        constructor = self.syntax.expression(conversion.constructor_location)
        if statement is None or not isinstance(constructor, ast.Call):
            return None
        return ConvertSite(self.syntax, call.func, statement, constructor)


@dataclass(frozen=True, slots=True)
class ConvertSite:
    """A `.convert()`, the statement that it is in, and the call that made its converter."""

    syntax: Syntax
    method: ast.Attribute
    statement: ast.stmt
    constructor: ast.Call

    @property
    def tensorflow(self) -> str | None:
        """What TensorFlow is called here: `tf`; None where it has no name."""
        return next(_names_of(self.syntax, "tensorflow"), None)

    @property
    def lite(self) -> str | None:
        """What TensorFlow's `lite` is called here: `tf.lite`; None where it has no name."""
        root = self.tensorflow
        if root is not None:
            return f"{root}.lite"
        parts = self.syntax.text(self.constructor.func).split(".")
        if "TFLiteConverter" in parts[1:]:
            return ".".join(parts[: parts.index("TFLiteConverter")])
        return next(_names_of(self.syntax, "tensorflow.lite"), None)

    def insertion(self, lines: Sequence[str], name: str = "converter") -> list[Edit]:
        """Statements in front of the conversion, with `{converter}` for the converter.

        A converter that is made and used in one expression gets a name first.
        """
        made = self.method.value
        edits: list[Edit] = []
        text = self.syntax.text(made)
        if isinstance(made, ast.Name | ast.Attribute):
            name = text
        else:
            while name in self.syntax.names:
                name += "_"
            first = next((i for i, line in enumerate(lines) if "{converter}" in line), 0)
            lines = [*lines[:first], f"{name} = {text}", *lines[first:]]
            edits.append(Replace(self.syntax.locate(made), name))
        source = "\n".join(lines).replace("{converter}", name)
        edits.append(InsertBefore(self.syntax.locate(self.statement), source + "\n"))
        return edits


def last_name(node: ast.expr) -> str:
    """The last part of a dotted name; empty for anything else."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def elements(node: ast.expr | None) -> list[ast.expr] | None:
    """The elements of a display; None for anything else."""
    return node.elts if isinstance(node, ast.List | ast.Tuple | ast.Set) else None


def is_plain_assignment(statement: ast.stmt) -> bool:
    """Whether a statement does nothing but set one attribute."""
    return isinstance(statement, ast.Assign) and len(statement.targets) == 1


def _written(setting: Setting) -> Iterator[tuple[Location, Location | None]]:
    """The assignments of a setting with the literals behind them."""
    origins = setting.origins or (None,) * len(setting.locations)
    yield from zip(setting.locations, origins, strict=False)


def _places(conversion: Conversion) -> set[object]:
    found: set[object] = {place(conversion.location), place(conversion.constructor_location)}
    for setting in conversion.settings.values():
        found |= {place(at) for at in (*setting.locations, *setting.origins) if at is not None}
    for argument in conversion.arguments.values():
        found |= {place(at) for at in (argument.location, argument.origin) if at is not None}
    return found


def _names_of(syntax: Syntax, module: str) -> Iterator[str]:
    """The names that the file imports a module by."""
    for node in syntax.nodes():
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name == module:
                    yield alias.asname or alias.name
        elif isinstance(node, ast.ImportFrom) and not node.level:
            for alias in node.names:
                if f"{node.module}.{alias.name}" == module:
                    yield alias.asname or alias.name
