"""TFL701, on request: a signature that names inputs and outputs after their tensors."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from tflint.analysis.names import Named, problems
from tflint.fix.model.model_fix import ModelFix, Rewrite, RewriteContext
from tflint.model.tables import SignatureDef, SubGraph, TensorMap

# What converters call the one signature of a model.
_KEY = "serving_default"
# Nobody calls an input by a longer name.
_LONGEST = 256


def _rewrite(context: RewriteContext) -> Rewrite | None:
    model = context.model
    if model.signature_defs or not model.subgraphs:
        return None
    main = model.subgraphs[0]
    signature = SignatureDef(
        inputs=_maps(main, main.inputs, "input"),
        outputs=_maps(main, main.outputs, "output"),
        signature_key=_KEY,
        subgraph_index=0,
    )
    changed = dataclasses.replace(model, signature_defs=(signature,))
    return Rewrite(changed, 1, notes=(f"there is a signature `{_KEY}` now",))


def _maps(graph: SubGraph, indices: Sequence[int], what: str) -> tuple[TensorMap, ...]:
    """A name for each tensor, no two the same."""
    taken: set[str] = set()
    found = []
    for place, index in enumerate(indices):
        if index < 0:
            continue
        name = _plain(graph.tensors[index].name or "") or f"{what}_{place}"
        while name in taken:
            name = f"{name}_{place}"
        taken.add(name)
        found.append(TensorMap(name=name, tensor_index=index))
    return tuple(found)


def _plain(name: str) -> str:
    """The name, empty for one that nobody can be asked to write."""
    return "" if len(name) > _LONGEST or problems(Named(name, "")) else name


FIX = ModelFix("TFL701", _rewrite, may_grow_file=True, may_exceed_original=True, on_request=True)
