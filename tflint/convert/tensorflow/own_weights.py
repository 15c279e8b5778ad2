"""Whether a network's own weights are those of a .tflite before they were rounded.

Answers alone do not tell: those of an earlier state of the same training are near as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflint.convert.tensorflow.pairing import Placed, by_shapes
from tflint.convert.tensorflow.probe import Probe, Traced
from tflint.convert.unit import Unit

Array = NDArray[Any]


def are_rounded(probe: Probe, pairs: Iterable[tuple[Placed, Unit]], rounding: float) -> bool:
    """Whether each kernel and table is what the donor has but for its rounding.

    `rounding` is what a weight may be off by, as a share of the greatest.
    """
    kernels = [(placed, unit) for placed, unit in pairs if placed.kernel is not None]
    near = (_is_near(probe, placed, unit, rounding) for placed, unit in kernels)
    return bool(kernels) and all(near)


def _is_near(probe: Probe, placed: Placed, donor: Unit, rounding: float) -> bool:
    theirs, traced = donor.whole, placed.kernel
    assert theirs is not None and traced is not None
    rows = by_shapes(placed.unit, donor)
    if rows is not None:
        theirs = theirs[rows]
    mine = _before(probe, traced)
    if placed.normaliser is not None and placed.offset is not None:
        scale, _ = placed.normaliser.kept()
        along = [1] * mine.ndim
        along[placed.unit.output_axis] = -1
        channels = placed.offset.elements.reshape(-1)
        mine = mine * scale[channels].reshape(along)
    if placed.factor is not None:
        along = [1] * mine.ndim
        along[placed.unit.output_axis] = -1
        mine = mine * probe.slots[placed.factor].before.reshape(along)
    allowed = rounding * float(np.abs(theirs).max(initial=0))
    return bool((np.abs(mine - theirs) <= allowed).all())


def _before(probe: Probe, traced: Traced) -> Array:
    """The constant as the variables' own values make it."""
    made = np.zeros(traced.slots.shape)
    for index in traced.found:
        mine = traced.slots == index
        held = probe.slots[index].before.reshape(-1)
        made[mine] = held[traced.elements[mine]] * traced.ratio[mine]
    return made
