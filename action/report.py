"""Read the JSON report: its counts as step outputs, its models against a budget for their files.

Prints `name=value` lines for GITHUB_OUTPUT on stdout and annotations on stderr, which the runner
reads as well. The standard library only: it runs beside any version of tflint.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

SEVERITIES = ("error", "warning", "info")
SIZE = re.compile(r"(\d{1,15})\s*(?:([KMG])(?:i?B)?|B)?", re.IGNORECASE)
FACTORS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}


def parse_size(text: str) -> int | None:
    """Bytes from `20480`, `20K`, `1M` or `64KiB`, as tflint reads them; None for nothing."""
    if not text.strip():
        return None
    match = SIZE.fullmatch(text.strip())
    if match is None:
        raise argparse.ArgumentTypeError(f"'{text}' is not a size; write it like 20480, 20K or 1M")
    return int(match[1]) * FACTORS[(match[2] or "").upper()]


def oversized(report: dict[str, Any], limit: int) -> list[tuple[str, int]]:
    """Path and bytes of each model whose file is larger than the limit."""
    found = []
    for file in report["files"]:
        if file["kind"] != "tflite":
            continue
        size = file["model"]["file_bytes"] if file["model"] else Path(file["path"]).stat().st_size
        if size > limit:
            found.append((file["path"], size))
    return found


def annotation(path: str, message: str) -> str:
    """A workflow command that puts an error on a file."""
    message = message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    path = path.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    path = path.replace(":", "%3A").replace(",", "%2C")
    return f"::error file={path},title=tflint max-file-size::{message}"


def code_span(text: str) -> str:
    """A name for a cell of a Markdown table."""
    shown = "".join(c if c.isprintable() and c not in "`|" else "?" for c in text)
    return f"`{shown}`"


def table(large: list[tuple[str, int]], limit: int) -> str:
    """The section about files above the budget, in Markdown."""
    lines = ["", f"### Files above {limit:,} bytes", "", "| file | bytes | over |", "|---|--:|--:|"]
    lines += [f"| {code_span(path)} | {size:,} | {size - limit:,} |" for path, size in large]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print outputs; append a section about the budget to the summary when it is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("report", type=Path)
    parser.add_argument("--max-file-size", type=parse_size, default=None)
    parser.add_argument("--exit-code", type=int, required=True)
    parser.add_argument("--append", type=Path, required=True)
    arguments = parser.parse_args()
    report = json.loads(arguments.report.read_text(encoding="utf-8"))
    summary = report["summary"]
    limit: int | None = arguments.max_file_size
    large = [] if limit is None else oversized(report, limit)
    if limit is not None and large:
        for path, size in large:
            print(annotation(path, f"{size:,} bytes, budget {limit:,} bytes"), file=sys.stderr)
        with arguments.append.open("a", encoding="utf-8") as file:
            file.write(table(large, limit))
    outputs = {
        "exit-code": 1 if large else arguments.exit_code,
        "findings": sum(summary[severity] for severity in SEVERITIES),
        **{f"{severity}s": summary[severity] for severity in SEVERITIES},
        "files": summary["files"],
        "oversized": len(large),
    }
    for name, value in outputs.items():
        print(f"{name}={int(value)}")


if __name__ == "__main__":
    main()
