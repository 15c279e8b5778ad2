"""What the pages say is so: links lead somewhere, counts are right, examples work."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.program import ROOT
from tflint.config.load import load_settings
from tflint.config.parse import PARSERS
from tflint.lint.registry import built_in_rules
from tflint.target.target import named_targets

PAGES = [
    *(ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "examples").rglob("*.md")),
]
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    missing = [
        link
        for link in LINK.findall(text)
        if "://" not in link and not (page.parent / link).exists()
    ]

    assert missing == []


@pytest.mark.parametrize("page", ["README.md", "CHANGELOG.md"])
def test_counts_are_right(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    boards = [target for target in named_targets().values() if target.is_board]

    assert f"{len(built_in_rules())} rules" in text
    assert re.search(rf"{len(boards)} boards\S* of {len({b.vendor for b in boards})} vendors", text)


def test_the_example_of_a_configuration_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    example = re.search(r"```toml\n(.*?)```", page, re.DOTALL)
    assert example is not None
    (tmp_path / "pyproject.toml").write_text(example[1], encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    settings = load_settings(environment={})

    assert settings.plan(Path("models/kws1.tflite")).target.max_macs == 5_000_000
    assert len(settings.suppressions) == 1


def test_every_setting_is_in_the_page_about_configuration() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")

    assert [key for key in PARSERS if f"`{key}`" not in page] == []
