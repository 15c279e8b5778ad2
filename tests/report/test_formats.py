"""The register of formats: all there, each importable, none before it is asked for."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.cli.program import environment
from tests.conftest import ROOT
from tests.report.sample_report import report, sample
from tflint.errors import UnknownName
from tflint.report.formats import FORMATS, NAMES, find_format

# INTERFACE: `--format text|concise|json|sarif|github|gitlab|junit|markdown`.
PUBLIC = ("text", "concise", "json", "sarif", "github", "gitlab", "junit", "markdown")

every_format = pytest.mark.parametrize("name", NAMES)


def test_the_names_are_the_public_ones_in_their_order() -> None:
    assert NAMES == PUBLIC


@every_format
def test_a_document_ends_in_a_newline_and_can_be_written(name: str) -> None:
    for found in (sample(), report()):
        text = FORMATS[name].document(found)
        assert text.endswith("\n") or (name == "concise" and not text)
        text.encode("utf-8")


@pytest.mark.parametrize("name", ["json", "sarif", "gitlab", "junit"])
def test_documents_for_machines_survive_any_encoding_of_stdout(name: str) -> None:
    assert FORMATS[name].document(sample()).isascii()


def test_an_unknown_format_is_answered_with_the_nearest_or_with_all() -> None:
    with pytest.raises(UnknownName, match="did you mean `sarif`"):
        find_format("sariff")
    with pytest.raises(UnknownName, match=", ".join(NAMES)):
        find_format("pdf")


def test_the_register_imports_no_format() -> None:
    code = (
        "import sys, tflint.report.formats as f;"
        "print([x.module for x in f.FORMATS.values() if x.module in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


@every_format
def test_the_documentation_has_a_section_for_it(name: str) -> None:
    page = (ROOT / "docs" / "output-formats.md").read_text(encoding="utf-8")
    assert f"## {name}\n" in page


def test_the_documentation_has_no_section_for_another() -> None:
    page = (ROOT / "docs" / "output-formats.md").read_text(encoding="utf-8")
    assert tuple(re.findall(r"^## (\w+)$", page, re.MULTILINE)) == NAMES
