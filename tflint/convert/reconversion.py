"""`tflint fix --reconvert`: a trained network in a better form, converted again, and proved.

    check of the original -> repairs of its source, in memory
      -> the worker: load, rebuild, hold the rebuilt network equal to the original, convert
      -> passes -> quantise -> passes -> proof against the original's own answers -> check

Nothing is written here, and nothing is offered for writing whose proof fails.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

from tflint.convert.float_form import is_float
from tflint.convert.options import NONE, ConvertOptions, ReconvertJob, ReconvertOptions
from tflint.convert.repaired_source import network_count, repaired_source, source_text
from tflint.convert.request import Request, Support
from tflint.convert.run import (
    CannotQuantise,
    answers_of,
    conversion_of,
    quantise,
    request_of,
)
from tflint.convert.what_is_left import fixed_of, left_of, of_a_graph, still_there
from tflint.convert.worker_process import LIMITS, Converted, convert
from tflint.errors import MissingExtra, UnreadableModel, UsageError
from tflint.execution.hosts import Host, is_installed
from tflint.fix.model.outcome import NEW_MEANING, QUANTIZE, pass_reports
from tflint.fix.model.repair import Repair, repair, start
from tflint.fix.options import CALIBRATED, FixOptions
from tflint.fix.proof.against import Answers, prove_against
from tflint.fix.proof.bisection import first_failing
from tflint.fix.repaired import Accept, Repaired
from tflint.fix.result_file import weights_path
from tflint.lint.diff import diff_reports
from tflint.lint.discover import Artifact, shown_path
from tflint.lint.runner import check_file, check_model
from tflint.model.reader import parse_model
from tflint.printable import printable
from tflint.report.convert_result import Conversion
from tflint.report.diff_result import DiffReport
from tflint.report.fix_result import FileFix, LeftFinding, PassReport, Proof
from tflint.report.result import FileReport
from tflint.rule import SOURCES, Kind

Say = Callable[[str], None]


def reconvert(
    job: ReconvertJob,
    accept: Accept,
    options: FixOptions,
    asked: ReconvertOptions,
    say: Say = lambda text: None,
) -> Repaired:
    """Convert one network again, in memory.

    `say` is told what takes its time. A network that cannot be converted or whose result cannot be
    proved is told by its `FileFix`. Raises `MissingExtra` without TensorFlow, LiteRT or the
    quantiser, `UnreadableModel` and `SourceRefused` for what cannot be loaded, `HostFailed` for a
    worker that came to no end, and `UsageError` for samples that do not fit.
    """
    mode = options.quantize or NONE
    _require(mode, options)
    artifact, plan = job.artifact, job.plan
    # A factory is called `net.py:build`, what is found in its source is not.
    found_in = dataclasses.replace(artifact, shown=shown_path(artifact.path))
    named = found_in if artifact.kind in SOURCES else artifact
    before = accept(check_file(named, plan.rules, plan.target))
    if not before.readable:
        why = before.findings[0].message if before.findings else "it is damaged"
        raise UnreadableModel(f"`{printable(artifact.shown, 400)}` cannot be read: {why}")
    data = _read(artifact)
    source = repaired_source(data, named, plan, accept) if artifact.kind in SOURCES else None
    asked_of = _as_convert_options(job, mode, options, asked)
    request = _request(job, asked_of, asked, data, source)
    limits = dataclasses.replace(LIMITS, seconds=asked.seconds, memory_bytes=asked.memory_bytes)
    converted = convert(request, limits, say)
    work = _Work(job, accept, options, asked_of, before, data, source, converted, say)
    return work.result()


def _require(mode: str, options: FixOptions) -> None:
    """Raise `MissingExtra` before a minute has gone into what is of no use without it."""
    if mode != NONE:
        from tflint.fix.quantize.worker_process import check_installed

        check_installed()
    if not options.is_dry and not is_installed(Host.LITERT):
        raise MissingExtra("proving a conversion (LiteRT)", "quantize")


def _read(artifact: Artifact) -> bytes:
    """The file as it is; nothing of a SavedModel, which is a folder."""
    if artifact.data is not None:
        return artifact.data
    if artifact.kind is Kind.SAVED_MODEL:
        return b""
    try:
        return artifact.path.read_bytes()
    except OSError as error:
        shown = printable(artifact.shown, 400)
        raise UsageError(f"`{shown}` cannot be read: {error.strerror or error}") from error


def _as_convert_options(
    job: ReconvertJob, mode: str, options: FixOptions, asked: ReconvertOptions
) -> ConvertOptions:
    return ConvertOptions(
        job.origin,
        quantize=mode,
        calibrate=options.calibrate,
        is_random=options.is_random,
        calibration=options.calibration,
        tolerance=options.tolerance,
        # The passes have builtin operators for many of TensorFlow's own; see `_Work._lowered`.
        fallback=Support.SELECT,
        seconds=asked.seconds,
        memory_bytes=asked.memory_bytes,
    )


def _request(
    job: ReconvertJob,
    asked_of: ConvertOptions,
    asked: ReconvertOptions,
    data: bytes,
    source: Repaired | None,
) -> Request:
    is_edited = source is not None and source.after != source.before
    return dataclasses.replace(
        request_of(asked_of),
        is_rebuilt=True,
        keeps_layout=asked.keeps_layout,
        repaired_source=source_text(source.after) if source is not None and is_edited else None,
        donor=data if job.artifact.kind is Kind.TFLITE else None,
    )


class _Work:
    """One network behind the worker: from what that sent to what is to be written."""

    def __init__(
        self,
        job: ReconvertJob,
        accept: Accept,
        options: FixOptions,
        asked_of: ConvertOptions,
        before: FileReport,
        data: bytes,
        source: Repaired | None,
        converted: Converted,
        say: Say,
    ) -> None:
        self.job, self.accept, self.options, self.asked_of = job, accept, options, asked_of
        self.before, self.data, self.converted, self.say = before, data, converted, say
        self.notes = list(converted.network.notes)
        self.source = self._as_taken(source)
        is_graph = converted.network.framework == "SavedModel"
        conversion = conversion_of(converted, asked_of, job.plan.target, is_rebuilt=not is_graph)
        self.conversion = of_a_graph(conversion) if is_graph else conversion

    def result(self) -> Repaired:
        """What came of it."""
        if self.converted.model is None:
            return self._not_converted()
        target = self.job.plan.target
        work = start(self.converted.model, target)
        self._repair(work)
        remaining = sorted(code.name for code in work.model.operator_codes if code.is_custom)
        if remaining:
            return self._not_lowered(remaining)
        answers = self._answers(work)
        if self.asked_of.quantize != NONE:
            self.say("quantising")
            try:
                self.notes += quantise(
                    work, self.asked_of, self.converted, answers, target, self.say
                )
            except CannotQuantise as error:
                self.conversion = dataclasses.replace(self.conversion, refusal=str(error))
                return self._not_converted()
            self._repair(work)
        self.say("proving")
        proof = self._proof(work, answers)
        if proof is not None and not proof.holds:
            return self._unproved(work, proof)
        return self._proved(work, proof)

    def _as_taken(self, source: Repaired | None) -> Repaired | None:
        """The repaired source, unless the worker found that it builds something else."""
        if source is None:
            return None
        refusal = self.converted.network.source_refusal
        if refusal is None or source.after == source.before:
            return source
        self.notes.append(f"the source is left as it is: {printable(refusal, 400)}")
        left = tuple(LeftFinding(finding) for finding in self.before.findings)
        fix = dataclasses.replace(
            source.fix, fixed=(), left=left, notes=(), diff="", bytes_after=len(source.before)
        )
        return dataclasses.replace(source, fix=fix, after=source.before)

    def _repair(self, work: Repair) -> None:
        """Take all passes but those that give outputs another meaning: the proof judges them."""
        selected = {rule.meta.code for rule in self.job.plan.rules}
        allowed = selected if self.options.unsafe else selected - NEW_MEANING
        repair(
            work,
            self.job.plan.target,
            is_wanted=lambda code: code in allowed,
            unsafe=True,
            requested=self.options.requested,
        )

    def _answers(self, work: Repair) -> Answers | None:
        """What the original says to the samples, in the result's terms."""
        return answers_of(self.converted)

    def _proof(self, work: Repair, answers: Answers | None) -> Proof | None:
        """What the result does beside the original; None where nothing can run it, which only a
        run that writes nothing puts up with.
        """
        if answers is None:
            why = "the original gives no answers to hold the result against"
            return Proof("none", 0, False, float("inf"), float("inf"), float("-inf"), failure=why)
        try:
            proof = self._held(answers, work, len(work.steps))
            if proof.holds:
                return proof
            first = first_failing(len(work.steps) + 1, lambda n: self._held(answers, work, n))
        except MissingExtra as error:
            if not self.options.is_dry:
                raise
            self.notes.append(f"not proved: {error}")
            return None
        if first == 0:
            return dataclasses.replace(proof, failure=f"the conversion itself: {proof.failure}")
        return dataclasses.replace(proof, suspect=work.steps[first - 1].code)

    def _held(self, answers: Answers, work: Repair, count: int) -> Proof:
        """What the first so many steps come to beside the original; without any, the conversion."""
        mode, steps = self.asked_of.quantize, work.steps[:count]
        return prove_against(
            answers,
            work.before,
            steps[-1].data if steps else work.before,
            tolerance=self.asked_of.tolerance,
            is_float=self._is_float_original and all(step.code != QUANTIZE for step in steps),
            outputs=tuple(change for step in steps for change in step.outputs),
            # TFLM has no kernels for float16 nor for hybrid operators: those are for LiteRT.
            may_lose=() if mode in (NONE, *CALIBRATED) else (Host.TFLM,),
        )

    def _not_lowered(self, remaining: Sequence[str]) -> Repaired:
        """Operators are left that only TensorFlow has."""
        names = {name.removeprefix("Flex") for name in remaining}
        needed = tuple(one for one in self.conversion.operators if one.name in names)
        operators = needed or self.conversion.operators
        self.conversion = dataclasses.replace(
            self.conversion, has_result=False, operators=operators
        )
        return self._not_converted()

    def _not_converted(self) -> Repaired:
        """The original stays as it was; why, the diagnosis says."""
        return self._unchanged(conversion=self.conversion)

    def _unproved(self, work: Repair, proof: Proof) -> Repaired:
        passes = pass_reports(work, self.asked_of.quantize)
        self.notes += proof.notes
        return self._unchanged(
            conversion=self.conversion,
            proof=proof,
            passes=tuple(dataclasses.replace(one, applied=False) for one in passes),
        )

    def _unchanged(
        self,
        conversion: Conversion,
        proof: Proof | None = None,
        passes: tuple[PassReport, ...] = (),
    ) -> Repaired:
        artifact, size = self.job.artifact, len(self.data)
        fix = FileFix(
            artifact.shown,
            artifact.kind,
            left=tuple(LeftFinding(finding) for finding in self.before.findings),
            notes=_each_once(self.notes),
            bytes_before=size,
            bytes_after=size,
            passes=passes,
            proof=proof,
            conversion=conversion,
        )
        return Repaired(artifact, fix, self.data, self.data)

    def _proved(self, work: Repair, proof: Proof | None) -> Repaired:
        artifact, plan, mode = self.job.artifact, self.job.plan, self.asked_of.quantize
        # Of a source, with the factory, as commands to convert it again have to name it.
        name = self.job.origin.shown if artifact.kind in SOURCES else artifact.shown
        after = self.accept(check_model(work.model, plan.rules, plan.target, name))
        source_fix = None if self.source is None else self.source.fix
        self.notes += [*work.notes, *(proof.notes if proof else ())]
        self.notes += self._about_source()
        if mode == NONE and self.asked_of.calibrate is None:
            self.notes.append(
                "the result is in floats: --calibrate DATA, real inputs, makes int8 of it"
            )
        fix = FileFix(
            artifact.shown,
            artifact.kind,
            fixed=fixed_of(self.before, after, source_fix, self.converted.network.rebuilt),
            left=left_of(self.before, after, source_fix, work, self._options_of(mode)),
            notes=_each_once(self.notes),
            diff="" if source_fix is None else source_fix.diff,
            # An archive holds more than a network: what the converter makes of it is the measure.
            bytes_before=len(self.data if artifact.kind is Kind.TFLITE else work.before),
            bytes_after=len(work.data),
            passes=pass_reports(work, mode),
            arena_before=self._arena_before(work),
            arena_after=work.arena,
            proof=proof,
            comparison=self._compared(work, after),
            conversion=dataclasses.replace(
                self.conversion, operators=still_there(self.conversion, work)
            ),
        )
        edited = self.source if self.source and self.source.after != self.source.before else None
        return Repaired(artifact, fix, self.data, work.data, edited, self._weights())

    def _about_source(self) -> list[str]:
        """What the repair of the source has to say, but for what was done about the weights."""
        if self.source is None:
            return []
        notes = [note for note in self.source.fix.notes if "train again" not in note]
        networks = network_count(self.source.before)
        if networks > 1 and self.source.after != self.source.before:
            notes.append(
                f"the source builds {networks:,} networks, and what was repaired may be part of"
                f" several: proved is `{printable(self.job.origin.factory or '')}` alone"
            )
        given, weights = self.job.origin.weights, self._weights()
        if given is not None and self.source.after != self.source.before:
            where = "nowhere yet" if weights is None else f"in `{printable(weights[0].name, 400)}`"
            notes.append(
                f"`{printable(given.name, 400)}` holds the weights for the source as it was; those"
                f" for the repaired one are {where}"
            )
        return notes

    def _weights(self) -> tuple[Path, bytes] | None:
        """The file of weights for the repaired source, and what is to be in it."""
        given, found = self.job.origin.weights, self.converted.weights
        is_edited = self.source is not None and self.source.after != self.source.before
        if given is None or found is None or not is_edited:
            return None
        return weights_path(given), found

    def _options_of(self, mode: str) -> FixOptions:
        return dataclasses.replace(self.options, quantize=None if mode == NONE else mode)

    @property
    def _is_float_original(self) -> bool:
        """Whether what answered computes in floats, of which a float result is off by rounding."""
        return self.job.artifact.kind is not Kind.TFLITE or is_float(parse_model(self.data))

    def _compared(self, work: Repair, after: FileReport) -> DiffReport | None:
        """Both models, where the original is one."""
        if self.job.artifact.kind is not Kind.TFLITE:
            return None
        model = parse_model(self.data)
        return diff_reports(model, work.model, self.before, after, self.job.plan.target)

    def _arena_before(self, work: Repair) -> int | None:
        if self.job.artifact.kind is not Kind.TFLITE:
            return work.arena_before
        return start(self.data, self.job.plan.target).arena


def _each_once(notes: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(notes))
