"""`tflint convert`: from a network to a .tflite that is proved, checked, and not yet written.

The worker loads the network, converts it and gives the original's answers. Here follow passes that
change no bit, quantisation and the passes again, the proof against those answers, and what `check`
says of the result.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tflint.convert.diagnosis import diagnose
from tflint.convert.options import NONE, ConvertOptions
from tflint.convert.request import Port, Request, Support
from tflint.convert.residue import RECONVERT
from tflint.errors import TflintError, UsageError
from tflint.execution.hosts import Host
from tflint.fix.model.outcome import NEW_MEANING, QUANTIZE, pass_reports
from tflint.fix.model.repair import Repair, repair, start, take_result
from tflint.fix.options import CALIBRATED
from tflint.fix.repaired import Accept
from tflint.lint.plan import Plan
from tflint.lint.runner import check_model
from tflint.memory.usage import memory_use
from tflint.model.graph import graphs
from tflint.report.convert_report import Budget, ConvertReport, Limit
from tflint.report.convert_result import (
    AttemptReport,
    Conversion,
    OperatorDiagnosis,
    PortReport,
    RebuiltPart,
)
from tflint.report.fix_result import Proof
from tflint.target.target import Target

if TYPE_CHECKING:
    from tflint.convert.worker_process import Converted
    from tflint.fix.proof.against import Answers

# Random inputs that ranges are taken from where there are no data, and those that a proof is held
# on where it is about floats alone.
RANDOM_SAMPLES = 200
PROOF_SAMPLES = 32
# What is left of a network that was built anew.
_TURNED = (
    "this is what is left of it: an input or output keeps its order of dimensions, or layers take "
    "their maps in different orders, which only training changes (TFL102)"
)
_AS_IT_IS = "this layer could not be built in another way: write it with others, and train again"

# Of results with `--fallback`: LiteRT and TensorFlow come without the Flex delegate.
_UNPROVED = (
    "written as the converter made it, and not held against the original: no runtime here has "
    "the operators that are no builtins"
)


@dataclass(frozen=True, slots=True)
class ConvertRun:
    """What came of a conversion, and the bytes to write; None where there is nothing to write."""

    report: ConvertReport
    data: bytes | None


def convert_one(
    options: ConvertOptions,
    plan: Plan,
    accept: Accept,
    *,
    shown_output: str,
    say: Callable[[str], None] = lambda text: None,
) -> ConvertRun:
    """Convert a network in memory; nothing is written.

    `shown_output` is how findings call the result, `say` is told what takes its time. That it
    cannot be converted is no error, but told by the report. Raises `SourceRefused` for what cannot
    be loaded, `MissingExtra`, `HostFailed` for a worker that came to no end, and `UsageError` for
    samples that do not fit.
    """
    if options.quantize != NONE:
        from tflint.fix.quantize.worker_process import check_installed

        check_installed()
    from tflint.convert.worker_process import LIMITS, convert

    limits = dataclasses.replace(LIMITS, seconds=options.seconds, memory_bytes=options.memory_bytes)
    converted = convert(request_of(options), limits, say)
    conversion = conversion_of(converted, options, plan.target)
    report = ConvertReport(options.origin.shown, plan.target, conversion)
    notes = list(converted.network.notes)
    if converted.model is None:
        return ConvertRun(dataclasses.replace(report, notes=_each_once(notes)), None)
    work = start(converted.model, plan.target)
    selected = {rule.meta.code for rule in plan.rules}
    is_builtin = not any(attempt.needed for attempt in converted.attempts[-1:])
    answers = answers_of(converted) if is_builtin else None
    proof, refusal = None, ""
    if is_builtin:
        repair(work, plan.target, is_wanted=lambda code: code in selected)
        proof = _passes_proved(work, answers)
    elif options.quantize == NONE:
        notes.append(_UNPROVED)
    else:
        refusal = f"no {options.quantize}: nothing quantises operators that are no builtins"
    if is_builtin and options.quantize != NONE and (proof is None or proof.holds):
        say("quantising")
        try:
            notes += quantise(work, options, converted, answers, plan.target, say)
        except CannotQuantise as error:
            refusal = str(error)
        else:
            repair(
                work,
                plan.target,
                is_wanted=lambda code: code in selected and code not in NEW_MEANING,
                unsafe=True,
            )
    if is_builtin and not refusal and (proof is None or proof.holds):
        say("proving")
        proof = held_against_original(work, answers, options) or proof
    model = work.model
    checked = accept(check_model(model, plan.rules, plan.target, shown_output))
    if options.calibrate is not None and options.quantize not in CALIBRATED:
        notes.append("the samples served the proof alone: --quantize int8 makes integers of it")
    report = dataclasses.replace(
        report,
        conversion=dataclasses.replace(conversion, refusal=refusal),
        checked=None if refusal else checked,
        bytes=None if refusal else len(work.data),
        float_bytes=len(converted.model),
        arena=None if refusal else work.arena,
        passes=pass_reports(work, options.quantize),
        proof=proof,
        budget=None if refusal else _budget(work, plan.target),
        notes=_each_once((*notes, *work.notes, *(proof.notes if proof is not None else ()))),
    )
    return ConvertRun(report, work.data if report.may_be_written else None)


class CannotQuantise(TflintError):
    """No quantiser can make of the network what was asked for; the message says why."""


def request_of(options: ConvertOptions) -> Request:
    """What the worker is asked for."""
    is_calibrated = options.quantize in CALIBRATED
    random = RANDOM_SAMPLES if options.is_random else PROOF_SAMPLES
    return Request(
        options.origin,
        batch=options.batch,
        fallback=options.fallback,
        quantize=options.quantize if is_calibrated else None,
        calibrate=options.calibrate,
        random_samples=random if options.calibrate is None else 0,
    )


def conversion_of(
    converted: Converted, options: ConvertOptions, target: Target, *, is_rebuilt: bool = False
) -> Conversion:
    """What the worker sent, as reports have it, with the diagnosis.

    `is_rebuilt` for a network that was built anew as far as it could be: nobody is told to.
    """
    operators = diagnose(converted, target)
    if is_rebuilt:
        operators = tuple(map(_without_rebuilding, operators))
    network = converted.network
    return Conversion(
        network.framework,
        quantize=options.quantize,
        batch=options.batch,
        attempts=tuple(
            AttemptReport(attempt.allowed.value, attempt.error) for attempt in converted.attempts
        ),
        operators=operators,
        rebuilt=tuple(RebuiltPart(part.what, part.layers) for part in network.rebuilt),
        inputs=_ports(network.inputs, options.batch),
        outputs=_ports(network.outputs, options.batch),
        has_result=converted.model is not None,
        refusal=network.donor_refusal or "",
    )


def _without_rebuilding(operator: OperatorDiagnosis) -> OperatorDiagnosis:
    if RECONVERT not in operator.way:
        return operator
    is_transpose = operator.support == Support.BUILTIN.value and operator.name == "TRANSPOSE"
    return dataclasses.replace(operator, way=_TURNED if is_transpose else _AS_IT_IS)


def _ports(ports: Sequence[Port], batch: int | None) -> tuple[PortReport, ...]:
    """Inputs or outputs as reports have them, an open first dimension as it was set."""
    found = []
    for port in ports:
        shape = port.shape
        if shape and shape[0] is None:
            shape = (batch, *shape[1:])
        found.append(PortReport(port.name, shape, port.dtype, port.order))
    return tuple(found)


def _passes_proved(work: Repair, answers: Answers | None) -> Proof | None:
    """That the passes over the converter's own result changed no bit; None where none did."""
    if not work.steps:
        return None
    from tflint.fix.proof.proving import prove

    samples = None if answers is None else answers.samples
    return prove(work.before, work.data, samples=samples, exact=True, tolerance=0.0)


def answers_of(converted: Converted) -> Answers | None:
    """What the original answers, in terms of the model made of it; None where nobody asked it.

    Raises `UsageError` where the two do not fit together.
    """
    from tflint.fix.proof.against import Answers, Named, in_terms_of
    from tflint.fix.proof.trials import runner_named

    if converted.model is None or converted.samples is None or not converted.reference:
        return None
    network = converted.network
    answers = Answers(
        converted.samples,
        converted.reference,
        tuple(Named(port.name, port.order) for port in network.inputs),
        tuple(Named(port.name, port.order) for port in network.outputs),
        runner_named(network.answered_by),
    )
    return in_terms_of(converted.model, answers)


def quantise(
    work: Repair,
    options: ConvertOptions,
    converted: Converted,
    answers: Answers | None,
    target: Target,
    say: Callable[[str], None],
) -> tuple[str, ...]:
    """Quantise, with TensorFlow's own result where tflint has none; what there is to say of it."""
    from tflint.fix.quantize.requantize import requantize, what_to_know
    from tflint.fix.quantize.static_quantization import NotQuantized
    from tflint.model.reader import parse_model

    mode = options.quantize
    samples = answers.samples if answers is not None and mode in CALIBRATED else None
    notes: tuple[str, ...]
    if converted.quantized is not None:
        data = converted.quantized
        notes = ("quantised by TensorFlow: tflint's own quantiser makes no integers of this LSTM",)
        if samples is not None:
            notes += what_to_know(samples, work.model, parse_model(data))
    else:
        try:
            result = requantize(
                work.data,
                mode,
                samples,
                target,
                calibration=options.calibration,
                progress=lambda done, of: say(f"quantising, {done:,} of {of:,} samples"),
            )
        except NotQuantized as error:
            raise CannotQuantise(f"no {mode}: {error}") from error
        data, notes = result.data, result.notes
        if result.calibration:
            notes = (f"ranges by {result.calibration}", *notes)
    take_result(work, QUANTIZE, data, target)
    return notes


def held_against_original(
    work: Repair, answers: Answers | None, options: ConvertOptions
) -> Proof | None:
    """What the answers of the original say of the result.

    Where there are none, what those of the converter's own result say, from which a float one
    does not differ.
    """
    from tflint.fix.proof.against import prove_against
    from tflint.fix.proof.proving import prove

    # TFLM has no kernels for float16 nor for hybrid operators: those are for LiteRT.
    may_lose = () if options.quantize in (NONE, *CALIBRATED) else (Host.TFLM,)
    tolerance, is_float = options.tolerance, options.quantize == NONE
    before, after = work.before, work.data
    if answers is not None:
        return prove_against(
            answers, before, after, tolerance=tolerance, is_float=is_float, may_lose=may_lose
        )
    if is_float:
        return None
    return prove(before, after, samples=None, exact=False, tolerance=tolerance, may_lose=may_lose)


def _budget(work: Repair, target: Target) -> Budget | None:
    """What the target has beside what the result takes; None where it has no limits."""
    if target.flash_bytes is None and target.ram_bytes is None:
        return None
    try:
        use = memory_use(work.model, graphs(work.model), target)
    except UsageError:
        return None
    is_planned = use.arena.is_planned and use.fault is None
    flash, ram = target.flash_bytes, target.ram_bytes
    return Budget(
        flash=None if flash is None else Limit(flash, use.flash_bytes),
        ram=None if ram is None else Limit(ram, use.ram_bytes if is_planned else None),
    )


def _each_once(notes: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(notes))
