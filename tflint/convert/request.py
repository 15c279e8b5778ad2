"""What the worker with TensorFlow is asked for, and what it answers: known to both sides.

Neither NumPy nor TensorFlow is needed to put a request together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any


class OriginKind(Enum):
    """What a model is read from."""

    ARCHIVE = "archive"  # `.keras`, or HDF5 as Keras 1 to 3 write it
    SAVED_MODEL = "saved-model"
    FACTORY = "factory"  # a function or variable of a Python source


class Support(Enum):
    """Who computes an operator: TFLite itself, TensorFlow beside it, or nobody that is known."""

    BUILTIN = "builtin"
    SELECT = "select"
    CUSTOM = "custom"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the network comes from.

    `path` is absolute, `shown` what the user wrote. `factory` names a function without arguments
    that returns a model, or a variable that holds one, in the source `path`. `weights` are
    loaded into what a factory returns. `modules` are sources that are run first, for the classes
    they register. `is_trusted` lets archives run the code they hold. `is_legacy` chooses tf-keras
    (True) or Keras 3 (False); None leaves the choice to the file. `signature` is that of a
    SavedModel, None for the one that serves; `module` a source's dotted name, where that was given.
    """

    kind: OriginKind
    path: Path
    shown: str
    factory: str | None = None
    weights: Path | None = None
    modules: tuple[Path, ...] = ()
    is_trusted: bool = False
    is_legacy: bool | None = None
    signature: str | None = None
    module: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One run of the worker.

    `batch` is put in place of an unknown first dimension, None leaves it open. `fallback` is the
    most that operators may need for the result to count. `quantize` asks TensorFlow's own
    quantiser for a second model, for networks that tflint's cannot quantise. `calibrate` is where
    samples are, `random_samples` how many to make up instead. `is_rebuilt` asks for the same
    function in a form that converts better (channels last, fused recurrence), `keeps_layout` for
    inputs and outputs in the original's order of dimensions all the same. `repaired_source` is
    the text of a factory's source after repairs, to build the network from; the weights are
    carried over from what the file itself builds. `donor` is a .tflite whose weights belong into
    what the origin builds.
    """

    origin: Origin
    batch: int | None = 1
    fallback: Support = Support.BUILTIN
    quantize: str | None = None
    calibrate: Path | None = None
    random_samples: int = 0
    is_rebuilt: bool = False
    keeps_layout: bool = False
    repaired_source: str | None = None
    donor: bytes | None = None

    def to_json(self) -> dict[str, Any]:
        """As it is sent to the worker; `donor` goes as an array of its own."""
        origin = self.origin
        return {
            "origin": {
                "kind": origin.kind.value,
                "path": str(origin.path),
                "shown": origin.shown,
                "factory": origin.factory,
                "weights": None if origin.weights is None else str(origin.weights),
                "modules": [str(path) for path in origin.modules],
                "is_trusted": origin.is_trusted,
                "is_legacy": origin.is_legacy,
                "signature": origin.signature,
                "module": origin.module,
            },
            "batch": self.batch,
            "fallback": self.fallback.value,
            "quantize": self.quantize,
            "calibrate": None if self.calibrate is None else str(self.calibrate),
            "random_samples": self.random_samples,
            "is_rebuilt": self.is_rebuilt,
            "keeps_layout": self.keeps_layout,
            "repaired_source": self.repaired_source,
        }

    @classmethod
    def from_json(cls, sent: Mapping[str, Any], donor: bytes | None = None) -> Request:
        """What was sent."""
        fields = dict(sent)
        origin = dict(fields.pop("origin"))
        weights, calibrate = origin.pop("weights"), fields.pop("calibrate")
        return cls(
            origin=Origin(
                kind=OriginKind(origin.pop("kind")),
                path=Path(origin.pop("path")),
                weights=None if weights is None else Path(weights),
                modules=tuple(Path(path) for path in origin.pop("modules")),
                **origin,
            ),
            fallback=Support(fields.pop("fallback")),
            calibrate=None if calibrate is None else Path(calibrate),
            donor=donor,
            **{key: fields[key] for key in _PLAIN},
        )


_PLAIN = (
    "batch",
    "quantize",
    "random_samples",
    "is_rebuilt",
    "keeps_layout",
    "repaired_source",
)


@dataclass(frozen=True, slots=True)
class Place:
    """The layer an operator comes from: its name and class, and where the source makes it."""

    layer: str | None = None
    kind: str | None = None
    path: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Needed:
    """An operator of the network that is no builtin of TFLite, and how often it occurs.

    `name` is TensorFlow's (`TensorListReserve`), without `Flex`. `detail` is what the converter
    said of it.
    """

    name: str
    support: Support
    place: Place = Place()
    count: int = 1
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """What stopped a conversion, beside operators that are not allowed: `detail` says why.

    `operator` is the TensorFlow operator that the converter could not bring into a form of its
    own, or empty where the network's own code raised, in the layer of `place`.
    """

    operator: str
    place: Place = Place()
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to convert, with the operators that were allowed; `error` is why it failed.

    `needed` are the operators that the try named as missing, or left in its result beside the
    builtin ones. `faults` are what no other operators would help against.
    """

    allowed: Support
    error: str | None = None
    needed: tuple[Needed, ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def is_done(self) -> bool:
        """Whether there is a result."""
        return self.error is None


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of the network, by Keras' names.

    `shape` is the original's, the batch first, None where a size is open. `order` is set where
    the result takes or gives another order of dimensions: dimension i of the result is dimension
    `order[i]` of the original.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str
    order: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A part of the network that was put into another form; `layers` are their names."""

    what: str
    layers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Network:
    """What was loaded: by which Keras (`keras 3.15.1`, `tf-keras 2.21.0`, `SavedModel`).

    `source_refusal` says why the repaired source of a request does not build the same network;
    what was converted is then built from the source as it is. It is None where it does.
    `donor_refusal` says why the network with a donor's weights does not answer like the donor;
    nothing was converted then. `answered_by` is what gave the reference: `keras`, `tensorflow`
    (a SavedModel), or `litert-reference` (a donor).
    """

    framework: str
    inputs: tuple[Port, ...] = ()
    outputs: tuple[Port, ...] = ()
    rebuilt: tuple[Rebuilt, ...] = ()
    notes: tuple[str, ...] = ()
    # Layers by name: for diagnoses of what the converter did to them.
    layers: Mapping[str, Place] = field(default_factory=dict)
    source_refusal: str | None = None
    donor_refusal: str | None = None
    answered_by: str = "keras"
