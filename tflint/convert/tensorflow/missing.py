"""What a conversion says about operators that are no builtins, and whose they are."""

from __future__ import annotations

import dataclasses
import re
import traceback
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from tflint.convert.layer_names import layer_of
from tflint.convert.request import Fault, Needed, Place, Support
from tflint.convert.tensorflow.construction import is_own, is_users
from tflint.convert.tensorflow.scopes import canonical
from tflint.model.flex import flex_operator, is_flex
from tflint.model.graph import Node, graphs
from tflint.model.reader import parse_model

# What stands for an operator where the converter names none.
CONVERTER = "conversion"
_LISTS = "TensorList"
# The handle of a table of words, which the converter does not take along.
HANDLE = "Placeholder"
_MAX_REASON = 600
_LONG = 160
_OPERATOR = re.compile(r"'(tfl?)\.([A-Za-z0-9_]+)' op")
_FORM = re.compile(r'see current operation: [^\n]*?"tf\.\w+"\([^\n)]*\) ?([^\n]+)')
_LISTED = re.compile(r"(TF Select|Custom) ops: ([\w, ]+)")
# What Keras and autograph write around what was raised.
_AROUND = re.compile(r"Exception encountered when calling|in user code:|File \"|\s*$")
_FRAME = re.compile(r'File "([^"\n]+)", line (\d{1,9}), in ')
_RAISED = re.compile(r"\s*(?:[\w.]+(?:Error|Exception|Exit|Interrupt)): (.*\S.*)")


def from_model(
    data: bytes,
    known: Mapping[str, Place],
    scopes: Mapping[str, str],
    before: Sequence[Needed | Fault],
) -> tuple[Needed, ...]:
    """The operators of a model that are no builtins.

    `before` is what the attempt before named, whose places are known better.
    """
    places: defaultdict[str, list[Place]] = defaultdict(list)
    lists: list[Place] = []
    for each in before:
        if isinstance(each, Needed):
            places[each.name] += [each.place] * each.count
        elif each.operator.startswith(_LISTS) and each.place not in lists:
            lists.append(each.place)
    found = []
    for graph in graphs(parse_model(data)):
        for node in graph.nodes:
            if node.code.is_custom:
                one = _of_node(node, known, scopes)
                if places[one.name]:
                    one = dataclasses.replace(one, place=places[one.name].pop(0))
                elif one.place == Place() and one.name.startswith(_LISTS) and len(lists) == 1:
                    # Functions of Keras 2 have scopes of their own.
                    one = dataclasses.replace(one, place=lists[0])
                found.append(one)
    return _counted(found)


def from_errors(
    error: Exception, known: Mapping[str, Place], scopes: Mapping[str, str]
) -> tuple[tuple[Needed, ...], tuple[Fault, ...]]:
    """The operators that the converter named as missing, and what else stopped it."""
    needed, faults = [], []
    for said in getattr(error, "errors", ()):
        message = str(said.error_message)
        name = str(said.operator.name) or _operator(message)
        place = _place(said.location.call, known, scopes)
        support = _support(said)
        if support is not None and name.startswith("tf."):
            needed.append(Needed(name[3:], support, place, detail=_form(message)))
        elif name != "func.func":
            faults.append(Fault(name.removeprefix("tf."), place, _first_line(message)))
    if not needed and not faults:
        needed = [
            Needed(name.strip(), Support.SELECT if kind == "TF Select" else Support.CUSTOM)
            for kind, names in _LISTED.findall(str(error))
            for name in names.split(",")
            if name.strip()
        ]
    if not needed and not faults:
        faults = [Fault(CONVERTER, detail=reason(error))]
    return _counted(needed), tuple(dict.fromkeys(faults))


def reason(error: BaseException) -> str:
    """Why it failed, in one line: what the network's own code or the converter said first."""
    errors = getattr(error, "errors", ())
    lacking = [str(said.operator.name)[3:] for said in errors if _support(said) is not None]
    lacking = [name for name in lacking if name != HANDLE] or lacking
    if lacking:
        return f"no builtin operators for {', '.join(dict.fromkeys(lacking))}"[:_MAX_REASON]
    if any(_LISTS.lower() in str(said.operator.name).lower() for said in errors):
        return "the steps of a recurrent layer or loop stay in lists (TensorListReserve...)"
    for said in errors:
        if line := _first_line(str(said.error_message)):
            return _first_sentence(line)
    text = str(error)
    raised = [found[1] for line in text.splitlines() if (found := _RAISED.match(line))]
    line = raised[-1].strip()[:_MAX_REASON] if "in user code:" in text and raised else ""
    line = _first_sentence(line or _first_line(text))
    kind = type(error).__name__
    return line if kind == "ConverterError" and line else f"{kind}: {line}" if line else kind


def raised(error: BaseException) -> Fault:
    """The layer whose code raised, and the innermost line of the user's on the way there."""
    layer, path, line = None, None, None
    for frame, at in traceback.walk_tb(error.__traceback__):
        code = frame.f_code
        if is_users(code.co_filename):
            path, line = code.co_filename, at
        first = frame.f_locals.get(code.co_varnames[0]) if code.co_argcount else None
        if _is_layer(first):
            layer = first
    if path is None:  # autograph writes the frames into the message
        users = [found for found in _FRAME.findall(str(error)) if is_users(found[0])]
        path, line = (users[-1][0], int(users[-1][1])) if users else (None, None)
    if layer is None:
        return Fault("", Place(path=path, line=line), reason(error))
    return Fault("", Place(str(layer.name), type(layer).__name__, path, line), reason(error))


def _is_layer(value: Any) -> bool:
    try:
        return callable(value.call) and isinstance(value.name, str)
    except Exception:  # whatever objects of the user's do when they are asked
        return False


def _of_node(node: Node, known: Mapping[str, Place], scopes: Mapping[str, str]) -> Needed:
    if is_flex(node):
        flex = flex_operator(node)
        name, support, title = flex.name, Support.SELECT, flex.node_name
    else:
        name, support, title = node.code.custom_code or "", Support.CUSTOM, ""
    if not title and node.outputs:
        title = node.outputs[0].name
    return Needed(name, support, layer_of(canonical(title, scopes), known))


def _place(calls: Sequence[Any], known: Mapping[str, Place], scopes: Mapping[str, str]) -> Place:
    """The layer and line that a location leads to.

    It is a chain of nodes, from the operator outwards through the functions it is in; behind each
    node follow the lines that lead to it, the outermost first.
    """
    place, path, line = Place(), None, None
    is_first = True
    for call in calls:
        name = str(call.name).partition("@")[0]
        if name:
            is_first = place == Place() or path is None
            if place == Place():
                place = layer_of(canonical(name, scopes), known)
        source = str(call.source.filename)
        if is_own(source):
            # What comes before led to tflint, not from there to the layer.
            path, line = (None, None) if is_first else (path, line)
        elif is_first and is_users(source):
            path, line = source, int(call.source.line)
    return place if path is None else dataclasses.replace(place, path=path, line=line)


def _support(said: Any) -> Support | None:
    if said.error_code == said.ERROR_NEEDS_FLEX_OPS:
        return Support.SELECT
    return Support.CUSTOM if said.error_code == said.ERROR_NEEDS_CUSTOM_OPS else None


def _counted(found: Sequence[Needed]) -> tuple[Needed, ...]:
    """One entry an operator and place."""
    counts: dict[tuple[str, Support, Place], Needed] = {}
    for each in found:
        key = (each.name, each.support, each.place)
        before = counts.get(key)
        counts[key] = (
            each if before is None else dataclasses.replace(before, count=before.count + 1)
        )
    return tuple(counts.values())


def _operator(message: str) -> str:
    found = _OPERATOR.search(message)
    return f"{found[1]}.{found[2]}" if found else ""


def _form(message: str) -> str:
    """An operator's attributes and types: `{data_format = "NCHW"} : (tensor<...>) -> ...`."""
    found = _FORM.search(message)
    return found[1][:_MAX_REASON] if found else ""


def _first_sentence(line: str) -> str:
    """The first sentence of a long line: what follows is advice on another way of running it."""
    if len(line) <= _LONG:
        return line
    end = line.find(". ")
    return line[: end + 1] if end > 0 else line


def _first_line(text: str) -> str:
    for line in text.splitlines():
        if not _AROUND.match(line):
            return line.strip()[:_MAX_REASON]
    return ""
