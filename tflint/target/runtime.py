"""Runtimes: which operators they have, which types and arguments each kernel takes.

The facts are JSON files in `tflint_mcu_runtime/facts`, read off the runtimes themselves by
`scripts/probe_runtimes.py`; each names the version it was read from and the date.
"""

from __future__ import annotations

import functools
import importlib.resources
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from types import MappingProxyType
from typing import Any

from tflint.errors import UnknownName

# What each runtime is called in messages, and whether it is one for microcontrollers.
RUNTIMES = {
    "tflm": ("TFLM", True),
    "tflm-cmsis-nn": ("TFLM with CMSIS-NN", True),
    "litert": ("LiteRT", False),
}
LEFT_OUT = "none"
# The probes went up to this rank: a kernel that took it has no limit that is known.
PROBED_RANK = 8
# Where in its sources a runtime stands when it prints a message.
_SOURCE_FILE = re.compile(r"^\S+\.(?:cc|cpp|h)(?::\d+)? ")

# What the probes note where the runtime prints nothing that would say why.
_OUTCOMES = ("crashes", "runs, but computes something else", "Interpreter invocation failed.")


class Verdict(Enum):
    """What is known about a combination of types on a kernel."""

    ACCEPTED = auto()
    REFUSED = auto()
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class Demand:
    """What a kernel demands of one operand's scale or zero point.

    `operand` is the position of an input, None for all outputs; `parameter` is "scale" or
    "zero_point". It must be `value`, or where that is None that of the operand `like` (again
    a position, None for the output). A scale may be off by `tolerance`, or by `share` of it.
    What is not met is refused, or else computed from the raw numbers, which then stand for
    other reals. `says` is what the runtime prints when it refuses.
    """

    operand: int | None
    parameter: str
    is_refused: bool
    value: float | None = None
    like: int | None = None
    tolerance: float = 0.0
    share: float = 0.0
    says: str = ""


@dataclass(frozen=True, slots=True)
class Kernel:
    """One operator in a runtime.

    `accepts` are signatures such as `INT8,INT8,INT32->INT8`, one type a slot, `none` for an
    input left out; a slot that repeats (`variadic`: "inputs" or "outputs") stands once.
    None means that it is not known what the kernel takes. `refuses` matters only where
    what is accepted is not known completely.

    `constant_inputs` are the positions that must be constants, `constant_inputs_for` those
    that must be for some signatures. `max_rank` is the highest rank its inputs may have, with
    `max_rank_for` the signatures that stop earlier; None when no limit is known. With
    `left_out_only_unlisted` an input that is left out by -1, instead of not being listed,
    brings the kernel down. `says` is what the runtime prints for some signatures that it
    refuses. `versions` are the first and the last operator version implemented. `demands` are
    those on scales and zero points, by signature. For signatures in `reads_uninitialized` the
    results depend on what memory held before.
    """

    name: str
    accepts: frozenset[str] | None = None
    refuses: frozenset[str] = frozenset()
    complete: bool = True
    constant_inputs: tuple[int, ...] = ()
    constant_inputs_for: Mapping[int, frozenset[str]] = field(default_factory=dict)
    max_rank: int | None = None
    max_rank_for: Mapping[str, int] = field(default_factory=dict)
    variadic: str | None = None
    left_out_only_unlisted: bool = False
    says: Mapping[str, str] = field(default_factory=dict)
    versions: tuple[int, int] | None = None
    demands: Mapping[str, tuple[Demand, ...]] = field(default_factory=dict)
    reads_uninitialized: frozenset[str] = frozenset()

    def signature(self, inputs: Iterable[str | None], outputs: Iterable[str]) -> str:
        """The signature of these types, None standing for an input left out."""
        left = [LEFT_OUT if type is None else type for type in inputs]
        right = list(outputs)
        if self.variadic == "inputs":
            left = list(dict.fromkeys(left))
        if self.variadic == "outputs":
            right = list(dict.fromkeys(right))
        return f"{','.join(left)}->{','.join(right)}"

    def verdict(self, signature: str) -> Verdict:
        """Whether the kernel takes these types."""
        if self.accepts is not None and self._spellings(signature) & self.accepts:
            return Verdict.ACCEPTED
        if signature in self.refuses:
            return Verdict.REFUSED
        return Verdict.REFUSED if self.accepts is not None and self.complete else Verdict.UNKNOWN

    def _spellings(self, signature: str) -> frozenset[str]:
        """The signature as tables may write it: a last input is left out by -1 or unlisted."""
        inputs, _, outputs = signature.partition("->")
        if not inputs.endswith(f",{LEFT_OUT}"):
            return frozenset((signature, f"{inputs},{LEFT_OUT}->{outputs}"))
        if self.left_out_only_unlisted:
            return frozenset()
        return frozenset((signature, f"{inputs.removesuffix(f',{LEFT_OUT}')}->{outputs}"))

    def constants(self, signature: str) -> list[int]:
        """The positions of inputs that must be constants for this signature."""
        some = [p for p, names in self.constant_inputs_for.items() if signature in names]
        return sorted((*self.constant_inputs, *some))

    def highest_rank(self, signature: str) -> int | None:
        """The highest rank for this signature, None when no limit is known."""
        return self.max_rank_for.get(signature, self.max_rank)

    def demanded(self, signature: str) -> tuple[Demand, ...]:
        """What this signature demands of scales and zero points, as far as is known."""
        for spelling in self._spellings(signature):
            if spelling in self.demands:
                return self.demands[spelling]
        return ()


@dataclass(frozen=True, slots=True)
class Runtime:
    """A runtime at the version its facts were read from.

    `is_mcu` tells runtimes without heap, dynamic shapes and hybrid kernels from LiteRT.
    `refused_types` are those that no tensor of a model may have, `types_message` is what the
    runtime prints for them. `ignores_external_data` and `ignores_sparsity` say that it takes
    constants stored behind the flatbuffer for zeros, and sparse ones for dense.
    """

    name: str
    title: str
    is_mcu: bool
    source: str
    date: str
    ignores_versions: bool
    kernels: Mapping[str, Kernel]
    custom_operators: frozenset[str]
    refused_types: frozenset[str]
    types_message: str
    ignores_external_data: bool
    ignores_sparsity: bool

    def kernel(self, name: str) -> Kernel | None:
        """The kernel of a builtin operator, or None when the runtime does not have it."""
        return self.kernels.get(name)


@functools.cache
def load_runtime(name: str) -> Runtime:
    """The runtime of this name; raises `UnknownName`."""
    if name not in RUNTIMES:
        raise UnknownName("runtime", name, RUNTIMES, f"runtimes are {', '.join(RUNTIMES)}")
    title, is_mcu = RUNTIMES[name]
    facts = _facts(name)
    base = load_runtime(facts["inherits"]) if "inherits" in facts else None
    kernels = dict(base.kernels) if base else {}
    for operator, known in facts["operators"].items():
        kernels[operator] = _kernel(operator, known, base.kernels.get(operator) if base else None)
    types = facts.get("tensor_types", {})
    return Runtime(
        name=name,
        title=title,
        is_mcu=is_mcu,
        source=facts["source"],
        date=facts["date"],
        ignores_versions=facts.get("ignores_versions", base.ignores_versions if base else False),
        kernels=MappingProxyType(kernels),
        custom_operators=frozenset(facts.get("custom_operators", ()))
        or (base.custom_operators if base else frozenset()),
        refused_types=frozenset(types.get("refused", ()))
        or (base.refused_types if base else frozenset()),
        types_message=types.get("says", base.types_message if base else ""),
        ignores_external_data=_ignores(facts, "external_buffers")
        or (base is not None and base.ignores_external_data),
        ignores_sparsity=_ignores(facts, "sparsity")
        or (base is not None and base.ignores_sparsity),
    )


def _ignores(facts: dict[str, Any], storage: str) -> bool:
    outcome: str | None = facts.get("storage", {}).get(storage, {}).get("outcome")
    return outcome == "ignored"


def _facts(name: str) -> dict[str, Any]:
    path = importlib.resources.files("tflint_mcu_runtime") / "facts" / f"{name}.json"
    facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return facts


def _kernel(name: str, known: dict[str, Any], inherited: Kernel | None) -> Kernel:
    accepts = known.get("accepts")
    versions = known.get("versions")
    max_rank = known.get("max_rank", PROBED_RANK)
    return Kernel(
        name=name,
        accepts=None if accepts is None else frozenset(accepts),
        refuses=frozenset(known.get("refuses", ())),
        # A kernel that only differs from an inherited one lists what was seen, not all.
        complete=inherited is None,
        constant_inputs=tuple(known.get("constant_inputs", ())),
        constant_inputs_for={
            int(position): frozenset(signatures)
            for position, signatures in known.get("constant_inputs_for", {}).items()
        },
        max_rank=None if max_rank >= PROBED_RANK else max_rank,
        max_rank_for=known.get("max_rank_exceptions", {}),
        variadic=known.get("variadic", inherited.variadic if inherited else None),
        left_out_only_unlisted=known.get(
            "none_only_unlisted", inherited.left_out_only_unlisted if inherited else False
        ),
        says={
            signature: _SOURCE_FILE.sub("", message)
            for signature, message in known.get("says", {}).items()
            if message not in _OUTCOMES
        },
        versions=(versions[0], versions[1]) if versions else None,
        demands=_demands(known, inherited),
        reads_uninitialized=frozenset(known.get("reads_uninitialized_memory", ())),
    )


def _demands(known: dict[str, Any], inherited: Kernel | None) -> Mapping[str, tuple[Demand, ...]]:
    """The demands by signature; a table says where they are those of an inherited kernel."""
    if known.get("demands") == "inherited":
        accepts = known.get("accepts", ())
        return {s: d for s, d in inherited.demands.items() if s in accepts} if inherited else {}
    demands: dict[str, tuple[Demand, ...]] = {}
    for group in known.get("demands", ()):
        demands.update(dict.fromkeys(group["signatures"], tuple(map(_demand, group["demands"]))))
    return demands


def _demand(known: dict[str, Any]) -> Demand:
    return Demand(
        operand=_operand(known["operand"]),
        parameter=known["parameter"],
        is_refused=known["outcome"] != "ignored",
        value=known.get("value"),
        like=_operand(known.get("equals", "output")),
        tolerance=known.get("tolerance", 0.0),
        share=known.get("share", 0.0),
        says=_SOURCE_FILE.sub("", known.get("says", "")),
    )


def _operand(name: str) -> int | None:
    return None if name == "output" else int(name)
