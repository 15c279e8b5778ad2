"""From the measured images to the committed facts."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from code_sizes.images import LIBRARIES, OTHER, Measured, read
from code_sizes.shared_code import SharedCode, shared_code
from code_sizes.solve import Images, solve
from probe.tables import Json, write
from tflint.memory.flash import CodeFacts, Kernel

FACTS = Path("mcu_runtime/tflint_mcu_runtime/facts/tflm-flash.json")

# Kernels that CMSIS-NN has an int8 registration for: add.h, batch_matmul.h, conv.h,
# depthwise_conv.h, fully_connected.h, mul.h, pooling.h, softmax.h, svdf.h, transpose_conv.h and
# unidirectional_sequence_lstm.h in tensorflow/lite/micro/kernels.
INT8_REGISTRATIONS = (
    "ADD AVERAGE_POOL_2D BATCH_MATMUL CONV_2D DEPTHWISE_CONV_2D FULLY_CONNECTED MAX_POOL_2D MUL "
    "SOFTMAX SVDF TRANSPOSE_CONV UNIDIRECTIONAL_SEQUENCE_LSTM"
)
_SEVERAL = 2


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: derive_code_sizes.py FOLDER, with tflm-flash.json and tflm-operators.json")
    write(FACTS, document(read(Path(sys.argv[1]))))


def document(measured: Measured) -> dict[str, Json]:
    """The facts: sizes as they were measured, what kernels share, and how far that is off."""
    pieces = shared_code(measured)
    sizes = solve(measured, pieces, measured.models)
    present = tuple(piece for piece in pieces if sizes[piece.name])
    return {
        "schema": 1,
        "date": "2026-08-20",
        "source": f"tflite-micro {measured.commit}, linked for each kernel and for whole models; "
        "shared code solved from these sizes by scripts/derive_code_sizes.py",
        "how": "TARGET=cortex_m_generic TARGET_ARCH=cortex-m4+fp (hard float), "
        "BUILD_TYPE=release (no log strings), kernels -O2, the rest -Os, "
        "KERNELS_OPTIMIZED_FOR_SPEED, gcc; bytes of text, constants and initial data without "
        "the model; `core` holds startup code and the interpreter without kernels",
        "shared_code": {
            piece.name: {"bytes": sizes[piece.name], "what": piece.what} for piece in present
        },
        "runtimes": {name: _runtime(measured, name, present) for name in LIBRARIES},
        "log_strings": _log_strings(measured),
    }


def _runtime(measured: Measured, runtime: str, pieces: tuple[SharedCode, ...]) -> dict[str, Json]:
    added, base = measured.added[runtime], measured.added["tflm"]
    kernels: dict[str, Json] = {
        name: {
            "call": measured.calls[name],
            "bytes": size,
            "shares": " ".join(_shares(pieces, runtime, name)),
        }
        for name, size in added.items()
        if runtime == "tflm"
        or size != base[name]
        or _shares(pieces, runtime, name) != _shares(pieces, "tflm", name)
    }
    table: dict[str, Json] = {
        "core": measured.core[runtime],
        "kernels": kernels,
        "images": [
            {"operators": _text(image), "bytes": size}
            for image, size in measured.models[runtime].items()
            if _is_combination(image)
        ],
        "error": {
            "image_left_out": _part(_images_left_out(measured, runtime)),
            "kernel_left_out": _part(_kernels_left_out(measured, runtime)),
        },
    }
    if runtime != "tflm":
        table["inherits"] = "tflm"
        table["int8_registrations"] = {
            "operators": INT8_REGISTRATIONS,
            "images": [
                {"operators": _text(image), "saved": _all_types(measured, image) - size}
                for image, size in measured.int8_models.items()
            ],
        }
    return table


def _all_types(measured: Measured, int8_kernels: frozenset[str]) -> int:
    """The image with the usual registrations; RESHAPE has no other."""
    models = measured.models["tflm-cmsis-nn"]
    return next(models[s] for s in (int8_kernels, int8_kernels | {"RESHAPE"}) if s in models)


def _text(kernels: frozenset[str]) -> str:
    return " ".join(sorted(kernels))


def _is_combination(kernels: frozenset[str]) -> bool:
    return len(kernels) >= _SEVERAL and OTHER not in kernels


def _shares(pieces: tuple[SharedCode, ...], runtime: str, kernel: str) -> list[str]:
    return [p.name for p in pieces if p.runtime in (None, runtime) and kernel in p.kernels]


def code_facts(
    measured: Measured, runtime: str, models: Images, shared: Mapping[str, int] | None = None
) -> CodeFacts:
    """What tflint would know if only these models had been measured."""
    pieces = shared_code(measured)
    return CodeFacts(
        core=measured.core[runtime],
        kernels={
            name: Kernel(measured.calls[name], size, tuple(_shares(pieces, runtime, name)))
            for name, size in measured.added[runtime].items()
        },
        shared=shared or solve(measured, pieces, models),
        images={k: size for k, size in models[runtime].items() if _is_combination(k)},
    )


def _without(models: Images, left_out: frozenset[frozenset[str]]) -> Images:
    return {
        runtime: {k: size for k, size in sizes.items() if k not in left_out}
        for runtime, sizes in models.items()
    }


def _images_left_out(measured: Measured, runtime: str) -> Iterator[tuple[int, int]]:
    """Each combination's size as estimated from all the others, and as measured."""
    for kernels, size in measured.models[runtime].items():
        if _is_combination(kernels):
            others = _without(measured.models, frozenset((kernels,)))
            yield code_facts(measured, runtime, others).size(kernels), size


def _kernels_left_out(measured: Measured, runtime: str) -> Iterator[tuple[int, int]]:
    """The same for each kernel, as if it had only ever been linked alone.

    Where a kernel of an image is not known, the same one is in both libraries: what counts is
    by how much the two differ.
    """
    models = measured.models[runtime]
    for kernel in sorted(frozenset[str]().union(*models) - {OTHER}):
        having = frozenset(k for k in models if kernel in k and len(k) >= _SEVERAL)
        others = _without(measured.models, having)
        facts = code_facts(measured, runtime, others)
        reference = code_facts(measured, "tflm", others, facts.shared)
        for kernels in having:
            named, size = kernels - {OTHER}, models[kernels]
            if named == kernels:
                yield facts.size(kernels), size
            elif runtime != "tflm":
                by = facts.size(named) - reference.size(named)
                yield measured.models["tflm"][kernels] + by, size


def _part(pairs: Iterator[tuple[int, int]]) -> float:
    """The largest error as a part of the size, in thousandths rounded up."""
    worst = max(abs(estimate - size) / size for estimate, size in pairs)
    return -(-worst * 1000 // 1) / 1000


def _log_strings(measured: Measured) -> dict[str, Json]:
    """What the images of the reference kernels take more with log strings."""
    sizes: Mapping[frozenset[str], int] = {
        kernels: size - (measured.models["tflm"].get(kernels, measured.core["tflm"]))
        for kernels, size in measured.with_logs.items()
    }
    core = sizes[frozenset()]
    kernels = {k: size - core for k, size in sizes.items() if k}
    each = [size / len(k) for k, size in kernels.items()]
    return {
        "core": core,
        "kernel": {
            "low": int(min(each)),
            "mean": round(sum(kernels.values()) / sum(len(k) for k in kernels)),
            "high": -int(-max(each) // 1),
        },
        "images": [
            {"operators": _text(k), "bytes": size} for k, size in sizes.items() if OTHER not in k
        ],
    }
