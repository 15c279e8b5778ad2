"""SavedModels, without TensorFlow: Keras' own metadata, and the operators and inputs of the graph.

Field numbers: TensorFlow 2.21's `saved_model.proto`, `meta_graph.proto`, `graph.proto`,
`function.proto`, `saved_object_graph.proto`; tf-keras 2.21's `saved_metadata.proto`.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tflint.archive.archive import Archive, ExecutableContent
from tflint.archive.bounded_json import Json, parse_json
from tflint.archive.config import facts_from_config, facts_from_layers, parse_version
from tflint.archive.executable import executable_content
from tflint.archive.layer_configs import is_model, layer_name
from tflint.archive.protobuf import Message
from tflint.errors import MalformedArchive
from tflint.finding import NOWHERE
from tflint.keras.facts import KerasFacts
from tflint.keras.network import Dim, Network, Shape, Tensor
from tflint.keras.values import UNKNOWN
from tflint.printable import counted, printable

GRAPH = "saved_model.pb"
METADATA = "keras_metadata.pb"
MAX_BYTES = 256 * 1024 * 1024
_MAX_FILES = 100_000
_MAX_INPUTS = 1000
_MAX_METADATA = 32 * 1024 * 1024
# Operators that leave the graph: what they do for whoever runs it.
_LEAVING = {
    "EagerPyFunc": "calls a Python function",
    "PyFunc": "calls a Python function",
    "PyFuncStateless": "calls a Python function",
    "ReadFile": "reads any file it names",
    "WriteFile": "writes any file it names",
    "MatchingFiles": "lists files",
}
_DEFAULT_SIGNATURE = "serving_default"
# `types.proto`.
_TYPES = {1: "float32", 2: "float64", 3: "int32", 4: "uint8", 6: "int8", 9: "int64", 10: "bool"}


@dataclass(frozen=True, slots=True)
class _Metadata:
    """What Keras wrote of one object: the path to it in the model, what it is, its description."""

    path: str
    description: Mapping[str, Json]


def read_saved_model(folder: Path) -> Archive:
    """The Keras model in the folder of a SavedModel, as far as it can be seen.

    Raises `MalformedArchive`, and `OSError` where the operating system refuses.
    """
    graph = Message(_content(folder / GRAPH))
    metagraphs = list(graph.messages(2))
    if not metagraphs:
        raise MalformedArchive(f"`{GRAPH}` has no graph: it is not a SavedModel")
    described = list(_metadata(folder, metagraphs[0]))
    executable = [*_operators(metagraphs)]
    for each in described:
        description = dict(each.description)
        if each.path == "root":
            # The same as `config`, in another spelling.
            description.pop("model_config", None)
        is_model = each.path == "root"
        executable += executable_content(description, is_model=is_model, is_legacy=True)
    return Archive(
        _facts(described, metagraphs[0]),
        tuple(dict.fromkeys(executable)),
        _size(folder),
    )


def _content(path: Path) -> bytes:
    size = os.stat(path)
    if not stat.S_ISREG(size.st_mode):
        raise MalformedArchive(f"`{path.name}` is not a regular file")
    if size.st_size > MAX_BYTES:
        raise MalformedArchive(f"`{path.name}` is larger than {MAX_BYTES:,} bytes")
    with path.open("rb") as file:
        return file.read(MAX_BYTES)


def _size(folder: Path) -> int:
    """The bytes of all files."""
    total = files = 0
    for root, _, names in os.walk(folder):
        for name in names:
            files += 1
            if files > _MAX_FILES:
                return total
            try:
                total += os.lstat(os.path.join(root, name)).st_size
            except OSError:
                continue
    return total


def _metadata(folder: Path, metagraph: Message) -> Iterator[_Metadata]:
    """What Keras 2 wrote: since TensorFlow 2.5 in a file, before in the graph's objects."""
    path = folder / METADATA
    if path.exists():
        for node in Message(_content(path)).messages(1):
            found = _description(node.text(5, _MAX_METADATA), node.text(4))
            if found is not None:
                yield _Metadata(node.text(3), found)
        return
    for index, node in enumerate(metagraph.messages(7, 1)):
        for described in node.messages(4):
            found = _description(described.text(3, _MAX_METADATA), described.text(1))
            if found is not None:
                # The first object is the model itself.
                yield _Metadata("root" if index == 0 else f"root.{index}", found)


def _description(text: str, identifier: str) -> Mapping[str, Json] | None:
    if not text or not identifier.startswith("_tf_keras"):
        return None
    found = parse_json(text, "the Keras metadata of the SavedModel")
    return found if isinstance(found, dict) else None


def _facts(described: list[_Metadata], metagraph: Message) -> KerasFacts:
    root = next((each.description for each in described if each.path == "root"), None)
    if root is None:
        signature = _network(metagraph)
        return KerasFacts(
            networks=() if signature is None else (signature,),
            unseen=(
                "the SavedModel has no Keras metadata (Keras 3 writes none): its layers were not "
                "looked at, only the operators and inputs of its graph",
            ),
        )
    version = parse_version(root.get("keras_version")) or (2,)
    inner = root.get("model_config")
    config = inner if isinstance(inner, dict) and is_model(inner) else root
    if is_model(config):
        known = _with_input_shapes(config, described)
        return facts_from_config(known, version, root.get("training_config"))
    layers = [each.description for each in described if each.path != "root"]
    facts = facts_from_layers(layers, version)
    signature = _network(metagraph)
    return replace(facts, networks=() if signature is None else (signature,))


def _with_input_shapes(config: Mapping[str, Json], described: list[_Metadata]) -> Json:
    """The configuration with what each of its layers was built for, which stands elsewhere."""
    built = {
        layer_name(each.description): each.description.get("build_input_shape")
        for each in described
        if each.path.count(".") == 1
    }
    inner = config.get("config")
    layers = inner.get("layers") if isinstance(inner, dict) else None
    if not isinstance(inner, dict) or not isinstance(layers, list):
        return dict(config)
    known: list[Json] = []
    for layer in layers:
        shape = built.get(layer_name(layer)) if isinstance(layer, dict) else None
        if isinstance(layer, dict) and shape is not None and "build_config" not in layer:
            layer = {**layer, "build_config": {"input_shape": shape}}
        known.append(layer)
    return {**config, "config": {**inner, "layers": known}}


def _operators(metagraphs: list[Message]) -> Iterator[ExecutableContent]:
    """The operators that leave the graph, each kind once."""
    counts: Counter[str] = Counter()
    for metagraph in metagraphs:
        for graph in metagraph.messages(2):
            for node in graph.messages(1):
                counts[node.text(2, 200)] += 1
            for node in graph.messages(2, 1, 3):
                counts[node.text(2, 200)] += 1
    for name, what in _LEAVING.items():
        if counts[name]:
            yield ExecutableContent(
                f"{counted(counts[name], 'operator')} {name}",
                f"running the graph {what}",
            )


def _network(metagraph: Message) -> Network | None:
    """The inputs and outputs that the signature gives; nothing is known of what is between."""
    for entry in metagraph.messages(5):
        if entry.text(1) == _DEFAULT_SIGNATURE:
            for signature in entry.messages(2):
                inputs = tuple(_tensors(signature, 1, is_input=True))
                outputs = tuple(_tensors(signature, 2, is_input=False))
                return Network("SavedModel", inputs, outputs, (), False, location=NOWHERE)
    return None


def _tensors(signature: Message, field: int, *, is_input: bool) -> Iterator[Tensor]:
    for index, entry in enumerate(signature.messages(field)):
        if index >= _MAX_INPUTS:
            return
        for info in entry.messages(2):
            yield Tensor(
                _shape(info),
                is_input=is_input,
                dtype=_TYPES.get(info.integer(2), UNKNOWN),
                name=printable(entry.text(1)),
            )


def _shape(info: Message) -> Shape:
    for shape in info.messages(3):
        if shape.integer(3):
            return UNKNOWN
        dims: list[Dim] = []
        for dim in shape.messages(2):
            size = dim.integer(1)
            dims.append(None if size < 0 else size)
        return tuple(dims)
    return UNKNOWN
