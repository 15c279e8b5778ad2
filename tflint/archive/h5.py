"""`.h5` files as Keras 1, 2 and 3 write them: the network is a text in an attribute of the root."""

from __future__ import annotations

from typing import IO

from tflint.archive.archive import Archive
from tflint.archive.bounded_json import parse_json
from tflint.archive.config import facts_from_config, parse_version
from tflint.archive.executable import executable_content
from tflint.archive.hdf5.file import Hdf5File
from tflint.errors import MalformedArchive, NoNetwork

_WANTED = ("model_config", "training_config", "keras_version", "layer_names")
_WEIGHTS = "model_weights"
# Groups in the root of `.weights.h5` files of Keras 3.
_KERAS_3_WEIGHTS = frozenset(("layers", "_layer_checkpoint_dependencies", "vars"))


def read_h5(file: IO[bytes], size: int) -> Archive:
    """The network in an HDF5 file.

    Raises `MalformedArchive`, and `NoNetwork` where there is none in it.
    """
    content = Hdf5File(file)
    found = {name: texts[0] for name, texts in content.attributes(_WANTED).items() if texts}
    if "model_config" not in found:
        raise NoNetwork(_what_it_is(content, found))
    config = parse_json(found["model_config"], "`model_config`")
    training = parse_json(found.get("training_config", "null"), "`training_config`")
    version = parse_version(found.get("keras_version"))
    return Archive(
        facts_from_config(config, version or (1,), training),
        tuple(executable_content(config, is_legacy=True)),
        size,
        _stored_weights(content),
    )


def holds_network(file: IO[bytes]) -> bool:
    """Whether an HDF5 file has the configuration of a network; raises `MalformedArchive`."""
    return "model_config" in Hdf5File(file).attributes(("model_config",))


def _what_it_is(content: Hdf5File, found: dict[str, str]) -> str:
    names = content.names()
    if "layer_names" in found or _KERAS_3_WEIGHTS.intersection(names):
        return (
            "the file holds weights only and no network (no `model_config`): there is nothing "
            "to check without the code that builds it"
        )
    return "the HDF5 file is not a Keras model: it has no `model_config`"


def _stored_weights(content: Hdf5File) -> int | None:
    """The scalars in the data sets; None where they are not to be counted."""
    try:
        return content.count_elements(_WEIGHTS)
    except MalformedArchive:
        # The network was read all the same.
        return None
