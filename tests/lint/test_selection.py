"""Which rules run: the more specific selector wins, and nothing is guessed."""

from __future__ import annotations

import dataclasses

import pytest

from tflint.errors import UnknownName, UsageError
from tflint.lint.registry import all_rules, find_rule
from tflint.lint.selection import select_rules, selected_codes


def codes(*args: list[str]) -> list[str]:
    return [rule.meta.code for rule in select_rules(*args)]


ALL = [rule.meta.code for rule in all_rules()]


def test_everything_runs_unless_told_otherwise() -> None:
    assert codes([], []) == ALL
    assert codes(["ALL"], []) == ALL
    assert codes(["TFL"], []) == ALL


@pytest.mark.parametrize(
    "selector",
    ["TFL204", "tfl204", "hybrid-kernel", "Hybrid-Kernel", " TFL204 ", "TFL204,TFL204"],
)
def test_a_rule_goes_by_its_code_and_name_whatever_the_case(selector: str) -> None:
    assert codes([selector], []) == ["TFL204"]


def test_a_prefix_names_a_family() -> None:
    assert codes(["TFL0"], []) == [code for code in ALL if code.startswith("TFL0")]
    assert codes([], ["TFL2"]) == [code for code in ALL if not code.startswith("TFL2")]


@pytest.mark.parametrize("entries", [["TFL201,TFL203"], ["TFL201 TFL203"], ["TFL203", "TFL201"]])
def test_entries_hold_several_selectors_and_order_does_not_matter(entries: list[str]) -> None:
    assert codes(entries, []) == ["TFL201", "TFL203"]


@pytest.mark.parametrize(
    ("select", "ignore", "runs"),
    [
        (["TFL204"], ["TFL2"], True),
        (["TFL2"], ["TFL204"], False),
        (["TFL20"], ["TFL2"], True),
        (["TFL2"], ["TFL20"], False),
        (["hybrid-kernel"], ["TFL2"], True),
        (["TFL"], ["hybrid-kernel"], False),
        (["ALL"], ["TFL"], False),
        (["TFL2", "ALL"], ["TFL"], True),
    ],
)
def test_the_more_specific_selector_wins(select: list[str], ignore: list[str], runs: bool) -> None:
    # `legacy-opcode` is in no one's way, and keeps the selection from being empty.
    assert ("TFL204" in codes([*select, "legacy-opcode"], ignore)) is runs


def test_extend_select_adds_to_what_is_selected() -> None:
    assert codes(["TFL0"], [], ["TFL204"]) == [*codes(["TFL0"], []), "TFL204"]
    assert codes([], ["TFL2"], ["TFL204"]) == [
        code for code in ALL if code == "TFL204" or not code.startswith("TFL2")
    ]


@pytest.mark.parametrize(
    ("select", "ignore"),
    [
        (["TFL204"], ["TFL204"]),
        (["TFL204"], ["tfl204"]),
        (["TFL2"], ["TFL2"]),
        (["TFL204", "TFL001"], ["hybrid-kernel"]),
        (["hybrid-kernel", "TFL001"], ["TFL204"]),
    ],
)
def test_selecting_and_ignoring_the_same_is_a_contradiction(
    select: list[str], ignore: list[str]
) -> None:
    with pytest.raises(UsageError, match="both selected and ignored"):
        select_rules(select, ignore)


def test_a_selection_of_nothing_is_an_error() -> None:
    with pytest.raises(UsageError, match="leaves no rule"):
        select_rules(["TFL9"], ["TFL90"])


@pytest.mark.parametrize(
    ("selector", "meant"),
    [("TFL999", None), ("hybrid-kernal", "hybrid-kernel"), ("TF", None), ("FTL204", "TFL204")],
)
@pytest.mark.parametrize("option", [0, 1, 2])
def test_an_unknown_selector_is_an_error_that_suggests_the_nearest(
    selector: str, meant: str | None, option: int
) -> None:
    args: list[list[str]] = [[], [], []]
    args[option] = [selector]
    with pytest.raises(UnknownName, match=f"unknown rule `{selector}`") as raised:
        select_rules(*args)
    if meant is not None:
        assert f"did you mean `{meant}`?" in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("text", ["TFL204", " tfl204\n", "HYBRID-kernel"])
def test_find_rule_by_code_or_name(text: str) -> None:
    rule = find_rule(text)
    assert rule is not None
    assert rule.meta.code == "TFL204"


@pytest.mark.parametrize("text", ["", "TFL2", "hybrid", "ALL"])
def test_find_rule_takes_no_prefix(text: str) -> None:
    assert find_rule(text) is None


def test_selectors_stand_for_codes_by_code_prefix_name_and_alias(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rule = find_rule("TFL204")
    assert rule is not None
    monkeypatch.setattr(rule, "meta", dataclasses.replace(rule.meta, aliases=("old-name",)))
    selected_codes.cache_clear()

    for selector in ("TFL204", "hybrid-kernel", "Old-Name"):
        assert selected_codes((selector,)) == {"TFL204"}
    assert selected_codes(("TFL0", "old-name")) == {c for c in ALL if c[:4] == "TFL0"} | {"TFL204"}
    selected_codes.cache_clear()
