"""Measure conversions of the `.h5` in `../shared/models/seed`, for `docs/converting.md`.

    python scripts/measure_conversions.py [--shared ../shared] [--print] [NAME PART...]

Runs the program itself: `tflint convert`, then `tflint fix --reconvert` with one part of the real
inputs. The int8 results are held against Keras on another part, which shares no subject, session,
song or speaker with it. Needs the extras `convert` and `tflm`.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from repairs_page import with_part
from seed_inputs import Array, seed_inputs
from tflint.archive.reader import read_archive
from tflint.convert.origin import parse_origin
from tflint.convert.request import Request
from tflint.convert.worker_process import convert
from tflint.fix.options import DEFAULT_TOLERANCE
from tflint.fix.proof.against import Answers, Named, in_terms_of, prove_against
from tflint.memory.wheel import measure
from tflint.model.graph import graphs
from tflint.model.reader import parse_model
from tflint.report.fix_result import Proof

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "converting.md"
ARENA_LIMIT = 1 << 21
# Tried in turn; the page says where the default does not prove the result.
TOLERANCES = (DEFAULT_TOLERANCE, 0.03, 0.05, 0.1)


@dataclass(frozen=True, slots=True)
class Row:
    """One archive; `plain` is what `convert` reports, `rebuilt` what `fix --reconvert` does.

    `proof` holds it against Keras on inputs that were held out, `seconds` of the processor the
    two runs took, the workers' included.
    """

    name: str
    keras: str
    plain: dict[str, Any]
    rebuilt: dict[str, Any]
    transposes: tuple[int, int]
    runs: bool
    proof: Proof
    seconds: tuple[float, float]


def run(*arguments: str) -> tuple[dict[str, Any], float]:
    """What the program reports of its only file, and the processor's seconds."""
    before = _spent()
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tflint", *arguments, "--isolated"),
            *("--format", "json", "--fail-on", "never"),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=False,
    )
    seconds = _spent() - before
    if done.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(arguments)}: exit code {done.returncode}")
    (file,) = json.loads(done.stdout)["files"]
    return file, seconds


def _spent() -> float:
    """Seconds of the processor that all processes took which have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def rows(shared: Path, parts: Sequence[str]) -> Iterator[Row]:
    """The seed's archives."""
    seed = shared / "models" / "seed"
    for path in sorted(seed.rglob("*.h5")):
        name = path.relative_to(seed).as_posix()
        if all(part in name for part in parts):
            yield row(name, path, shared / "data")


def row(name: str, path: Path, data: Path) -> Row:
    """One archive, converted and reconverted."""
    given, held_out = (
        _channels_first(values, path) for values in seed_inputs(path.parent.name, data)
    )
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        for file, values in (("given", given), ("held_out", held_out)):
            np.save(folder / f"{file}.npy", values)
        plain, seconds = run("convert", str(path), "-o", str(folder / "plain.tflite"))
        calibrate = ("--calibrate", str(folder / "given.npy"))
        reconvert = ("fix", str(path), "--reconvert", "-o", str(folder / "int8.tflite"))
        for tolerance in TOLERANCES:
            options = (*calibrate, "--tolerance", str(tolerance))
            rebuilt, more_seconds = run(*reconvert, *options)
            if rebuilt["written"]:
                break
        floats = folder / "floats.tflite"
        run(*reconvert[:-1], str(floats), *calibrate, "--quantize", "none")
        results = [folder / "plain.tflite", folder / "int8.tflite"]
        before, after = (one.read_bytes() for one in results)
        proof = _held_out(path, folder / "held_out.npy", rebuilt, floats.read_bytes(), after)
    version = read_archive(path).keras.keras_version or ()
    print(f"{name}: {proof.top1_agreement}", file=sys.stderr, flush=True)
    return Row(
        name.removesuffix(".h5"),
        ".".join(map(str, version)),
        plain,
        rebuilt,
        (_transposes(before), _transposes(after)),
        measure(after, ARENA_LIMIT, smallest=False).ran,
        proof,
        (seconds, more_seconds),
    )


def _channels_first(values: Array, path: Path) -> Array:
    """The same values, in the layout of an archive that has its channels first."""
    networks = read_archive(path).keras.networks
    shape = networks[-1].inputs[0].shape if networks and networks[-1].inputs else None
    if shape is None or tuple(shape[1:]) == values.shape[1:]:
        return values
    return values.reshape(len(values), *(size for size in shape[1:] if size is not None))


def _held_out(
    path: Path, inputs: Path, rebuilt: dict[str, Any], floats: bytes, result: bytes
) -> Proof:
    """The result beside Keras, on inputs that it was not calibrated with."""
    answered = convert(Request(parse_origin(str(path)), calibrate=inputs))
    if answered.samples is None:
        raise SystemExit(f"{path}: Keras gives no answers")
    ports = (
        tuple(Named(one["name"], one["order"] and tuple(one["order"])) for one in rebuilt[kind])
        for kind in ("inputs", "outputs")
    )
    answers = Answers(answered.samples, answered.reference, *ports)
    return prove_against(
        in_terms_of(floats, answers), floats, result, tolerance=DEFAULT_TOLERANCE, is_float=False
    )


def _transposes(model: bytes) -> int:
    return sum(
        node.name == "TRANSPOSE" for graph in graphs(parse_model(model)) for node in graph.nodes
    )


def table(found: Sequence[Row]) -> list[str]:
    """A line an archive."""
    lines = [
        "| archive | Keras | converts with | TRANSPOSE | int8 bytes | arena | TFLM | agreement | "
        "seconds |",
        "|---|---|---|---|--:|--:|---|--:|--:|",
    ]
    for one in found:
        done = next((a["allowed"] for a in one.plain["attempts"] if a["error"] is None), "nothing")
        share = one.proof.top1_agreement
        lines.append(
            f"| {one.name} | {one.keras} | {done} | {one.transposes[0]} → {one.transposes[1]} | "
            f"{one.rebuilt['bytes']['after']:,} | {one.rebuilt['arena']['after']:,} | "
            f"{'runs' if one.runs else 'fails'} | "
            f"{'' if share is None else f'{100 * share:.1f} %'}{_tolerance(one)} | "
            f"{one.seconds[0]:.0f} / {one.seconds[1]:.0f} |"
        )
    return lines


def _tolerance(one: Row) -> str:
    """The tolerance where the default refuses the result."""
    tolerance = one.rebuilt["proof"]["tolerance"]
    return "" if tolerance == DEFAULT_TOLERANCE else f" (`--tolerance {tolerance:g}`)"


def main() -> None:
    """Measure, and write or print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("--print", action="store_true", help="print the table, write nothing")
    parser.add_argument("parts", nargs="*", help="measure archives whose names hold all of these")
    given = parser.parse_args()
    text = "\n".join([*table(list(rows(given.shared, given.parts))), ""])
    if given.print or given.parts:
        print(text)
    else:
        page = with_part(PAGE.read_text(encoding="utf-8"), "measured", text)
        PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
