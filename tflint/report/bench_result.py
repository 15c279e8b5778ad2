"""What `tflint bench` measured; every format is rendered from it.

Times are microseconds, sizes bytes, shares and accuracies parts of 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tflint.report.accuracy_result import Accuracy
from tflint.report.memory_result import MemoryReport
from tflint.report.reference_result import Reference

# The four applications of the reference models, as JSON names them.
APPLICATIONS = ("motion_sense", "music_classifier", "keyword_spotting", "car_sensor")
# The forms of networks; beside these `uint8`, from before int8, and None where nothing tells.
QUANTIZATIONS = ("float32", "float16", "dynamic", "int8", "int16x8")
# From this spread on (see `Noise`) figures of one run do not tell models apart that differ by it.
NOISY_SPREAD = 0.10
# The same for the part of the time that other programs had the core.
NOISY_WAITING = 0.05


@dataclass(frozen=True, slots=True)
class Latency:
    """Times of one inference. `init` is loading the model and laying out its tensors, `first` the
    first inference after that; neither is among the warm-up, nor the warm-up among the `runs`.
    `each` has the runs in order, or as many of them as were kept.
    """

    init: float
    first: float
    warmup_avg: float | None
    avg: float
    p50: float
    p95: float
    runs: int
    warmup_runs: int
    least: float
    most: float
    deviation: float
    each: tuple[float, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Noise:
    """How quiet the machine was. `spread` is the interquartile range of the runs by their median,
    `load` the number of processes that wanted a core before and after (one minute's average, None
    where the system does not say), `interruptions` how often the kernel took the core away,
    `waiting` the part of the time in which the only thread did not run, `outliers` how many runs
    took far longer than the others.
    """

    spread: float
    load_before: float | None = None
    load_after: float | None = None
    interruptions: int | None = None
    waiting: float | None = None
    outliers: int = 0

    @property
    def is_noisy(self) -> bool:
        """Whether the runs differ so much that small differences mean nothing."""
        return self.spread >= NOISY_SPREAD or (self.waiting or 0.0) >= NOISY_WAITING


@dataclass(frozen=True, slots=True)
class Machine:
    """What it was measured on. `runtime` is its name and version, `cpus` the cores that the
    process was kept to, None where the system cannot keep it. `notes` say what bears on the times
    of all models.
    """

    processor: str
    cores: int
    system: str
    runtime: str
    kernels: str
    threads: int
    cpus: tuple[int, ...] | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WeightsUse:
    """Constant tensors, shape constants included: elements and bytes, each tensor counted.

    Tensors may share their data, which the file has once: `stored_bytes`, None if not known.
    """

    count: int
    bytes: int
    stored_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class TensorRow:
    """A tensor of the model. `kind` is `constant` or `activation`; `is_input` and `is_output` tell
    those of the model or of a signature. `shape` has 1 for sizes left open, as runtimes take it.
    Constants that nothing uses are there as well: the file holds them.
    """

    subgraph: int
    index: int
    name: str
    shape: tuple[int, ...]
    dtype: str
    bytes: int
    kind: str
    is_input: bool = False
    is_output: bool = False
    is_variable: bool = False
    is_used: bool = True

    @property
    def is_dynamic(self) -> bool:
        """Whether the original's sheets list it: `dynamic_bytes` is the sum of these.

        They have the tensors between operators, and leave out the inputs and outputs of the
        model, which its caller holds.
        """
        return self.kind == "activation" and not (self.is_input or self.is_output)


@dataclass(frozen=True, slots=True)
class OperatorRow:
    """An operator, in the order in which it runs. `us_avg` is None where it was not measured,
    with the reason in `note`; `macs` are multiply-accumulates of one run.
    """

    subgraph: int
    index: int
    name: str
    us_avg: float | None
    macs: int
    weight_bytes: int
    input_bytes: int
    output_bytes: int
    output: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class OperatorTotal:
    """What the operators that were timed, each alone, add up to, and what the whole inference took
    in the same minute. `timed` of `operators` were; those within others are not counted.
    `call_us` is what an inference takes in which nothing is done, and no operator's.
    """

    us: float
    whole_us: float
    timed: int
    operators: int
    call_us: float = 0.0

    @property
    def ratio(self) -> float:
        """What the operators and the call add up to, by the whole. What runs alone is not fused
        with its neighbours (more than 1), and finds its inputs in the nearest cache (less than 1).
        """
        return (self.us + self.call_us) / self.whole_us if self.whole_us else 0.0


@dataclass(frozen=True, slots=True)
class RuntimeUse:
    """What a runtime for microcontrollers takes for the model, computed for `target`.

    `reason` says why it does not run there. `ram_bytes` is what a budget is held against: the
    smallest arena, interpreter and stack; `flash_bytes` the file and the runtime's code. `fits`
    says whether both are within the target's budget, None where it has none.
    """

    runtime: str
    target: str
    runnable: bool
    reason: str | None
    arena_bytes: int | None
    min_arena_bytes: int | None
    ram_bytes: int | None
    flash_bytes: int | None
    fits: bool | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """What could not be measured (`reading`, `latency`, `operators`, `accuracy`), and why."""

    part: str
    text: str


@dataclass(frozen=True)
class BenchedModel:
    """One row: a model and what was measured of it. Parts that could not be are None or empty,
    and `failures` says why. `memory` is the plan of its arena on the first runtime. `reference` is
    there for the models that come with tflint.
    """

    path: str
    file_bytes: int
    application: str | None = None
    quantization: str | None = None
    weights: WeightsUse | None = None
    tensors: tuple[TensorRow, ...] = ()
    operators: tuple[OperatorRow, ...] = ()
    macs: int | None = None
    latency: Latency | None = None
    noise: Noise | None = None
    accuracy: Accuracy | None = None
    runtimes: tuple[RuntimeUse, ...] = ()
    failures: tuple[Failure, ...] = ()
    notes: tuple[str, ...] = ()
    memory: MemoryReport | None = field(default=None, repr=False, compare=False)
    operator_total: OperatorTotal | None = None
    reference: Reference | None = None

    @property
    def dynamic_bytes(self) -> int | None:
        """The sum of the tensors between operators, as the original's sheets have it: as if none
        shared memory with another. None if unknown.
        """
        if self.weights is None:
            return None
        return sum(tensor.bytes for tensor in self.tensors if tensor.is_dynamic)

    @property
    def is_whole(self) -> bool:
        """Whether all that was asked for was measured."""
        return not self.failures


@dataclass(frozen=True)
class BenchReport:
    """All rows, in the order of the command line. `started` is a time as ISO 8601 has it, with
    its offset; `is_interrupted` tells that models were left out because the user stopped it,
    `asked` how many there were to measure.
    """

    models: tuple[BenchedModel, ...]
    machine: Machine
    started: str
    seconds: float = 0.0
    is_interrupted: bool = False
    asked: int = 0

    @property
    def fails(self) -> bool:
        """Whether something could not be measured."""
        return self.is_interrupted or not all(model.is_whole for model in self.models)


def shares(model: BenchedModel) -> tuple[float | None, ...]:
    """The part of the operators' time that each row has; None for those without a time."""
    # Python 3.12 adds floats otherwise than those before it: reports are the same on all.
    total = math.fsum(row.us_avg or 0.0 for row in model.operators)
    return tuple(
        row.us_avg / total if row.us_avg is not None and total else None for row in model.operators
    )


def smallest(models: Sequence[BenchedModel]) -> frozenset[int]:
    """The places of the models with the fewest bytes; none where there is nothing to choose."""
    return _best([model.file_bytes if model.weights else None for model in models], min)


def fastest(models: Sequence[BenchedModel]) -> frozenset[int]:
    """The places of the models with the least average latency."""
    return _best([model.latency.avg if model.latency else None for model in models], min)


def most_accurate(models: Sequence[BenchedModel]) -> frozenset[int]:
    """The places of the models that decide right most often."""
    return _best([model.accuracy.value if model.accuracy else None for model in models], max)


def _best(figures: Sequence[float | None], choose: Callable[..., float]) -> frozenset[int]:
    known = [figure for figure in figures if figure is not None]
    if len(known) < 2:
        return frozenset()
    best = choose(known)
    return frozenset(place for place, figure in enumerate(figures) if figure == best)
