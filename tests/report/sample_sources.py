"""A report on a source, a notebook and a file that does not parse, as the runner makes it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.source.notebooks import markdown, notebook
from tflint.finding import Finding, FixSafety, Severity
from tflint.finding import Fix as Repair
from tflint.lint.registry import find_rule
from tflint.lint.runner import check_code
from tflint.report.result import LintReport
from tflint.rule import SOURCES, Kind, Metadata, Rule, SourceContext
from tflint.target.target import find_target

TFLM = find_target("tflm")

SOURCE = """\
import keras

model = keras.Sequential([
\tkeras.layers.Conv2D(8, 3, name="日本語", data_format=layout("channels_first")),
    keras.layers.Dense(  # e\u0301
        10,
        activation=wrong("softmax"),
    ),
])
first = layout(1)
second = layout(1)
long = "{}", layout(2)
"bidi \u202e"; layout(3)
accepted = layout(4)  # tflint: ignore[TFL101] the board's own kernels
""".format("x" * 300)


class Layout(Rule):
    """A call of `layout`: what it is given is the message."""

    meta = Metadata("TFL101", "channels-first", Severity.WARNING, applies_to=SOURCES)

    def check_source(self, context: SourceContext) -> Iterator[Finding]:
        for node in ast.walk(context.module.tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "layout":
                yield self.finding(
                    f"layout {ast.unparse(node.args[0])} costs 2 TRANSPOSE operators",
                    location=context.module.locate(node),
                    help='use data_format="channels_last"',
                    fix=Repair(FixSafety.UNSAFE, "tflint fix --unsafe {path}"),
                )


class Wrong(Rule):
    """A call of `wrong`, which is an error."""

    meta = Metadata("TFL113", "double-activation", Severity.ERROR, applies_to=SOURCES)

    def check_source(self, context: SourceContext) -> Iterator[Finding]:
        for node in ast.walk(context.module.tree):
            if isinstance(node, ast.keyword) and ast.unparse(node.value).startswith("wrong"):
                yield self.finding("this will not work", location=context.module.locate(node))


class Long(Rule):
    """A list that goes over several lines."""

    meta = Metadata("TFL303", "dense-dominates", Severity.INFO, applies_to=SOURCES)

    def check_source(self, context: SourceContext) -> Iterator[Finding]:
        for node in ast.walk(context.module.tree):
            if isinstance(node, ast.Call) and node.lineno != node.end_lineno:
                yield self.finding("a long call", location=context.module.locate(node))


def rules() -> list[type[Rule]]:
    """The rules of the sample, and the one that says what does not parse."""
    broken, unused = find_rule("TFL902"), find_rule("TFL901")
    assert broken is not None
    assert unused is not None
    return [Layout, Wrong, Long, broken, unused]


def sample() -> LintReport:
    """The report."""
    book = notebook(
        markdown("# Keras"),
        "%matplotlib inline\nx = 1\n",
        "import keras\n%time layout(1)\nif x:\n    layout(2)",
        "y = (1,\n",
        "".join(f"layout({i})\n" for i in range(12)),
        "x = 1  # tflint: ignore[TFL303]\n",
    )
    files = (
        check_code(SOURCE.encode(), rules(), TFLM, "train/net.py"),
        check_code(book, rules(), TFLM, "train/net.ipynb", Kind.NOTEBOOK),
        check_code(b"import keras\n\tprint 'x'\n", rules(), TFLM, "old.py"),
        check_code(b"import keras\n", rules(), TFLM, "clean.py"),
    )
    return LintReport(TFLM, files, rules=tuple(sorted(rules(), key=lambda rule: rule.meta.code)))
