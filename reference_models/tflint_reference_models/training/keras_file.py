"""A `.keras` file that is the same for the same network, whenever and wherever it was saved."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

# The first that a ZIP archive can say.
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
_METADATA, _CONFIG = "metadata.json", "config.json"


def reproducible(path: Path) -> bytes:
    """The same archive, compressed, without times, and without the addresses that objects had."""
    stream = io.BytesIO()
    with zipfile.ZipFile(path) as held, zipfile.ZipFile(stream, "w") as made:
        for name in sorted(held.namelist()):
            data = held.read(name)
            if name == _METADATA:
                kept = json.loads(data)
                kept.pop("date_saved", None)
                data = json.dumps(kept).encode()
            elif name == _CONFIG:
                data = json.dumps(_numbered(json.loads(data), {})).encode()
            entry = zipfile.ZipInfo(name, _LONG_AGO)
            entry.compress_type = zipfile.ZIP_DEFLATED
            made.writestr(entry, data)
    return stream.getvalue()


def _numbered(held: Any, numbers: dict[int, int]) -> Any:
    """A configuration whose shared objects are numbered in their order, from 1."""
    if isinstance(held, list):
        return [_numbered(one, numbers) for one in held]
    if not isinstance(held, dict):
        return held
    found = {}
    for key, value in held.items():
        if key == "shared_object_id" and isinstance(value, int):
            found[key] = numbers.setdefault(value, len(numbers) + 1)
        else:
            found[key] = _numbered(value, numbers)
    return found
