"""Write constraints.txt: the development environment, resolved on every supported Python.

Where the resolutions differ, a line per range of Python versions carries a marker. Versions that
were found on one machine only (Linux, x86_64) hold on others too, as far as wheels exist there.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHONS = ("3.10", "3.11", "3.12", "3.13")
HEADER = """\
# The development environment, exactly. Written by `make constraints`.
"""


def resolve(version: str) -> dict[str, str]:
    """Install `.[dev]` into a fresh environment; return what came, as version by package name."""
    interpreter = shutil.which(f"python{version}")
    if interpreter is None:
        sys.exit(f"python{version} is not on PATH")
    with tempfile.TemporaryDirectory() as folder:
        python = f"{folder}/bin/python"
        subprocess.run([interpreter, "-m", "venv", folder], check=True)
        pip = [python, "-m", "pip", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", "--quiet", "--upgrade", "pip"], check=True)
        subprocess.run([*pip, "install", "--quiet", "-e", f"{ROOT}[dev]"], check=True)
        frozen = subprocess.run(
            [*pip, "freeze", "--exclude-editable"], check=True, stdout=subprocess.PIPE, text=True
        ).stdout
    pairs = (line.split("==") for line in frozen.splitlines())
    return {re.sub(r"[-_.]+", "-", name).lower(): pin for name, pin in pairs}


def lines(name: str, pins: list[tuple[str, str]]) -> list[str]:
    """Constrain one package; `pins` are (Python version, package version), ascending.

    The first and the last range stay open, so that a Python outside the tested ones gets the
    nearest pin. A Python on which the package was not installed is counted to the range before.
    """
    ranges = [
        (pin, next(group)[0]) for pin, group in groupby(pins, key=lambda pair: pair[1])
    ]  # each with the first Python it holds for
    result = []
    for index, (pin, start) in enumerate(ranges):
        bounds = []
        if index > 0:
            bounds.append(f"python_version >= '{start}'")
        if index + 1 < len(ranges):
            bounds.append(f"python_version < '{ranges[index + 1][1]}'")
        marker = " and ".join(bounds)
        result.append(f"{name}=={pin}" + (f" ; {marker}" if marker else ""))
    return result


def main() -> None:
    resolutions = {version: resolve(version) for version in PYTHONS}
    names = sorted({name for resolution in resolutions.values() for name in resolution})
    written = [
        line
        for name in names
        for line in lines(
            name,
            [(version, r[name]) for version, r in resolutions.items() if name in r],
        )
    ]
    (ROOT / "constraints.txt").write_text(HEADER + "\n".join(written) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
