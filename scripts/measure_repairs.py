"""Measure `tflint fix` on the models in `../shared/models` and write that into `docs/repairs.md`.

    python scripts/measure_repairs.py [--shared ../shared] [--print] [NAME PART...]

Runs the program itself. Each of the original project's models is quantised with one part of the
real inputs and measured on another, which shares no subject, session, song or speaker with it:
decisions that are as the original's on LiteRT, where its margin is two output steps or more. The
MLPerf Tiny and TFLM models get the safe passes.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from repairs_page import PAGE, with_part
from seed_inputs import seed_inputs
from tflint.fix.options import DEFAULT_TOLERANCE
from tflint.fix.proof.proving import prove
from tflint.fix.proof.samples import Samples
from tflint.memory.wheel import measure
from tflint.model.reader import parse_model
from tflint.report.fix_result import Proof

ROOT = Path(__file__).resolve().parent.parent
# What the models' own transformations in TFLM save, as far as they were measured: a share of 1.
TFLM_TRANSFORMS = {
    "kws_ref_model": 0.376,
    "pretrainedResnet_quant": 0.121,
    "person_detect": 0.164,
}
ARENA_LIMIT = 1 << 21
# Tried in turn; the page says where the default does not prove the result.
TOLERANCES = (DEFAULT_TOLERANCE, 0.03, 0.05, 0.1)


@dataclass(frozen=True, slots=True)
class Row:
    """One model before and after; `arena` is what TFLM takes on a Cortex-M4, `proof` the
    measurement on inputs that were held out, None for safe passes.
    """

    name: str
    bytes: tuple[int, int]
    arena: tuple[int | None, int | None]
    runs: tuple[bool, bool]
    fixed: dict[str, Any]
    proof: Proof | None


def fixed_model(path: Path, folder: Path, *options: str) -> tuple[dict[str, Any], bytes]:
    """What the program reports of a model, and the result: the model itself without one."""
    out = folder / "out.tflite"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tflint", "fix", str(path), "-o", str(out), "--isolated"),
            *("--format", "json", "--fail-on", "never", *options),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=False,
    )
    if done.returncode not in (0, 1):
        raise SystemExit(f"{path}: exit code {done.returncode}")
    (file,) = json.loads(done.stdout)["files"]
    return file, (out if out.exists() else path).read_bytes()


def row(name: str, before: bytes, after: bytes, file: dict[str, Any], proof: Proof | None) -> Row:
    """A row from what the program says and what TFLM does."""
    runs = tuple(measure(data, ARENA_LIMIT, smallest=False).ran for data in (before, after))
    return Row(
        name,
        (len(before), len(after)),
        (file["arena"]["before"], file["arena"]["after"]),
        (runs[0], runs[1]),
        file,
        proof,
    )


def seed_rows(shared: Path, parts: Sequence[str]) -> Iterator[Row]:
    """The original project's models, quantised to int8."""
    seed = shared / "models" / "seed"
    for path in sorted(seed.rglob("*.tflite")):
        name = path.relative_to(seed).with_suffix("").as_posix()
        if not all(part in name for part in parts):
            continue
        before = path.read_bytes()
        graph = parse_model(before).subgraphs[0]
        # With the batch of 1; a network that wants channels first gets the same values.
        shape = graph.tensors[graph.inputs[0]].shape
        given, held_out = (
            values.reshape(len(values), *shape)
            for values in seed_inputs(path.parent.name, shared / "data")
        )
        with tempfile.TemporaryDirectory() as folder:
            data = Path(folder, "calibration.npy")
            np.save(data, given)
            options = ("--quantize", "int8", "--calibrate", str(data))
            for tolerance in TOLERANCES:
                given_tolerance = ("--tolerance", str(tolerance))
                file, after = fixed_model(path, Path(folder), *options, *given_tolerance)
                if file["written"]:
                    break
        proof = prove(
            before,
            after,
            samples=Samples((held_out,), source="held out"),
            exact=False,
            tolerance=DEFAULT_TOLERANCE,
        )
        print(f"{name}: {proof.top1_agreement}", file=sys.stderr, flush=True)
        yield row(name, before, after, file, proof)


def tiny_rows(shared: Path, parts: Sequence[str]) -> Iterator[Row]:
    """The models of MLPerf Tiny and TFLM, with the safe passes."""
    for path in sorted((shared / "models" / "tiny").glob("*.tflite")):
        if not all(part in path.stem for part in parts):
            continue
        with tempfile.TemporaryDirectory() as folder:
            file, after = fixed_model(path, Path(folder))
        yield row(path.stem, path.read_bytes(), after, file, None)


def seed_table(rows: Sequence[Row]) -> list[str]:
    """The models that are quantised."""
    lines = [
        "| model | runs on TFLM | file bytes | arena | agreement | |",
        "|---|---|--:|--:|--:|---|",
    ]
    for one in rows:
        assert one.proof is not None
        agreement = one.proof.top1_agreement
        share = "" if agreement is None else f"{100 * agreement:.1f} %"
        verdict = "" if one.proof.holds else f"held out: {_without_place(one.proof.failure)}"
        tolerance = one.fixed["proof"]["tolerance"]
        if tolerance != DEFAULT_TOLERANCE:
            verdict = "; ".join(filter(None, (f"`--tolerance {tolerance:g}`", verdict)))
        if not one.fixed["written"]:
            share, verdict = "", f"not proved: {one.fixed['proof']['failure']}"
        before = _number(one.arena[0]) if one.runs[0] else f"({_number(one.arena[0])})"
        lines.append(
            f"| {one.name} | {_yes(one.runs[0])} → {_yes(one.runs[1])} | {_pair(one.bytes)} | "
            f"{before} → {_number(one.arena[1])} | {share} | {verdict} |"
        )
    return lines


def tiny_table(rows: Sequence[Row]) -> list[str]:
    """The models that get safe passes."""
    lines = [
        "| model | file bytes | saved | TFLM's own transforms | arena | bit-equal on |",
        "|---|--:|--:|--:|--:|---|",
    ]
    for one in rows:
        saved = 1 - one.bytes[1] / one.bytes[0]
        theirs = TFLM_TRANSFORMS.get(one.name)
        proof = one.fixed["proof"]
        where = proof["method"] if proof and proof["bit_equal"] else ""
        lines.append(
            f"| {one.name} | {_pair(one.bytes)} | {100 * saved:.1f} % | "
            f"{'' if theirs is None else f'{100 * theirs:.1f} %'} | "
            f"{_number(one.arena[0])} → {_number(one.arena[1])} | {where} |"
        )
    return lines


def _without_place(failure: str | None) -> str:
    """Why a proof fails, without the output and the runtime."""
    return (failure or "").partition(": ")[2]


def _yes(ran: bool) -> str:
    return "yes" if ran else "no"


def _pair(sizes: tuple[int, int]) -> str:
    return f"{sizes[0]:,} → {sizes[1]:,}"


def _number(size: int | None) -> str:
    return "-" if size is None else f"{size:,}"


def main() -> None:
    """Measure, and write or print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("--print", action="store_true", help="print the tables, write nothing")
    parser.add_argument("parts", nargs="*", help="measure models whose names hold all of these")
    given = parser.parse_args()
    seed = list(seed_rows(given.shared, given.parts))
    tiny = list(tiny_rows(given.shared, given.parts))
    ran = sum(one.runs[0] for one in seed)
    lines = [
        f"Of {len(seed)} models {ran} ran on TFLM before, {sum(one.runs[1] for one in seed)} do "
        "now. Each was made with",
        "`tflint fix MODEL --quantize int8 --calibrate DATA`. Arenas are those of a Cortex-M4 with "
        "reference kernels; in",
        "parentheses, of a model that does not run, what it would need. Agreement is with the "
        "original, on real inputs",
        "that were not calibrated with. The last column: the tolerance where the default refuses "
        "the result, and what of",
        "the default is missed on the held-out inputs.",
        "",
        *seed_table(seed),
        "",
        "Safe passes (`tflint fix MODEL`) on the models of MLPerf Tiny and of TFLM's examples:",
        "",
        *tiny_table(tiny),
        "",
    ]
    text = "\n".join(lines)
    if given.print or given.parts:
        print(text)
    else:
        PAGE.write_text(with_part(PAGE.read_text(encoding="utf-8"), "measured", text), "utf-8")


if __name__ == "__main__":
    main()
