"""Running samples through a model, in as many workers as they take."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from tflint.bench.datasets import LabelledData
from tflint.bench.fitting import Fit, values_of
from tflint.bench.options import BenchOptions
from tflint.bench.refusals import failure_of, refusal_of
from tflint.bench.session_request import session_request
from tflint.errors import HostFailed
from tflint.execution.frames import Array, Json
from tflint.execution.hosts import RESOURCES
from tflint.execution.process import Ended, Limits, run_worker
from tflint.fix.proof.interface import Entry, Port
from tflint.model.tables import Model, SubGraph
from tflint.printable import counted, percent_text

_WORKER = "tflint.bench.accuracy_worker"
# Numbers that one worker is sent; they take eight times as many bytes on the way. State is reset
# between samples, so that it does not matter where one worker ends and the next begins.
_CHUNK = 16 << 20
# The part of a worker's time after which it hands back what it has: the rest is for one inference.
_SHARE_OF_TIME = 0.5
# From this part on, values beyond what an input can hold are worth a note: calibration cuts off
# some on purpose. As are values that take no more than this part of what it can hold.
_SATURATED, _UNUSED = 0.05, 0.02


@dataclass(slots=True)
class Levels:
    """How samples use what quantised inputs can hold: `least` and `most` are the ends of what they
    take, parts of the way from the least to the greatest that the input can hold.
    """

    values: int = 0
    saturated: int = 0
    least: float = math.inf
    most: float = -math.inf

    def see(self, values: Array, port: Port) -> None:
        """Count real values of an input."""
        low, high = port.real_range
        half = (port.scale or 0.0) / 2
        self.values += values.size
        self.saturated += int(((values < low - half) | (values > high + half)).sum())
        self.least = min(self.least, (float(values.min()) - low) / (high - low))
        self.most = max(self.most, (float(values.max()) - low) / (high - low))

    def notes(self) -> Iterator[str]:
        """What is odd about them."""
        if not self.values:
            return
        scaled = "samples are real values before quantisation, scaled as in training"
        if self.saturated >= _SATURATED * self.values:
            share = percent_text(self.saturated / self.values)
            yield f"{share} of the input values are beyond what the input can hold: {scaled}"
        elif self.most - self.least < _UNUSED:
            share = f"{100 * (self.most - self.least):.1f} %"
            yield f"the input values take {share} of the range that the input can hold: {scaled}"


@dataclass(frozen=True)
class SampleRun:
    """The samples of a data set on their way through a model, one inference each (or as many as the
    model takes at once). `levels` is about those that were run so far.
    """

    model_data: bytes
    model: Model
    entry: Entry
    data: LabelledData
    fit: Fit
    options: BenchOptions
    say: Callable[[str], None]
    levels: Levels = field(default_factory=Levels)

    def outputs(self) -> Iterator[Array]:
        """The output that decides, raw, of all samples in turn: (some of them, *its shape).

        Raises `ModelRefused` with what LiteRT says, `HostFailed` where it crashed or hung.
        """
        fit, total = self.fit, self.data.count
        at_once = fit.batch * max(_CHUNK // sum(map(math.prod, fit.taken_shapes)), 1)
        weights = np.frombuffer(self.model_data, np.uint8)
        done = 0

        def tell(head: Json) -> None:
            if isinstance(inferences := head.get("done"), int):
                self.say(f"{min(done + inferences * fit.batch, total):,} of {total:,} samples")

        while done < total:
            rows = self.data.rows[done : done + at_once]
            arrays = [weights, *self._inputs(rows)]
            limits = Limits(self.options.seconds, self.options.memory_bytes)
            ended = run_worker(_WORKER, self._request(), arrays, limits, tell)
            found = self._found(ended, done)[: len(rows)]
            if not len(found):
                raise HostFailed("LiteRT failed: what its process answered makes no sense")
            yield found
            done += len(found)

    def _request(self) -> Json:
        """What `tflint.bench.session` reads, and the worker."""
        graph, *others = self.model.subgraphs
        return {
            **session_request(self.model, self.entry, self.options, self.fit.taken_shapes),
            "output": self.fit.decision.port.tensor,
            "has_variables": _has_variables(graph),
            # Only a new interpreter forgets what these hold.
            "has_resources": any(code.name in RESOURCES for code in self.model.operator_codes)
            or any(map(_has_variables, others)),
            "seconds": self.options.seconds * _SHARE_OF_TIME,
        }

    def _inputs(self, rows: Array) -> Iterator[Array]:
        """The values of each input as the model takes them: (inferences, *shape)."""
        # The last batch is filled with what does not count.
        rows = np.concatenate((rows, np.repeat(rows[-1:], -len(rows) % self.fit.batch)))
        for place, port in enumerate(self.entry.inputs):
            values = values_of(self.data, self.fit, place, port, rows)
            if port.scale is not None:
                self.levels.see(values, port)
            taken = port.quantised(values) if port.is_real else values
            yield taken.reshape(-1, *self.fit.taken_shapes[place])

    def _found(self, ended: Ended, done: int) -> Array:
        """Outputs as (samples, ...); none where the process answered something else."""
        head, arrays = ended.frames[-1] if ended.frames else ({"done": 0}, [])
        if "refused" in head:
            raise refusal_of(self.model, str(head["refused"]))
        if "failed" in head:
            raise HostFailed(f"LiteRT failed: {head['failed']}")
        if "done" in head:
            least = done + self.fit.batch * (head["done"] if isinstance(head["done"], int) else 0)
            of = f"{least:,} of {counted(self.data.count, 'labelled sample')}"
            raise failure_of(ended, f"after {'at least ' if least else ''}{of}")
        batch = self.fit.batch
        return _by_sample(arrays, batch)


def _by_sample(arrays: Sequence[Array], batch: int) -> Array:
    if len(arrays) != 1 or not arrays[0].ndim or (batch > 1 and arrays[0].shape[1:2] != (batch,)):
        return np.zeros(0)
    return arrays[0] if batch == 1 else arrays[0].reshape(-1, *arrays[0].shape[2:])


def _has_variables(graph: SubGraph) -> bool:
    return any(tensor.is_variable for tensor in graph.tensors)
