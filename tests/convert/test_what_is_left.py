"""Which findings of an original are gone in what it was converted to."""

from __future__ import annotations

import pytest

from tflint.convert.request import Rebuilt
from tflint.convert.what_is_left import fixed_of, left_of, of_a_graph, still_there
from tflint.finding import Confidence, Finding, Fix, FixSafety, Location, Severity
from tflint.fix.model.repair import Repair, start
from tflint.fix.options import FixOptions
from tflint.model.builder import ModelBuilder
from tflint.model.schema import TensorType
from tflint.model.writer import write_model
from tflint.report.convert_result import Conversion, OperatorDiagnosis
from tflint.report.fix_result import FileFix, FixedFinding, LeftFinding
from tflint.report.result import FileReport
from tflint.rule import Kind
from tflint.target.target import find_target

TARGET = find_target("tflm")


def finding(code: str, layer: str | None = None, command: str | None = None) -> Finding:
    fix = None if command is None else Fix(FixSafety.UNSAFE, command)
    return Finding(
        code,
        code.lower(),
        Severity.WARNING,
        Confidence.HIGH,
        "what is wrong",
        location=Location(layer=layer),
        fix=fix,
    )


def report(*findings: Finding, kind: Kind = Kind.H5) -> FileReport:
    return FileReport("net", kind, True, None, findings, TARGET)


@pytest.fixture
def work() -> Repair:
    """A result of one TRANSPOSE, which nobody has repaired anything of."""
    build = ModelBuilder()
    x = build.input((1, 2, 3, 4))
    y = build.tensor((1, 4, 2, 3))
    order = build.constant(
        (4,), TensorType.INT32, b"".join(n.to_bytes(4, "little") for n in (0, 3, 1, 2))
    )
    build.operator("TRANSPOSE", [x, order], [y])
    build.output(y)
    return start(write_model(build.build()), TARGET)


def codes(found: tuple[FixedFinding, ...] | tuple[LeftFinding, ...]) -> list[str]:
    return [one.finding.code for one in found]


def test_what_the_result_has_none_of_is_fixed(work: Repair) -> None:
    before, after = report(finding("TFL109"), finding("TFL303")), report(finding("TFL303"))
    assert codes(fixed_of(before, after, None)) == ["TFL109"]
    assert codes(left_of(before, after, None, work, FixOptions())) == ["TFL303"]


def test_what_only_archives_are_checked_for_stays_unless_it_is_code(work: Repair) -> None:
    before, after = report(finding("TFL102"), finding("TFL007"), finding("TFL114")), report()
    assert codes(fixed_of(before, after, None)) == ["TFL007", "TFL114"]
    (left,) = left_of(before, after, None, work, FixOptions())
    assert left.finding.code == "TFL102"
    assert "only training" in left.reasons[0][0]


def test_a_layer_that_was_rebuilt_is_fixed_whatever_else_is_turned() -> None:
    before = report(finding("TFL101", "conv"), finding("TFL101", "other"))
    fixed = fixed_of(before, report(finding("TFL101")), None, [Rebuilt("layout", ("conv",))])
    assert [one.finding.location.layer for one in fixed] == ["conv"]


def test_of_a_source_its_repair_says_what_is_fixed(work: Repair) -> None:
    one, two = finding("TFL101"), finding("TFL303")
    fix = FileFix(
        "net.py",
        Kind.KERAS_SOURCE,
        fixed=(FixedFinding(one, FixSafety.UNSAFE),),
        left=(LeftFinding(two),),
    )
    before = report(one, two, kind=Kind.KERAS_SOURCE)
    after = report(finding("TFL303"), finding("TFL505"))
    assert codes(fixed_of(before, after, fix)) == ["TFL101"]
    assert codes(left_of(before, after, fix, work, FixOptions())) == ["TFL303", "TFL505"]


@pytest.mark.parametrize(
    ("command", "now"),
    [
        ("tflint fix net --unsafe", "tflint fix net --unsafe --reconvert"),
        (
            "tflint fix net --reconvert --source model.py:build",
            "tflint fix net --reconvert",
        ),
    ],
)
def test_commands_reconvert_what_is_no_model(work: Repair, command: str, now: str) -> None:
    after = report(finding("TFL309", command=command))
    (left,) = left_of(report(), after, None, work, FixOptions())
    assert left.finding.fix is not None
    assert left.finding.fix.command == now
    (kept,) = left_of(report(kind=Kind.TFLITE), after, None, work, FixOptions())
    assert kept.finding.fix is not None
    assert kept.finding.fix.command == command


def test_operators_that_passes_have_taken_are_no_longer_told(work: Repair) -> None:
    told = (OperatorDiagnosis("TRANSPOSE", "builtin"), OperatorDiagnosis("Conv2D", "select"))
    (left,) = still_there(Conversion("keras 3", operators=told), work)
    assert left.name == "TRANSPOSE"


def test_nobody_is_sent_to_rebuild_a_graph() -> None:
    told = (
        OperatorDiagnosis("TRANSPOSE", "builtin", way="`tflint fix --reconvert` turns it"),
        OperatorDiagnosis("Atan2", "select", way="arithmetic"),
    )
    one, other = of_a_graph(Conversion("SavedModel", operators=told)).operators
    assert "--reconvert" not in one.way
    assert other.way == "arithmetic"
