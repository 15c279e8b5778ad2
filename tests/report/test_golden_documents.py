"""Each format's document for one report, byte for byte.

`UPDATE_GOLDEN=1 pytest tests/report/test_golden_documents.py` writes the files anew; read the diff.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.report.sample_report import sample
from tflint import __version__
from tflint.report.formats import FORMATS
from tflint.report.repository import GITHUB, GITLAB
from tflint.report.statistics import render_json, render_text
from tflint.report.style import plain

GOLDEN = Path(__file__).parent / "golden"
UPDATE = os.environ.get("UPDATE_GOLDEN") == "1"
SUFFIXES = {
    "text": "txt",
    "concise": "txt",
    "json": "json",
    "sarif": "sarif",
    "github": "txt",
    "gitlab": "json",
    "junit": "xml",
    "markdown": "md",
}


def documents() -> dict[str, str]:
    """Every document by the name of its golden file."""
    report = sample()
    found = {
        f"{name}.{SUFFIXES[name]}": format.document(report) for name, format in FORMATS.items()
    }
    found["statistics.txt"] = plain(render_text(report))
    found["statistics.json"] = render_json(report)
    return found


@pytest.fixture(autouse=True)
def _no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (GITHUB, GITLAB):
        monkeypatch.delenv(variable, raising=False)


@pytest.mark.parametrize("name", documents())
def test_the_document_is_the_golden_one(name: str) -> None:
    path = GOLDEN / name
    text = documents()[name].replace(f'"{__version__}"', '"VERSION"')
    if UPDATE:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode("utf-8"))

    assert path.exists(), f"no {name}: write it with UPDATE_GOLDEN=1"
    assert text == path.read_bytes().decode("utf-8").replace("\r\n", "\n")


@pytest.mark.skipif(UPDATE, reason="the files are being written")
def test_no_golden_file_of_a_format_that_is_gone() -> None:
    # Of other commands, each with tests of its own.
    others = ("bench-", "bench.", "diff-", "memory-", "memory.", "sources-")
    found = {path.name for path in GOLDEN.iterdir() if not path.name.startswith(others)}

    assert found == set(documents())


def test_the_same_report_gives_the_same_bytes() -> None:
    assert documents() == documents()
