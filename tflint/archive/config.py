"""From the configuration of a model, as Keras writes it, to facts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from tflint.archive.bounded_json import Json
from tflint.archive.layer_configs import class_name, is_keras_class, is_model, value_of
from tflint.archive.models import ModelReader
from tflint.errors import MalformedArchive
from tflint.finding import NOWHERE
from tflint.keras.facts import Compilation, KerasFacts
from tflint.keras.network import Network
from tflint.keras.values import Argument, Result
from tflint.printable import printable

_NUMBER = re.compile(r"\d{1,6}")


def facts_from_config(
    config: Json,
    keras_version: tuple[int, ...] | None = None,
    compile_config: Json = None,
) -> KerasFacts:
    """The layers, calls and networks of a model's configuration, in any version's form.

    `compile_config` says how the model was compiled, where it is not in the configuration.
    Raises `MalformedArchive` where it is not a configuration that Keras writes.
    """
    if not isinstance(config, dict):
        raise MalformedArchive("the configuration is not an object")
    if not is_model(config):
        return _without_layers(config, keras_version)
    reader = ModelReader()
    _, network = reader.model(config)
    unseen = _unseen(reader)
    if not is_keras_class(config):
        unseen.append(
            f"the model is of a class of its own, `{printable(class_name(config), 40)}`, which may "
            "compute something else than its layers do"
        )
    compiled = config.get("compile_config") if compile_config is None else compile_config
    return KerasFacts(
        layers=tuple(reader.layers),
        calls=tuple(call for each in reader.networks for call in each.calls),
        networks=tuple(reader.networks),
        compilations=tuple(_compilations(compiled, network)),
        keras_version=keras_version,
        unseen=tuple(unseen),
    )


def facts_from_layers(
    entries: Iterable[Mapping[str, Json]], keras_version: tuple[int, ...] | None = None
) -> KerasFacts:
    """Facts about layers of which it is not known how they are connected.

    Each is a configuration, with the `build_input_shape` where it was built. Raises
    `MalformedArchive`.
    """
    reader = ModelReader()
    calls = [call for entry in entries for call in reader.piece(entry)]
    unseen = (
        "how the layers are connected is in Python code that is not in the archive: they were "
        "looked at one by one",
        *_unseen(reader),
    )
    return KerasFacts(
        layers=tuple(reader.layers),
        calls=tuple(calls),
        networks=tuple(reader.networks),
        keras_version=keras_version,
        unseen=unseen,
    )


def _unseen(reader: ModelReader) -> list[str]:
    unseen = [*reader.unseen]
    if reader.foreign:
        names = ", ".join(f"`{printable(name, 40)}`" for name in list(reader.foreign)[:5])
        more = f" and {len(reader.foreign) - 5:,} more" if len(reader.foreign) > 5 else ""
        unseen.append(f"what layers that are not Keras' own compute is not known: {names}{more}")
    return unseen


def _without_layers(config: Mapping[str, Json], version: tuple[int, ...] | None) -> KerasFacts:
    name = printable(class_name(config), 40)
    return KerasFacts(
        keras_version=version,
        unseen=(
            f"the configuration of `{name}` does not list its layers: they are made by Python "
            "code that is not in the archive",
        ),
    )


def _compilations(compiled: Json, network: Network) -> list[Compilation]:
    if not isinstance(compiled, dict) or compiled.get("loss") is None:
        return []
    arguments = {name: Argument(value_of(value)) for name, value in compiled.items()}
    loss = arguments["loss"].value
    if isinstance(loss, Result) and "." not in loss.path:
        # Legacy formats do not say where a class is from.
        loss = replace(loss, path=f"keras.losses.{loss.path}")
    return [Compilation(loss, network.outputs, network, arguments, NOWHERE)]


def parse_version(text: Json) -> tuple[int, ...] | None:
    """The numbers of a version: (2, 3, 0) of `2.3.0-tf`; None where there are none."""
    if not isinstance(text, str):
        return None
    parts = []
    for part in text.split(".")[:4]:
        number = _NUMBER.match(part)
        if number is None:
            break
        parts.append(int(number[0]))
        if number[0] != part:
            break
    return tuple(parts) or None
