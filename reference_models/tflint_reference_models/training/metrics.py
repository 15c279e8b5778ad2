"""`metrics.json`: results written so that people can read them, and read as if by a stranger."""

from __future__ import annotations

import dataclasses
import json
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from tflint.archive.bounded_json import Json, parse_json
from tflint.errors import MalformedArchive, UsageError
from tflint.printable import printable
from tflint_reference_models.application import CHOSEN, ORIGINAL
from tflint_reference_models.training.counts import Counts, Group
from tflint_reference_models.training.figures import Figures, Found, Use
from tflint_reference_models.training.options import DEFAULT_THREADS
from tflint_reference_models.training.results import (
    FORM_NAMES,
    CurvePoint,
    FormResult,
    Refused,
    Repeat,
    Result,
    Sizes,
)

METRICS = "metrics.json"
SCHEMA = 1
# What is no longer than this stands on one line.
_LINE = 100
# Parts that are no longer than this share a line, such as groups.
_WORD = 40
_MOST = 1 << 53
_MAX_TEXT = 4000
# Classes of one of the applications, and more than enough.
_MAX_CLASSES = 256

T = TypeVar("T")


def to_json(application: str, results: Sequence[Result]) -> str:
    """`metrics.json`: the results by the names of their experiments and networks."""
    ordered = sorted(results, key=lambda result: (result.experiment, result.network))
    held = {
        "schema": SCHEMA,
        "application": application,
        "results": [_of_result(result) for result in ordered],
    }
    return lines_of(held) + "\n"


def _of_result(result: Result) -> dict[str, Any]:
    shallow = {one.name: getattr(result, one.name) for one in dataclasses.fields(result)}
    if result.threads == DEFAULT_THREADS:
        del shallow["threads"]
    return {
        **shallow,
        "sizes": dataclasses.asdict(result.sizes),
        "thresholds": [None if one is None else _short(one) for one in result.thresholds],
        "data_sha256": dict(result.data_sha256),
        "versions": dict(result.versions),
        "forms": [_of_form(form) for form in result.forms],
        "refused": [dataclasses.asdict(one) for one in result.refused],
        "repeats": [{"seed": one.seed, "test": _of_counts(one.test)} for one in result.repeats],
        "curve": [
            {
                "share": _short(point.share),
                "groups": point.groups,
                "samples": point.samples,
                "test": _of_counts(point.test),
            }
            for point in result.curve
        ],
    }


def _of_form(form: FormResult) -> dict[str, Any]:
    return {
        "form": form.form,
        "figures": {**dataclasses.asdict(form.figures), "operators": dict(form.figures.operators)},
        "test": _of_counts(form.test),
        "others": {name: _of_counts(counts) for name, counts in form.others.items()},
        "votes": {name: _of_counts(counts) for name, counts in form.votes.items()},
    }


def _of_counts(counts: Counts) -> dict[str, Any]:
    held: dict[str, Any] = {
        "n": counts.n,
        "correct": counts.correct,
        "confusion": counts.confusion,
    }
    if counts.groups:
        held["group_kind"] = counts.group_kind
        # (class, samples, right)
        held["by_group"] = {group.name: group.by_class for group in counts.groups}
    return held


def _short(value: float) -> float:
    return float(f"{value:.6g}")


def lines_of(value: object, indent: str = "") -> str:
    """JSON whose parts stand on one line where they are short."""
    short = json.dumps(value, allow_nan=False)
    if len(indent) + len(short) <= _LINE or not isinstance(value, (dict, list, tuple)):
        return short
    deeper = indent + " "
    if isinstance(value, dict):
        parts = [f"{json.dumps(key)}: {lines_of(held, deeper)}" for key, held in value.items()]
        start, end = "{", "}"
    else:
        parts = [lines_of(held, deeper) for held in value]
        start, end = "[", "]"
    if all(len(part) <= _WORD for part in parts):
        width = _LINE - len(deeper)
        body = textwrap.indent(_filled(parts, width), deeper)
    else:
        body = ",\n".join(deeper + part for part in parts)
    return f"{start}\n{body}\n{indent}{end}"


def _filled(parts: Sequence[str], width: int) -> str:
    """Parts as many to a line as there is room for."""
    lines, used = [[parts[0]]], len(parts[0])
    for part in parts[1:]:
        used += len(part) + 2
        if used > width:
            lines.append([])
            used = len(part)
        lines[-1].append(part)
    return ",\n".join(", ".join(line) for line in lines)


def from_json(text: str, shown: str) -> tuple[str, tuple[Result, ...]]:
    """The application and its results. Raises `UsageError` for what is no `metrics.json`."""
    try:
        held = _Fields(parse_json(text, "the document"), "the document")
        if held.value("schema") != SCHEMA:
            raise ValueError("it is of another schema")
        return held.text("application"), held.each("results", _result)
    except (ValueError, MalformedArchive) as error:
        why = printable(str(error), 300)
        raise UsageError(f"`{shown}` holds no metrics of a reference model: {why}") from error


@dataclass(frozen=True, slots=True)
class _Fields:
    """An object of the document, each value of which has to be what is asked for."""

    held: Json
    what: str

    def value(self, key: str) -> Json:
        if not isinstance(self.held, dict):
            raise ValueError(f"{self.what} is no object")
        if key not in self.held:
            raise ValueError(f"{self.what} has no `{key}`")
        return self.held[key]

    def text(self, key: str) -> str:
        return _text(self.value(key), key)

    def whole(self, key: str) -> int:
        return _whole(self.value(key), key)

    def whole_or(self, key: str, default: int) -> int:
        is_there = isinstance(self.held, dict) and key in self.held
        return self.whole(key) if is_there else default

    def whole_or_none(self, key: str) -> int | None:
        value = self.value(key)
        return None if value is None else _whole(value, key)

    def list(self, key: str) -> list[Json]:
        return _list(self.value(key), key)

    def each(self, key: str, read: Callable[[_Fields], T]) -> tuple[T, ...]:
        return tuple(read(_Fields(one, key)) for one in self.list(key))

    def pairs(self, key: str, read: Callable[[Json, str], T]) -> tuple[tuple[str, T], ...]:
        held = self.value(key)
        if not isinstance(held, dict):
            raise ValueError(f"`{key}` is no object")
        return tuple((_text(name, key), read(value, key)) for name, value in held.items())


def _text(value: Json, key: str) -> str:
    if not isinstance(value, str) or len(value) > _MAX_TEXT:
        raise ValueError(f"`{key}` is no text, or too long")
    return value


def _whole(value: Json, key: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST:
        raise ValueError(f"`{key}` is no count")
    return value


def _share(value: Json, key: str) -> float:
    # Also refuses what is not a number, which no comparison holds for.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise ValueError(f"`{key}` is not within 0 to 1")
    return float(value)


def _list(value: Json, key: str) -> list[Json]:
    if not isinstance(value, list):
        raise ValueError(f"`{key}` is no list")
    return value


def _result(held: _Fields) -> Result:
    classes = tuple(_text(one, "classes") for one in held.list("classes"))
    if not 2 <= len(classes) <= _MAX_CLASSES:
        raise ValueError("`classes` are not two or more")

    def counts(value: Json, key: str) -> Counts:
        return _counts(_Fields(value, key), len(classes))

    sizes = _Fields(held.value("sizes"), "sizes")
    return Result(
        experiment=held.text("experiment"),
        network=_one_of(held.text("network"), (CHOSEN, ORIGINAL), "network"),
        classes=classes,
        folds=held.whole("folds"),
        seed=held.whole("seed"),
        epochs=held.whole("epochs"),
        parameters=held.whole("parameters"),
        thresholds=tuple(
            None if one is None else _share(one, "thresholds") for one in held.list("thresholds")
        ),
        sizes=Sizes(sizes.whole("train"), sizes.whole("validation"), sizes.whole("test")),
        forms=held.each("forms", lambda one: _form(one, counts)),
        date=held.text("date"),
        version=held.text("version"),
        code_sha256=held.text("code_sha256"),
        data_sha256=held.pairs("data_sha256", _text),
        versions=held.pairs("versions", _text),
        refused=held.each("refused", _refused),
        repeats=held.each(
            "repeats",
            lambda one: Repeat(one.whole("seed"), counts(one.value("test"), "repeats")),
        ),
        curve=held.each(
            "curve",
            lambda one: CurvePoint(
                _share(one.value("share"), "share"),
                one.whole("groups"),
                one.whole("samples"),
                counts(one.value("test"), "curve"),
            ),
        ),
        notes=tuple(_text(one, "notes") for one in held.list("notes")),
        threads=held.whole_or("threads", DEFAULT_THREADS),
    )


def _one_of(text: str, known: Sequence[str], key: str) -> str:
    # They become names of files.
    if text not in known:
        raise ValueError(f"`{key}` is none of {', '.join(known)}")
    return text


def _refused(held: _Fields) -> Refused:
    return Refused(_one_of(held.text("form"), FORM_NAMES, "form"), held.text("reason"))


def _form(held: _Fields, counts: Callable[[Json, str], Counts]) -> FormResult:
    return FormResult(
        _one_of(held.text("form"), FORM_NAMES, "form"),
        _figures(_Fields(held.value("figures"), "figures")),
        counts(held.value("test"), "test"),
        dict(held.pairs("others", counts)),
        dict(held.pairs("votes", counts)),
    )


def _figures(held: _Fields) -> Figures:
    uses = held.each("uses", _use)
    if not uses:
        raise ValueError("`uses` names no runtime")
    return Figures(
        held.whole("file_bytes"),
        held.whole("weights"),
        held.whole("weight_bytes"),
        held.whole_or_none("macs"),
        held.pairs("operators", _whole),
        uses,
        held.each("found", _found),
    )


def _use(held: _Fields) -> Use:
    refusal = held.value("refusal")
    return Use(
        held.text("runtime"),
        None if refusal is None else _text(refusal, "refusal"),
        held.whole_or_none("arena_bytes"),
        held.whole_or_none("min_arena_bytes"),
        held.whole_or_none("ram_bytes"),
        held.whole_or_none("flash_bytes"),
    )


def _found(held: _Fields) -> Found:
    return Found(
        held.text("code"), held.text("severity"), held.whole("count"), held.text("message")
    )


def _counts(held: _Fields, classes: int) -> Counts:
    rows = tuple(
        tuple(_whole(count, "confusion") for count in _list(row, "confusion"))
        for row in held.list("confusion")
    )
    if len(rows) != classes or any(len(row) != classes for row in rows):
        raise ValueError("`confusion` has not a row and a column a class")
    counts = Counts(rows)
    if isinstance(held.held, dict) and "by_group" in held.held:
        groups = tuple(Group(name, found) for name, found in held.pairs("by_group", _by_class))
        counts = Counts(rows, groups, held.text("group_kind"))
    said = held.whole("n"), held.whole("correct")
    if said != (counts.n, counts.correct) or (counts.groups and not _adds_up(counts)):
        raise ValueError("`confusion` does not add up")
    return counts


def _by_class(value: Json, key: str) -> tuple[tuple[int, int, int], ...]:
    found = []
    for one in _list(value, key):
        numbers = [_whole(number, key) for number in _list(one, key)]
        if len(numbers) != 3:
            raise ValueError(f"`{key}` has no class, samples and right ones")
        found.append((numbers[0], numbers[1], numbers[2]))
    return tuple(found)


def _adds_up(counts: Counts) -> bool:
    """Whether the groups are what the confusion matrix is of."""
    samples, right = [0] * len(counts.confusion), [0] * len(counts.confusion)
    for group in counts.groups:
        for of, n, found in group.by_class:
            if of >= len(samples) or found > n:
                return False
            samples[of] += n
            right[of] += found
    diagonal = [row[of] for of, row in enumerate(counts.confusion)]
    return samples == list(counts.sizes) and right == diagonal
