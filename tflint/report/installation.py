"""What is installed, as a table and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from tflint.printable import printable
from tflint.report.style import Line, Span, line, wrap

WIDTH = 100


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that is there or is not: `version` is None for what is missing."""

    name: str
    version: str | None
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Installation:
    """All of it. `problems` are what keeps something from working."""

    tflint: str
    python: str
    platform: str
    location: str
    config: str | None
    rules: int
    targets: int
    dependencies: tuple[Part, ...]
    extras: tuple[Part, ...]
    runtimes: tuple[Part, ...]
    plugins: tuple[Part, ...]
    problems: tuple[str, ...]


def render_text(found: Installation) -> Iterator[Line]:
    """A paragraph a kind, what is missing in its place."""
    yield line(Span(f"tflint {found.tflint}", "path"), f"  Python {found.python}, {found.platform}")
    yield line(f"  installed in {printable(found.location, 400)}")
    yield line(f"  configuration: {printable(found.config, 400) if found.config else 'none found'}")
    yield line(f"  {found.rules} rules, {found.targets} targets")
    for title, parts in (
        ("dependencies", found.dependencies),
        ("optional", found.extras),
        ("runtimes that rules know", found.runtimes),
        ("plug-ins", found.plugins),
    ):
        if parts:
            yield line()
            yield line(Span(title, "path"))
        width = max((len(part.name) for part in parts), default=0)
        for part in parts:
            version = Span(part.version, "good") if part.version else Span("not installed", "dim")
            yield line(f"  {part.name:<{width}}  ", version)
            if part.remark:
                for text in wrap(printable(part.remark, 1000), WIDTH, "    "):
                    yield line(Span(text, "dim"))
    yield line()
    if not found.problems:
        yield line(Span("no problems", "good"))
    for problem in found.problems:
        for text in wrap(f"problem: {printable(problem, 1000)}", WIDTH, ""):
            yield line(Span(text, "error"))


def render_json(found: Installation) -> str:
    """The document."""
    return json.dumps({"schema": 1, **asdict(found)}, indent=2) + "\n"
