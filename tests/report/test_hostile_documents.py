"""Whatever names, paths and messages hold: every format stays valid, and nothing in it acts.

Messages of our own rules are escaped where they are made. Those of plug-ins need not be, and
paths come from the file system: here everything that is text is hostile.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.report.rendered_markdown import assert_inert
from tests.report.sample_report import file, finding, report
from tests.report.sarif_schema import schema, validate
from tests.report.test_github import parse
from tests.report.test_gitlab import issues
from tests.report.test_junit import suites
from tests.report.test_sarif import check_references
from tflint.finding import Fix, FixSafety, Location, Severity
from tflint.report.formats import FORMATS
from tflint.report.result import LintReport, Silence, SilencedFinding
from tflint.report.statistics import render_json, render_text
from tflint.report.style import plain, styled

PIECES = (
    *("\x1b[31m", "\x1b]8;;https://x.y\x1b\\", "\x9b2J", "[red]", "[/]", "[link=https://x.y]"),
    *("<script>alert(1)</script>", "<img src=x onerror=y>", "</details>", "<!--", "-->", "]]>"),
    *(
        "<![CDATA[",
        "&amp;",
        "&#64;",
        "\\",
        "`",
        "``",
        "|",
        "\\|",
        "*",
        "_",
        "~~",
        "# ",
        "- ",
        "1. ",
    ),
    *("@octocat", "@org/team", "#12", "GH-1", "JIRA-12", "org/repo#1", "!1", "~bug", "%1", ":+1:"),
    *("deadbeefcafe", "https://x.y", "www.x.y", "a@b.cd", "mailto:a@b.cd", "[a](https://x.y)"),
    *("![a](b)", "[a]: b", "::error::x", "::add-mask::x", "##[error]x", "%0A::error::x", "%25"),
    *("\n", "\r\n", "\r", "\v", "\f", "\x85", "\u2028", "\u2029", "\0", "\t", " ", "\ufffe"),
    *("=1+1", "+1", "-1", "@SUM(1)", "'", '"', "{0}", "{{", "}", "%s", "$HOME", "$(x)", ";"),
    *("\u202e", "\u2066", "\u200b", "\ufeff", "\U000e0041", "\ud800", "\udcff", "\uffff"),
    *("漢字", "é", "e\u0301", "../", "/", "C:\\", "x", "CONV_2D", "word", "\u00a0"),
)
HOSTILE = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=8).map("".join)
PATHS = HOSTILE.map(lambda text: text.replace("\0", "") or "m.tflite")
INDEX = st.none() | st.integers(0, 2**31)
LOCATIONS = st.builds(
    Location,
    line=st.none() | st.integers(0, 10**6),
    column=st.none() | st.integers(0, 10**6),
    end_line=st.none() | st.integers(0, 10**6),
    end_column=st.none() | st.integers(0, 10**6),
    subgraph=INDEX,
    operator=INDEX,
    operator_name=st.none() | HOSTILE,
    tensor=INDEX,
    context=st.none() | HOSTILE,
)


@st.composite
def reports(draw: st.DrawFn) -> LintReport:
    """A run over two files in which every text is hostile."""
    files = []
    for path in draw(st.lists(PATHS, min_size=1, max_size=2, unique=True)):
        findings = [
            finding(
                path,
                draw(HOSTILE) or "X1",
                draw(st.sampled_from(Severity)),
                draw(LOCATIONS),
                name=draw(HOSTILE),
                message=draw(HOSTILE),
                help=draw(HOSTILE),
                fix=draw(st.none() | st.builds(Fix, st.sampled_from(FixSafety), HOSTILE)),
                fingerprint=draw(st.sampled_from(("", "a" * 32)) | st.text("abc", max_size=4)),
            )
            for _ in range(draw(st.integers(0, 3)))
        ]
        silenced = tuple(
            SilencedFinding(one, draw(st.sampled_from(Silence)), draw(HOSTILE))
            for one in findings[2:]
        )
        notes = tuple(draw(st.lists(HOSTILE, max_size=1)))
        files.append(file(path, *findings[:2], notes=notes, silenced=silenced))
    return report(*files, notes=tuple(draw(st.lists(HOSTILE, max_size=1))))


def each(text: str) -> LintReport:
    """A report with one text everywhere."""
    path = text.replace("\0", "")[:5000] or "m.tflite"
    at = Location(subgraph=0, operator=1, operator_name=text, tensor=2, context=text)
    found = [
        finding(
            path,
            at=where,
            severity=severity,
            name=text,
            message=text,
            help=text,
            fix=Fix(FixSafety.SAFE, text),
        )
        for severity in Severity
        for where in (at, Location(), Location(line=1, column=1, context=text))
    ]
    silenced = tuple(SilencedFinding(found[0], silence, text) for silence in Silence)
    return report(file(path, *found, notes=(text,), silenced=silenced), notes=(text,))


def hidden(text: str) -> set[str]:
    """What a reader cannot see, but for the ends of lines and blanks."""
    categories = {c: unicodedata.category(c) for c in set(text) - {"\n"}}
    return {c for c, kind in categories.items() if kind[0] == "C" or kind in ("Zl", "Zp")}


def check_text(found: LintReport) -> None:
    for text in (FORMATS["text"].document(found), plain(render_text(found))):
        assert hidden(text) == set()
        assert not any(line.lstrip().startswith("::") for line in text.splitlines())
    coloured = styled(FORMATS["text"].lines(found))
    assert hidden(coloured) <= {"\x1b"}


def check_concise(found: LintReport) -> None:
    text = FORMATS["concise"].document(found)
    assert hidden(text) == set()
    assert text.count("\n") == len(text.splitlines()) == sum(1 for _ in found.findings)
    assert not any(line.lstrip().startswith("::") for line in text.splitlines())


def check_json(found: LintReport) -> None:
    for text in (FORMATS["json"].document(found), render_json(found)):
        assert text.isascii()
        assert hidden(text) == set()
        json.loads(text)


def check_sarif(found: LintReport) -> None:
    text = FORMATS["sarif"].document(found)
    assert text.isascii()
    document = json.loads(text)
    if schema() is not None:
        validate(document)
    [run] = document["runs"]
    check_references(run)
    for result in run["results"]:
        assert hidden(result["message"]["text"]) == set()
        # No embedded link (3.11.6), and no placeholder (3.11.5).
        assert "](" not in result["message"]["text"].replace("\\[", "").partition("[")[2]


def check_github(found: LintReport) -> None:
    text = FORMATS["github"].document(found)
    assert hidden(text) == set()
    commands = [parse(line) for line in text.splitlines()]
    notes = len(found.notes) + sum(len(one.notes) for one in found.files)
    assert len(commands) == sum(1 for _ in found.findings) + notes + 1
    assert {command.name for command in commands} <= {"error", "warning", "notice", "debug"}
    allowed = {"file", "line", "endLine", "col", "endColumn", "title"}
    assert all(command.properties.keys() <= allowed for command in commands)


def check_gitlab(found: LintReport) -> None:
    assert len(issues(found)) == sum(1 for _ in found.findings)


def check_junit(found: LintReport) -> None:
    text = FORMATS["junit"].document(found)
    assert text.isascii()
    assert hidden("".join(ElementTree.fromstring(text).itertext())) == set()
    suites(found)


def check_markdown(found: LintReport) -> None:
    text = FORMATS["markdown"].document(found)
    assert hidden(text) == set()
    assert len(text) <= 65_536
    assert_inert(text)


CHECKS: dict[str, Callable[[LintReport], None]] = {
    "text": check_text,
    "concise": check_concise,
    "json": check_json,
    "sarif": check_sarif,
    "github": check_github,
    "gitlab": check_gitlab,
    "junit": check_junit,
    "markdown": check_markdown,
}


def test_every_format_is_checked() -> None:
    assert CHECKS.keys() == FORMATS.keys()


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize("piece", PIECES, ids=ascii)
def test_one_thing_everywhere(name: str, piece: str) -> None:
    for text in (piece, f"{piece}{piece}", f"a {piece} b", f"a{piece}b"):
        CHECKS[name](each(text))


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize("piece", ["x", "\x1b", "`", "|", "@a ", "<", "(", '"', "\udcff", "漢"])
def test_a_megabyte(name: str, piece: str) -> None:
    found = each(piece * 1_000_000)

    CHECKS[name](found)
    if name != "json":  # There a message is as long as the rule made it.
        assert len(FORMATS[name].document(found)) < 4_000_000


@pytest.mark.parametrize("name", CHECKS)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(found=reports())
@example(found=each("`|\\`"))
@example(found=each(f"{'x' * 90} ::error::y"))
def test_any_mixture(name: str, found: LintReport) -> None:
    CHECKS[name](found)
