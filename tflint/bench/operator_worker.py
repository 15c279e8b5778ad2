"""The process that times operators: each alone, in models cut out of the network.

It answers with a frame `begun` before each operator, so that whoever waits knows which one took it
down, and one with what came of it. Frames with `whole_ns` have runs of the whole network, taken in
between: what disturbs the one disturbs the other.
"""

from __future__ import annotations

import contextlib
import gc
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from tflint.bench import session
from tflint.bench.cores import keep_to
from tflint.bench.operator_models import Network, NotCut
from tflint.bench.options import Kernels
from tflint.bench.stopwatch import Invocable, bare
from tflint.bench.upheaval import interruptions
from tflint.errors import UnwritableModel
from tflint.execution.frames import Array, Json
from tflint.execution.worker import take_log
from tflint.model.builder import ModelBuilder
from tflint.model.reader import parse_model
from tflint.model.tables import Model
from tflint.model.writer import write_model

Frame = tuple[Json, Sequence[Array]]

_DELEGATE, _WITHOUT_DELEGATE = Kernels.XNNPACK.value, Kernels.BUILTIN.value
_MS = 1_000_000
# How many copies the larger model has: the more, the less does what disturbs a run count, and the
# less are weights found in the nearest cache, where a network does not leave them. Networks of many
# operators have fewer, as most of the time goes into making models. Two do for operators that take
# longer, and where more would not stay in the caches that one stays in.
_COPIES, _COPIES_AMONG_MANY, _MANY = 9, 5, 100
_FEWER_NS = 50_000
_CACHE_BYTES = 1 << 20
# What takes so long is not measured better by a difference: calling the interpreter takes some
# microseconds.
_DIRECTLY_NS = 20 * _MS
_LEAST_ROUNDS = 3
# What all operators may take at least, in times of the whole network: few rounds of each.
_LEAST_PASSES = 10
# The part of the time that goes into running the whole network, and at a time: how often it is
# looked at the clock, after how long, and after how many runs at most.
_WHOLE_SHARE = 0.25
_WHOLE_TIMES, _WHOLE_NS, _MOST_RUNS = 8, 50_000, 50
# What one operator may take even where many are left.
_LEAST_SHARE_NS = 5 * _MS

# What is asked of models of our own, with the kernels, threads and so on of the network.
_ALONE: Json = {"subgraph": 0, "tensors": (), "resized": ()}
_REFUSALS = (RuntimeError, ValueError, TypeError, IndexError, KeyError, UnwritableModel)


def answer(request: Json, arrays: Sequence[Array]) -> Iterator[Frame]:
    """Time the operators that are asked for, in their order, until the time is over.

    The first array is the model, the others are values of its inputs. The request is the one that
    the whole model is timed by, with `operators`, and with the seconds for them in `budget`, which
    large networks may pass, and `most_seconds`.
    """
    keep_to(request["cores"])
    # Times of garbage collections are no operator's.
    gc.disable()
    data, inputs = arrays[0].tobytes(), arrays[1:]
    try:
        seen = _Seen(data, request, inputs)
        whole = _Whole(_ready(data, request, inputs))
        tiny = write_model(_next_to_nothing())
        call = _Whole(_ready(tiny, {**request, **_ALONE}, ()))
        network = Network(parse_model(data), request["subgraph"])
    except (MemoryError, *_REFUSALS) as error:
        yield {"refused": _said(error)}, ()
        return
    yield {"whole_ns": whole.measure(), "call_ns": call.measure()}, ()
    budget = max(request["budget"] * 1e9, _LEAST_PASSES * whole.ns)
    deadline = time.perf_counter_ns() + min(budget, request["most_seconds"] * 1e9)
    wanted = request["operators"]
    for place, operator in enumerate(wanted):
        left = deadline - time.perf_counter_ns()
        if left <= 0:
            break
        yield {"begun": operator}, ()
        share = max((1 - _WHOLE_SHARE) * left / (len(wanted) - place), _LEAST_SHARE_NS)
        yield {"operator": operator, **_told(network, operator, seen, request, share)}, ()
        if whole.has_time():
            yield {"whole_ns": whole.measure()}, ()


def _told(network: Network, operator: int, seen: _Seen, request: Json, share: float) -> Json:
    """What came of one operator."""
    take_log()
    try:
        try:
            return {"ns": _timed(network, operator, seen, request, share)}
        except _REFUSALS:
            if request["kernels"] != _DELEGATE:
                raise
            # The delegate takes some only among others.
            own = {**request, "kernels": _WITHOUT_DELEGATE}
            return {"ns": _timed(network, operator, seen, own, share), "is_own_kernel": True}
    except NotCut as error:
        return {"not_cut": str(error)}
    except (MemoryError, *_REFUSALS) as error:
        return {"refused": _said(error)}


def _said(error: BaseException) -> str:
    """What a runtime says, also beside its exception."""
    return "it has no memory left" if isinstance(error, MemoryError) else f"{error}\n{take_log()}"


class _Whole:
    """A network that runs every now and then."""

    def __init__(self, timed: Invocable) -> None:
        self._timed = timed
        self._begun = time.perf_counter_ns()
        self._spent = 0
        self.ns = float(bare(timed, 1))
        self.ns = min(self.measure())

    def has_time(self) -> bool:
        """Whether it has taken less than its share so far."""
        return self._spent < _WHOLE_SHARE * (time.perf_counter_ns() - self._begun)

    def measure(self) -> list[float]:
        """Nanoseconds of a run, a few times over."""
        begun = time.perf_counter_ns()
        self._timed.invoke()  # What ran before has emptied the caches.
        runs = min(max(int(_WHOLE_NS / max(self.ns, 1)), 1), _MOST_RUNS)

        def some() -> None:
            bare(self._timed, runs)

        times = _rounds((some,), begun + _LEAST_SHARE_NS, _WHOLE_TIMES)
        self._spent += time.perf_counter_ns() - begun
        return [float(ns) / runs for ns in times[:, 0]]


class _Seen:
    """Values that the tensors of a network have in one run, on kernels that hide none."""

    def __init__(self, data: bytes, request: Json, inputs: Sequence[Array]) -> None:
        if request["kernels"] == _DELEGATE:
            request = {**request, "kernels": _WITHOUT_DELEGATE}
        self._subgraph = request["subgraph"]
        self._loaded = session.interpreter(data, request, experimental_preserve_all_tensors=True)
        timed = session.lay_out(self._loaded, request)
        session.fill(timed, request, inputs)
        timed.invoke()

    def value(self, tensor: int) -> Array:
        """What a tensor holds. Raises `NotCut` for one without values."""
        try:
            found: Array = self._loaded.get_tensor(tensor, self._subgraph)
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


def _timed(network: Network, operator: int, seen: _Seen, request: Json, share: float) -> float:
    """The nanoseconds that one operator takes, measured for about `share` of them."""
    end = time.perf_counter_ns() + share
    shapes = seen.shapes(network.tensors(operator))

    def ready(copies: int, room: int) -> Callable[[], object]:
        cut = network.cut(operator, copies, room, shapes)
        values = [seen.value(tensor) for tensor in cut.inputs]
        alone = {**request, **_ALONE, "tensors": range(len(values))}
        return _ready(write_model(cut.model), alone, values).invoke

    room = _COPIES if len(request["operators"]) <= _MANY else _COPIES_AMONG_MANY
    if network.own_bytes(operator) * room > _CACHE_BYTES:
        room = 2
    one = ready(1, room)
    rough = _time(one)
    if rough > _DIRECTLY_NS:
        return float(_typical(_rounds((ready(1, 1),), end, request["runs"]))[0])
    if rough > _FEWER_NS and room > 2:
        room = 2
        one = ready(1, room)
    less, more = _typical(_rounds((one, ready(room, room)), end, request["runs"]))
    return float(more - less) / (room - 1)


def _typical(rounds: Array) -> Array:
    """What each takes, of (rounds, invokes): the lower quartile, as whatever disturbs a run makes
    it longer, and hits the longer ones more often.
    """
    found: Array = np.quantile(rounds, 0.25, axis=0)
    return found


def _rounds(invokes: Sequence[Callable[[], object]], end: float, most: int) -> Array:
    """The nanoseconds that each takes, (rounds, invokes): all in each round, in turns.

    Rounds in which the kernel took the core away are left out, unless there are no others.
    """
    rounds: list[list[int]] = []
    quiet: list[list[int]] = []
    while len(rounds) < _LEAST_ROUNDS or (len(rounds) < most and time.perf_counter_ns() < end):
        before = interruptions()
        rounds.append([_time(invoke) for invoke in invokes])
        if before == interruptions():
            quiet.append(rounds[-1])
    return np.array(quiet or rounds, np.int64)


def _time(invoke: Callable[[], object]) -> int:
    """Nanoseconds of a call."""
    start = time.perf_counter_ns()
    invoke()
    return time.perf_counter_ns() - start


def _ready(data: bytes, request: Json, inputs: Sequence[Array]) -> Invocable:
    """A model that has run once."""
    timed: Invocable = session.lay_out(session.interpreter(data, request), request)
    session.fill(timed, request, inputs)
    timed.invoke()
    return timed


def _next_to_nothing() -> Model:
    """A model of one operator that takes far less than calling the interpreter does."""
    model = ModelBuilder()
    model.output(model.fully_connected(model.input((1, 1)), units=1))
    return model.build()
