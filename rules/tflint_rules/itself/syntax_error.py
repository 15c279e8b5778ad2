"""TFL902."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.finding import Finding, Severity
from tflint.printable import printable
from tflint.rule import SOURCES, Bad, Good, Metadata, Rule, SourceContext, Stage


class SyntaxErrorInSource(Rule):
    """The source does not parse.

    ## What it does
    Parses the file as the Python that runs tflint would. Nothing of it is executed. The cells of a
    notebook are parsed one by one: those that do parse are looked at all the same.

    ## Why it matters on a device
    A source that does not parse builds no model, and no other rule can look at it.

    ## Repair
    Correct the line. If the file is written for a newer Python, run tflint with that one.
    """

    meta = Metadata(
        "TFL902",
        "syntax-error",
        Severity.ERROR,
        applies_to=SOURCES,
        stage=Stage.FILE,
    )
    examples = (
        Bad("A parenthesis too few", lambda: "from keras import layers\nlayers.Dense(4\n"),
        Good("It parses", lambda: "from keras import layers\nlayers.Dense(4)\n"),
    )

    def check_source(self, context: SourceContext) -> Iterator[Finding]:
        broken = context.broken
        for error in context.module.errors if broken is None else (broken,):
            yield self.finding(
                f"the source does not parse: {printable(str(error), 200)}",
                location=error.location,
            )
