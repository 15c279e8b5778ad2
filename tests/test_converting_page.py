"""`docs/converting.md` names every option and every key that there is."""

from __future__ import annotations

import json
import re
from dataclasses import fields

import pytest
import typer.main

from tests.cli.program import ROOT
from tests.cli.test_convert import SCHEMA
from tflint.cli.main import app
from tflint.cli.reconvert_request import ReconvertFlags

PAGE = (ROOT / "docs" / "converting.md").read_text(encoding="utf-8")
JSON = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]


@pytest.mark.parametrize("command", ["convert", "fix"])
def test_every_option_is_on_the_page(command: str) -> None:
    options = {
        name
        for parameter in typer.main.get_command(app).commands[command].params  # type: ignore[attr-defined]
        for name in parameter.opts
        if name.startswith("--") and name not in ("--help", "--output")
    }
    if command == "fix":
        plain = {
            "--with" if one.name == "modules" else f"--{one.name}" for one in fields(ReconvertFlags)
        }
        options &= {name.replace("_", "-") for name in plain}
        assert len(options) == len(plain)

    assert [
        name for name in sorted(options) if f"`{name}" not in PAGE and f"{name} " not in PAGE
    ] == []


def test_the_document_on_the_page_has_the_keys_of_the_program() -> None:
    file = SCHEMA["properties"]["files"]["items"]

    assert set(JSON[0]) == set(SCHEMA["properties"])
    assert set(JSON[0]["files"][0]) == set(file["properties"])
    assert set(JSON[0]["files"][0]["operators"][0]) == set(
        file["properties"]["operators"]["items"]["properties"]
    )
    assert set(JSON[1]) == {"interface", "source_output"}


def test_the_drawing_is_there_and_says_what_it_shows() -> None:
    drawing = (ROOT / "docs" / "select-or-custom.svg").read_text(encoding="utf-8")

    assert "](select-or-custom.svg)" in PAGE
    assert "<desc" in drawing
    assert "--fallback select" in drawing
