"""A server and the editor that speaks with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.editor import Started

pytest.importorskip("pygls", reason="needs the extra `server`")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """An editor without folders whose server all tests of a module share."""
    with Started(tmp_path_factory.mktemp("editor")) as started:
        started.start()
        yield started


@pytest.fixture
def editor(tmp_path: Path) -> Iterator[Started]:
    """An editor that has started the server in an empty folder; it is not initialised."""
    with Started(tmp_path) as started:
        yield started
