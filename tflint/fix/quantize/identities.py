"""Names of its own for every tensor, for tools that tell tensors by name, and the way back.

ai-edge-quantizer refuses a model in which two tensors have one name, and one without a signature;
regular expressions run over names from files. So it gets a copy of the model in which tensors are
called `g0t17`, with one signature a subgraph that has inputs, and nothing else that has a name.
"""

from __future__ import annotations

import dataclasses
import re

from tflint.model.record import ABSENT
from tflint.model.tables import Model, SignatureDef, SubGraph, Tensor, TensorMap

SIGNATURE = "quantize"
_NAME = re.compile(r"g(\d{1,9})t(\d{1,9})(.*)", re.DOTALL)


def name_of(subgraph: int, tensor: int) -> str:
    """What a tensor is called in the copy."""
    return f"g{subgraph}t{tensor}"


def with_plain_names(model: Model) -> Model:
    """The copy: plain names, one signature, no metadata."""
    subgraphs = tuple(
        dataclasses.replace(
            graph,
            tensors=tuple(
                dataclasses.replace(tensor, name=name_of(g, t))
                for t, tensor in enumerate(graph.tensors)
            ),
            name=f"g{g}",
        )
        for g, graph in enumerate(model.subgraphs)
    )
    main = model.subgraphs[0]
    signature = SignatureDef(
        inputs=tuple(TensorMap(f"i{n}", index) for n, index in enumerate(main.inputs)),
        outputs=tuple(TensorMap(f"o{n}", index) for n, index in enumerate(main.outputs)),
        signature_key=SIGNATURE,
    )
    return dataclasses.replace(
        model,
        subgraphs=subgraphs,
        signature_defs=(signature,),
        metadata=ABSENT,
        metadata_buffer=ABSENT,
    )


def with_names_of(quantized: Model, original: Model) -> Model:
    """A quantised copy with the names, signatures, description and metadata of its original.

    Signatures follow their tensors by name, inputs and outputs by position. What the tool added
    to a name (`g0t17_quantized`) is added to the original's.
    """
    metadata, buffers = [], list(quantized.buffers)
    for entry in original.metadata:
        buffers.append(original.buffers[entry.buffer])
        metadata.append(dataclasses.replace(entry, buffer=len(buffers) - 1))
    return dataclasses.replace(
        quantized,
        description=original.description,
        buffers=tuple(buffers),
        subgraphs=tuple(
            dataclasses.replace(
                graph,
                tensors=tuple(_renamed(tensor, original) for tensor in graph.tensors),
                name=original.subgraphs[g].name,
            )
            for g, graph in enumerate(quantized.subgraphs)
        ),
        metadata=tuple(metadata) or ABSENT,
        signature_defs=tuple(
            _followed(signature, quantized, original) for signature in original.signature_defs
        )
        or ABSENT,
    )


def origin(tensor: Tensor) -> tuple[int, int] | None:
    """Subgraph and index that a tensor of the copy had in the original; None for a new one."""
    match = _NAME.fullmatch(tensor.name or "")
    return (int(match[1]), int(match[2])) if match and not match[3] else None


def _renamed(tensor: Tensor, original: Model) -> Tensor:
    match = _NAME.fullmatch(tensor.name or "")
    if match is None:
        return tensor
    graph, index = int(match[1]), int(match[2])
    if graph >= len(original.subgraphs) or index >= len(original.subgraphs[graph].tensors):
        return tensor
    name = original.subgraphs[graph].tensors[index].name
    if name is not None and match[3]:
        name += match[3]
    return dataclasses.replace(tensor, name=name)


def _followed(signature: SignatureDef, quantized: Model, original: Model) -> SignatureDef:
    g = signature.subgraph_index
    before, after = original.subgraphs[g], quantized.subgraphs[g]
    at = _places(before, after, g)
    return dataclasses.replace(
        signature,
        inputs=tuple(
            dataclasses.replace(entry, tensor_index=at[entry.tensor_index])
            for entry in signature.inputs
            if entry.tensor_index in at
        ),
        outputs=tuple(
            dataclasses.replace(entry, tensor_index=at[entry.tensor_index])
            for entry in signature.outputs
            if entry.tensor_index in at
        ),
    )


def _places(before: SubGraph, after: SubGraph, subgraph: int) -> dict[int, int]:
    names = {tensor.name: index for index, tensor in enumerate(after.tensors)}
    found = {
        index: names[name]
        for index in range(len(before.tensors))
        if (name := name_of(subgraph, index)) in names
    }
    found.update(zip(before.inputs, after.inputs, strict=True))
    found.update(zip(before.outputs, after.outputs, strict=True))
    return found
