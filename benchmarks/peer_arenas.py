"""What the peers say about RAM: how each is asked, how the answer is read, what it is held against.

Only a figure that a tool states for TFLM is held against TFLM. Where it is for another build of it
(other pointers, other enums, another version), `build` says so; a figure for another runtime is
held against nothing.
"""

from __future__ import annotations

import json
import re
import statistics
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from benchmarks.peer_models import CMSIS_NN, REFERENCE, Model
from benchmarks.process import Run


class Truth(Enum):
    """Two things that TFLM's arena is measured by."""

    USED = "`arena_used_bytes()`"
    SMALLEST = "smallest that works"


@dataclass(frozen=True)
class Held:
    """A figure of a tool, by the tool's name for it, and a truth about TFLM with one library."""

    figure: str
    library: str
    truth: Truth


@dataclass(frozen=True)
class ArenaCall:
    """How a tool is asked for a model's RAM.

    `call` gets the folder of the tool's programs, the model and a scratch folder; `read` gets the
    run and that folder, and gives bytes by the tool's name for them, empty where it says nothing.
    `build` says what the figures are for.
    """

    build: str
    shown_call: str
    call: Callable[[Path, Path, Path], list[str]]
    read: Callable[[Run, Path], Mapping[str, int]]
    held: tuple[Held, ...] = ()


def document(output: str) -> object:
    """The JSON document in an output that may hold warnings before it; None where there is none."""
    start = re.search(r"^\{", output, re.MULTILINE)
    if start is None:
        return None
    try:
        found: object = json.JSONDecoder().raw_decode(output, start.start())[0]
    except ValueError:
        return None
    return found


def read_tflint_memory(run: Run, _: Path) -> Mapping[str, int]:
    """Both figures, of a model that runs there."""
    match document(run.output):
        case {"runnable": True, "arena_bytes": int(used), "min_arena_bytes": int(smallest)}:
            return {"arena_bytes": used, "min_arena_bytes": smallest}
    return {}


def mcufit_reader(method: str) -> Callable[[Run, Path], Mapping[str, int]]:
    """Its one figure, if it was come by in this way: it falls back on an estimate."""

    def read(run: Run, _: Path) -> Mapping[str, int]:
        match document(run.output):
            case {"estimate": {"method": found, "total_arena_bytes": int(total)}}:
                return {"total_arena_bytes": total} if found == method else {}
        return {}

    return read


def read_helia_module(run: Run, scratch: Path) -> Mapping[str, int]:
    """The arenas that the generated C reserves for activations; those for weights left out."""
    module = scratch / "module.zip"
    if run.code != 0 or not module.exists():
        return {}
    sizes: list[int] = []
    with zipfile.ZipFile(module) as archive:
        for name in archive.namelist():
            if name.endswith("_tensors.h"):
                text = archive.read(name).decode(errors="replace")
                found = re.findall(r"^#define \w*_arena_(\w+)_size +(\d+)", text, re.MULTILINE)
                sizes += [int(size) for region, size in found if not region.startswith("const_")]
    return {"aot_arena_*_size": sum(sizes)} if sizes else {}


def tflint_memory(target: str, runtime: str, build: str, *held: Held) -> ArenaCall:
    options = ("--target", target, "--runtime", runtime, "--format", "json")
    return ArenaCall(
        build,
        f"tflint memory MODEL {' '.join(options)}",
        lambda programs, model, _: [
            *(str(programs / "tflint"), "memory", str(model), *options, "--isolated")
        ],
        read_tflint_memory,
        held,
    )


def mcufit_check(board: str, method: str, build: str) -> ArenaCall:
    """Its figure is the arena to reserve: so it is held against both truths."""
    return ArenaCall(
        build,
        f"mcufit check MODEL --board {board} --json",
        lambda programs, model, _: [
            *(str(programs / "mcufit"), "check", str(model), "--board", board, "--json")
        ],
        mcufit_reader(method),
        tuple(
            Held("total_arena_bytes", library, truth)
            for library in (REFERENCE, CMSIS_NN)
            for truth in Truth
        ),
    )


def truth_of(model: Model, held: Held) -> int | None:
    """The measured bytes, if they were measured."""
    arena = model.arenas.get(held.library)
    if arena is None:
        return None
    return arena.used if held.truth is Truth.USED else arena.smallest


@dataclass(frozen=True)
class Deviation:
    """How far figures are from the truth, over models.

    `least`, `median`, `largest`: bytes, without sign. `median_share`, `largest_share`: of the
    truth. `exact` counts 0 bytes off, `below` figures smaller than the truth.
    """

    models: int
    exact: int
    below: int
    least: float
    median: float
    largest: float
    median_share: float
    largest_share: float


def deviation(pairs: Sequence[tuple[int, int]]) -> Deviation | None:
    """Of figures from truths, given as (figure, truth) in bytes; None without any."""
    if not pairs:
        return None
    off = [abs(figure - truth) for figure, truth in pairs]
    share = [bytes_off / truth for bytes_off, (_, truth) in zip(off, pairs, strict=True)]
    return Deviation(
        models=len(pairs),
        exact=off.count(0),
        below=sum(figure < truth for figure, truth in pairs),
        least=min(off),
        median=statistics.median(off),
        largest=max(off),
        median_share=statistics.median(share),
        largest_share=max(share),
    )
