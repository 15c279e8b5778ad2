"""TFL110."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

from tflint.finding import Confidence, Finding, Location, Severity
from tflint.keras.values import Function, Result, Value
from tflint.printable import printable
from tflint.rule import SOURCES, Bad, Good, Metadata, Rule, SourceContext
from tflint.source.function_text import FunctionTexts, is_inside
from tflint_rules.layout.converter_examples import QUANTISED, conversion
from tflint_rules.layout.converter_settings import DATASET, Conversions
from tflint_rules.layout.synthetic_data import Origin, origin, yields

_RANDOM = """\
def samples():
    for _ in range(100):
        yield [np.random.rand(1, 32, 32, 3).astype(np.float32)]

"""
_ZEROS = "def samples():\n    yield [tf.zeros((1, 32, 32, 3))]\n\n"
_DRAWN = """\
images = np.load("samples.npy")


def samples():
    for index in np.random.permutation(len(images))[:200]:
        yield [images[index][np.newaxis]]

"""
# Networks that are trained on made-up data are calibrated on it as well, and rightly so.
_TRAINS = re.compile(r"\.(?:fit|fit_generator|train_on_batch)\(|GradientTape")


def _calibrated(data: str) -> str:
    head, _, tail = conversion(QUANTISED, "representative_dataset = data").partition("def samples")
    return head + data.replace("samples()", "data()") + "\n\ndef samples" + tail


class FakeCalibration(Rule):
    """The representative data set yields random numbers or zeros instead of real inputs.

    ## What it does
    Follows what the `representative_dataset` of a conversion yields. It is reported where all of
    it is drawn from `numpy.random`, `tf.random` or `random`, or is zeros, ones or another
    constant, through casts, reshapes and arithmetic. Random indices into real data and shuffles
    are fine, and so is random data that the network is trained on.

    ## Why it matters on a device
    Calibration records the range of every activation, and int8 has 256 steps for it. Noise has
    none of the structure that a trained filter answers to, so the ranges come out too small and
    real inputs are clipped, or too wide and their few steps are lost; zeros give ranges of
    width nothing. The conversion succeeds and the accuracy is gone: that is noticed on the
    device only.

    ## Repair
    Yield a few hundred inputs from the training set, every class among them, preprocessed as
    on the device: `yield [x[np.newaxis].astype(np.float32)]`.
    """

    meta = Metadata("TFL110", "fake-calibration", Severity.WARNING, applies_to=SOURCES)
    examples = (
        Bad("Random images", lambda: _calibrated(_RANDOM), says="random numbers"),
        Bad("Zeros", lambda: _calibrated(_ZEROS), says="the same constant"),
        Good("Images in a random order", lambda: _calibrated(_DRAWN)),
    )

    def check_source(self, context: SourceContext) -> Iterator[Finding]:
        conversions = Conversions(context)
        texts = FunctionTexts(context.module)
        for one in conversions:
            for way in conversions.ways(one, (DATASET,)):
                held = way.held.get(DATASET)
                found = None if held is None else _fake(conversions, texts, held.value)
                if found is None:
                    continue
                kind, call, place = found
                certain = not way.taken and not one.may_have_other_settings
                yield self.finding(
                    f"the representative data set yields {_what(kind)} "
                    f"({printable(call.path, 80)}): {_effect(kind)}",
                    location=place or (held.location if held else None) or one.location,
                    confidence=None if certain else Confidence.MEDIUM,
                    help="yield a few hundred inputs of the training set, preprocessed as on the "
                    "device: `yield [x[np.newaxis].astype(np.float32)]`",
                )


# What data is made of, the call that makes it, and where to say so.
_Found: TypeAlias = tuple[Origin, Result, Location | None]


def _fake(conversions: Conversions, texts: FunctionTexts, function: Value) -> _Found | None:
    """What is made up about a data set, if all that it yields is, and where."""
    found = None
    for value in yields(function) or ():
        found = origin(value)
        if found is None:
            return None
    if found is None:
        return None
    kind, call = found
    place = function.location if isinstance(function, Function) else None
    if place is None:
        return kind, call, call.location
    # A buffer of zeros is there to be filled.
    if kind is Origin.CONSTANT and texts.may_fill_buffers(place):
        return None
    if not is_inside(call.location, place) and conversions.mentions(_TRAINS):
        return None
    return kind, call, call.location or place


def _what(kind: Origin) -> str:
    return "random numbers" if kind is Origin.RANDOM else "the same constant everywhere"


def _effect(kind: Origin) -> str:
    if kind is Origin.RANDOM:
        return (
            "activations are calibrated to ranges that no real input has, which clips values or "
            "wastes the 256 steps of int8"
        )
    return "activations are calibrated to ranges of next to no width, and real inputs saturate"
