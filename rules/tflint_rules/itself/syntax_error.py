"""TFL902."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.finding import Finding, Location, Severity
from tflint.printable import printable
from tflint.rule import Bad, Good, Kind, Metadata, Rule, SourceContext, Stage


class SyntaxErrorInSource(Rule):
    """The source does not parse.

    ## What it does
    Parses the file as the Python that runs tflint would. Nothing of it is executed.

    ## Why it matters on a device
    A source that does not parse builds no model, and no other rule can look at it.

    ## Repair
    Correct the line. If the file is written for a newer Python, run tflint with that one.
    """

    meta = Metadata(
        "TFL902",
        "syntax-error",
        Severity.ERROR,
        applies_to=frozenset((Kind.KERAS_SOURCE,)),
        stage=Stage.FILE,
    )
    examples = (
        Bad("A parenthesis too few", lambda: "from keras import layers\nlayers.Dense(4\n"),
        Good("It parses", lambda: "from keras import layers\nlayers.Dense(4)\n"),
    )

    def check_source(self, context: SourceContext) -> Iterator[Finding]:
        error = context.broken
        if error is not None:
            yield self.finding(
                f"the source does not parse: {printable(str(error), 200)}",
                location=Location(line=error.line, column=error.column),
            )
