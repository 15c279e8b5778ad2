"""Networks from tensors: what lies between inputs and outputs, and models used inside others."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from tflint.finding import Location
from tflint.keras.building import apply, outputs
from tflint.keras.network import Call, Network, Shape, Tensor
from tflint.keras.values import Evidence, Unknown
from tflint.source.machine import Machine


def make_network(
    machine: Machine,
    kind: str,
    inputs: Sequence[Tensor],
    ends: Sequence[Tensor],
    location: Location,
    *,
    name: str | None = None,
    is_complete: bool = True,
) -> Network:
    """The network of everything between inputs and outputs; noted."""
    calls, is_closed = calls_between(inputs, ends)
    seen: set[int] = set()
    fixed: list[Call] = []
    for call in calls:
        source = machine.recorder.counted.get(id(call.layer))
        # Shared layers count once in each network, wherever they were called first.
        if id(call.layer) not in seen and call.variables == () and source is not None:
            call = dataclasses.replace(call, weights=source.weights, variables=source.variables)
        seen.add(id(call.layer))
        fixed.append(call)
    network = Network(
        kind,
        tuple(inputs),
        tuple(ends),
        tuple(fixed),
        is_complete=is_complete
        and is_closed
        and bool(ends)
        and all(call.evidence is not Evidence.POSSIBLE for call in calls)
        and not any(
            call.layer.has_unknown_arguments or call.layer.path.startswith("keras.applications")
            for call in calls
        ),
        name=name,
        location=location,
        evidence=machine.evidence,
    )
    if not machine.recorder.is_silent:
        machine.recorder.networks.append(network)
    return network


def calls_between(inputs: Sequence[Tensor], ends: Sequence[Tensor]) -> tuple[list[Call], bool]:
    """The calls behind the outputs, in an order in which they can run.

    Also whether all of them lead back to the inputs, without undecided branches.
    """
    stop = {id(tensor) for tensor in inputs}
    done: set[int] = set()
    calls: list[Call] = []
    is_closed = True
    # A tensor is pushed, then once more behind what it needs.
    pending: list[tuple[Tensor, bool]] = [(tensor, False) for tensor in reversed(ends)]
    while pending:
        tensor, is_ready = pending.pop()
        call = tensor.producer
        if is_ready:
            if call is not None and id(call) not in done:
                done.add(id(call))
                calls.append(call)
            continue
        if id(tensor) in stop:
            continue
        if tensor.alternatives:
            is_closed = False
            pending += [(each, False) for each in reversed(tensor.alternatives)]
            stop.add(id(tensor))
            continue
        if call is None:
            is_closed &= tensor.is_input
            continue
        if id(call) not in done:
            stop.add(id(tensor))
            pending.append((tensor, True))
            pending += [(each, False) for each in reversed(call.inputs)]
    return calls, is_closed


def inline(
    machine: Machine, network: Network, given: Sequence[Tensor], location: Location
) -> list[Tensor]:
    """A model called on tensors: its calls once more, on these."""
    recorder = machine.recorder
    known: dict[int, Tensor] = {
        id(inner): outer for inner, outer in zip(network.inputs, given, strict=False)
    }
    is_first = id(network) not in recorder.inlined
    recorder.inlined[id(network)] = network
    produced: dict[tuple[int, int], Tensor] = {}
    machine.budget.charge(len(network.calls))
    called: set[int] = set()
    for call in network.calls:
        tensors = [_outer(tensor, known, produced) for tensor in call.inputs]
        again = apply(
            call.layer,
            tensors,
            is_first=is_first and id(call.layer) not in called and call.variables != (),
            location=call.location,
            evidence=machine.evidence if call.evidence is Evidence.CERTAIN else call.evidence,
        )
        called.add(id(call.layer))
        if isinstance(again.weights, Unknown) and not isinstance(call.weights, Unknown):
            weights = call.weights if is_first else 0
            again = dataclasses.replace(
                again,
                weights=weights,
                variables=call.variables if is_first else (),
                output_shapes=again.output_shapes
                if _is_known(again)
                else _kept(call, again, tensors),
            )
        recorder.call(again)
        for index, tensor in enumerate(outputs(again)):
            produced[(id(call), index)] = tensor
    return [_outer(tensor, known, produced) for tensor in network.outputs]


def _is_known(call: Call) -> bool:
    return all(isinstance(shape, tuple) for shape in call.output_shapes)


def _kept(call: Call, again: Call, tensors: Sequence[Tensor]) -> tuple[Shape, ...]:
    return (
        call.output_shapes
        if [t.shape for t in call.inputs] == [t.shape for t in tensors]
        else (again.output_shapes)
    )


def _outer(
    tensor: Tensor,
    known: Mapping[int, Tensor],
    produced: Mapping[tuple[int, int], Tensor],
    deep: int = 0,
) -> Tensor:
    """The tensor outside that one of the model's own stands for."""
    if id(tensor) in known:
        return known[id(tensor)]
    if tensor.alternatives and deep < 40:
        alternatives = [_outer(each, known, produced, deep + 1) for each in tensor.alternatives]
        return dataclasses.replace(tensor, alternatives=tuple(alternatives))
    if tensor.producer is not None:
        return produced.get((id(tensor.producer), tensor.index), tensor)
    return tensor
