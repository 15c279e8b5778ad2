"""The judge of a proof: hears what both models made of their inputs, and says what it comes to."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from tflint.errors import ModelRefused
from tflint.execution.hosts import Host, Outcome, lacks_kernel
from tflint.fix.proof.criteria import Meaning, correct, decisions, not_rounding, shortcoming
from tflint.fix.proof.interface import Array
from tflint.fix.proof.measures import CHANGES, Decisions, Error, error, same_bits
from tflint.fix.proof.trials import Batch, Kind, Reference, Runner, Subject, Trial
from tflint.model.graph import Graph, Value
from tflint.printable import counted, printable
from tflint.report.fix_result import Proof

# With a seed of 0 these differ from one run to the next: no proof can hold.
_DRAWN = frozenset(("RANDOM_UNIFORM", "RANDOM_STANDARD_NORMAL", "MULTINOMIAL"))
_HANDS_ON = frozenset(("QUANTIZE", "DEQUANTIZE", "RESHAPE", "SQUEEZE", "CAST", "EXPAND_DIMS"))
# Where outputs of the original are best taken from, if not from the same runtime.
_ORDER: tuple[Runner, ...] = (
    Reference.KERAS,
    Reference.TENSORFLOW,
    Reference.FLEX,
    Host.LITERT,
    Host.LITERT_OPTIMISED,
    Host.TFLM,
)


@dataclass(slots=True)
class Judge:
    """Hears one trial after the other."""

    old: Subject
    exact: bool
    tolerance: float
    changes: dict[int, str]
    may_lose: frozenset[Runner]
    is_rounded: bool = False
    failure: str | None = None
    notes: list[str] = field(default_factory=list)
    methods: set[Runner] = field(default_factory=set)
    errors: list[Error] = field(default_factory=list)
    decided: list[Decisions] = field(default_factory=list)
    accuracies: list[tuple[float, float]] = field(default_factory=list)
    differs: bool = False
    _compared: set[tuple[str | None, Kind]] = field(default_factory=set)
    _graphs: dict[int, Graph] = field(default_factory=dict)

    def hear(self, trial: Trial) -> None:
        """Compare what both models made of one batch."""
        kind = trial.batch.kind.value
        for runner, after in trial.after.items():
            source = self._source(trial, runner)
            runs = isinstance(trial.before.get(runner), tuple) and runner not in self.may_lose
            if runs and isinstance(after, ModelRefused) and not lacks_kernel(after):
                self._fail(f"the original runs for each {kind}; {after}")
            if source is None or not isinstance(after, tuple):
                continue
            before = trial.before[source]
            if isinstance(before, tuple):
                if trial.batch.is_judged:
                    self._compared.add((trial.batch.pair.before.signature, trial.batch.kind))
                    self.methods |= {source, runner}
                self._compare(trial, runner, before, after)

    def proof(self, trials: Sequence[Trial]) -> Proof:
        """What all trials come to."""
        for place, trial in enumerate(trials):
            batch, signature = trial.batch, trial.batch.pair.before.signature
            if not batch.is_judged or (signature, batch.kind) in self._compared:
                continue
            reasons = _reasons(trial)
            if place == 0:
                hint = "" if batch.kind is Kind.SAMPLES else ". --calibrate gives it other inputs"
                what = "the original and the result" if batch.known is None else "the result"
                self._fail(f"nothing runs {what}: {reasons}{hint}")
            elif place:
                what = f"the signature `{printable(signature)}`" if signature else "the model"
                self.notes.append(f"{what} was not run for any {batch.kind.value}: {reasons}")
        self.notes += _about_hosts(trials[0])
        shares = [found.agreement for found in self.decided if found.agreement is not None]
        accuracies = self.accuracies or [(math.nan, math.nan)]
        accuracy_before, accuracy_after = min(accuracies, key=lambda pair: pair[1] - pair[0])
        return Proof(
            method="+".join(runner.value for runner in _ORDER if runner in self.methods) or "none",
            inputs=sum(
                trial.batch.samples.count
                for trial in trials
                if trial.batch.kind is not Kind.SEQUENCE
            ),
            bit_equal=not self.differs and bool(self._compared),
            max_error=max((found.maximum for found in self.errors), default=0.0),
            mean_error=max((found.mean for found in self.errors), default=0.0),
            snr_db=min((found.snr_db for found in self.errors), default=math.inf),
            top1_agreement=min(shares, default=None),
            accuracy_before=accuracy_before if self.accuracies else None,
            accuracy_after=accuracy_after if self.accuracies else None,
            tolerance=0.0 if self.exact else self.tolerance,
            failure=self.failure,
            notes=tuple(dict.fromkeys(self.notes)),
        )

    def _source(self, trial: Trial, runner: Runner) -> Runner | None:
        """What ran the original that a result of this runtime is held against."""
        if isinstance(trial.before.get(runner), tuple):
            if self.exact or not self._misleads(trial, runner) or self._is_kept(trial, runner):
                return runner
            self.notes.append(
                f"{runner.title} gives other answers to the original than LiteRT does: the result"
                " is held against those of LiteRT"
            )
            return Host.LITERT
        if self.exact:  # Two runtimes need not agree to the bit.
            return None
        return next((r for r in _ORDER if isinstance(trial.before.get(r), tuple)), None)

    def _misleads(self, trial: Trial, runner: Runner) -> bool:
        """Whether a runtime already answers otherwise than LiteRT, as TFLM does by wrong shapes."""
        truth, own = trial.before.get(Host.LITERT), trial.before.get(runner)
        if runner is Host.LITERT or not (isinstance(truth, tuple) and isinstance(own, tuple)):
            return False
        if not trial.batch.is_judged:
            return False
        entry = trial.batch.pair.before
        for port, right, given in zip(entry.outputs, truth, own, strict=True):
            if right.shape != given.shape:
                return True
            real, now = port.real(right), port.real(given)
            found = error(real, now) if port.is_real else None
            maker = maker_of(self._graph(entry.subgraph).values[port.tensor])
            meaning = Meaning(port, maker, port.scale or 0.0, None)
            if shortcoming(found, decisions(real, now, meaning), meaning, self.tolerance):
                return True
        return False

    def _is_kept(self, trial: Trial, runner: Runner) -> bool:
        """Whether a result is nearer to what its runtime makes of the original than LiteRT is."""
        truth, own = trial.before[Host.LITERT], trial.before[runner]
        after = trial.after.get(runner)
        if not (isinstance(truth, tuple) and isinstance(own, tuple) and isinstance(after, tuple)):
            return True
        pair, off = trial.batch.pair, [0.0, 0.0]
        for place, port in enumerate(pair.before.outputs):
            position = pair.outputs[place]
            now = pair.after.outputs[position].real(after[position])
            change = self.changes.get(place) if trial.batch.is_first else None
            if change is not None:
                now = _before_change(change, now)
            for n, values in enumerate((own[place], truth[place])):
                off[n] += (
                    error(port.real(values), now).mean if values.shape == now.shape else math.inf
                )
        return off[0] <= off[1]

    def _compare(
        self, trial: Trial, runner: Runner, before: Sequence[Array], after: Sequence[Array]
    ) -> None:
        batch = trial.batch
        for place, (port, old) in enumerate(zip(batch.pair.before.outputs, before, strict=True)):
            position = batch.pair.outputs[place]
            new_port, new = batch.pair.after.outputs[position], after[position]
            where = f"output {port.title} on {runner.title}"
            if old.shape != new.shape:
                shapes = f"{_shape(old)} has become {_shape(new)}"
                self._fail(f"{where}: the shape {shapes}")
                continue
            same = same_bits(old, new)
            if batch.is_judged and not same.all():
                self.differs = True
            if new_port.scale is None and new_port.dtype == port.dtype:
                new_port = port
            real, now = port.real(old), new_port.real(new)
            change = self.changes.get(place) if batch.is_first else None
            if change is not None:
                now = _before_change(change, now)
            found = error(real, now) if port.is_real else None
            if found is not None and batch.is_judged:
                self.errors.append(found)
            if self.exact:
                if not same.all():
                    self._fail(_difference(where, batch.kind, same, found))
                continue
            if port.is_real and (np.isfinite(real) & ~np.isfinite(now)).any():
                article = "an" if batch.kind is Kind.EXTREME else "a"
                self._fail(f"{where} is not finite for {article} {batch.kind.value}")
            if batch.is_judged:
                step = max(port.scale or 0.0, new_port.scale or 0.0)
                maker = maker_of(self._graph(batch.pair.before.subgraph).values[port.tensor])
                meaning = Meaning(port, maker, step, change)
                self._weigh(where, real, now, found, meaning, batch)

    def _weigh(
        self,
        where: str,
        before: Array,
        after: Array,
        found: Error | None,
        meaning: Meaning,
        batch: Batch,
    ) -> None:
        decided = decisions(before, after, meaning)
        if decided is not None:
            self.decided.append(decided)
        reason = (
            not_rounding(found)
            if self.is_rounded and found is not None
            else shortcoming(found, decided, meaning, self.tolerance)
        )
        if reason is not None:
            self._fail(f"{where}: {reason}")
            if batch.kind is Kind.RANDOM and not self.is_rounded:
                self.notes.append("these inputs are random: --calibrate DATA judges by real ones")
        labels = batch.samples.labels if batch.kind is Kind.SAMPLES else None
        if labels is None:
            return
        right, now_right = correct(before, labels, meaning), correct(after, labels, meaning)
        if right is not None and now_right is not None:
            self.accuracies.append((right, now_right))
            if now_right < right - self.tolerance:
                self._fail(
                    f"{where}: the accuracy falls from {100 * right:.3g} % to"
                    f" {100 * now_right:.3g} %"
                )

    def _graph(self, subgraph: int) -> Graph:
        if subgraph not in self._graphs:
            self._graphs[subgraph] = Graph(self.old.model, subgraph)
        return self._graphs[subgraph]

    def _fail(self, reason: str) -> None:
        if self.failure is None:
            names = {code.name for code in self.old.model.operator_codes}
            drawn = " (the model draws random numbers)" if names & _DRAWN else ""
            self.failure = reason + drawn


def _before_change(change: str, values: Array) -> Array:
    """What the original's output is of the new one."""
    if change not in CHANGES:
        raise ValueError(f"{change} is no known change of an output")
    return CHANGES[change](values)


def maker_of(value: Value) -> str:
    """The operator that made the values of an output, behind what only hands them on."""
    for _ in range(8):
        node = value.producer
        if node is None:
            return ""
        source = node.input(0)
        if node.name not in _HANDS_ON or source is None:
            return node.name
        value = source
    return ""


def _difference(where: str, kind: Kind, same: Array, found: Error | None) -> str:
    most = f", by up to {found.maximum:.3g}" if found is not None else ""
    count = int((~same).sum())
    return (
        f"{where} differs for {count:,} of {counted(len(same), kind.value)}{most}"
        f" (first: number {int(np.argmin(same)):,})"
    )


def _reasons(trial: Trial) -> str:
    """What the runtimes say of the models that they do not run."""
    outcomes: list[Outcome] = [*trial.before.values(), *trial.after.values()]
    said = [str(outcome) for outcome in outcomes if isinstance(outcome, ModelRefused)]
    return "; ".join(dict.fromkeys(said)) or "no runtime on this host"


def _about_hosts(trial: Trial) -> Iterator[str]:
    for host in Host:
        before, after = trial.before.get(host), trial.after.get(host)
        if isinstance(before, ModelRefused) and isinstance(after, tuple):
            yield f"{host.title} runs the result; it does not run the original"
        elif isinstance(before, ModelRefused) and isinstance(after, ModelRefused):
            reason = str(after).removeprefix(f"{host.title} does not run the model: ")
            yield f"{host.title} runs neither the original nor the result: {reason}"
        elif host is Host.TFLM and isinstance(after, ModelRefused) and trial.batch.known:
            yield str(after).replace("the model", "the result", 1)


def _shape(values: Array) -> str:
    return "(" + ", ".join(map(str, values.shape[1:])) + ")"
