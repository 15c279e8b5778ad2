"""`card.md`: what a reference model is, does, takes, and does not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tflint_reference_models.application import CHOSEN, Application
from tflint_reference_models.training.card_decisions import (
    accuracy,
    learning_curves,
    random_splits,
)
from tflint_reference_models.training.card_making import data, making
from tflint_reference_models.training.card_sizes import findings, sizes
from tflint_reference_models.training.counts import Counts
from tflint_reference_models.training.forms import SHIPPED
from tflint_reference_models.training.goals import folds_of, held_to, of_network
from tflint_reference_models.training.manifest import file_name
from tflint_reference_models.training.markdown import literal, message, name, table
from tflint_reference_models.training.percent import interval_text, percent, percent_at_most
from tflint_reference_models.training.results import Result

CARD = "card.md"
# The headings of a card, in their order. What else an application's prose has stands before the
# last.
_SECTIONS = (
    ("Data", data),
    ("Accuracy", accuracy),
    ("As the original was measured", random_splits),
    ("Learning curve", learning_curves),
    ("Sizes and memory", sizes),
    ("Findings", findings),
)
_LAST = "How it was made"


def card(of: Application, results: Sequence[Result]) -> str:
    """The card of an application, from the results of its trainings."""
    prose: dict[str, list[str]] = {}
    for heading, text in of.prose:
        prose.setdefault(heading, []).append(text)
    lines = [f"# {of.title}", "", of.summary, "", *_at_a_glance(of, results)]
    for heading, section in _SECTIONS:
        lines += _section(heading, prose.pop(heading, ()), section(of, results))
    last = prose.pop(_LAST, ())
    for heading, texts in prose.items():
        lines += _section(heading, texts, ())
    lines += _section(_LAST, last, making(of, results))
    return "\n".join(lines).rstrip("\n") + "\n"


def _section(heading: str, texts: Iterable[str], lines: Iterable[str]) -> Iterator[str]:
    """A section, where there is anything to say."""
    held = [line for text in texts for line in (text, "")] + list(lines)
    if held:
        yield from (f"## {heading}", "", *held)


def _at_a_glance(of: Application, results: Sequence[Result]) -> Iterator[str]:
    ours = of_network(of, results, CHOSEN)
    if ours is not None:
        test, use = ours.test, ours.figures.use
        file = literal(file_name(of.name, CHOSEN, SHIPPED))
        shown = f"{file} decides"
        folds = folds_of(of, results, CHOSEN)
        if folds > 1:
            shown = f"{file} is the first of {folds} networks, one a fold, which together decide"
        shown += f" right in **{percent(test.accuracy)}** of {test.n:,} samples"
        interval = test.group_interval
        if interval is not None:
            shown += (
                f" ({interval_text(interval)} over {len(test.groups)} {name(test.group_kind)}s)"
            )
        shown += f", with **{ours.weight_bytes:,} bytes** of weights"
        if use.refusal is None and use.min_arena_bytes is not None:
            shown += f" and an arena of **{use.min_arena_bytes:,} bytes** on TFLM"
        yield f"{shown}. Integers go in and come out.{_of_two_classes(of, results, test)}"
        yield ""
    rows = [
        (message(held.what), message(held.wanted), message(held.reached), _mark(held.is_met))
        for held in held_to(of, results)
    ]
    yield from table(("Held to", "wanted", "reached", ""), rows)


def _of_two_classes(of: Application, results: Sequence[Result], test: Counts) -> str:
    """What matters more than accuracy where one class is rare."""
    classes = next(one.classes for one in results if one.experiment == of.experiments[0].name)
    if len(classes) > 2:
        return ""
    first, second = map(name, classes)
    return (
        f" It finds **{percent(test.recall(1))}** of what is {second}, and takes"
        f" **{percent_at_most(test.false_accepts)}** of what is {first} for that."
    )


def _mark(is_met: bool) -> str:
    return "met" if is_met else "**not met**"
