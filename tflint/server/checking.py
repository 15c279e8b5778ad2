"""One open text, checked as `tflint check` would check the file."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from tflint.config.settings import Settings
from tflint.lint.baseline import apply_baseline, read_baseline
from tflint.lint.findings import RuleFailed
from tflint.lint.runner import check_source
from tflint.lint.suppression import suppress
from tflint.report.result import FileReport, LintReport
from tflint.rule import Kind, Rule
from tflint.source.module import SourceModule
from tflint.source.notebook import read_notebook
from tflint.source.parsing import SourceError
from tflint.source.relevance import mentions_keras


@dataclass(frozen=True, slots=True)
class Subject:
    """What is to be checked: a text and the file that it is, or will be.

    A notebook is the text of its file, as `notebook_text` writes it.
    """

    path: Path
    text: str
    kind: Kind = Kind.KERAS_SOURCE

    @property
    def data(self) -> bytes:
        """The text as bytes, for those who look for words."""
        return self.text.encode("utf-8", "surrogatepass")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check came to; `failures` are faults of rules, a sentence each."""

    report: FileReport
    failures: tuple[str, ...] = ()


def check_text(subject: Subject, settings: Settings) -> Outcome:
    """The findings in a text that the configuration does not accept.

    A rule that fails is left out and named. Raises `UsageError` for a configuration that
    cannot be carried out.
    """
    plan = settings.plan(subject.path)
    shown = subject.path.as_posix()
    rules: tuple[type[Rule], ...] = plan.rules
    if not mentions_keras(subject.data) or _is_excluded(subject.path, settings):
        return Outcome(FileReport(shown, subject.kind, True, None, (), plan.target))
    failures: list[str] = []
    module = parse(subject)
    while True:
        try:
            report = check_source(module, rules, plan.target, shown, subject.kind)
            break
        except RuleFailed as error:
            failures.append(str(error))
            left = tuple(rule for rule in rules if rule.meta.code != error.code)
            if len(left) == len(rules):
                report = FileReport(shown, subject.kind, True, None, (), plan.target)
                break
            rules = left
    failures += [f"{failed.code} of a plug-in: {failed.error}" for failed in report.failed_rules]
    return Outcome(without_accepted(report, rules, settings), tuple(failures))


def _is_excluded(path: Path, settings: Settings) -> bool:
    above = takewhile(lambda folder: folder != settings.root, path.parents)
    inside = settings.root in path.parents
    return any(settings.excludes(part) for part in (path, *(above if inside else ())))


def parse(subject: Subject) -> SourceModule | SourceError:
    """The subject's code, or why it cannot be read."""
    try:
        if subject.kind is Kind.NOTEBOOK:
            return read_notebook(subject.data)
        # Not from bytes: a text in an editor is no longer in the encoding that it declares.
        return SourceModule(subject.text.removeprefix("\ufeff"))
    except SourceError as error:
        return error


def without_accepted(
    report: FileReport, rules: tuple[type[Rule], ...], settings: Settings
) -> FileReport:
    """The report without what `[[ignore]]` entries and the baseline accept."""
    whole = LintReport(report.target, (report,), rules=rules)
    whole = suppress(whole, settings.suppressions, settings.root)
    baseline = settings.values["baseline"]
    if baseline is not None:
        whole = apply_baseline(whole, read_baseline(baseline))
    return whole.files[0]
