"""The committed rule pages are what the rules' files say today."""

from __future__ import annotations

import pytest

from scripts import generate_docs

PAGES = generate_docs.pages()


@pytest.mark.parametrize("name", PAGES)
def test_page_is_up_to_date(name: str) -> None:
    path = generate_docs.FOLDER / name
    assert path.exists(), f"{name} is missing: run `make docs`"
    assert path.read_text(encoding="utf-8") == PAGES[name], f"{name} is stale: run `make docs`"


def test_no_page_of_a_rule_that_is_gone() -> None:
    assert {path.name for path in generate_docs.FOLDER.glob("*.md")} == set(PAGES)


def test_the_page_of_targets_is_up_to_date() -> None:
    text = generate_docs.TARGETS.read_text(encoding="utf-8")
    assert text == generate_docs.targets_page(), "docs/targets.md is stale: run `make docs`"


def test_the_passes_in_the_page_about_repairs_are_up_to_date() -> None:
    text = generate_docs.REPAIRS.read_text(encoding="utf-8")
    assert text == generate_docs.repairs_page(), "docs/repairs.md is stale: run `make docs`"


def test_the_reference_models_are_shown_as_they_are() -> None:
    for path, text in generate_docs.reference_pages().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name} is stale: run `make docs`"
