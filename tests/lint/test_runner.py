"""Rules over files: what runs when, what is reported, by what a finding is known again."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tflint.errors import MalformedModel, NotAModel
from tflint.finding import Finding, FixSafety, Severity
from tflint.lint.context import LintedModel
from tflint.lint.discover import Artifact, discover
from tflint.lint.findings import MAX_FINDINGS_PER_RULE
from tflint.lint.parallel import check_each
from tflint.lint.plan import Plan
from tflint.lint.registry import all_rules, built_in_rules
from tflint.lint.runnable import refusing_rules
from tflint.lint.runner import check_bytes, check_example, check_file
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import per_tensor
from tflint.model.reader import parse_model
from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint.model.writer import write_model
from tflint.report.result import FileReport, LintReport
from tflint.report.wording import BUDGETS
from tflint.rule import Kind, Metadata, ModelContext, Rule, Stage
from tflint.target.target import find_target

TFLM = find_target("tflm")
RULES = all_rules()


def sound() -> Model:
    model = ModelBuilder()
    model.output(model.fully_connected(model.input((1, 4)), units=2))
    return model.build()


def broken_graph() -> Model:
    """A dense layer that reads tensor 99, and a tensor of an impossible scale."""
    model = ModelBuilder()
    x = model.input((1, 4), TensorType.INT8, per_tensor(0.0))
    model.output(model.fully_connected(x, units=2))
    model.operators[0] = dataclasses.replace(model.operators[0], inputs=(0, 99, 2))
    return model.build()


def check(model: Model, path: str = "m.tflite") -> FileReport:
    return check_bytes(write_model(model), RULES, TFLM, path)


def codes(report: FileReport) -> list[str]:
    return [finding.code for finding in report.findings]


class EachOperator(Rule):
    """Fires on each operator."""

    meta = Metadata("TFL998", "each-operator", Severity.WARNING)

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        for node in context.nodes:
            yield self.finding(node.name, node=node)


def test_a_broken_graph_is_seen_by_the_rules_that_need_none() -> None:
    ran: list[str] = []

    def spy(at: Stage) -> type[Rule]:
        class Spy(Rule):
            meta = Metadata("TFL999", at.name, Severity.INFO, stage=at)

            def check_model(self, context: ModelContext) -> Iterator[Finding]:
                ran.append(at.name)
                yield from ()

        return Spy

    spies = [spy(stage) for stage in Stage]
    check_bytes(write_model(broken_graph()), spies, TFLM)
    assert ran == ["FILE", "TABLES"]

    ran.clear()
    check_bytes(b"nothing of the kind, and long enough", spies, TFLM)
    assert ran == ["FILE"]

    ran.clear()
    check_bytes(write_model(sound()), spies, TFLM)
    assert ran == ["FILE", "TABLES", "GRAPH"]


def test_a_broken_graph_is_reported_with_a_note_and_without_what_walking_it_would_give() -> None:
    report = check(broken_graph())

    assert codes(report)[:2] == ["TFL003", "TFL006"]
    assert report.notes == ("the graph is broken; rules that walk it did not run",)
    assert report.facts is not None
    assert report.facts.operators == 1
    assert (report.facts.weights_count, report.facts.macs) == (None, None)


def test_a_sound_model_comes_with_its_figures() -> None:
    facts = check(sound()).facts

    assert facts is not None
    assert (facts.operators, facts.tensors, facts.macs) == (1, 4, 8)
    assert (facts.weights_count, facts.weights_bytes) == (10, 40)


def chain(length: int) -> Model:
    model = ModelBuilder()
    x = model.input((1, 4))
    for _ in range(length):
        x = model.unary("RELU", x)
    model.output(x)
    return model.build()


@pytest.mark.parametrize(("operators", "noted"), [(MAX_FINDINGS_PER_RULE, False), (500, True)])
def test_findings_of_one_rule_are_capped_and_that_is_said(operators: int, noted: bool) -> None:
    report = check_bytes(write_model(chain(operators)), [EachOperator], TFLM)

    assert len(report.findings) == MAX_FINDINGS_PER_RULE
    assert report.notes == (("TFL998: only the first 200 are listed",) if noted else ())
    assert [finding.location.operator for finding in report.findings] == list(range(200))


def test_a_capped_rule_is_not_asked_for_more() -> None:
    asked = 0

    class Endless(Rule):
        meta = Metadata("TFL999", "endless", Severity.INFO)

        def check_model(self, context: ModelContext) -> Iterator[Finding]:
            nonlocal asked
            while True:
                asked += 1
                yield self.finding("again")

    check_bytes(write_model(sound()), [Endless], TFLM)
    assert asked == MAX_FINDINGS_PER_RULE + 1


def test_findings_are_sorted_by_severity_then_code_then_place() -> None:
    class Scattered(Rule):
        meta = Metadata("TFL997", "scattered", Severity.INFO)

        def check_model(self, context: ModelContext) -> Iterator[Finding]:
            for node in reversed(list(context.nodes)):
                severity = Severity.ERROR if node.index == 2 else Severity.INFO
                yield self.finding("here", node=node, severity=severity)

    report = check_bytes(write_model(chain(4)), [Scattered, EachOperator], TFLM)

    found = [(f.severity, f.code, f.location.operator) for f in report.findings]
    assert found == [
        (Severity.ERROR, "TFL997", 2),
        *((Severity.WARNING, "TFL998", i) for i in range(4)),
        *((Severity.INFO, "TFL997", i) for i in (0, 1, 3)),
    ]


# Fingerprints


def two_unknown_layers(*, before: int, between: int) -> Model:
    """Two custom operators with RELUs of no interest before and between them."""
    model = ModelBuilder()
    x = model.input((1, 4), name="in")
    for _ in range(before):
        x = model.unary("RELU", x)
    for name in ("first", "second"):
        y = model.tensor((1, 4), name=name)
        model.operator("MyLayer", [x], [y])
        x = y
        for _ in range(between):
            x = model.unary("RELU", x)
    model.output(x)
    return model.build()


def fingerprints(report: FileReport, code: str) -> list[str]:
    return [finding.fingerprint for finding in report.findings if finding.code == code]


def test_fingerprints_stay_when_unrelated_operators_come_in() -> None:
    plain, moved = (
        fingerprints(check(two_unknown_layers(before=n, between=n)), "TFL202") for n in (0, 3)
    )

    assert len(plain) == 2
    assert plain == moved


def test_fingerprints_differ_by_rule_place_and_file() -> None:
    model = two_unknown_layers(before=0, between=1)
    here, there = check(model, "a.tflite"), check(model, "b.tflite")

    found = [finding.fingerprint for report in (here, there) for finding in report.findings]
    assert len(found) > 2
    assert len(set(found)) == len(found)


def test_fingerprints_are_unique_even_where_names_are_not() -> None:
    model = ModelBuilder()
    x = model.input((1, 4), name="")
    for _ in range(5):
        y = model.tensor((1, 4), name="")
        model.operator("MyLayer", [x], [y])
        x = y
    model.output(x)

    found = fingerprints(check(model.build()), "TFL202")
    assert len(found) == len(set(found)) == 5


@pytest.mark.parametrize(
    "name",
    ["\x1b[31m", "a\0b", b"\x80".decode("utf-8", "surrogateescape"), chr(0xD800), "x" * 10**6, "é"],
    ids=["escape", "zero", "not UTF-8", "surrogate", "long", "accent"],
)
def test_any_name_has_a_fingerprint(name: str) -> None:
    class AtName(Rule):
        meta = Metadata("TFL999", "at-name", Severity.INFO)

        def check_model(self, context: ModelContext) -> Iterator[Finding]:
            for finding in EachOperator().check_model(context):
                at = dataclasses.replace(finding.location, anchor=name)
                yield dataclasses.replace(finding, location=at)

    report = check_bytes(write_model(sound()), [AtName], TFLM, path=name)
    assert [len(finding.fingerprint) for finding in report.findings] == [32]


@pytest.mark.parametrize("given", ["m.tflite", "./m.tflite", "x/../m.tflite", "{cwd}/m.tflite"])
def test_fingerprints_do_not_depend_on_how_the_file_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "m.tflite").write_bytes(write_model(two_unknown_layers(before=0, between=0)))
    monkeypatch.chdir(tmp_path)
    named = check_file(discover([given.format(cwd=tmp_path)])[0], RULES, TFLM)
    found = check_file(discover(["."])[0], RULES, TFLM)

    assert fingerprints(named, "TFL202")
    assert named == found


# Files that cannot be read


def unreadable(path: Path) -> FileReport:
    return check_file(Artifact(path, path.name, Kind.TFLITE), RULES, TFLM)


def assert_unreadable(report: FileReport, says: str) -> None:
    assert codes(report) == ["TFL001"]
    assert says in report.findings[0].message
    assert report.readable is False
    assert report.facts is None


def test_a_file_that_went_away_is_a_finding(tmp_path: Path) -> None:
    assert_unreadable(unreadable(tmp_path / "gone.tflite"), "No such file")


def test_a_file_that_became_a_folder_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "m.tflite").mkdir()

    assert_unreadable(unreadable(tmp_path / "m.tflite"), "cannot be read")


def test_a_file_without_permission_is_a_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(write_model(sound()))
    path.chmod(0)
    if os.access(path, os.R_OK):
        # The superuser may read everything.
        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr("builtins.open", refuse)

    assert_unreadable(unreadable(path), "Permission denied")


@pytest.mark.parametrize("size", [0, 1, 7, 8, 15])
def test_a_file_too_short_to_be_one_is_a_finding(tmp_path: Path, size: int) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes((b"\x1c\0\0\0TFL3" + bytes(8))[:size])

    assert_unreadable(unreadable(path), "the file is")


def test_one_unreadable_file_leaves_the_others_checked(tmp_path: Path) -> None:
    (tmp_path / "bad.tflite").write_bytes(write_model(sound())[:-60])
    (tmp_path / "good.tflite").write_bytes(write_model(sound()))
    jobs = [(artifact, Plan(TFLM, RULES)) for artifact in discover([str(tmp_path)])]
    report = LintReport(TFLM, tuple(check_each(jobs)))

    assert [file.readable for file in report.files] == [False, True]
    assert report.fails(Severity.ERROR)


def test_a_repair_names_the_file_as_a_shell_takes_it() -> None:
    model = ModelBuilder()
    model.output(model.fully_connected(model.input((1, 64)), units=16))

    report = check(model.build(), "my models/it's.tflite")
    fixes = [finding.fix for finding in report.findings if finding.code == "TFL401"]

    assert [fix and fix.safety for fix in fixes] == [FixSafety.RECONVERT]
    assert fixes[0] is not None
    assert fixes[0].command.startswith("tflint fix 'my models/it'\"'\"'s.tflite' ")


def test_a_file_on_disk_and_its_bytes_give_the_same_report(tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(write_model(two_unknown_layers(before=1, between=1)))
    from_disk = check_file(Artifact(path, "m.tflite", Kind.TFLITE), RULES, TFLM)

    assert from_disk == check_bytes(path.read_bytes(), RULES, TFLM, "m.tflite")


@pytest.mark.parametrize(
    ("built", "kind"),
    [(sound, Kind.TFLITE), (lambda: b"bytes", Kind.TFLITE), (lambda: "x = 1", Kind.KERAS_SOURCE)],
)
def test_an_example_is_checked_as_what_it_is(
    built: Callable[[], Model | bytes | str], kind: Kind
) -> None:
    assert check_example(built(), RULES, TFLM).kind is kind


# The context


def test_facts_are_computed_once() -> None:
    context = LintedModel(TFLM, parse_model(write_model(sound())))

    assert context.graphs is context.graphs
    assert context.weights is context.weights
    assert [node.name for node in context.nodes] == ["FULLY_CONNECTED"]


def test_the_context_of_an_unreadable_file_has_no_model() -> None:
    error = NotAModel("no")
    context = LintedModel(TFLM, error)

    assert context.unreadable is error
    with pytest.raises(NotAModel):
        _ = context.model


def test_a_graph_is_sound_unless_an_index_dangles_or_a_rank_is_absurd() -> None:
    deep = ModelBuilder()
    deep.output(deep.unary("RELU", deep.input((1,) * 33)))

    assert LintedModel(TFLM, sound()).is_sound
    assert not LintedModel(TFLM, broken_graph()).is_sound
    assert not LintedModel(TFLM, deep.build()).is_sound


def test_macs_are_those_of_the_first_subgraph() -> None:
    model = ModelBuilder()
    model.output(model.fully_connected(model.input((1, 4)), units=2))
    other = model.subgraph("body")
    other.output(other.fully_connected(other.input((1, 100)), units=100))

    assert LintedModel(TFLM, model.build()).macs == 8


def test_an_error_says_where_in_the_file() -> None:
    assert str(MalformedModel("bad offset", 1234)) == "bad offset (at byte 1,234)"
    assert MalformedModel("bad offset").position is None


def test_every_rule_that_may_report_an_error_says_so() -> None:
    # What the arena in a report calls runnable hangs on it.
    refusing = {rule.meta.code for rule in refusing_rules()}
    for rule in built_in_rules():
        if Kind.TFLITE not in rule.meta.applies_to:
            continue
        found = [
            finding
            for example in rule.examples
            for finding in check_example(
                example.build(), [rule], find_target(example.target)
            ).findings
            if finding.severity is Severity.ERROR and finding.location.line is None
        ]
        if found and not rule.meta.code.startswith(BUDGETS):
            assert rule.meta.code in refusing


def test_a_model_that_is_refused_is_so_whatever_was_asked() -> None:
    (rule,) = (rule for rule in built_in_rules() if rule.meta.code == "TFL204")
    bad = next(example for example in rule.examples if example.target == "tflm")
    others = [other for other in built_in_rules() if other is not rule]

    for rules in (built_in_rules(), others, ()):
        facts = check_example(bad.build(), rules, find_target("tflm")).facts
        assert facts is not None
        assert facts.arena is not None
        assert "Hybrid models are not supported" in (facts.arena.refusal or "")
