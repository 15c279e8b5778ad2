"""What a repair made of one model, for people: passes, bytes, arena, proof, what is left."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby

from tflint.finding import FixSafety
from tflint.printable import counted, percent_text, printable
from tflint.report.conversion_text import render_conversion
from tflint.report.diff_phrases import number
from tflint.report.fix_result import FileFix, LeftFinding, PassReport, Proof
from tflint.report.style import Line, Span, line, wrap
from tflint.report.wording import MAX_MESSAGE, place

WIDTH = 100
INDENT = "            "
# Places of one rule that are listed, and reasons.
_SHOWN = 8
_SHOWN_REASONS = 3


def render_model(file: FileFix, *, is_dry: bool) -> Iterator[Line]:
    """The lines below the model's name."""
    if file.failure is not None:
        yield from _wrapped("not repaired, see above", "  ", "error")
        return
    if file.conversion is not None:
        yield from render_conversion(file.conversion)
        if not file.conversion.is_done:
            return
    applied = [one for one in file.passes if one.applied]
    yield from pass_lines(file.passes, is_dry=is_dry)
    yield from _also_gone(file, {one.code for one in applied}, is_dry)
    if applied or file.conversion is not None:
        yield from _wrapped(_totals(file), "  ")
    if file.proof is not None:
        yield from proof_lines(file.proof)
    for one in file.passes:
        if one.refused and not one.applied and file.is_proved:
            text = f"{printable(one.code)} {printable(one.name)}: {one.refused}"
            yield from _wrapped(f"not done: {printable(text, MAX_MESSAGE)}", "  ")
    for code, group in groupby(_repairable(file), key=lambda left: left.finding.code):
        yield from _left(code, list(group))
    if not applied and file.is_proved and file.conversion is None:
        written = "nothing written" if file.output is None else "written as it is"
        yield line("  nothing to repair" + ("" if is_dry else f", {written}"))


def has_news(file: FileFix) -> bool:
    """Whether there is more to say of a model than that nothing was to repair."""
    if file.conversion is not None:
        return True
    return bool(file.failure or file.passes or file.notes or file.proof or any(_repairable(file)))


def _repairable(file: FileFix) -> Iterator[LeftFinding]:
    return (left for left in file.left if left.has_repair and not left.is_unproved)


def pass_lines(passes: Sequence[PassReport], *, is_dry: bool) -> Iterator[Line]:
    """The passes that changed the model, a line each."""
    applied = [one for one in passes if one.applied]
    width = max((len(_title(one)) for one in applied), default=0)
    for one in applied:
        yield _applied(one, width, is_dry)


def _title(one: PassReport) -> str:
    """`TFL609 long-names`, `quantize int8`, `write compact-file`."""
    return f"{printable(one.code)} {printable(one.name)}"


def _applied(one: PassReport, width: int, is_dry: bool) -> Line:
    word = "would fix" if is_dry else "fixed"
    saved = [_saving("file", one.bytes_saved), _saving("arena", one.arena_saved)]
    details = ", ".join(text for text in saved if text)
    details = details or (counted(one.places, "place") if one.places else "nothing saved")
    if one.safety is not FixSafety.SAFE:
        details += ", unsafe"
    padding = " " * (width - len(_title(one)) + 2)
    return line(
        "  ",
        Span(f"{word:<10}", "good"),
        Span(printable(one.code), "code"),
        f" {printable(one.name)}{padding}{details}",
    )


def _saving(what: str, saved: int | None) -> str:
    """`file -1,234 bytes`; nothing where nothing was saved or added."""
    return f"{what} {number(-saved, signed=True)} bytes" if saved else ""


def _also_gone(file: FileFix, codes: set[str], is_dry: bool) -> Iterator[Line]:
    """The findings that went without a pass of their own."""
    found = dict.fromkeys(
        f"{printable(fixed.finding.code)} {printable(fixed.finding.name)}"
        for fixed in file.fixed
        if fixed.finding.code not in codes
    )
    if found:
        word = "would go with it" if is_dry else "gone with it"
        yield from _wrapped(f"{word}: {', '.join(found)}", "  ")


def _totals(file: FileFix) -> str:
    text = f"file {_change(file.bytes_before, file.bytes_after)}"
    if file.arena_before is not None and file.arena_after is not None:
        text += f", arena {_change(file.arena_before, file.arena_after)}"
    elif file.arena_after is not None:
        text += f", arena {file.arena_after:,} bytes"
    return text


def _change(before: int, after: int) -> str:
    if before == after:
        return f"{before:,} bytes as before"
    share = f" ({100 * (after - before) / before:+.1f} %)" if before else ""
    return f"{before:,} -> {after:,} bytes{share}"


def proof_lines(proof: Proof) -> Iterator[Line]:
    """Whether it holds, and what was measured."""
    where = f"{counted(proof.inputs, 'input')} on {printable(proof.method)}"
    if proof.failure is not None:
        text = f"not proved, so nothing was written: {printable(proof.failure, MAX_MESSAGE)}"
        if proof.suspect is not None:
            suspect = printable(proof.suspect)
            text += f"; the first pass that it fails with is {suspect}"
            if suspect.startswith("TFL"):
                text += f" (--ignore {suspect} goes on without)"
        yield from _wrapped(text, "  ", "error")
        if not proof.inputs:
            return
        text = f"over {where}: {_measures(proof)}"
        yield from _wrapped(text, INDENT, "dim")
        return
    yield from _wrapped(f"proved over {where}: {_measures(proof)}", "  ", "good")


def _measures(proof: Proof) -> str:
    if proof.bit_equal:
        return "every output equal to the bit"
    parts = []
    if proof.top1_agreement is not None:
        parts.append(f"{100 * proof.top1_agreement:.4g} % of decisions the same")
    parts.append(f"error at most {proof.max_error:.3g}, {proof.mean_error:.2g} on average")
    if math.isfinite(proof.snr_db):
        parts.append(f"SNR {proof.snr_db:.1f} dB")
    if proof.accuracy_before is not None and proof.accuracy_after is not None:
        before, after = 100 * proof.accuracy_before, 100 * proof.accuracy_after
        parts.append(f"accuracy {before:.1f} -> {after:.1f} %")
    return ", ".join(parts) + f" (tolerance {percent_text(proof.tolerance)})"


def _left(code: str, group: Sequence[LeftFinding]) -> Iterator[Line]:
    finding = group[0].finding
    places = list(dict.fromkeys(place(one.finding.location) for one in group))
    shown = ", ".join(text for text in places[:_SHOWN] if text)
    more = f" and {len(places) - _SHOWN:,} more" if len(places) > _SHOWN else ""
    head = f"{printable(finding.name)}  {shown}{more}".rstrip()
    first, *rest = wrap(head, WIDTH, " " * 19)
    yield line(
        "  ",
        Span(f"{'left':<10}", finding.severity.value),
        Span(f"{printable(code):<6}", "code"),
        f" {first[19:]}",
    )
    for text in rest:
        yield line(text)
    reasons = dict.fromkeys(reason for one in group for reason, _ in one.reasons)
    for reason in list(reasons)[:_SHOWN_REASONS]:
        yield from _wrapped(f"in the way: {printable(reason, MAX_MESSAGE)}", INDENT, "dim")
    if finding.fix is not None and group[0].safety is not None:
        yield from _wrapped(printable(finding.fix.command, 400), INDENT, "dim")


def _wrapped(text: str, indent: str, role: str = "") -> Iterator[Line]:
    for part in wrap(text, WIDTH, indent):
        yield line(Span(part, role))
