"""Requantises the seed's models and measures what comes of it, for `docs/repairs.md`.

    python scripts/seed_requantization.py [../shared] [NAME PART...]

Each model is calibrated with one half of the real inputs and measured on the other: agreement with
the original on LiteRT (dynamic-range models with themselves), the arena on TFLM's PyPI build.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seed_inputs import seed_inputs
from tflint.errors import TflintError
from tflint.execution.hosts import Host, execute
from tflint.execution.process import Limits
from tflint.fix.proof.samples import Samples
from tflint.fix.quantize import agreement
from tflint.fix.quantize.requantize import requantize
from tflint.memory.wheel import Measurement, measure
from tflint.model.reader import parse_model
from tflint.target.target import find_target

# Inputs whose decision hangs by less than this many steps of the output do not count.
_MARGIN_STEPS = 2
_LIMITS = Limits(seconds=600.0)


@dataclass(frozen=True, slots=True)
class SeedResult:
    """One model before and after. Agreement is top-1 where there are several outputs; with one,
    `recall` and `precision` are of the positive answer. `counted` inputs had a clear margin.
    `apart_steps` is the largest difference between TFLM and LiteRT, in steps of the output.
    """

    name: str
    bytes_before: int
    bytes_after: int
    ran_before: bool
    after: Measurement
    calibration: str
    operators: tuple[int, int]
    counted: int
    agreement: float
    recall: float | None
    precision: float | None
    apart_steps: float
    data: bytes


def seed_results(shared: Path, *parts: str) -> Iterator[SeedResult]:
    """Every seed model whose name holds all the parts, in order of their names."""
    seed = shared / "models" / "seed"
    for path in sorted(seed.rglob("*.tflite")):
        name = path.relative_to(seed).as_posix()
        if all(part in name for part in parts):
            yield seed_result(path, name, shared)


def seed_result(path: Path, name: str, shared: Path) -> SeedResult:
    """One model quantised to int8 and measured."""
    calibration, held_out = seed_inputs(path.parent.name, shared / "data")
    before = path.read_bytes()
    model = parse_model(before)
    shape = model.subgraphs[0].tensors[model.subgraphs[0].inputs[0]].shape
    samples = Samples((calibration.reshape(-1, *shape),))
    result = requantize(before, "int8", samples, find_target("tflm"))
    inputs = (held_out.reshape(-1, *shape),)
    original = _outputs(before, inputs)
    quantised = _outputs(result.data, inputs)
    on_tflm = _outputs(result.data, inputs, Host.TFLM)
    step = 1 / 256
    after = parse_model(result.data)
    quantization = after.subgraphs[0].tensors[after.subgraphs[0].outputs[0]].quantization
    if quantization is not None and quantization.scale:
        step = quantization.scale[0]
    return SeedResult(
        name,
        len(before),
        len(result.data),
        measure(before, 1 << 20, smallest=False).ran,
        measure(result.data, 1 << 17),
        result.calibration,
        (len(model.subgraphs[0].operators), len(after.subgraphs[0].operators)),
        *_measures(original, quantised, step),
        float(np.abs(on_tflm - quantised).max()) / step,
        result.data,
    )


def _outputs(
    data: bytes, inputs: tuple[NDArray[np.float32], ...], host: Host = Host.LITERT
) -> NDArray[np.float32]:
    """What a model gives as reals: on reference kernels, Flex operators by NumPy."""
    model = parse_model(data)
    if any(code.custom_code for code in model.operator_codes):
        from tflint.fix.proof.flex_reference import run_with_flex

        found = run_with_flex(data, inputs)[0]
    else:
        found = execute(data, agreement.quantized_inputs(data, inputs), host, _LIMITS)[0]
    output = model.subgraphs[0].tensors[model.subgraphs[0].outputs[0]]
    return agreement.real(found, output).reshape(len(inputs[0]), -1)


def _measures(
    original: NDArray[np.float32], quantised: NDArray[np.float32], step: float
) -> tuple[int, float, float | None, float | None]:
    if original.shape[1] == 1:
        before, after = original[:, 0], quantised[:, 0]
        clear = np.abs(before - 0.5) >= _MARGIN_STEPS * step
        yes, answer = before[clear] > 0.5, after[clear] > 0.5
        both = int((yes & answer).sum())
        recall = both / max(int(yes.sum()), 1)
        precision = both / max(int(answer.sum()), 1)
        return int(clear.sum()), float((yes == answer).mean()), recall, precision
    ordered = np.sort(original, axis=1)
    clear = ordered[:, -1] - ordered[:, -2] >= _MARGIN_STEPS * step
    same = original[clear].argmax(axis=1) == quantised[clear].argmax(axis=1)
    return int(clear.sum()), float(same.mean()), None, None


def main(arguments: list[str]) -> None:
    """Print the table."""
    shared = Path(arguments[0]) if arguments else Path(__file__).parents[2] / "shared"
    print(f"{'model':42} {'bytes':>16} {'ops':>7} {'arena':>7} {'min':>7} {'n':>4} {'agree':>6}")
    for path in sorted((shared / "models" / "seed").rglob("*.tflite")):
        name = path.relative_to(shared / "models" / "seed").as_posix()
        if not all(part in name for part in arguments[1:]):
            continue
        try:
            found = seed_result(path, name, shared)
        except TflintError as error:
            print(f"{name:42} {error}")
            continue
        print(_line(found), flush=True)


def _line(found: SeedResult) -> str:
    sizes = f"{found.bytes_before:,}>{found.bytes_after:,}"
    ops = ">".join(map(str, found.operators))
    after: Any = found.after
    arena = f"{after.arena_bytes:,}" if after.ran else "no"
    detail = f"recall {found.recall:.3f} precision {found.precision:.3f}" if found.recall else ""
    agreed = f"{found.counted:>4} {100 * found.agreement:>6.2f} {found.apart_steps:.0f} {detail}"
    least = after.min_arena_bytes or 0
    return (
        f"{found.name:42} {sizes:>16} {ops:>7} {arena:>7} {least:>7,} {agreed} {found.calibration}"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
