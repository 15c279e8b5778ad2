"""One report with something of everything that formats have to show."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator

from tflint.finding import Confidence, Finding, Fix, FixSafety, Location, Severity
from tflint.report.result import FileReport, LintReport, ModelFacts, Silence, SilencedFinding
from tflint.rule import Kind, Metadata, Rule
from tflint.target.target import Target, find_target

TFLM = find_target("tflm")
BOARD = find_target("cortex-m4:flash=256K,ram=64K")
FACTS = ModelFacts(8416, 8, 16, 4997, 6164, 263856)
MODEL, SOURCE = "models/motion.tflite", "train/net.py"


class HybridKernel(Rule):
    """Float activations meet int8 weights.

    ## What it does
    Looks at operators with int8 weights
    and float32 inputs.

    ## Why it matters on a device
    TFLM has no hybrid kernels.

    ## Repair
    Quantise the activations as well.
    """

    meta = Metadata("TFL204", "hybrid-kernel", Severity.ERROR, fix=FixSafety.RECONVERT)


class LegacyOpcode(Rule):
    """An operator code is in one of two fields only."""

    meta = Metadata("TFL010", "legacy-opcode", Severity.INFO, Confidence.MEDIUM)


RULES: tuple[type[Rule], ...] = (LegacyOpcode, HybridKernel)


def finding(
    path: str = MODEL,
    code: str = "TFL204",
    severity: Severity = Severity.ERROR,
    at: Location | None = None,
    **changes: object,
) -> Finding:
    """A finding as the runner leaves it; its fingerprint is that of its place."""
    at = at or Location(subgraph=0, operator=5, operator_name="FULLY_CONNECTED", tensor=9)
    names = {"TFL204": "hybrid-kernel", "TFL010": "legacy-opcode", "TFL101": "channels-first"}
    found = Finding(
        code=code,
        name=names.get(code, "of-a-plug-in"),
        severity=severity,
        confidence=Confidence.HIGH,
        message="FULLY_CONNECTED has float32 activations and int8 weights (4.5 KiB), 75 % of all",
        location=at,
        path=path,
        fingerprint=hashlib.sha256(repr((path, code, at)).encode()).hexdigest()[:32],
    )
    return dataclasses.replace(found, **changes)  # type: ignore[arg-type]


def file(
    path: str = MODEL,
    *findings: Finding,
    target: Target = TFLM,
    notes: tuple[str, ...] = (),
    silenced: tuple[SilencedFinding, ...] = (),
) -> FileReport:
    """The report on a model that is readable."""
    return FileReport(path, Kind.TFLITE, True, FACTS, findings, target, notes, silenced)


def report(*files: FileReport, **changes: object) -> LintReport:
    """A run over these files."""
    return dataclasses.replace(LintReport(TFLM, files, RULES), **changes)  # type: ignore[arg-type]


def sample() -> LintReport:
    """The report of the golden documents."""
    in_source = Location(line=5, column=47, end_line=5, end_column=61, context="Conv2D(32, 3)")
    reconvert = Fix(FixSafety.RECONVERT, f"tflint fix {MODEL} --quantize int8 --calibrate DATA")
    operators = [
        Location(
            subgraph=0,
            operator=i,
            operator_name="FULLY_CONNECTED",
            tensor=9 + i,
            context=f"RESHAPE #{i - 1} > [FULLY_CONNECTED #{i}] > output",
        )
        for i in range(5, 10)
    ]
    repaired = {"fix": reconvert, "help": "quantise activations too, saves 1.5 KiB"}
    model = file(
        MODEL,
        *(finding(at=at, **repaired) for at in operators),
        finding(
            code="TFL010", severity=Severity.INFO, at=Location(), message="tools see ADD | RELU"
        ),
        notes=("TFL204: only the first 5 are listed",),
        silenced=(
            SilencedFinding(
                finding(
                    code="ACME1",
                    severity=Severity.WARNING,
                    at=Location(subgraph=1, tensor=3),
                    message="tensor 3 `a[0](b)` {0}",
                ),
                Silence.CONFIGURATION,
                "vendor kernel | see docs/kernel.md",
            ),
            SilencedFinding(finding(at=Location(subgraph=1, operator=2)), Silence.BASELINE),
        ),
    )
    source = FileReport(
        SOURCE,
        Kind.KERAS_SOURCE,
        True,
        None,
        (finding(SOURCE, "TFL101", Severity.WARNING, in_source, help="channels_last"),),
        BOARD,
        silenced=(
            SilencedFinding(
                finding(SOURCE, "TFL101", Severity.WARNING, Location(line=9, column=1)),
                Silence.IN_SOURCE,
                "runs on the host",
            ),
        ),
    )
    broken = FileReport(
        "odd name, #1.tflite",
        Kind.TFLITE,
        False,
        None,
        (finding("odd name, #1.tflite", "TFL001", at=Location(), message="cut off: at byte 8"),),
        TFLM,
    )
    return report(
        file("models/clean.tflite"), source, model, broken, notes=("1 stale baseline entry",)
    )


def findings(found: LintReport) -> Iterator[Finding]:
    """All findings, the silenced ones as well."""
    for one in found.files:
        yield from one.findings
        yield from (silenced.finding for silenced in one.silenced)
