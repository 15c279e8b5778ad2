"""What a source or an archive says about Keras."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tflint.finding import NOWHERE, Location
from tflint.keras.network import Call, Layer, Network, Tensor
from tflint.keras.values import Argument, Evidence, Setting, Value


@dataclass(frozen=True, slots=True, eq=False)
class Compilation:
    """A call of `model.compile`: the loss, and the model's outputs where they are known."""

    loss: Value
    outputs: tuple[Tensor, ...]
    network: Network | None
    arguments: Mapping[str, Argument]
    location: Location
    evidence: Evidence = Evidence.CERTAIN


@dataclass(frozen=True, slots=True, eq=False)
class FormatChange:
    """A call of `set_image_data_format`, with what it was given."""

    data_format: Argument
    location: Location
    evidence: Evidence = Evidence.CERTAIN


@dataclass(frozen=True, slots=True, eq=False)
class Conversion:
    """A call of a converter's `.convert()`, with the settings in force there.

    `constructor` is the path of what made the converter
    (`tensorflow.lite.TFLiteConverter.from_keras_model`, `tensorflow.lite.toco_convert`), and
    `constructor_location` where that stands. `settings` go by the attribute's dotted name
    (`optimizations`, `target_spec.supported_ops`, `allow_custom_ops`); what was never written is
    not in it. `subject` is what is converted, the first argument of the constructor.
    `may_have_other_settings` says that the converter was handed to code that is not known.
    `is_in_view` is False for converters that the file makes and does not convert: what it sets is
    all that is known, and `location` is the constructor's.
    """

    constructor: str
    constructor_location: Location
    settings: Mapping[str, Setting]
    subject: Argument | None = None
    arguments: Mapping[str, Argument] = field(default_factory=dict)
    may_have_other_settings: bool = False
    is_in_view: bool = True
    location: Location = NOWHERE
    evidence: Evidence = Evidence.CERTAIN


@dataclass(frozen=True, slots=True, eq=False)
class KerasFacts:
    """Everything that rules look at in Keras code, in the order in which it comes.

    `layers` are all layer objects, called or not, `calls` all applications, of networks or of
    pieces. A place in a loop or a function gives as many as it is run. `keras_version` is
    known for archives. `unseen` says, a sentence each, what could not be looked at.
    """

    layers: tuple[Layer, ...] = ()
    calls: tuple[Call, ...] = ()
    networks: tuple[Network, ...] = ()
    compilations: tuple[Compilation, ...] = ()
    format_changes: tuple[FormatChange, ...] = ()
    conversions: tuple[Conversion, ...] = ()
    keras_version: tuple[int, ...] | None = None
    unseen: tuple[str, ...] = ()
