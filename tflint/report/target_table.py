"""The list of targets as a table and as JSON, and one target with its source."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import groupby

from tflint.printable import size_text
from tflint.report.style import Line, Span, line, wrap
from tflint.target.target import DEFAULT_TARGET, Target

_WIDTH = 100
_HEAD = ("name", "core", "MHz", "flash", "RAM", "has", "runtime")
_RIGHT = ("MHz", "flash", "RAM")
_GENERIC = "Runtimes and cores, without a budget"


def render_text(targets: Sequence[Target]) -> Iterator[Line]:
    """A line a target, the generic ones first, then the boards of each vendor."""
    rows = [(target, _cells(target)) for target in targets]
    widths = [max(map(len, column)) for column in zip(_HEAD, *(c for _, c in rows), strict=True)]
    yield line(Span(_row(_HEAD, widths), "dim"))
    for group, members in groupby(rows, key=lambda row: row[0].vendor or _GENERIC):
        yield line()
        yield line(Span(group, "dim"))
        for target, cells in members:
            name, rest = _row(cells, widths)[: widths[0]], _row(cells, widths)[widths[0] :]
            yield line(Span(name, "code" if target.name == DEFAULT_TARGET else ""), rest)
    yield line()
    yield line("more about one: ", Span("tflint targets NAME", "code"))
    yield line("other figures:  ", Span("--target cortex-m4:flash=256K,ram=64K", "code"))


def render_one(target: Target) -> Iterator[Line]:
    """Everything about one target."""
    yield line(Span(target.name, "path"), f"  {_full_name(target)}")
    yield line()
    facts = (
        ("part", target.part),
        ("core", target.core),
        ("clock", f"{_mhz(target.clock_hz)} MHz" if target.clock_hz is not None else None),
        ("has", _features(target) or ("no FPU, no DSP extension" if target.fpu else None)),
        ("flash", _exact(target.flash_bytes)),
        ("RAM", _exact(target.ram_bytes)),
        ("runtime", f"{target.runtime.title} ({target.runtime_name})"),
        ("aliases", ", ".join(target.aliases) or None),
        ("source", target.source),
    )
    for what, value in facts:
        if value is not None:
            yield line("  ", Span(f"{what:<9}", "dim"), value)
    if target.note:
        yield line()
        for text in wrap(target.note, _WIDTH, "  "):
            yield line(text)


def render_json(targets: Sequence[Target]) -> str:
    """The document: sizes in bytes, the clock in Hz, null where there is no limit or fact."""
    document = {
        "schema": 1,
        "default": DEFAULT_TARGET,
        "targets": [
            {
                "name": target.name,
                "aliases": list(target.aliases),
                "description": target.description,
                "vendor": target.vendor,
                "part": target.part,
                "runtime": target.runtime_name,
                "core": target.core,
                "clock_hz": target.clock_hz,
                "fpu": target.fpu,
                "dsp": target.dsp,
                "mve": target.mve,
                "flash_bytes": target.flash_bytes,
                "ram_bytes": target.ram_bytes,
                "source": target.source,
                "note": target.note,
            }
            for target in targets
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def render_markdown(targets: Sequence[Target]) -> str:
    """The page `docs/targets.md`: a table for the generic targets and one for each vendor."""
    lines = ["# Targets", ""]
    lines += [
        "What `tflint check --target NAME` checks for. Sizes in bytes, K = 1024: flash that can",
        "hold program and model, RAM on the chip that can hold data. Nothing is taken off for boot",
        "loaders; what else is left out stands in the notes. Any figure can be set for a run:",
        "`--target nrf52840-dk:flash=960K,ram=200K,runtime=tflm`; settings are `flash`, `ram`,",
        "`macs`, `clock`, `core` and `runtime`.",
        "",
        "Boards whose core has Arm's DSP extension or MVE are checked for TFLM with CMSIS-NN,",
        "which is what people build there, others for TFLM's reference kernels.",
    ]
    for group, members in groupby(targets, key=lambda target: target.vendor):
        found = list(members)
        lines += ["", f"## {group or _GENERIC}", ""]
        lines += _generic_rows(found) if group is None else _board_rows(found)
    return "\n".join(lines) + "\n"


def _generic_rows(targets: Sequence[Target]) -> Iterator[str]:
    yield "| name | core | has | runtime | |"
    yield "|---|---|---|---|---|"
    for target in targets:
        yield (
            f"| `{target.name}` | {target.core or ''} | {_features(target)} | "
            f"{target.runtime_name} | {target.description} |"
        )


def _board_rows(targets: Sequence[Target]) -> Iterator[str]:
    yield "| name | part | core | MHz | flash | RAM | has | runtime | |"
    yield "|---|---|---|---|---|---|---|---|---|"
    notes = []
    for target in targets:
        _, core, clock, flash, ram, features, runtime = _cells(target)
        yield (
            f"| `{target.name}` | {target.part} | {core} | {clock} | {flash} | {ram} | {features} "
            f"| {runtime} | [{target.description}]({target.source}) |"
        )
        if target.note:
            notes.append((target.note, target.name))
    if notes:
        yield ""
    for note in dict.fromkeys(note for note, _ in notes):
        about = ", ".join(f"`{name}`" for other, name in notes if other == note)
        yield f"- {about}: {note}"


def _full_name(target: Target) -> str:
    return f"{target.vendor} {target.description}" if target.vendor else target.description


def _cells(target: Target) -> tuple[str, ...]:
    return (
        target.name,
        target.core or "-",
        "-" if target.clock_hz is None else _mhz(target.clock_hz),
        _size(target.flash_bytes),
        _size(target.ram_bytes),
        _features(target) or "-",
        target.runtime_name,
    )


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (
        cell.rjust(width) if head in _RIGHT else cell.ljust(width)
        for head, cell, width in zip(_HEAD, cells, widths, strict=True)
    )
    return "  ".join(padded).rstrip()


def _features(target: Target) -> str:
    """`FPU64 DSP MVE`: what of these the core has, FPU32 for single precision alone."""
    fpu = {"single": "FPU32", "double": "FPU64"}.get(target.fpu or "", "")
    return " ".join(filter(None, (fpu, "DSP" if target.dsp else "", "MVE" if target.mve else "")))


def _mhz(hertz: int) -> str:
    return f"{hertz / 1e6:.6f}".rstrip("0").rstrip(".")


def _size(size: int | None) -> str:
    """Sizes as data sheets have them: whole KiB or MiB."""
    if size is None:
        return "-"
    for unit, bytes in (("M", 1024 * 1024), ("K", 1024)):
        if size and size % bytes == 0:
            return f"{size // bytes}{unit}"
    return str(size)


def _exact(size: int | None) -> str | None:
    return None if size is None else f"{size_text(size)} ({size:,} bytes)"
