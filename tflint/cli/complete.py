"""What a shell offers after TAB: targets and rules by name."""

from __future__ import annotations

from collections.abc import Iterator


def complete_targets(incomplete: str) -> Iterator[tuple[str, str]]:
    """Targets that begin like this, with what they are."""
    from tflint.target.target import named_targets

    for name, target in named_targets().items():
        if name.startswith(incomplete):
            yield name, target.description


def complete_rules(incomplete: str) -> Iterator[tuple[str, str]]:
    """Rules whose code or name begins like this, with what they find."""
    from tflint.lint.registry import all_rules

    for rule in all_rules():
        for word in (rule.meta.code, rule.meta.name):
            if word.lower().startswith(incomplete.lower()):
                yield word, rule.summary()


def complete_formats(incomplete: str) -> Iterator[tuple[str, str]]:
    """Output formats that begin like this, with what they are for."""
    from tflint.report.formats import FORMATS

    for name, format in FORMATS.items():
        if name.startswith(incomplete):
            yield name, format.purpose
