"""Comments that ask for findings to be ignored: what they silence, and which are of no use."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterator

import pytest

from tests.source.notebooks import markdown, notebook
from tflint.finding import Finding
from tflint.lint.findings import MAX_FINDINGS_PER_RULE
from tflint.lint.registry import all_rules, find_rule
from tflint.lint.runner import check_code
from tflint.report.result import FileReport, Silence
from tflint.rule import SOURCES, Kind, Metadata, Rule, SourceContext
from tflint.target.target import find_target

TARGET = find_target("tflm")


def meta(code: str) -> Metadata:
    rule = find_rule(code)
    assert rule is not None
    return dataclasses.replace(rule.meta, applies_to=SOURCES)


class _Marks(Rule):
    """Fires on each call of a function."""

    function = ""

    def check_source(self, context: SourceContext) -> Iterator[Finding]:
        for node in ast.walk(context.module.tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == self.function:
                yield self.finding("it is called", location=context.module.locate(node))


class Layout(_Marks):
    meta = meta("TFL101")
    function = "bad"


class Dense(_Marks):
    meta = meta("TFL303")
    function = "big"


FAKES: list[type[Rule]] = [Layout, Dense]
OTHERS = [
    rule
    for rule in all_rules()
    if SOURCES & rule.meta.applies_to and rule.meta.code not in ("TFL101", "TFL303")
]
RULES = [*FAKES, *OTHERS]


def check(text: str, rules: list[type[Rule]] = RULES) -> FileReport:
    return check_code(f"import keras\n{text}".encode(), rules, TARGET)


def outcome(text: str, rules: list[type[Rule]] = RULES) -> tuple[list[str], list[str]]:
    """`CODE line` of what counts and of what comments silence; the text begins on line 1."""
    report = check(text, rules)
    return (
        [f"{finding.code} {(finding.location.line or 0) - 1}" for finding in report.findings],
        [
            f"{found.finding.code} {(found.finding.location.line or 0) - 1}"
            for found in report.silenced
        ],
    )


@pytest.mark.parametrize(
    "comment",
    [
        "# tflint: ignore[TFL101]",
        "#tflint:ignore[TFL101]",
        "# TFLINT: Ignore[tfl101]",
        "# tflint: ignore[channels-first]",
        "# tflint: ignore[ channels-first ] a reason",
        "# tflint: ignore[TFL1]",
        "# tflint: ignore[ALL]",
        "# tflint: ignore",
        "# tflint: ignore it is the board's own kernel",
        "# noqa: E501 # tflint: ignore[TFL101]",
        "# type: ignore  # tflint: ignore[TFL101] reason # pylint: disable=all",
    ],
)
def test_a_comment_silences_the_finding_on_its_line(comment: str) -> None:
    assert outcome(f"bad()  {comment}\nbad()") == (["TFL101 2"], ["TFL101 1"])


def test_the_reason_is_kept() -> None:
    report = check("bad()  # tflint: ignore[TFL101] the board's kernel  # noqa")

    (found,) = report.silenced
    assert (found.silence, found.reason) == (Silence.IN_SOURCE, "the board's kernel")


@pytest.mark.parametrize(
    "text",
    [
        "x = [  # tflint: ignore[TFL101]\n  bad(),\n]",
        "x = [\n  bad(),\n]  # tflint: ignore[TFL101]",
        "x = [\n  bad(),  # tflint: ignore[TFL101]\n]",
        "x = [\n  # tflint: ignore[TFL101]\n  bad(),\n]",
        "# tflint: ignore[TFL101]\nx = [\n  bad(),\n]",
        "# tflint: ignore[TFL101]\n\n# more\nx = bad()",
        "bad(\n  1,\n  2,\n)  # tflint: ignore[TFL101]",
        "bad(  # tflint: ignore[TFL101]\n1)",
        "def f(x=bad(),  # tflint: ignore[TFL101]\n      y=1):\n  pass",
        "def f(x=bad(),\n      y=1):  # tflint: ignore[TFL101]\n  pass",
        "@bad()  # tflint: ignore[TFL101]\ndef f(): pass",
        "if bad():  # tflint: ignore[TFL101]\n  pass",
        "with bad() as x:  # tflint: ignore[TFL101]\n  pass",
        "if (\n  bad()\n):  # tflint: ignore[TFL101]\n\n  # x\n  @x\n  def f(): pass",
        "class A(bad()):  # tflint: ignore[TFL101]\n  pass",
        "try:\n  pass\nexcept bad():  # tflint: ignore[TFL101]\n  pass",
        "x = '''\n'''; bad()  # tflint: ignore[TFL101]",
    ],
)
def test_a_statement_of_several_lines_has_its_comment_at_either_end(text: str) -> None:
    counted, silenced = outcome(text)

    assert (counted, len(silenced)) == ([], 1)


@pytest.mark.parametrize(
    "text",
    [
        "x = '# tflint: ignore[TFL101]'; bad()",
        "bad('''\n# tflint: ignore[TFL101]\n''')",
        "bad()\n# tflint: ignore[TFL303]",
        "bad()  # tflint: ignore[TFL101",
        "bad()  # tflint: ignore[]",
        "bad()  # tflint: ignore TFL101",
        "bad()  # tflint: ignore-file[TFL101]",
        "bad()  # tflint: disable[TFL101]",
        "bad()  # ignore[TFL101]",
        "def f():  # tflint: ignore[TFL101]\n  bad()",
        "class A:  # tflint: ignore[TFL101]\n  x = bad()",
        "if x:  # tflint: ignore[TFL101]\n  bad()\nelse:\n  pass",
        "bad()\nx = 1  # tflint: ignore[TFL101]",
    ],
)
def test_what_is_no_such_comment_silences_nothing(text: str) -> None:
    assert "TFL101" in [line.split()[0] for line in outcome(text)[0]]


def test_a_comment_for_the_file_silences_all_of_it() -> None:
    assert outcome("# tflint: ignore-file[TFL101]\nbad()\ndef f():\n  bad()\nbig()") == (
        ["TFL303 5"],
        ["TFL101 2", "TFL101 4"],
    )
    assert outcome("# tflint: ignore-file\nbad()\nbig()") == ([], ["TFL101 2", "TFL303 3"])


def test_what_is_nearer_is_used_first() -> None:
    text = "# tflint: ignore-file[TFL101]\nbad()  # tflint: ignore[TFL101] here"

    assert outcome(text) == (["TFL901 1"], ["TFL101 2"])


def test_a_file_that_does_not_parse_cannot_be_ignored() -> None:
    report = check("# tflint: ignore-file\ndef f(:  # tflint: ignore")

    assert [finding.code for finding in report.findings] == ["TFL902"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = 1  # tflint: ignore[TFL101]", "`TFL101` silences nothing here"),
        (
            "x = 1  # tflint: ignore[TFL1, TFL303]",
            "`TFL1`, `TFL303` silences nothing",
        ),
        ("bad()  # tflint: ignore[TFL101, TFL303]", "`TFL303` silences nothing"),
        ("x = 1  # tflint: ignore", "this comment silences nothing"),
        ("# tflint: ignore[TFL101]", "`TFL101` silences nothing"),
        ("# tflint: ignore-file[TFL101]", "`TFL101` silences nothing"),
        ("bad()  # tflint: ignore[TFL101, chanels-first]", "did you mean `channels-first`"),
        ("bad()  # tflint: ignore[TFL101, \x1b]", "unknown rule `\\x1b`"),
        ("x = 1  # tflint: ignore[TFL501]", "`TFL501` silences nothing"),
        ("x = 1  # tflint: ignore[]", "name no rule"),
        ("x = 1  # tflint: ignore[", "rules stand in brackets"),
        ("x = 1  # tflint: ignore: TFL101", "rules stand in brackets"),
        ("x = 1  # tflint: ignroe[TFL101]", "is not known"),
        ("x = 1  # tflint:", "is not known"),
        ("x = 1  # tflint: ignore-file", "line of its own"),
    ],
)
def test_a_comment_of_no_use_is_a_finding(text: str, says: str) -> None:
    (finding,) = check(text).findings

    assert finding.code == "TFL901"
    assert says in finding.message
    assert (finding.fix is None) == (finding.help == "")


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("x = 1  # tflint: ignore[TFL101] é # x", "# tflint: ignore[TFL101] é"),
        ("bad()  # a # tflint: ignore[TFL101, TFL303]", "TFL303"),
        ("é = 1  # tflint: ignore[nonsense]", "nonsense"),
        ("é = 1  # tflint: foo  ", "# tflint: foo"),
    ],
)
def test_the_place_is_what_can_go(text: str, marked: str) -> None:
    (finding,) = check(text).findings
    at = finding.location

    assert at.column is not None
    assert at.end_column is not None
    assert (at.line, text[at.column - 1 : at.end_column - 1]) == (2, marked)


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("x = 1  # tflint: ignore[TFL303]", [Layout, *OTHERS]),
        ("x = 1  # tflint: ignore", [Layout, *OTHERS]),
        ("x = 1  # tflint: ignore[TFL3]", [Layout, *OTHERS]),
    ],
)
def test_what_did_not_run_is_not_called_of_no_use(text: str, rules: list[type[Rule]]) -> None:
    assert check(text, rules).findings == ()


def test_a_comment_can_be_kept_whatever_it_is_good_for() -> None:
    assert outcome("x = 1  # tflint: ignore[TFL101, TFL901]") == ([], ["TFL901 1"])
    assert outcome("# tflint: ignore-file[TFL901]\nx = 1  # tflint: ignore") == ([], ["TFL901 2"])
    # A comment for all rules does not hide that it is of no use.
    assert outcome("x = 1  # tflint: ignore") == (["TFL901 1"], [])


def test_in_a_notebook_a_comment_belongs_to_its_cell() -> None:
    data = notebook(
        markdown("keras"),
        "%matplotlib inline\nbad()  # tflint: ignore[TFL101]",
        "bad()\n# tflint: ignore[TFL101]",
        "bad()\n%time bad()  # tflint: ignore[TFL101]",
    )
    report = check_code(data, RULES, TARGET, "x.ipynb", Kind.NOTEBOOK)

    def places(findings: list[Finding]) -> list[tuple[str, int | None, int | None]]:
        return [(f.code, f.location.cell, f.location.line) for f in findings]

    assert places(list(report.findings)) == [
        ("TFL101", 3, 1),
        ("TFL101", 4, 1),
        ("TFL901", 3, 2),
    ]
    assert places([found.finding for found in report.silenced]) == [
        ("TFL101", 2, 2),
        ("TFL101", 4, 2),
    ]


def test_where_a_cell_does_not_parse_nothing_is_called_of_no_use() -> None:
    data = notebook("import keras", "x = 1  # tflint: ignore[TFL101]", "x = = 1")
    report = check_code(data, RULES, TARGET, "x.ipynb", Kind.NOTEBOOK)

    assert [finding.code for finding in report.findings] == ["TFL902"]


def test_findings_are_cut_only_after_comments_have_accepted_theirs() -> None:
    accepted = "bad()  # tflint: ignore[TFL101]\n" * (MAX_FINDINGS_PER_RULE + 50)
    report = check(accepted + "bad()\n" * (MAX_FINDINGS_PER_RULE + 1))

    assert len(report.silenced) == MAX_FINDINGS_PER_RULE + 50
    assert len(report.findings) == MAX_FINDINGS_PER_RULE
    assert {finding.code for finding in report.findings} == {"TFL101"}
    assert report.notes == (f"TFL101: only the first {MAX_FINDINGS_PER_RULE} are listed",)


def test_fingerprints_do_not_depend_on_comments() -> None:
    def prints(text: str) -> list[str]:
        report = check(text)
        found = [*report.findings, *(silenced.finding for silenced in report.silenced)]
        return sorted(finding.fingerprint for finding in found if finding.code == "TFL101")

    assert prints("x = [\nbad(),\nbad(),\n]") == prints(
        "x = [\n# tflint: ignore[TFL101]\nbad(),\nbad(),\n]"
    )
