"""What a function gives when someone else calls it: representative data sets, Lambda layers."""

from __future__ import annotations

from tflint.keras.values import Function
from tflint.source.exposing import expose, function_value
from tflint.source.limits import MAX_RESULTS
from tflint.source.machine import Machine
from tflint.source.objects import (
    Arguments,
    FunctionThing,
    Items,
    Method,
    Operand,
    SequenceThing,
    options,
)
from tflint.source.store import OPAQUE, Thing


def results_of(machine: Machine, callee: FunctionThing | Method, first: Thing = OPAQUE) -> Function:
    """A function with what it returns or yields, called without arguments (or with unknown ones).

    The first one that it needs can be given. Whatever the call changes is taken back, and what
    it builds is not noted.
    """
    function = callee.function if isinstance(callee, Method) else callee
    value = function_value(machine, function)
    recorder = machine.recorder
    was_silent, recorder.is_silent = recorder.is_silent, True
    mark = machine.journal.mark()
    forks = machine.forks
    machine.forks += 1
    try:
        given = machine.call(callee, _arguments(callee, first), function.node)
    finally:
        machine.forks = forks
        results = None
    is_generator = value.is_generator
    if isinstance(given, SequenceThing) and (is_generator or given.kind == "iterator"):
        # What returns an iterator is as good as a generator.
        is_generator = True
        items = given.items
        if isinstance(items, Items):
            values = [*items.values, *([OPAQUE] if items.is_open and not items.values else [])]
            results = tuple(expose(machine, each) for each in values[:MAX_RESULTS])
    elif not is_generator:
        results = tuple(expose(machine, each) for each in options(given))
    machine.journal.take_back(mark)
    recorder.is_silent = was_silent
    return Function(value.name, value.location, is_generator, results)


def _arguments(callee: FunctionThing | Method, first: Thing) -> Arguments:
    function = callee.function if isinstance(callee, Method) else callee
    arguments = function.node.args
    names = [*arguments.posonlyargs, *arguments.args][isinstance(callee, Method) :]
    needed = [each for each in names if each.arg not in function.defaults]
    unknown = (Operand(OPAQUE, None) for _ in needed[1:])
    return Arguments((Operand(first, None), *unknown) if needed else ())
