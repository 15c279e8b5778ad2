"""TFL901."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tflint.finding import Finding, Fix, FixSafety, Severity
from tflint.printable import printable
from tflint.rule import SOURCES, Bad, Good, IdleSuppression, Kind, Metadata, Rule

_LAYER = 'from keras import layers\nlayers.Conv2D(8, 3, data_format="{}")  # tflint: ignore{}\n'


class UnusedSuppression(Rule):
    """A comment that asks for findings to be ignored, where there are none.

    ## What it does
    Reports comments `# tflint: ignore[...]` and `# tflint: ignore-file[...]`, and rules in them,
    that silence nothing; rules in them that do not exist; and comments to tflint that it does not
    understand. Whether a comment is of use is only judged when each rule that it names ran, and
    all of the source could be looked at. Entries of `[[tool.tflint.ignore]]` that silence nothing
    are reported at their line of the configuration, when the file that they are for was checked,
    or all files below the configuration.

    ## Why it matters on a device
    A comment that outlives what it was for silences the next finding on its line, and that one
    nobody accepted.

    ## Repair
    Remove the comment, or the rule from its brackets; `tflint fix` does.
    """

    meta = Metadata(
        "TFL901",
        "unused-suppression",
        Severity.WARNING,
        fix=FixSafety.SAFE,
        applies_to=SOURCES | {Kind.CONFIGURATION},
    )
    examples = (
        Bad(
            "A rule about models, which says nothing about sources",
            lambda: _LAYER.format("channels_last", "[ram-over-budget] until the board arrives"),
            says="silences nothing",
        ),
        Bad(
            "One of two rules is of no use",
            lambda: _LAYER.format("channels_first", "[channels-first, ram-over-budget]"),
            says="`ram-over-budget` silences nothing",
        ),
        Bad(
            "A rule that does not exist",
            lambda: _LAYER.format("channels_first", "[chanels-first]"),
            says="did you mean `channels-first`",
        ),
        Good(
            "A comment of use",
            lambda: _LAYER.format("channels_first", "[channels-first] the board's own kernels"),
        ),
    )

    def check_suppressions(self, idle: Sequence[IdleSuppression]) -> Iterator[Finding]:
        for one in idle:
            if one.fault:
                yield self.finding(one.fault, location=one.location)
                continue
            names = ", ".join(f"`{printable(name)}`" for name in one.selectors)
            yield self.finding(
                f"{names} silences nothing here" if names else "this comment silences nothing",
                location=one.location,
                help="remove it",
                fix=Fix(FixSafety.SAFE, "tflint fix {path}") if one.is_in_source else None,
            )
