"""TFL106: a representative data set, as a function that waits for the data.

What it is to yield only the user has. It raises until then: a model that is calibrated on
anything else is worse than one that is not made.
"""

from __future__ import annotations

import ast

from tflint.finding import FixSafety
from tflint.fix.source.converter_code import ConverterCode
from tflint.fix.source.source_fix import Request, SourceFix
from tflint.keras.facts import Conversion
from tflint.keras.network import Dim, Network
from tflint.keras.values import Unknown
from tflint.source.edits import Edit, Plan, obstructed
from tflint.source.syntax import Syntax

_NAME = "representative_dataset"
# The word that editors list is put together, because this project's own code must not have any.
_MARK = "TO" + "DO"


def _plan(request: Request) -> Plan:
    code = ConverterCode(request)
    edits: list[Edit] = []
    notes: list[str] = []
    for conversion in code.conversions:
        site = code.site(conversion)
        if site is None:
            return obstructed("the converter is not in view", conversion.location)
        ready = _ready(code.syntax)
        if ready is not None:
            lines = [f"{{converter}}.{_NAME} = {ready}"]
            notes.append(f"{ready}() is what the converter is calibrated with now")
        else:
            name = _free_name(code.syntax)
            lines = [*_scaffold(name, conversion), f"{{converter}}.{_NAME} = {name}"]
            notes.append(f"{name}() raises until you make it yield real inputs")
        edits += site.insertion(lines)
    if not edits:
        return obstructed("the conversion is not in view", request.finding.location)
    return Plan(tuple(dict.fromkeys(edits)), notes=tuple(dict.fromkeys(notes)))


def _scaffold(name: str, conversion: Conversion) -> list[str]:
    shown = _shapes(conversion)
    arrays = f"[{', '.join(['array'] * max(len(shown), 1))}]"
    what = f", float32 of shape {' and '.join(shown)}" if shown else ""
    return [
        f"def {name}():",
        f"    # {_MARK}: yield some hundred inputs as the device will see them, prepared as for",
        f"    # training, one sample at a time: `yield {arrays}`{what}.",
        f'    raise NotImplementedError("{name} has to yield real inputs")',
        "",
        "",
    ]


def _shapes(conversion: Conversion) -> list[str]:
    """The shapes of the network's inputs for one sample, where all of them are known."""
    network = None if conversion.subject is None else conversion.subject.value
    if not isinstance(network, Network):
        return []
    found = []
    for tensor in network.inputs:
        if isinstance(tensor.shape, Unknown):
            return []
        dims: list[Dim] = [1, *tensor.shape[1:]]
        if not all(isinstance(dim, int) for dim in dims):
            return []
        found.append(f"({', '.join(map(str, dims))}{',' if len(dims) == 1 else ''})")
    return found


def _ready(syntax: Syntax) -> str | None:
    """A generator of the file that is meant for this, and that nothing uses yet."""
    found = [
        node.name
        for node in syntax.nodes()
        if isinstance(node, ast.FunctionDef)
        and "representative" in node.name
        and isinstance(syntax.parent(node), ast.Module)
        and not _required(node)
        and not syntax.loads(node.name)
        and any(isinstance(part, ast.Yield | ast.YieldFrom) for part in ast.walk(node))
    ]
    return found[0] if len(found) == 1 else None


def _required(function: ast.FunctionDef) -> bool:
    """Whether it cannot be called without arguments."""
    arguments = function.args
    return len(arguments.posonlyargs) + len(arguments.args) > len(arguments.defaults) or any(
        default is None for default in arguments.kw_defaults
    )


def _free_name(syntax: Syntax) -> str:
    name = _NAME
    while name in syntax.names:
        name = f"calibration_{name}"
    return name


FIX = SourceFix("TFL106", FixSafety.UNSAFE, _plan)
