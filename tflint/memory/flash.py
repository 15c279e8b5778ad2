"""How much flash TFLM's code takes for exactly the kernels that a model needs.

The flash of a model is the bytes of its file and those of the runtime linked for it. Figures
are in `facts/tflm-flash.json`, which says what was linked: text, constants and initial data of
release images (without log strings) for a Cortex-M4F by gcc, kernels at -O2, the rest at -Os.

The linker keeps functions, and each once: two kernels together take less than each alone. What
they share was solved from all images by `scripts/derive_code_sizes.py`, so the size is

    core + what each kernel adds alone - each shared piece, once for every kernel beyond the first

and exact for one kernel and for each combination that was linked. How far off it is otherwise
was measured by leaving out each image, and each kernel, from what it is solved from.
"""

from __future__ import annotations

import functools
import importlib.resources
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tflint.errors import UnknownName
from tflint.model.graph import Graph

# Text is padded to a multiple of 32 bytes in each image, so a difference of two is off by 31.
_PADDING = 31
# Cores for which gcc makes the same Thumb-2 code as for the Cortex-M4F that was measured.
_SAME_CODE = frozenset(("cortex-m4", "cortex-m7", "cortex-m33"))


@dataclass(frozen=True, slots=True)
class KernelCode:
    """What one kernel takes. `resolver_call` registers it: `AddConv2D`.

    `bytes` are those of an image with this kernel alone, less one with none. `freed_bytes` are
    what the image would lose without it: less, as others need a part of it too.
    """

    operator: str
    resolver_call: str
    bytes: int
    freed_bytes: int


@dataclass(frozen=True, slots=True)
class CodeSize:
    """TFLM's code for a set of kernels, in bytes of flash, startup code and core included.

    Where `is_measured` this combination was linked, and `bytes` is its size. Otherwise `bytes`
    is an estimate that is off by `error_bytes` at most in cross-validation; that it lies from
    `low` to `high` follows from images that were linked (the largest that has no other
    kernels; the smallest to which those that it lacks are added).

    `unknown` are operators without a kernel in TFLM, such as SELECT and those of Flex: an image
    for the model cannot be linked, and what is given is the size without them. A custom
    operator with a kernel of the user's own is among them, and its code comes on top.
    `note` says what makes it an estimate from another core.
    """

    bytes: int
    low: int
    high: int
    error_bytes: int
    is_measured: bool
    core_bytes: int
    kernels: tuple[KernelCode, ...]
    unknown: tuple[str, ...]
    note: str | None = None


@dataclass(frozen=True, slots=True)
class LogStrings:
    """Bytes that a build with log strings takes on top (`MicroPrintf` and its messages).

    A measurement where `low` and `high` are the same, else an estimate between what the models
    measured came to for each kernel. Measured with the reference kernels only.
    """

    bytes: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Int8Registrations:
    """Kernels that only compute in int8: `calls` are `AddConv2D(Register_CONV_2D_INT8())`.

    `saved_bytes` are what they were measured to save for the kernels in `measured`, the most of
    the model's for which there is an image; None where there is none.
    """

    calls: tuple[str, ...]
    saved_bytes: int | None
    measured: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kernel:
    """What was measured of a kernel: the bytes it adds alone, and the pieces that it shares."""

    resolver_call: str
    bytes: int
    shares: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CodeFacts:
    """The code sizes of one library.

    `core` are the bytes without kernels, `shared` those of each piece, `images` the sizes of
    combinations that were linked. `error` and `error_unseen` are the largest errors found in
    cross-validation, as parts of the size: for kernels that are all in some image of several,
    and with one that was only linked alone.
    """

    core: int
    kernels: Mapping[str, Kernel]
    shared: Mapping[str, int]
    images: Mapping[frozenset[str], int]
    error: float = 0.0
    error_unseen: float = 0.0

    def size(self, operators: frozenset[str]) -> int:
        """Bytes for these kernels, all of them known: measured, or the best estimate."""
        known = self._measured(operators)
        if known is not None:
            return known
        low, high = self.bounds(operators)
        pieces = Counter(piece for name in operators for piece in self.kernels[name].shares)
        repeated = sum(self.shared[piece] * (count - 1) for piece, count in pieces.items())
        return min(max(self.core + self._alone(operators) - repeated, low), high)

    def bounds(self, operators: frozenset[str]) -> tuple[int, int]:
        """Between which bytes the size is.

        An image is the union of what its kernels need. So it takes at least as much as any
        image with no other kernels, and at most as much as another image with what the
        missing kernels take alone.
        """
        known = self._measured(operators)
        if known is not None:
            return known, known
        low = self.core + max(self.kernels[name].bytes for name in operators)
        high = self.core + self._alone(operators) + _PADDING * len(operators)
        for image, size in self.images.items():
            if image <= operators:
                low = max(low, size)
            missing = operators - image
            high = min(high, size + self._alone(missing) + _PADDING * len(missing))
        return low, high

    def error_bytes(self, operators: frozenset[str]) -> int:
        """How far `size` may be off, by cross-validation and within the bounds."""
        low, high = self.bounds(operators)
        size = self.size(operators)
        seen = frozenset[str]().union(*(image for image in self.images if len(image) > 1))
        error = self.error if operators <= seen else self.error_unseen
        return min(round(error * size), max(high - size, size - low))

    def _measured(self, operators: frozenset[str]) -> int | None:
        if len(operators) < 2:
            return self.core + self._alone(operators)
        return self.images.get(operators)

    def _alone(self, operators: Iterable[str]) -> int:
        return sum(self.kernels[name].bytes for name in operators)


def operators_of(graphs: Iterable[Graph]) -> frozenset[str]:
    """The names of all operators that a model's subgraphs use, builtin and custom."""
    return frozenset(node.name for graph in graphs for node in graph.nodes)


def has_code_sizes(runtime_name: str) -> bool:
    """Whether the code of this runtime was measured (`tflm`, `tflm-cmsis-nn`)."""
    return runtime_name in _document()["runtimes"]


def runtime_code(operators: Iterable[str], runtime_name: str, core: str | None = None) -> CodeSize:
    """The code of TFLM for these operators, given any number of times and in any order.

    `core` is a target's, such as `cortex-m4`. Costs a look at each of some twenty images for
    each kernel. Raises `UnknownName` for a runtime whose code was not measured.
    """
    facts = code_facts(runtime_name)
    needed = frozenset(operators)
    known = needed.intersection(facts.kernels)
    size, (low, high) = facts.size(known), facts.bounds(known)
    return CodeSize(
        bytes=size,
        low=low,
        high=high,
        error_bytes=facts.error_bytes(known),
        is_measured=low == high,
        core_bytes=facts.core,
        kernels=tuple(
            KernelCode(
                name,
                facts.kernels[name].resolver_call,
                facts.kernels[name].bytes,
                max(size - facts.size(known - {name}), 0),
            )
            for name in sorted(known)
        ),
        unknown=tuple(sorted(needed - known)),
        note=_note(core, runtime_name),
    )


def log_strings(operators: Iterable[str], runtime_name: str) -> LogStrings:
    """What log strings add; builds without them define `TF_LITE_STRIP_ERROR_STRINGS`.

    Raises `UnknownName` as `runtime_code` does.
    """
    facts = code_facts(runtime_name)
    known = frozenset(operators).intersection(facts.kernels)
    measured = _document()["log_strings"]
    for image in measured["images"]:
        if known == _operators(image):
            return LogStrings(image["bytes"], image["bytes"], image["bytes"])
    core, each = measured["core"], measured["kernel"]
    low, high = (core + len(known) * each[bound] for bound in ("low", "high"))
    return LogStrings(core + len(known) * each["mean"], low, high)


def int8_registrations(operators: Iterable[str], runtime_name: str) -> Int8Registrations | None:
    """The registrations for a model that computes in int8 only; None where there are none.

    The library must have kernels of its own for them: with the reference kernels
    `Register_CONV_2D_INT8()` is `Register_CONV_2D()`. Raises `UnknownName` as
    `runtime_code` does.
    """
    facts = code_facts(runtime_name)
    known = _document()["runtimes"][runtime_name].get("int8_registrations")
    having = sorted(frozenset(operators) & _operators(known)) if known else []
    if not having:
        return None
    calls = (f"{facts.kernels[name].resolver_call}(Register_{name}_INT8())" for name in having)
    fitting = [image for image in known["images"] if _operators(image).issubset(having)]
    most = max(fitting, key=lambda image: len(_operators(image)), default=None)
    if most is None:
        return Int8Registrations(tuple(calls), None, ())
    return Int8Registrations(tuple(calls), most["saved"], tuple(sorted(_operators(most))))


@functools.cache
def code_facts(runtime_name: str) -> CodeFacts:
    """The measured sizes of a runtime; raises `UnknownName` where there are none."""
    runtimes = _document()["runtimes"]
    if runtime_name not in runtimes:
        hint = f"code sizes are known for {', '.join(runtimes)}"
        raise UnknownName("runtime with code sizes", runtime_name, runtimes, hint)
    known = runtimes[runtime_name]
    base = runtimes.get(known.get("inherits"), {"kernels": {}})
    return CodeFacts(
        core=known["core"],
        kernels={
            name: Kernel(entry["call"], entry["bytes"], tuple(entry["shares"].split()))
            for name, entry in {**base["kernels"], **known["kernels"]}.items()
        },
        shared={name: piece["bytes"] for name, piece in _document()["shared_code"].items()},
        images={_operators(image): image["bytes"] for image in known["images"]},
        error=known["error"]["image_left_out"],
        error_unseen=known["error"]["kernel_left_out"],
    )


def _operators(entry: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(entry["operators"].split())


@functools.cache
def _document() -> dict[str, Any]:
    path = importlib.resources.files("tflint_mcu_runtime") / "facts" / "tflm-flash.json"
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def _note(core: str | None, runtime_name: str) -> str | None:
    """What differs on this core from the one that was measured."""
    if core is None or core in _SAME_CODE:
        return None
    if runtime_name == "tflm-cmsis-nn" and core in ("cortex-m55", "cortex-m85"):
        return f"an estimate from a Cortex-M4F: on {core}, CMSIS-NN has other kernels (MVE)"
    return f"an estimate from a Cortex-M4F: compilers make code of another size for {core}"
