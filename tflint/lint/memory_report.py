"""What `tflint memory` says of a file: the plan of its arena, and whether it runs at all."""

from __future__ import annotations

from pathlib import Path

from tflint.errors import InaccessibleFile, MalformedModel
from tflint.finding import Severity
from tflint.lint.context import LintedModel
from tflint.lint.discover import shown_path
from tflint.lint.named_model import read_named_model
from tflint.lint.registry import built_in_rules
from tflint.lint.runnable import refusal
from tflint.memory.advice import advice
from tflint.memory.usage import build_for
from tflint.model.garbage import uncollected
from tflint.model.tables import Model
from tflint.printable import printable
from tflint.report.memory_result import MemoryReport, OnHost
from tflint.rule import Stage
from tflint.target.target import Target


def memory_report(text: str, target: Target, *, on_host: bool = False) -> MemoryReport:
    """Read the model at a path and plan its arena; with `on_host`, run TFLM's allocator too.

    Raises `UsageError` for a path that leads nowhere and a target without an arena,
    `UnreadableModel` for files that are no model or have a broken graph, and `MissingExtra`
    when the wheel that measures is not there.
    """
    build_for(target)  # Before anything is read: a target without an arena is a mistake.
    report = report_on(read_named_model(text), target, shown_path(Path(text)))
    if not on_host:
        return report
    try:
        data = Path(text).read_bytes()
    except OSError as error:
        raise InaccessibleFile(
            f"`{printable(text)}` cannot be read: {error.strerror or error}"
        ) from error
    return measured(report, data)


@uncollected()
def report_on(model: Model, target: Target, path: str) -> MemoryReport:
    """The report on a model that was read; raises `MalformedModel` for a broken graph."""
    context = LintedModel(target, model)
    if not context.is_sound:
        raise MalformedModel(f"`{printable(path, 400)}` has a broken graph: {breakage(context)}")
    use = context.memory
    assert use is not None, "`build_for` has refused runtimes without an arena"
    return MemoryReport(
        path=path,
        use=use,
        graphs=context.graphs,
        reason=refusal(context),
        savings=tuple(advice(use, model, context.graphs)),
    )


def measured(report: MemoryReport, data: bytes) -> MemoryReport:
    """The report with what TFLM itself takes for the model on this machine."""
    import dataclasses

    from tflint.memory.arena import plan_arena
    from tflint.memory.requests import WHEEL
    from tflint.memory.wheel import measure
    from tflint.model.reader import parse_model

    computed = plan_arena(parse_model(data), report.graphs, WHEEL)
    host = OnHost(computed, measure(data, computed.min_arena_bytes))
    return dataclasses.replace(report, host=host)


def breakage(context: LintedModel) -> str:
    """The first error about the tables, in a rule's words."""
    for rule in built_in_rules():
        if rule.meta.stage is Stage.TABLES:
            for finding in rule().check_model(context):
                if finding.severity is Severity.ERROR:
                    return finding.message
    return "an index leads outside its table, or a rank is absurd"
