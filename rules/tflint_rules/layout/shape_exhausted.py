"""TFL112."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.finding import Finding, Location, Severity
from tflint.keras.network import Call
from tflint.keras.values import Evidence
from tflint.printable import printable
from tflint.rule import KERAS, Bad, Good, KerasContext, Metadata, Rule
from tflint_rules.example_archives import saved_sequential
from tflint_rules.keras.connections import chain
from tflint_rules.keras.places import worst_at_each_place
from tflint_rules.keras.wording import (
    call_is_certain,
    confidence,
    layer_text,
    other_layer,
    shape_text,
)
from tflint_rules.layout.shape_repairs import repair

_SHOWN = 4

_POOLS = """\
from tensorflow import keras
from tensorflow.keras import layers

model = keras.Sequential([
    keras.Input((16, 16, 1)),
    layers.Conv2D(8, 3, activation="relu"),
    layers.MaxPooling2D(2),
    layers.Conv2D(16, 3, activation="relu"),
    layers.MaxPooling2D(2),
    layers.MaxPooling2D(2),
    {last}
])
"""
_RANK = """\
import keras

x = keras.Input((32, 32, 3))
y = keras.layers.Conv1D(8, 3)(x)
"""
_RESHAPE = """\
import keras

model = keras.Sequential()
model.add(keras.Input((49, 10)))
model.add(keras.layers.Reshape(({rows}, 10, 1)))
"""
_BRANCH = """\
import sys
import keras

x = keras.Input((8, 8, 3))
if len(sys.argv) > 1:
    x = keras.layers.MaxPooling2D(16)(x)
"""


class ShapeExhausted(Rule):
    """Keras refuses a layer, because of the shape of what it is given.

    ## What it does
    Works out the shape of every tensor from the input on, with Keras' own arithmetic for both
    data formats, and finds the first layer that cannot be built: a pool, a stride or a
    convolution without padding that is larger than what is left of the map, a layer that
    takes another number of dimensions, a Reshape to another number of values, branches that
    do not fit together. Shows the shapes that led there. Only what is known counts: a size
    that depends on data is not guessed at. Where only some versions of Keras refuse, or where
    the code need not run, it is a warning.

    ## Why it matters on a device
    The model cannot be built, so there is nothing to convert. Small inputs, as devices have
    them, run out after a few pools.

    ## Repair
    Leave out the last pool, give it `padding="same"`, or start from a larger input; the finding
    says which of the first two is enough. For a Reshape, give a shape with as many values.
    """

    meta = Metadata(
        "TFL112",
        "shape-exhausted",
        Severity.ERROR,
        applies_to=KERAS,
        runtime_errors=(
            r"Computed output size would be negative",
            r"Negative dimension size caused by subtracting",
        ),
    )
    examples = (
        Bad(
            "A convolution larger than the map",
            lambda: _POOLS.format(last="layers.Conv2D(16, 3),"),
            says="(None, 2, 2, 16) > MaxPooling2D (line 10) > (None, 1, 1, 16)",
        ),
        Bad(
            "A pool larger than the map",
            lambda: _POOLS.format(last="layers.MaxPooling2D(2),"),
            says="MaxPooling2D",
        ),
        Bad(
            "A Conv1D on images, which only Keras 3 refuses",
            lambda: _RANK,
            says="(refused by Keras 3)",
            severity=Severity.WARNING,
        ),
        Bad("A Reshape to more values", lambda: _RESHAPE.format(rows=50), says="Reshape"),
        Bad(
            "In a branch that need not run",
            lambda: _BRANCH,
            says="MaxPooling2D",
            severity=Severity.WARNING,
        ),
        Bad(
            "In an archive",
            lambda: saved_sequential((None, 2, 2, 8), *[("MaxPooling2D", {"pool_size": 2})] * 2),
            says="2x2 pool",
        ),
        Good("It fits", lambda: _POOLS.format(last="layers.GlobalAveragePooling2D(),")),
        Good(
            "Padded",
            lambda: _POOLS.format(last='layers.Conv2D(16, 3, padding="same"),'),
        ),
        Good("A Reshape to as many values", lambda: _RESHAPE.format(rows=49)),
    )

    def check_keras(self, context: KerasContext) -> Iterator[Finding]:
        version = context.keras.keras_version
        refused: dict[tuple[Location, bool], Call] = {}
        for call in context.keras.calls:
            if call.fault is not None and not _is_guarded(call) and _is_refused(call, version):
                refused.setdefault((call.location, call_is_certain([call])), call)
        yield from worst_at_each_place(self._refused(context, call) for call in refused.values())

    def _refused(self, context: KerasContext, call: Call) -> Finding:
        path = chain(call, _SHOWN)
        certain = call_is_certain(path)
        everywhere = len(call.fault_versions) > 1 or context.keras.keras_version is not None
        shown = _steps(path)
        led = f"; the shapes: {shown}" if shown else ""
        return self.finding(
            f"{layer_text(call.layer)} cannot be built: {printable(call.fault or '', 300)}{led}",
            location=call.location,
            severity=Severity.ERROR if certain and everywhere else Severity.WARNING,
            confidence=confidence(certain=certain),
            help=repair(call),
        )


def _is_refused(call: Call, version: tuple[int, ...] | None) -> bool:
    """Whether the Keras that wrote an archive refuses, or one of those that may run a source."""
    return not version or max(2, min(version[0], 3)) in call.fault_versions


def _is_guarded(call: Call) -> bool:
    """Whether branches meet in code that need not run: most often that is on their shapes."""
    return len(call.inputs) > 1 and call.evidence is not Evidence.CERTAIN


def _steps(path: list[Call]) -> str:
    """The shapes up to the layer that is refused: `(None, 4, 4, 8) > MaxPooling2D > ...`."""
    parts: list[str] = []
    first = path[0].inputs
    if len(first) == 1:
        parts.append(shape_text(first[0].shape))
    for call in path[:-1]:
        parts.append(other_layer(call.layer))
        parts.append(shape_text(call.output_shapes[0]) if call.output_shapes else "(?)")
    if len(path) == 1 and len(first) > 1:
        parts = [" and ".join(shape_text(tensor.shape) for tensor in first[:_SHOWN])]
    return " > ".join(parts)
