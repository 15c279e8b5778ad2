"""Files of recordings, as tests make them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np


def write(path: Path, arrays: Mapping[str, Any]) -> None:
    np.savez_compressed(path, **arrays)
