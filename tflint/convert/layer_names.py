"""Which layer a node of a graph, or a tensor of a model, is from: by its name."""

from __future__ import annotations

from collections.abc import Mapping

from tflint.convert.request import Place

# A name may be anything: what is looked at of it.
_MAX_SCOPES = 64


def layer_of(name: str, known: Mapping[str, Place]) -> Place:
    """The layer of a name such as `model/dense_1/MatMul`, the innermost that is known.

    The converter joins the names of what it fuses with `;`, and writes a number behind some. Where
    no layers are known at all, as in a SavedModel, the scope around the node stands for one.
    """
    for part in name.split(";")[:_MAX_SCOPES]:
        scopes = [scope for scope in part.split("/") if scope][-_MAX_SCOPES:]
        for scope in reversed(scopes):
            if scope in known:
                return known[scope]
    scopes = [scope for scope in name.partition(";")[0].split("/") if scope]
    scopes = [scope for scope in scopes if "PartitionedCall" not in scope]
    return Place(scopes[-2]) if len(scopes) > 1 and not known else Place()
