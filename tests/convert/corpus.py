"""Small Keras networks that between them use every layer that makes sense on a device.

A network is a function of a `Kit`, which is Keras 3 or tf-keras and a layout, so that its
channels_first form and its channels_last twin are the same text. What TensorFlow's converter makes
of each is in `recorded_conversions.json`, written by `record_conversions.py`, which knows nothing
of tflint.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

RECORDED = Path(__file__).parent / "recorded_conversions.json"
KERASES = ("keras", "tf_keras")
MODULES = (
    "activations",
    "bodies",
    "convolutions",
    "graphs",
    "merging",
    "movement",
    "normalisation",
    "pooling",
    "preprocessing",
    "recurrence",
)

Array = NDArray[Any]


@dataclass(frozen=True)
class Kit:
    """One of the two Kerases, and the layout that a network is to be built in."""

    keras: Any
    is_first: bool = False

    @property
    def layers(self) -> Any:
        return self.keras.layers

    @property
    def data_format(self) -> str:
        return "channels_first" if self.is_first else "channels_last"

    @property
    def axis(self) -> int:
        """The axis of the channels, the batch counted."""
        return 1 if self.is_first else -1

    @property
    def is_legacy(self) -> bool:
        return bool(self.keras.__name__.startswith("tf_keras"))

    def shape(self, *sizes: int | None) -> tuple[int | None, ...]:
        """Sizes of a map, channels last, in the order of the layout."""
        return (sizes[-1], *sizes[:-1]) if self.is_first else sizes

    def input(self, *sizes: int | None, **more: Any) -> Any:
        """An input for maps of these sizes, channels last."""
        return self.keras.Input(self.shape(*sizes), **more)

    def model(self, inputs: Any, outputs: Any) -> Any:
        return self.keras.Model(inputs, outputs)

    def chain(self, sizes: tuple[int | None, ...], *layers: Any) -> Any:
        """A Sequential model on maps of these sizes."""
        return self.keras.Sequential([self.input(*sizes), *layers])


@dataclass(frozen=True)
class Network:
    """A network of the corpus: how to build it, and with what.

    `has_layouts` where there is a channels_first form, `kerases` that have its layers. `open` is
    what to put in place of dimensions that are not known, `ints` the end of the values of integer
    inputs. `is_code` where its archive would hold code, or classes that a loader does not know,
    `is_random` where it is to have weights at random. `shapes` are those of the inputs of a model
    that does not know them itself. `is_h5` where Keras reads its own HDF5 of it again. `is_refused`
    where the converter's result for channels_first is one that LiteRT refuses. `has_answers` where
    inputs are numbers, `is_twin` where both layouts have the same operators, `is_named` where these
    have the same names whatever the network is stored as.
    """

    name: str
    build: Callable[[Kit], Any]
    has_layouts: bool = True
    kerases: tuple[str, ...] = KERASES
    open: int = 1
    ints: int = 0
    is_code: bool = False
    is_random: bool = True
    shapes: tuple[tuple[int, ...], ...] = ()
    is_h5: bool = True
    is_refused: bool = False
    has_answers: bool = True
    is_named: bool = True
    is_twin: bool = True


@dataclass(frozen=True)
class Variant:
    """A network in one Keras and one layout."""

    network: Network
    keras: str
    is_first: bool

    @property
    def id(self) -> str:
        layout = "first" if self.is_first else "last"
        return f"{self.network.name}-{'2' if self.keras == 'tf_keras' else '3'}-{layout}"

    @property
    def twin(self) -> Variant:
        """The same in channels_last."""
        return Variant(self.network, self.keras, is_first=False)


_NETWORKS: dict[str, Network] = {}


def network(**known: Any) -> Callable[[Callable[[Kit], Any]], Callable[[Kit], Any]]:
    """Enter a function as a network of the corpus."""

    def enter(build: Callable[[Kit], Any]) -> Callable[[Kit], Any]:
        name = build.__name__
        assert name not in _NETWORKS, f"{name} is there twice"
        _NETWORKS[name] = Network(name, build, **known)
        return build

    return enter


@cache
def networks() -> Mapping[str, Network]:
    """All networks by name."""
    for module in MODULES:
        importlib.import_module(f"tests.convert.networks.{module}")
    return dict(sorted(_NETWORKS.items()))


def variants() -> Iterator[Variant]:
    """All networks in all forms."""
    for each in networks().values():
        for keras in each.kerases:
            for is_first in (False, True) if each.has_layouts else (False,):
                yield Variant(each, keras, is_first)


def variant(name: str) -> Variant:
    """A variant by its `id`."""
    title, keras, layout = name.rsplit("-", 2)
    return Variant(
        networks()[title], "tf_keras" if keras == "2" else "keras", is_first=layout == "first"
    )


def build(name: str) -> Any:
    """The model of a variant, with weights of its own. Needs TensorFlow."""
    chosen = variant(name)
    keras = importlib.import_module(chosen.keras)
    keras.backend.clear_session()
    keras.utils.set_random_seed(7)
    model = chosen.network.build(Kit(keras, chosen.is_first))
    if chosen.network.is_random:
        randomise(model)
    return model


def randomise(model: Any) -> None:
    """Give all weights values that tell them apart; statistics are those of trained networks."""
    random = np.random.default_rng(11)
    for weight in model.weights:
        if not str(getattr(weight.dtype, "name", weight.dtype)).startswith("float"):
            continue
        name = weight.name.rpartition("/")[2]
        shape = tuple(weight.shape)
        if "variance" in name or "gamma" in name:
            value = random.uniform(0.6, 1.4, shape)
        elif "alpha" in name:
            value = random.uniform(0.05, 0.45, shape)
        elif len(shape) < 2:
            value = random.uniform(-0.3, 0.3, shape)
        else:
            taps = max(int(np.prod(shape[:-1])), 1) if len(shape) < 5 else np.prod(shape[:-1])
            value = random.uniform(-1, 1, shape) * (2.5 / taps) ** 0.5
        weight.assign(value.astype("float32"))


@dataclass(frozen=True)
class Input:
    """An input as a model declares it, without the batch."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str


def inputs_of(model: Any, chosen: Network) -> list[Input]:
    """The inputs of a model in the order in which Keras lists them."""
    if chosen.shapes:
        return [Input("input", shape, "float32") for shape in chosen.shapes]
    return [
        Input(
            each.name.split(":")[0],
            tuple(None if size is None else int(size) for size in each.shape[1:]),
            str(getattr(each.dtype, "name", each.dtype)),
        )
        for each in model.inputs
    ]


def call(model: Any, values: Sequence[Any]) -> Any:
    """Call a model with a tensor for each of its inputs."""
    structure = getattr(model, "_inputs_struct", getattr(model, "_nested_inputs", None))
    if isinstance(structure, dict):
        # Both Kerases list the inputs of a dictionary by its sorted keys.
        return model(dict(zip(sorted(structure), values, strict=True)), training=False)
    return model(list(values) if len(values) > 1 else values[0], training=False)


def samples(model: Any, chosen: Network, count: int = 4) -> list[Array]:
    """An array of inputs for each input of a model, (count, *shape without the batch)."""
    random = np.random.default_rng(5)
    found = []
    for each in inputs_of(model, chosen):
        sizes = tuple(size or chosen.open for size in each.shape)
        if each.dtype.startswith("int"):
            found.append(random.integers(0, chosen.ints, (count, *sizes)).astype(each.dtype))
        else:
            found.append(random.normal(0, 1, (count, *sizes)).astype("float32"))
    return found


@dataclass(frozen=True)
class Recorded:
    """What TensorFlow makes of a variant.

    `support` is the least that it needs (builtin, select, custom), or `cannot`. `operators` are
    those of the result, once each and sorted; `needed` those that are not builtin. `is_tflm` says
    whether TFLM runs the float result.
    """

    support: str
    operators: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()
    error: str = ""
    is_tflm: bool = False


def version_recorded(keras: str) -> str:
    """The version of a Keras that the recording is of, without its last number."""
    versions = json.loads(RECORDED.read_text("utf-8"))["versions"]
    whole: str = versions[keras.replace("_", "-")]
    return whole.rpartition(".")[0]


@cache
def recorded() -> Mapping[str, Recorded]:
    """By the `id` of each variant."""
    document = json.loads(RECORDED.read_text("utf-8"))
    return {
        name: Recorded(**{k: tuple(v) if isinstance(v, list) else v for k, v in each.items()})
        for name, each in document["variants"].items()
    }
