"""Operators that run subgraphs, and resource variables.

Source: if.cc, while.cc, call_once.cc, var_handle.cc, read_variable.cc and assign_variable.cc
in tensorflow/lite/micro/kernels; tensorflow/lite/micro/micro_resource_variable.cc.
"""

from __future__ import annotations

from tflint.memory.abi import Struct
from tflint.memory.kernels.plain import look_at, plain
from tflint.memory.requests import Kernel, Requests
from tflint.memory.resource_variables import variable_of

# Two subgraphs.
IF_DATA = Struct("i32*2")
WHILE_DATA = Struct("i32*2")
# A subgraph, and whether it has been run.
CALL_ONCE_DATA = Struct("i32", "bool")
# The number of the variable.
VAR_HANDLE_DATA = Struct("i32")
_ASSIGN_DATA_COMPRESSION = Struct("i32")


def assign_variable(ask: Requests) -> None:
    """ASSIGN_VARIABLE: the first to prepare allocates the variable.

    One that gets its handle from outside its subgraph leaves that to others.
    """
    if ask.build.is_wheel:
        ask.init(_ASSIGN_DATA_COMPRESSION)
    handle, value = ask.input(0), ask.input(1)
    look_at(ask, (1,))
    variable = variable_of(handle)
    if variable is not None and value is not None:
        ask.resource(variable, value.bytes)


REFERENCE: dict[str, Kernel] = {
    "IF": plain((0,), (), IF_DATA),
    "WHILE": plain((), (), WHILE_DATA),
    "CALL_ONCE": plain((), (), CALL_ONCE_DATA),
    "VAR_HANDLE": plain((), (), VAR_HANDLE_DATA),
    "READ_VARIABLE": plain((0,)),
    "ASSIGN_VARIABLE": assign_variable,
}
