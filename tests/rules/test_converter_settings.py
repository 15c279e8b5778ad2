"""Ways to a `.convert()`: which settings go together, and what holds on all of them."""

from __future__ import annotations

import pytest

from tflint.finding import Location
from tflint.keras.facts import Conversion
from tflint.keras.values import UNKNOWN, Choice, Evidence, Setting, Value
from tflint.lint.context import LintedSource
from tflint.rule import SourceContext
from tflint.source.module import SourceModule
from tflint.target.target import find_target
from tflint_rules.layout.converter_settings import Conversions, Judgement, Way

NAMES = ("a", "b", "c")


def context(text: str) -> SourceContext:
    return LintedSource(find_target("tflm"), SourceModule(text))


def line_of(text: str, what: str) -> Location:
    line = next(n for n, one in enumerate(text.splitlines(), 1) if one.strip().startswith(what))
    return Location(line=line, column=1)


def conversion(text: str, surely: str = "", **given: object) -> Conversion:
    """A conversion at `convert()` whose settings are the assignments of a source.

    Those named in `surely` are written on every way.
    """
    settings = {}
    for name in NAMES:
        written = [one.strip() for one in text.splitlines() if one.strip().startswith(f"{name} =")]
        if written:
            settings[name] = Setting(
                tuple(int(one.partition(" = ")[2]) for one in written),
                name in surely,
                tuple(line_of(text, one) for one in written),
            )
    return Conversion(
        "tensorflow.lite.TFLiteConverter.from_keras_model",
        Location(line=1),
        settings,
        location=line_of(text, "convert()"),
        **given,  # type: ignore[arg-type]
    )


def values(way: Way) -> tuple[Value, ...]:
    return tuple(way.value(name) for name in NAMES)


def ways(text: str, surely: str = "") -> set[tuple[Value, ...]]:
    found = Conversions(context(text)).ways(conversion(text, surely), NAMES)
    return {values(way) for way in found}


ONE_BRANCH = """\
if x:
    a = 1
    b = 1
convert()
"""
CHAIN = """\
if x:
    a = 1
    b = 1
elif y:
    a = 2
    c = 2
convert()
"""
BASE = """\
a = 1
if x:
    a = 2
    b = 2
convert()
"""
EXHAUSTIVE = """\
if x:
    a = 1
else:
    a = 2
    b = 2
convert()
"""
TWO = """\
if x:
    a = 1
if x:
    b = 1
convert()
"""
AROUND = """\
if x:
    a = 1
    if y:
        b = 1
    convert()
"""
NESTED = """\
if x:
    a = 1
    if y:
        b = 1
convert()
"""


@pytest.mark.parametrize(
    ("text", "surely", "expected"),
    [
        ("a = 1\nb = 2\nconvert()\n", "ab", {(1, 2, None)}),
        (ONE_BRANCH, "", {(1, 1, None), (None, None, None)}),
        (CHAIN, "", {(1, 1, None), (2, None, 2), (None, None, None)}),
        (BASE, "a", {(1, None, None), (2, 2, None)}),
        (EXHAUSTIVE, "a", {(1, None, None), (2, 2, None)}),
        (
            TWO,
            "",
            {(1, 1, None), (1, None, None), (None, 1, None), (None, None, None)},
        ),
        (AROUND, "a", {(1, 1, None), (1, None, None)}),
        (NESTED, "", {(1, 1, None), (1, None, None), (None, None, None)}),
    ],
)
def test_settings_of_one_branch_go_together(
    text: str, surely: str, expected: set[tuple[Value, ...]]
) -> None:
    assert ways(text, surely) == expected


def judge(text: str, *held: tuple[Value, ...], **given: object) -> Judgement | None:
    one = conversion(text, **given)  # type: ignore[arg-type]
    return Conversions(context(text)).judge(one, NAMES, lambda way: values(way) in held)


def test_what_holds_on_every_way_is_certain() -> None:
    found = judge(ONE_BRANCH, (1, 1, None), (None, None, None))

    assert found is not None
    assert found.is_certain
    assert not found.depends_on_branch


def test_what_one_branch_decides_is_possible() -> None:
    found = judge(ONE_BRANCH, (1, 1, None))

    assert found is not None
    assert found.evidence is Evidence.POSSIBLE
    assert found.depends_on_branch


def test_what_two_branches_decide_is_not_judged() -> None:
    assert judge(TWO, (1, None, None)) is None
    assert judge(TWO, (1, 1, None)) is None


def test_what_holds_on_no_way_is_not_judged() -> None:
    assert judge(ONE_BRANCH, (1, None, None)) is None


def test_a_conversion_that_may_not_run_is_possible() -> None:
    found = judge("a = 1\nconvert()\n", (1, None, None), surely="a", evidence=Evidence.POSSIBLE)

    assert found is not None
    assert found.evidence is Evidence.POSSIBLE


def test_a_converter_that_others_were_given_may_hold_anything_that_was_not_written() -> None:
    text = "a = 1\nconvert()\n"
    one = conversion(text, "a", may_have_other_settings=True)
    conversions = Conversions(context(text))

    assert [values(way) for way in conversions.ways(one, NAMES)] == [(1, UNKNOWN, UNKNOWN)]
    found = conversions.judge(one, NAMES, lambda way: way.value("a") == 1)
    assert found is not None
    assert not found.is_certain


def test_a_choice_is_several_ways_of_its_own() -> None:
    text = "a = 1\nconvert()\n"
    place = line_of(text, "a")
    settings = {"a": Setting((Choice((1, 2)),), True, (place,))}
    one = Conversion("c", Location(line=1), settings, location=line_of(text, "convert()"))

    found = Conversions(context(text)).ways(one, NAMES)
    assert {values(way) for way in found} == {(1, None, None), (2, None, None)}
    assert {way.locate("a") for way in found} == {place}


def test_values_that_branches_do_not_tell_apart_are_alternatives() -> None:
    # Written by a function that is called twice, or in a loop.
    text = "a = 1\na = 2\nconvert()\n"

    assert ways(text, "a") == {(1, None, None), (2, None, None)}


def test_too_many_ways_are_none() -> None:
    names = [f"setting{number}" for number in range(9)]
    settings = {name: Setting((1, 2), False) for name in names}
    text = "convert()\n"
    one = Conversion("c", Location(line=1), settings, location=line_of(text, "convert()"))
    conversions = Conversions(context(text))

    assert conversions.ways(one, names) == []
    assert conversions.judge(one, names, lambda way: True) is None
