"""Running the command line as a user does: a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# For code that goes on under a limit of file sizes: Python (CPython issue 126606) kept cache files
# that were cut off there, and could import those modules no more. The variable is for the workers.
NO_BYTECODE = "import os, sys; sys.dont_write_bytecode = True; " + (
    'os.environ["PYTHONDONTWRITEBYTECODE"] = "1"'
)
SOURCE_ROOTS = (ROOT, ROOT / "rules", ROOT / "mcu_runtime", ROOT / "reference_models")


@dataclass(frozen=True)
class Result:
    """What a call came to."""

    code: int
    stdout: str
    stderr: str


def environment(**changes: str) -> dict[str, str]:
    """The environment without what would change the output, with the packages on the path."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("NO_COLOR", "FORCE_COLOR") and not name.startswith("TFLITE_LINT_")
    }
    kept["PYTHONPATH"] = os.pathsep.join(map(str, SOURCE_ROOTS))
    # On Windows, too, the program speaks UTF-8 here.
    kept["PYTHONUTF8"] = "1"
    return {**kept, **changes}


def tflint(*arguments: str, cwd: Path | None = None, **variables: str) -> Result:
    """`python -m tflint` with these arguments and environment variables."""
    done = subprocess.run(
        [sys.executable, "-m", "tflint", *arguments],
        cwd=cwd,
        env=environment(**variables),
        capture_output=True,
        timeout=60,
        check=False,
    )
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode())
