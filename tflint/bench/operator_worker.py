"""The process that times operators: each alone, in models cut out of the network.

It answers with a frame `begun` before each operator, so that whoever waits knows which one took it
down, and one with what came of it. Frames with `whole_ns` have runs of the whole network, taken in
between: what disturbs the one disturbs the other.
"""

from __future__ import annotations

import contextlib
import gc
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from tflint.bench.operator_models import Network, NotCut
from tflint.errors import UnwritableModel
from tflint.execution.frames import Array, Json
from tflint.execution.worker import take_log
from tflint.model.reader import parse_model
from tflint.model.writer import write_model

Frame = tuple[Json, Sequence[Array]]

_KERNELS = {
    "xnnpack": "AUTO",
    "builtin": "BUILTIN_WITHOUT_DEFAULT_DELEGATES",
    "reference": "BUILTIN_REF",
}
# The kernels that run where no delegate hides the values of activations.
_PLAIN = {**_KERNELS, "xnnpack": _KERNELS["builtin"]}

_MS = 1_000_000
# An operator that takes so long is not measured better by what differs between models with more
# and with fewer of it: calling the interpreter takes some microseconds.
_LONG_NS = 5 * _MS
# How much longer the model with more copies should take, and how many more there may be.
_LEVER_NS = 60_000
_MOST_COPIES = 8
# Weights and outputs of more copies would not stay in the caches that those of one stay in.
_CACHE_BYTES = 1 << 20
_LEAST_ROUNDS = 3
# What all operators may take at least, in times of the whole network: few rounds of each.
_LEAST_PASSES = 10
# The part of the time that goes into running the whole network.
_WHOLE_SHARE = 0.25
_WHOLE_RUNS = 5
# What one operator may take even where many are left.
_LEAST_SHARE_NS = 5 * _MS

_REFUSALS = (RuntimeError, ValueError, TypeError, IndexError, KeyError, UnwritableModel)


def answer(request: Json, arrays: Sequence[Array]) -> Iterator[Frame]:
    """Time the operators that are asked for, in their order, until the time is over.

    The first array is the model, whose first subgraph is run; the others are values of its inputs,
    without an axis of samples, for the tensors that the request names.
    """
    data = arrays[0].tobytes()
    values = dict(zip(request["inputs"], arrays[1:], strict=True))
    kernels, threads = _KERNELS[request["kernels"]], request["threads"]
    # Times of garbage collections are no operator's.
    gc.disable()
    try:
        seen = _Seen(data, values, request)
        whole = _Whole(_loaded(data, values, kernels, threads).invoke)
        network = Network(parse_model(data), 0)
    except (MemoryError, *_REFUSALS) as error:
        yield {"refused": _said(error)}, ()
        return
    yield {"whole_ns": whole.runs()}, ()
    budget = max(request["seconds"] * 1e9, _LEAST_PASSES * whole.ns)
    deadline = time.perf_counter_ns() + min(budget, request["most_seconds"] * 1e9)
    wanted = request["operators"]
    for place, operator in enumerate(wanted):
        left = deadline - time.perf_counter_ns()
        if left <= 0:
            break
        yield {"begun": operator}, ()
        share = max((1 - _WHOLE_SHARE) * left / (len(wanted) - place), _LEAST_SHARE_NS)
        yield {"operator": operator, **_told(network, operator, seen, request, share)}, ()
        yield {"whole_ns": whole.in_between()}, ()


def _told(network: Network, operator: int, seen: _Seen, request: Json, share: float) -> Json:
    """What came of one operator."""
    take_log()
    try:
        return _timed(network, operator, seen, request, share)
    except NotCut as error:
        return {"not_cut": str(error)}
    except (MemoryError, *_REFUSALS) as error:
        return {"refused": _said(error)}


def _said(error: BaseException) -> str:
    """What a runtime says, also beside its exception."""
    return "it has no memory left" if isinstance(error, MemoryError) else f"{error}\n{take_log()}"


class _Whole:
    """The whole network, run in between."""

    def __init__(self, invoke: Callable[[], None]) -> None:
        self._invoke = invoke
        self._begun = time.perf_counter_ns()
        self._spent = 0
        self.ns = 0

    def runs(self) -> list[int]:
        """The times of some runs; what the first one finds in the caches is not its own."""
        begun = time.perf_counter_ns()
        self._invoke()
        times = []
        for _ in range(_WHOLE_RUNS):
            start = time.perf_counter_ns()
            self._invoke()
            times.append(time.perf_counter_ns() - start)
        self.ns = sorted(times)[len(times) // 2]
        self._spent += time.perf_counter_ns() - begun
        return times

    def in_between(self) -> list[int]:
        """The times of some runs, as long as they take no more than their share."""
        elapsed = time.perf_counter_ns() - self._begun
        return self.runs() if self._spent < _WHOLE_SHARE * elapsed else []


class _Seen:
    """Values that the tensors of a network have in one run, on kernels that hide none."""

    def __init__(self, data: bytes, values: Mapping[int, Array], request: Json) -> None:
        kernels = _PLAIN[request["kernels"]]
        self._interpreter = _loaded(data, values, kernels, request["threads"], keep=True)
        self._interpreter.invoke()

    def value(self, tensor: int) -> Array:
        """What a tensor holds. Raises `NotCut` for one without values."""
        try:
            found: Array = self._interpreter.get_tensor(tensor)
        except ValueError as error:
            raise NotCut("what it reads is nothing that can be handed over") from error
        return found

    def shapes(self, tensors: Iterable[int]) -> dict[int, tuple[int, ...]]:
        """The shapes of those that have values."""
        found = {}
        for tensor in tensors:
            with contextlib.suppress(NotCut):
                found[tensor] = self.value(tensor).shape
        return found


def _timed(network: Network, operator: int, seen: _Seen, request: Json, share: float) -> Json:
    """What one operator takes, measured for about `share` nanoseconds."""
    end = time.perf_counter_ns() + share
    shapes = seen.shapes(network.tensors(operator))

    def ready(copies: int) -> Callable[[], None]:
        cut = network.cut(operator, copies, shapes)
        values = [seen.value(tensor) for tensor in cut.inputs]
        kernels = _KERNELS[request["kernels"]]
        found = _loaded(
            write_model(cut.model), dict(enumerate(values)), kernels, request["threads"]
        )
        found.invoke()
        invoke: Callable[[], None] = found.invoke
        return invoke

    one = ready(1)
    rough = float(np.median(_rounds((one,), 0, _LEAST_ROUNDS)))
    if rough >= _LONG_NS:
        return _figure(_rounds((one,), end, request["runs"])[:, 0], 1)
    more = min(math.ceil(_LEVER_NS / max(rough, 1)), _MOST_COPIES)
    more = min(more, max(_CACHE_BYTES // max(network.own_bytes(operator), 1), 1))
    times = _rounds((one, ready(1 + more)), end, request["runs"])
    return _figure((times[:, 1] - times[:, 0]) / more, 1 + more)


def _figure(times: Array, copies: int) -> Json:
    """The median, half the width of its interval of 95 %, and what it is from.

    Source of the width: McGill, Tukey, Larsen: Variations of Box Plots (1978).
    """
    low, middle, high = (float(np.quantile(times, share)) for share in (0.25, 0.5, 0.75))
    error = 1.57 * (high - low) / math.sqrt(len(times))
    return {"ns": middle, "error_ns": error, "rounds": len(times), "copies": copies}


def _rounds(invokes: Sequence[Callable[[], None]], end: float, most: int) -> Array:
    """The nanoseconds that each takes, (rounds, invokes): all in each round, in turns."""
    clock = time.perf_counter_ns
    rounds: list[list[int]] = []
    while len(rounds) < _LEAST_ROUNDS or (len(rounds) < most and clock() < end):
        times = []
        for invoke in invokes:
            start = clock()
            invoke()
            times.append(clock() - start)
        rounds.append(times)
    return np.array(rounds, np.int64)


def _loaded(
    data: bytes, values: Mapping[int, Array], kernels: str, threads: int, *, keep: bool = False
) -> Any:
    """An interpreter whose inputs have these values, by the number of the tensor."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        model_content=data,
        num_threads=threads,
        experimental_preserve_all_tensors=keep,
        experimental_op_resolver_type=getattr(OpResolverType, kernels),
    )
    for tensor, value in values.items():
        if value.ndim:
            interpreter.resize_tensor_input(tensor, value.shape)
    interpreter.allocate_tensors()
    for tensor, value in values.items():
        interpreter.set_tensor(tensor, value)
    return interpreter
