"""What a card says of files: sizes, memory on the board, operators, findings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tflint.lint.registry import find_rule
from tflint_reference_models.application import CHOSEN, Application
from tflint_reference_models.training.card_decisions import NETWORKS
from tflint_reference_models.training.figures import TARGET
from tflint_reference_models.training.forms import SHIPPED
from tflint_reference_models.training.manifest import file_name, shipped_results
from tflint_reference_models.training.markdown import literal, message, name, number, table
from tflint_reference_models.training.percent import interval_text, percent
from tflint_reference_models.training.results import Result


def sizes(of: Application, results: Sequence[Result]) -> Iterator[str]:
    """Every form of the networks whose files are kept."""
    shown = list(shipped_results(of, results))
    rows = [
        (
            literal(form.form),
            NETWORKS[result.network],
            percent(form.test.accuracy),
            interval_text(form.test.interval),
            f"{form.figures.weights:,}",
            f"{form.weight_bytes:,}",
            f"{form.file_bytes:,}",
            number(form.figures.use.min_arena_bytes),
            number(form.figures.use.ram_bytes),
            number(form.figures.use.flash_bytes),
            "yes" if form.figures.use.refusal is None else "no",
        )
        for result in shown
        for form in result.forms
    ]
    head = ["Form", "network", "right", "interval by samples", "weights", "weight bytes"]
    head += ["file", "smallest arena", "RAM", "flash", "runs on TFLM"]
    yield from table(head, rows, "llrrrrrrrrl")
    if rows:
        yield (
            f"Bytes; arena, RAM and flash are what {_tool('memory')} computes for"
            f" {literal(TARGET)} (TFLM with CMSIS-NN). RAM is the arena, the interpreter and the"
            " stack; flash is the file and the code of its kernels."
        )
        yield ""
    yield from _operators(shown)
    yield from _refusals(of, shown)


def _tool(command: str) -> str:
    return literal(f"tflint {command}")


def _operators(shown: Sequence[Result]) -> Iterator[str]:
    for result in shown:
        form = result.form(SHIPPED)
        if form is None:
            continue
        names = ", ".join(
            f"{literal(operator)}{f' x {count}' if count > 1 else ''}"
            for operator, count in form.figures.operators
        )
        macs = form.figures.macs
        cost = "" if macs is None else f", {macs:,} multiply-accumulates an inference"
        yield f"- Operators of {NETWORKS[result.network]}: {names}{cost}."
    yield ""


def _refusals(of: Application, shown: Sequence[Result]) -> Iterator[str]:
    rows = [
        (literal(form.form), NETWORKS[result.network], message(form.figures.use.refusal))
        for result in shown
        for form in result.forms
        if form.figures.use.refusal is not None
    ]
    yield from table(("Form", "network", "why TFLM does not run it"), rows)
    for result in shown:
        for one in result.refused:
            missing = literal(file_name(of.name, result.network, one.form))
            yield f"- There is no {missing}: {message(one.reason)}"
        if result.refused:
            yield ""


def findings(of: Application, results: Sequence[Result]) -> Iterator[str]:
    """What `tflint check` says of the int8 file that is shipped."""
    for result in shipped_results(of, results):
        form = result.form(SHIPPED)
        if form is None or result.network != CHOSEN:
            continue
        command = literal(f"tflint check --target {TARGET} {file_name(of.name, CHOSEN, SHIPPED)}")
        if not form.figures.found:
            yield f"{command} finds nothing."
            yield ""
            continue
        yield f"{command} finds:"
        yield ""
        yield from table(
            ("Code", "rule", "level", "what", "times"),
            [
                (
                    name(one.code),
                    literal(_rule(one.code)),
                    name(one.severity),
                    message(one.message),
                    f"{one.count:,}",
                )
                for one in form.figures.found
            ],
            "llllr",
        )


def _rule(code: str) -> str:
    rule = find_rule(code)
    return "–" if rule is None else rule.meta.name
