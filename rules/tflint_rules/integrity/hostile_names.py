"""TFL008."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.analysis.names import Holder, Named, Problem, names, problems
from tflint.finding import Finding, Fix, FixSafety, Location, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.tables import Model
from tflint.printable import printable, size_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule, Stage

_SHOWN = 3
_SHOWN_CHARACTERS = 40


def _relu(name: str, operator: str = "RELU") -> Model:
    model = ModelBuilder()
    y = model.tensor((1, 4), name=name)
    model.operator(operator, [model.input((1, 4))], [y])
    model.output(y)
    return model.build()


class HostileNames(Rule):
    """A name in the model is written to act on whoever prints it.

    ## What it does
    Looks through the names of tensors, subgraphs, signatures, metadata and custom operators
    and the description for control characters and terminal escape sequences, characters
    that turn the direction of text around, invisible ones, bytes that are not UTF-8, markup
    (HTML, Rich, Markdown links), spreadsheet formulas, and names of more than 4 KiB. One
    finding for each of these, with the first names escaped. Names as converters write them
    (`StatefulPartitionedCall:0`, `a/Relu;a/BiasAdd`, other scripts) are left alone.

    ## Why it matters on a device
    No converter writes such names; somebody did, or the file is damaged. They end up in
    serial logs, web pages, spreadsheets and CI reports, where they move the cursor, run a
    script or are computed. tflint escapes them in every format, other tools may not. A
    name of kilobytes is flash that no runtime reads.

    ## Repair
    Give the tensors plain names, or none: runtimes do not read them, so outputs do not
    change. Names of signatures, metadata and custom operators are looked up by programs, so
    changing one is not safe: find out where the file comes from.
    """

    meta = Metadata(
        "TFL008", "hostile-names", Severity.WARNING, fix=FixSafety.SAFE, stage=Stage.TABLES
    )
    examples = (
        Bad("An escape sequence", lambda: _relu("\x1b[2J\x1b]0;title\x07"), says="\\x1b[2J"),
        Bad("Text turned around", lambda: _relu("a\u202egpj.b"), says="\\u202e"),
        Bad("A script", lambda: _relu("<script>alert(1)</script>"), says="markup"),
        Bad("Markup of a terminal library", lambda: _relu("[bold red]x[/bold red]"), says="markup"),
        Bad("A formula", lambda: _relu('=HYPERLINK("http://x","y")'), says="formula"),
        Bad("Not UTF-8", lambda: _relu("caf\udce9"), says="caf\\xe9"),
        Bad("Eight kilobytes", lambda: _relu("x" * 8192), says="8.0 KiB"),
        Bad("In a custom operator", lambda: _relu("y", "Conv\x1b[8m"), says="operator code 0"),
        Good(
            "Names as converters write them",
            lambda: _relu("model/conv2d/Relu;model/conv2d/BiasAdd;StatefulPartitionedCall:0"),
        ),
        Good("Indices and other scripts", lambda: _relu("args[0]->出力/свёртка-1")),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        found: dict[Problem, list[Named]] = {}
        for named in names(context.model):
            for problem in problems(named):
                found.setdefault(problem, []).append(named)
        for problem in Problem:
            if problem in found:
                yield self._about(problem, found[problem])

    def _about(self, problem: Problem, found: list[Named]) -> Finding:
        several = len(found) > 1
        first = "; ".join(_shown(named) for named in found[:_SHOWN])
        more = f"; and {len(found) - _SHOWN:,} more" if len(found) > _SHOWN else ""
        what = f"{len(found):,} names {problem.many}" if several else f"a name {problem.one}"
        help, safety = _repair({named.holder for named in found})
        if problem is Problem.LENGTH:
            size = size_text(sum(named.size for named in found))
            what += f", {size} of flash"
            help += f"; shorter ones save up to {size}"
        return self.finding(
            f"{what} ({first}{more}): {problem.consequence}",
            location=Location(
                subgraph=found[0].subgraph, tensor=found[0].tensor, anchor=problem.name
            ),
            help=help,
            fix=Fix(safety, "tflint fix {path}" + " --unsafe" * (safety is FixSafety.UNSAFE))
            if safety
            else None,
        )


def _shown(named: Named) -> str:
    return f"{named.where} `{printable(named.text, _SHOWN_CHARACTERS)}`"


def _repair(holders: set[Holder]) -> tuple[str, FixSafety | None]:
    """What to do about names of these holders, and how safe it is."""
    if Holder.OPERATOR in holders:
        return (
            "a runtime looks custom operators up by these bytes: get the file from whoever "
            "made it, and do not print its names",
            None,
        )
    if Holder.INTERFACE in holders:
        return (
            "rename them together with the programs that look signatures and metadata up by name",
            FixSafety.UNSAFE,
        )
    return (
        "replace them by plain names: no runtime reads these, outputs stay the same",
        FixSafety.SAFE,
    )
