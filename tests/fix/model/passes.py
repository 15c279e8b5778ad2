"""One repair of models at a time: carried out as the engine does it, and held to its promises.

    after = repaired("TFL305", model)     # carried out, sound, found nothing more, finding gone
    hold_equal(model, after)              # the same bytes on LiteRT's reference kernels and TFLM

`hold_examples("TFL305")` does all that for the examples of the rule.
"""

from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from tests.rules.findings import findings
from tests.runtimes import RUNTIMES, Array, random_inputs, run
from tflint.analysis.operator_kinds import RESHAPES
from tflint.finding import FixSafety
from tflint.fix.model.model_fix import ModelFix, Rewrite, RewriteContext
from tflint.fix.model.registry import model_fixes
from tflint.fix.model.repair import repair, start
from tflint.lint.registry import find_rule
from tflint.model.graph import dangling_indices, graphs
from tflint.model.reader import parse_model
from tflint.model.record import UnknownField, UnknownTable
from tflint.model.schema import TensorType
from tflint.model.tables import (
    CUSTOM,
    Buffer,
    Metadata,
    Model,
    Operator,
    OperatorCode,
    SubGraph,
    Tensor,
)
from tflint.model.writer import write_model
from tflint.rule import Bad, Example, Good
from tflint.target.target import find_target

_PACKAGES = {"litert": "ai_edge_litert", "tflm": "tflite_micro"}
# A repair of one pass makes more of them possible; the engine comes back as often.
_MOST_TURNS = 10
# Passes that change names, and those that add signatures.
RENAMING = frozenset(("TFL008", "TFL609"))
SIGNING = frozenset(("TFL701",))


def fix_for(code: str) -> ModelFix:
    """The repair for the rule with this code."""
    (fix,) = (fix for fix in model_fixes() if fix.code == code)
    return fix


def turn(code: str, model: Model, *, target: str = "tflm", unsafe: bool = False) -> Rewrite | None:
    """One turn of the pass on a model as it is read from a file; what comes must be sound."""
    read = model if model.file_bytes else parse_model(write_model(model))
    context = RewriteContext(read, find_target(target), unsafe=unsafe, requested=frozenset((code,)))
    rewrite = fix_for(code).rewrite(context)
    if rewrite is None:
        return None
    assert rewrite.places > 0
    assert unsafe or rewrite.safety is FixSafety.SAFE
    written = parse_model(write_model(rewrite.model, compact=True))
    assert not list(dangling_indices(written))
    hold_interface(
        read,
        dataclasses.replace(written, signature_defs=read.signature_defs)
        if code in SIGNING
        else written,
        names=not unsafe and code not in RENAMING,
        signatures=not (unsafe and code in RENAMING),
    )
    return dataclasses.replace(rewrite, model=written)


def rewritten(
    code: str, model: Model, *, target: str = "tflm", unsafe: bool = False
) -> Model | None:
    """The model behind one turn of the pass, None where it finds nothing."""
    rewrite = turn(code, model, target=target, unsafe=unsafe)
    return None if rewrite is None else rewrite.model


def repaired(
    code: str,
    model: Model,
    *,
    target: str = "tflm",
    unsafe: bool = False,
    left: int = 0,
    turns: int = 1,
) -> Model:
    """The model behind the pass, which must find nothing on it any more after `turns`.

    Of the rule's findings as many as `left` may be left.
    """
    assert len(findings(code, model, target)) > left, "the rule finds nothing to repair"
    after: Model | None = model
    for _ in range(turns):
        assert after is not None
        after = rewritten(code, after, target=target, unsafe=unsafe)
        assert after is not None, "the pass does nothing"
    assert after is not None
    hold_idempotent(code, after, target=target, unsafe=unsafe)
    found = findings(code, write_model(after, compact=True), target)
    assert len(found) == left, [finding.message for finding in found]
    return after


def taken(code: str, model: Model, *, target: str = "tflm") -> bool:
    """Whether the engine takes the pass's rewrites, of all that the user asked for."""
    goal = find_target(target)
    work = start(write_model(model), goal)
    repair(work, goal, is_wanted=lambda wanted: wanted == code, unsafe=True)
    return code in {step.code for step in work.steps}


def repaired_to_the_end(
    code: str, model: Model, *, target: str = "tflm", unsafe: bool = False
) -> Model:
    """The model when the pass finds nothing more; the model itself where it finds nothing."""
    for _ in range(_MOST_TURNS):
        after = rewritten(code, model, target=target, unsafe=unsafe)
        if after is None:
            return model
        model = after
    raise AssertionError(f"{code} finds something to do on its own result, again and again")


def hold_untouched(code: str, model: Model, *, target: str = "tflm", unsafe: bool = False) -> None:
    """The pass leaves the model as it is."""
    assert rewritten(code, model, target=target, unsafe=unsafe) is None


def hold_idempotent(code: str, after: Model, *, target: str = "tflm", unsafe: bool = False) -> None:
    """The pass finds nothing to do on its own result."""
    assert rewritten(code, after, target=target, unsafe=unsafe) is None, "a second turn changes it"


def hold_interface(
    before: Model, after: Model, *, names: bool = True, signatures: bool = True
) -> None:
    """As many subgraphs, inputs, outputs and signatures as before, by their `names` the same.

    With `signatures` those keep their names.
    """

    def named(text: str | None) -> str | None:
        return text if signatures else None

    def interface(model: Model) -> list[object]:
        ends = [
            [[graph.tensors[i].name if names else i >= 0 for i in indices] for indices in ends]
            for graph in model.subgraphs
            for ends in [(graph.inputs, graph.outputs)]
        ]
        callers = [
            (
                named(entry.signature_key),
                [named(m.name) for m in entry.inputs],
                [named(m.name) for m in entry.outputs],
            )
            for entry in model.signature_defs
        ]
        return [ends, callers]

    assert interface(before) == interface(after)


def installed(runtimes: Iterable[str] = RUNTIMES) -> list[str]:
    """Those of the runtimes that are installed; skips where none is."""
    found = [name for name in runtimes if importlib.util.find_spec(_PACKAGES[name])]
    if not found:
        pytest.skip("needs the extras `quantize` and `tflm`")
    return found


def outputs_on(
    model: Model, inputs: Sequence[Array], runtime: str
) -> list[np.ndarray[Any, Any]] | str:
    """The outputs, or what the runtime says when it refuses the model."""
    try:
        return run(model, inputs, runtime)
    except (RuntimeError, ValueError) as error:
        return str(error) or "refused"


def is_overwritten_on_litert(model: Model) -> bool:
    """Whether LiteRT may compute such a model wrongly, by a mistake of its memory planner.

    Where a reshape and another operator read one value that was made in place, what follows the
    reshape in place (ADD, MUL, SOFTMAX) overwrites that value. Seen with LiteRT 2.3.0.
    """
    return any(
        node.name in RESHAPES
        and x is not None
        and x.producer is not None
        and (len(x.consumers) > 1 or x.is_output)
        for graph in graphs(model)
        for node in graph.nodes
        for x in node.inputs[:1]
    )


def hold_equal(
    before: Model,
    after: Model,
    *,
    runtimes: Iterable[str] = RUNTIMES,
    seeds: Iterable[int] = (0,),
    tolerance: float | None = None,
    may_refuse: bool = False,
    inputs: Sequence[Array] | None = None,
) -> int:
    """Both models give the same bytes on every runtime that runs the first; how many did.

    With a `tolerance` the outputs may be that far apart, relative to the largest of them. Where
    the first may be refused, the second may do what it wants.
    """
    compared = 0
    if any(map(is_overwritten_on_litert, (before, after))):
        runtimes = [name for name in runtimes if name != "litert"]
    for runtime in installed(runtimes):
        for seed in seeds:
            given = random_inputs(before, seed) if inputs is None else inputs
            expected = outputs_on(before, given, runtime)
            if isinstance(expected, str):
                assert may_refuse, f"{runtime} refuses the model: {expected}"
                break
            got = outputs_on(after, given, runtime)
            assert not isinstance(got, str), f"{runtime} refuses the repaired model: {got}"
            compared += 1
            assert len(expected) == len(got)
            for a, b in zip(expected, got, strict=True):
                assert a.dtype == b.dtype
                assert a.shape == b.shape
                if tolerance is None:
                    assert a.tobytes() == b.tobytes(), f"{runtime}, seed {seed}: {a} is now {b}"
                else:
                    reach = tolerance * max(float(np.abs(a.astype(np.float64)).max()), 1.0)
                    np.testing.assert_allclose(
                        b.astype(np.float64), a.astype(np.float64), rtol=0, atol=reach
                    )
    return compared


def examples(code: str, kind: type[Example] | None = None) -> list[Example]:
    """The examples of a rule that are models, good or bad or both."""
    rule = find_rule(code)
    assert rule is not None
    return [
        example
        for example in rule.examples
        if (kind is None or isinstance(example, kind)) and isinstance(example.build(), Model)
    ]


def hold_examples(
    code: str,
    *,
    unsafe: bool = False,
    tolerance: float | None = None,
    but: Sequence[str] = (),
) -> None:
    """Bad examples are repaired and their outputs the same; good ones stay as they are.

    `but` names bad examples, by their titles, that have no repair: these stay as they are too.
    """
    done = 0
    for example in examples(code):
        model = example.build()
        assert isinstance(model, Model)
        if isinstance(example, Good) or example.title in but:
            hold_untouched(code, model, target=example.target, unsafe=unsafe)
            continue
        assert isinstance(example, Bad)
        after = repaired_to_the_end(code, model, target=example.target, unsafe=unsafe)
        found = findings(code, write_model(after, compact=True), example.target)
        assert not found, (example.title, [finding.message for finding in found])
        hold_equal(model, after, tolerance=tolerance, may_refuse=True)
        hold_surroundings(code, model, target=example.target, unsafe=unsafe)
        done += 1
    assert done, "no bad example is repaired"


def surrounded(model: Model) -> Model:
    """The model with a second subgraph of what no pass knows: a custom operator with options of
    both kinds, a field of a later schema, metadata of its own.
    """
    buffers, codes = len(model.buffers), len(model.operator_codes)
    later = (UnknownField(99, b"\7\0\0\0"),)
    tensors = [
        Tensor(shape=(1, 4), type=TensorType.FLOAT32, name=f"other_{i}", unknown_fields=later)
        for i in range(2)
    ]
    operator = Operator(
        opcode_index=codes,
        inputs=(0,),
        outputs=(1,),
        builtin_options=UnknownTable(250),
        custom_options=b"\1\2\3",
    )
    return dataclasses.replace(
        model,
        subgraphs=(
            *model.subgraphs,
            SubGraph(
                tensors=tuple(tensors),
                inputs=(0,),
                outputs=(1,),
                operators=(operator,),
                name="other",
                unknown_fields=later,
            ),
        ),
        operator_codes=(
            *model.operator_codes,
            OperatorCode(
                deprecated_builtin_code=CUSTOM, builtin_code=CUSTOM, custom_code="Nobodys"
            ),
        ),
        buffers=(*model.buffers, Buffer(b"what nobody reads")),
        metadata=(*model.metadata, Metadata("notes", buffers)),
    )


def hold_surroundings(
    code: str, model: Model, *, target: str = "tflm", unsafe: bool = False
) -> None:
    """The pass does its work beside what it does not know, and leaves that as it is."""
    around = surrounded(model)
    after = rewritten(code, around, target=target, unsafe=unsafe)
    if after is None:
        assert rewritten(code, model, target=target, unsafe=unsafe) is None
        return
    kept, was = after.subgraphs[-1], parse_model(write_model(around)).subgraphs[-1]
    (operator,) = kept.operators
    assert after.operator_codes[operator.opcode_index].name == "Nobodys"
    assert (operator.custom_options, operator.builtin_options) == (b"\1\2\3", UnknownTable(250))
    if code not in RENAMING:
        assert kept.tensors == was.tensors
    assert kept.unknown_fields == was.unknown_fields
    (notes,) = (entry for entry in after.metadata if entry.name == "notes")
    assert bytes(after.buffers[notes.buffer].data or b"") == b"what nobody reads"


def operators(model: Model, subgraph: int = 0) -> list[str]:
    """The names of a subgraph's operators, in order."""
    return [
        model.operator_codes[operator.opcode_index].name
        for operator in model.subgraphs[subgraph].operators
    ]


def options(model: Model, name: str) -> Iterator[object]:
    """The builtin options of the first subgraph's operators of this name."""
    for operator in model.subgraphs[0].operators:
        if model.operator_codes[operator.opcode_index].name == name:
            yield operator.builtin_options
