"""One model from its bytes to its repaired and proved bytes.

Safe passes to their fixed point, with `--unsafe` the others; with `--quantize` the conversion to
integers and the passes again; then the proof: what safe passes made must answer the same to the
bit, the whole within the tolerance. What fails its proof is not offered for writing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

from tflint.errors import MalformedModel, MissingExtra, TflintError, UnreadableModel
from tflint.finding import FixSafety
from tflint.fix.model.outcome import (
    NEW_MEANING,
    QUANTIZE,
    fixed_findings,
    left_findings,
    pass_reports,
)
from tflint.fix.model.repair import Repair, repair, safe_steps, start, take_result
from tflint.fix.options import CALIBRATED, FixOptions
from tflint.fix.repaired import Accept, Repaired
from tflint.lint.context import LintedModel
from tflint.lint.diff import diff_reports
from tflint.lint.discover import Artifact
from tflint.lint.plan import Plan
from tflint.lint.runner import check_model
from tflint.model.reader import parse_model
from tflint.model.tables import Model
from tflint.printable import printable
from tflint.report.fix_result import FileFix, LeftFinding, PassReport, Proof
from tflint.report.result import FileReport
from tflint.rule import Kind
from tflint.target.target import Target

if TYPE_CHECKING:
    from tflint.fix.proof.samples import Samples

# Random inputs that ranges are taken from, where there are no data.
RANDOM_SAMPLES = 200


def repair_model(
    data: bytes,
    artifact: Artifact,
    plan: Plan,
    accept: Accept,
    options: FixOptions,
    say: Callable[[str], None] = lambda what: None,
) -> Repaired:
    """Repair a model in memory. What cannot be carried out is told by `FileFix.failure`.

    `say` is told what takes its time.
    """
    try:
        return _repaired(data, artifact, plan, accept, options, say)
    except TflintError as error:
        shown = printable(artifact.shown, 400)
        is_unreadable = isinstance(error, UnreadableModel)
        why = f"`{shown}` cannot be read: {error}" if is_unreadable else f"`{shown}`: {error}"
        return failed(artifact, data, why)


def failed(artifact: Artifact, data: bytes, why: str) -> Repaired:
    """What came of a file that could not be repaired at all."""
    size = len(data)
    fix = FileFix(artifact.shown, Kind.TFLITE, bytes_before=size, bytes_after=size, failure=why)
    return Repaired(artifact, fix, data, data)


def _repaired(
    data: bytes,
    artifact: Artifact,
    plan: Plan,
    accept: Accept,
    options: FixOptions,
    say: Callable[[str], None],
) -> Repaired:
    target = plan.target
    model = parse_model(data)
    if not LintedModel(target, model).is_sound:
        raise MalformedModel("the graph is broken, `tflint check` says where")
    before = accept(check_model(model, plan.rules, target, artifact.shown))
    samples = _samples(model, options)
    is_wanted = _selection(plan, before)
    work = start(data, target)
    repair(work, target, is_wanted=is_wanted, unsafe=options.unsafe, requested=options.requested)
    notes: list[str] = []
    if options.quantize is not None:
        say("quantising")
        notes += _quantize(work, options.quantize, samples, target, options, say)
        repair(
            work,
            target,
            is_wanted=lambda code: is_wanted(code) and (options.unsafe or code not in NEW_MEANING),
            unsafe=True,
            requested=options.requested,
        )
    if not work.steps:
        return Repaired(artifact, _untouched(artifact, data, before, work, options), data, data)
    proof = None
    say("proving")
    try:
        proof = _proof(work, samples, options)
    except MissingExtra as error:
        if not options.is_dry:
            raise
        notes.append(f"not proved: {error}")
    if proof is not None and not proof.holds:
        fix = _unproved(artifact, data, before, work, proof, options)
        return Repaired(artifact, fix, data, data)
    after = accept(check_model(work.model, plan.rules, target, artifact.shown))
    comparison = diff_reports(model, work.model, before, after, target)
    fix = FileFix(
        artifact.shown,
        Kind.TFLITE,
        fixed=fixed_findings(comparison, work),
        left=left_findings(after.findings, work, options),
        notes=tuple(dict.fromkeys((*notes, *work.notes, *(proof.notes if proof else ())))),
        bytes_before=len(data),
        bytes_after=len(work.data),
        passes=pass_reports(work, options.quantize),
        arena_before=work.arena_before,
        arena_after=work.arena,
        proof=proof,
        comparison=comparison,
    )
    return Repaired(artifact, fix, data, work.data)


def _samples(model: Model, options: FixOptions) -> Samples | None:
    """The inputs that were given, or asked for; None without."""
    if options.calibrate is None and not options.is_random:
        return None
    from tflint.fix.proof.samples import load_samples, random_samples

    if options.calibrate is None:
        return random_samples(model, RANDOM_SAMPLES)
    return load_samples(options.calibrate, model)


def _selection(plan: Plan, before: FileReport) -> Callable[[str], bool]:
    """Whether a code is to be repaired: it is selected, and not all it reports is accepted."""
    selected = {rule.meta.code for rule in plan.rules}
    found = {finding.code for finding in before.findings}
    accepted = {silenced.finding.code for silenced in before.silenced} - found
    return lambda code: code in selected and code not in accepted


def _quantize(
    work: Repair,
    mode: str,
    samples: Samples | None,
    target: Target,
    options: FixOptions,
    say: Callable[[str], None],
) -> tuple[str, ...]:
    """Requantise; returns what there is to say about it."""
    from tflint.fix.quantize.requantize import requantize

    result = requantize(
        work.data,
        mode,
        samples,
        target,
        calibration=options.calibration,
        progress=lambda done, of: say(f"quantising, {done:,} of {of:,} samples:"),
    )
    if result.data == work.data:
        return result.notes
    take_result(work, QUANTIZE, result.data, target)
    ranges = (f"ranges by {result.calibration}",) if result.calibration else ()
    return (*ranges, *result.notes)


def _proof(work: Repair, samples: Samples | None, options: FixOptions) -> Proof:
    """What running both models shows: of the safe steps alone first, then of all."""
    from tflint.execution.hosts import Host
    from tflint.fix.proof.bisection import first_failing
    from tflint.fix.proof.proving import prove

    def proof_of(last: int) -> Proof:
        """Of the model behind steps 0 to `last`; of the original itself for -1."""
        steps = work.steps[: last + 1]
        return prove(
            work.before,
            steps[-1].data if steps else work.before,
            samples=samples,
            exact=all(step.safety is FixSafety.SAFE for step in steps),
            tolerance=options.tolerance,
            outputs=tuple(change for step in steps for change in step.outputs),
            # TFLM has no kernels for float16 nor for hybrid operators: those are for LiteRT.
            may_lose=() if options.quantize in (None, *CALIBRATED) else (Host.TFLM,),
        )

    last = len(work.steps) - 1
    safe = safe_steps(work) - 1
    for step in dict.fromkeys((safe, last)):
        if step < 0:
            continue
        proof = proof_of(step)
        if not proof.holds:
            first = first_failing(step + 1, proof_of)
            # No pass is to blame where the original itself does not hold up: nothing runs it.
            if first == 0 and not proof_of(-1).holds:
                return proof
            return dataclasses.replace(proof, suspect=work.steps[first].code)
    return proof


def _untouched(
    artifact: Artifact, data: bytes, before: FileReport, work: Repair, options: FixOptions
) -> FileFix:
    return FileFix(
        artifact.shown,
        Kind.TFLITE,
        left=left_findings(before.findings, work, options),
        bytes_before=len(data),
        bytes_after=len(data),
        passes=pass_reports(work, options.quantize),
        arena_before=work.arena_before,
        arena_after=work.arena_before,
    )


def _unproved(
    artifact: Artifact,
    data: bytes,
    before: FileReport,
    work: Repair,
    proof: Proof,
    options: FixOptions,
) -> FileFix:
    """The model as it was: none of its steps counts, and none of its findings is gone."""
    return FileFix(
        artifact.shown,
        Kind.TFLITE,
        left=tuple(LeftFinding(finding) for finding in before.findings),
        notes=proof.notes,
        bytes_before=len(data),
        bytes_after=len(data),
        passes=tuple(_not_taken(one) for one in pass_reports(work, options.quantize)),
        arena_before=work.arena_before,
        arena_after=work.arena_before,
        proof=proof,
    )


def _not_taken(one: PassReport) -> PassReport:
    reason = one.refused or "the proof failed"
    return dataclasses.replace(one, applied=False, bytes_saved=0, arena_saved=None, refused=reason)
