"""What a card says of decisions: accuracy, confusions, groups, the random splits, the curve."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence

from tflint_reference_models.application import CHOSEN, ORIGINAL, Application, Experiment
from tflint_reference_models.training.counts import Counts
from tflint_reference_models.training.forms import SHIPPED
from tflint_reference_models.training.goals import int8_of
from tflint_reference_models.training.markdown import bar, literal, name, number, table
from tflint_reference_models.training.percent import interval_text, percent, percent_at_most
from tflint_reference_models.training.results import Result

NETWORKS = {CHOSEN: "ours", ORIGINAL: "the original's"}
_INTERVALS = (
    "Intervals are of 95 %. Those by samples (Wilson's) take every sample for independent, which"
    " samples of one group are not; those by groups take groups for independent (clusters, with"
    " Student's t on the logit)."
)
# More groups than these are told by their quartiles.
_MAX_GROUPS = 40
# More classes than these have their figures below the table, which would be too wide.
_MAX_CLASSES = 5


def accuracy(of: Application, results: Sequence[Result]) -> Iterator[str]:
    """The honest experiments, then what ours confuses, by group, and from other seeds."""
    lines = list(_comparison(of, results, is_honest=True))
    yield from lines
    if lines:
        yield _INTERVALS
        yield ""
    ours = _result(results, of.experiments[0].name, CHOSEN)
    form = None if ours is None else ours.form(SHIPPED)
    if ours is None or form is None:
        return
    yield from _further(of, results)
    yield f"What {literal(SHIPPED)} confuses ({name(of.experiments[0].title)}):"
    yield ""
    yield from _confusion(ours.classes, form.test)
    yield from _by_group(form.test)
    for what, counts in form.others.items():
        if counts.groups:
            yield f"Further test, {name(what)}:"
            yield ""
            yield from _by_group(counts)
    yield from _seeds(of, results)


def random_splits(of: Application, results: Sequence[Result]) -> Iterator[str]:
    """The original's way of parting recordings, under its name."""
    lines = list(_comparison(of, results, is_honest=False))
    if lines:
        yield (
            "The original was tested on pieces of the recordings that it was trained on: windows"
            " taken at random overlap or follow each other, and people and places are the same."
            " These figures say how well a network remembers, and are here to stand beside the"
            " original's."
        )
        yield ""
        yield from lines
    yield from _published(of, results)


def _comparison(of: Application, results: Sequence[Result], *, is_honest: bool) -> Iterator[str]:
    chosen = [one for one in of.experiments if one.is_honest == is_honest]
    held = [
        (experiment, network, result)
        for experiment in chosen
        for network in (CHOSEN, ORIGINAL)
        if (result := _result(results, experiment.name, network)) is not None
        and not result.curve
        and result.form(SHIPPED) is not None
    ]
    if not held:
        return
    is_two = len(held[0][2].classes) == 2
    last = name(held[0][2].classes[-1])
    head = ["Parted", "network", "samples", "right", "interval by samples", "interval by groups"]
    head += [f"recall of {last}", "false accepts"] if is_two else []
    yield f"Of {literal(SHIPPED)}, as it runs on the device:"
    yield ""
    yield from table(
        (*head, "mean recall", "weight bytes"),
        [_row(*one, is_two=is_two) for one in held],
        "ll" + "r" * len(head),
    )


def _row(experiment: Experiment, network: str, result: Result, *, is_two: bool) -> tuple[str, ...]:
    form = result.form(SHIPPED)
    assert form is not None, "rows are of results with this form"
    test = form.test
    over = interval_text(test.group_interval)
    if test.groups:
        over += f" ({len(test.groups)} {name(test.group_kind)}s)"
    balanced = percent(test.balanced)
    if test.balanced_group_interval is not None:
        balanced += f" ({interval_text(test.balanced_group_interval)} by groups)"
    is_told = result.folds < 2 or "fold" in experiment.title
    pooled = "" if is_told else f", {result.folds} folds"
    return (
        f"{name(experiment.title)}{pooled}",
        NETWORKS[network],
        f"{test.n:,}",
        percent(test.accuracy),
        interval_text(test.interval),
        over,
        *(_of_two(test) if is_two else ()),
        balanced,
        f"{form.weight_bytes:,}",
    )


def _further(of: Application, results: Sequence[Result]) -> Iterator[str]:
    """Other tests and votes of the honest experiments."""
    rows = []
    is_two, last = False, ""
    for experiment in of.experiments:
        for network in (CHOSEN, ORIGINAL):
            result = _result(results, experiment.name, network)
            form = None if result is None else result.form(SHIPPED)
            if result is None or form is None or not experiment.is_honest or result.curve:
                continue
            is_two, last = len(result.classes) == 2, name(result.classes[-1])
            for what, counts in (*form.others.items(), *form.votes.items()):
                rows.append((experiment, network, what, counts))
    head = ["Further tests", "parted", "network", "decisions", "right", "interval by samples"]
    head += [f"recall of {last}", "false accepts"] if is_two else ["mean recall"]
    yield from table(
        head,
        [
            (
                name(what),
                name(experiment.title),
                NETWORKS[network],
                f"{counts.n:,}",
                percent(counts.accuracy),
                interval_text(counts.interval),
                *(_of_two(counts) if is_two else (percent(counts.balanced),)),
            )
            for experiment, network, what, counts in rows
        ],
        "lllr" + "r" * (len(head) - 4),
    )


def _of_two(counts: Counts) -> tuple[str, str]:
    return (
        percent(counts.recall(1)) if counts.sizes[1] else "–",
        percent_at_most(counts.false_accepts) if counts.sizes[0] else "–",
    )


def _confusion(classes: tuple[str, ...], test: Counts) -> Iterator[str]:
    """What is taken for what, and the figures of each class: beside it, or below a wide one."""
    names = [name(label) for label in classes]
    counts = [[f"{count:,}" if count else "·" for count in row] for row in test.confusion]
    figures = [
        (
            percent(test.recall(place)) if test.sizes[place] else "–",
            interval_text(test.recall_interval(place)) if test.sizes[place] else "–",
            percent(test.precision(place)),
        )
        for place in range(len(classes))
    ]
    told = ("recall", "interval by samples", "precision")
    rows = [[f"**{label}**", *row] for label, row in zip(names, counts, strict=True)]
    sides = "l" + "r" * (len(classes) + len(told))
    if len(classes) <= _MAX_CLASSES:
        beside = [[*row, *more] for row, more in zip(rows, figures, strict=True)]
        yield from table(("Is \\ decided", *names, *told), beside, sides)
        return
    yield from table(("Is \\ decided", *names), rows, sides)
    yield from table(
        ("Class", "samples", *told),
        [
            (label, f"{size:,}", *more)
            for label, size, more in zip(names, test.sizes, figures, strict=True)
        ],
        "lrrrr",
    )


def _by_group(test: Counts) -> Iterator[str]:
    if not test.groups:
        return
    kind = name(test.group_kind)
    if len(test.groups) <= _MAX_GROUPS:
        yield from table(
            (kind.capitalize(), "samples", "right", ""),
            [
                (name(group.name), f"{group.n:,}", percent(group.accuracy), bar(group.accuracy))
                for group in sorted(test.groups, key=lambda group: group.accuracy)
            ],
            "lrrl",
        )
        return
    shares = sorted(group.accuracy for group in test.groups)
    quartiles = statistics.quantiles(shares, n=4, method="inclusive")
    yield f"Of {len(shares):,} {kind}s, how much of each is decided right:"
    yield ""
    yield from table(
        ("worst", "a quarter is below", "half", "three quarters", "best", "none right", "all"),
        [
            (
                *(percent(share) for share in (shares[0], *quartiles, shares[-1])),
                f"{sum(share == 0 for share in shares):,}",
                f"{sum(share == 1 for share in shares):,}",
            )
        ],
        "rrrrrrr",
    )


def _seeds(of: Application, results: Sequence[Result]) -> Iterator[str]:
    rows = []
    for result in in_order(of, results):
        form = result.form(SHIPPED)
        is_honest = of.experiment(result.experiment).is_honest
        if not result.repeats or form is None or result.curve or not is_honest:
            continue
        tests = [(result.seed, form.test), *((one.seed, one.test) for one in result.repeats)]
        shares = [test.accuracy for _, test in tests]
        rows.append(
            (
                name(of.experiment(result.experiment).title),
                NETWORKS[result.network],
                ", ".join(f"{percent(test.accuracy)}" for _, test in tests),
                f"{statistics.stdev(shares) * 100:.1f} points",
            )
        )
    if rows:
        yield "Trained again from other seeds; the first is the one whose model this is:"
        yield ""
        yield from table(("Experiment", "network", "right", "standard deviation"), rows, "lllr")


def _published(of: Application, results: Sequence[Result]) -> Iterator[str]:
    """The original's own figures, and what they stand beside."""
    rows = [
        (
            f"the original's, {name(row.form)}, as published",
            f"{row.kilobytes:g} KB of 1,024 bytes",
            "–" if row.accuracy is None else f"{row.accuracy:g} %",
            name(row.note),
        )
        for row in of.published
    ]
    first = of.experiments[0]
    for network in (ORIGINAL, CHOSEN):
        form = int8_of(results, first.name, network)
        if form is not None and rows:
            weights = f"{form.weight_bytes:,} bytes"
            measured = f"{form.test.n:,} samples; {name(first.title)}"
            right = percent(form.test.accuracy)
            rows.append((f"{NETWORKS[network]}, {SHIPPED}, here", weights, right, measured))
    if rows:
        yield "Beside what the original's own tables say:"
        yield ""
    yield from table(("Network", "weights", "right", "measured on"), rows, "lrrl")


def in_order(of: Application, results: Sequence[Result]) -> list[Result]:
    """The results as the application names their experiments, ours before the original."""
    return [
        result
        for experiment in of.experiments
        for network in NETWORKS
        if (result := _result(results, experiment.name, network)) is not None
    ]


def learning_curves(of: Application, results: Sequence[Result]) -> Iterator[str]:
    """How much is decided right by how much is trained on."""
    for experiment in of.experiments:
        for network in (CHOSEN, ORIGINAL):
            result = _result(results, experiment.name, network)
            if result is None or not result.curve:
                continue
            yield f"{name(experiment.title).capitalize()}, {NETWORKS[network]}:"
            yield ""
            yield from table(
                ("Trained on", "groups", "samples", "right", "interval by groups", ""),
                [
                    (
                        f"{100 * point.share:g} %",
                        number(point.groups or None),
                        number(point.samples or None),
                        percent(point.test.accuracy),
                        interval_text(point.test.group_interval),
                        bar(point.test.accuracy),
                    )
                    for point in result.curve
                ],
                "rrrrrl",
            )


def _result(results: Sequence[Result], experiment: str, network: str) -> Result | None:
    return next(
        (one for one in results if (one.experiment, one.network) == (experiment, network)), None
    )
