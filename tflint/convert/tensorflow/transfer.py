"""From a donor's operators into the variables of a Keras network."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflint.convert.tensorflow.pairing import OtherNetwork, Placed, RowOrder, sums
from tflint.convert.tensorflow.probe import (
    Normaliser,
    Probe,
    Slot,
    Traced,
    assign,
)
from tflint.convert.unit import Unit
from tflint.printable import printable

Array = NDArray[Any]

_MOST_NAMED = 4
# Equal values that were computed in another order.
_SAME = 1e-5


class Transfer:
    """The values of variables, collected from one unit after the other."""

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self._values: dict[int, Array] = {}
        self._normalised: dict[str, tuple[Normaliser, Array, Array]] = {}

    def take(self, placed: Placed, donor: Unit, rows: RowOrder) -> None:
        """The values of one unit."""
        mine = placed.unit
        order = rows(mine, donor)
        if mine.kernel is None:
            self._take_vector(placed, donor, order)
            return
        kernel = donor.whole
        assert kernel is not None
        if order is not None:
            kernel = kernel[order]
        offset = donor.offset
        channels = donor.shape[donor.output_axis] if donor.shape else 1
        if placed.kernel is not None:
            self._put(placed.kernel, kernel / placed.kernel.ratio, donor)
            if placed.factor is not None:
                self._store(placed.factor, np.arange(channels), np.ones(channels), donor)
        given = np.zeros(channels, np.float32) if offset is None else offset
        if placed.shift:
            given = (given - placed.shift * sums(donor)).astype(np.float32)
        if placed.normaliser is not None and placed.offset is not None:
            self._normalise(placed, np.ones(channels, np.float32), given, donor)
        elif placed.offset is not None:
            self._put(placed.offset, given / placed.offset.ratio, donor)
        elif not self._take_bias(placed, given) and offset is not None and offset.any():
            if mine.offset is None or not mine.offset.any():
                raise OtherNetwork(
                    f"the .tflite's {donor.title} adds a bias, the source's layer has none"
                )

    def finish(self) -> tuple[str, ...]:
        """Set the variables; what there is to say about them."""
        left = []
        done = {id(self._probe.slots[index]) for index in self._values}
        for normaliser, scale, offset in self._normalised.values():
            try:
                normaliser.set(scale, offset)
            except ValueError as error:
                raise OtherNetwork(str(error)) from error
            done |= {id(slot) for slot in normaliser.slots}
        for index, values in self._values.items():
            slot = self._probe.slots[index]
            known = ~np.isnan(values)
            assign(slot, np.where(known, values, slot.before.reshape(-1)))
        for normaliser in self._probe.normalisers:
            if normaliser.layer not in self._normalised:
                # In kernels behind it: in the donor's alone, or as the probe had it in both.
                scale = normaliser.probe_scale
                if normaliser.layer in self._probe.seen:
                    scale = np.ones_like(scale)
                normaliser.set(scale, np.zeros_like(scale))
                done |= {id(slot) for slot in normaliser.slots}
        for slot in self._probe.faint:
            if id(slot) not in done:
                # Its part is in a normalisation's.
                assign(slot, np.zeros(slot.shape))
                done.add(id(slot))
        for slot in self._probe.slots:
            if id(slot) not in done:
                assign(slot, slot.before)
                left.append(printable(slot.title, 120))
        if not left:
            return ()
        more = f" and {len(left) - _MOST_NAMED} more" if len(left) > _MOST_NAMED else ""
        return (f"no operator has the {', '.join(left[:_MOST_NAMED])}{more}: left as they were",)

    def _take_vector(self, placed: Placed, donor: Unit, order: Array | None) -> None:
        size = max(int(np.prod(donor.shape)), 1)
        scale = np.ones(size, np.float32) if donor.scale is None else donor.scale.reshape(-1)
        offset = np.zeros(size, np.float32) if donor.offset is None else donor.offset.reshape(-1)
        if order is not None:
            scale, offset = scale[order], offset[order]
        if placed.normaliser is not None:
            self._normalise(placed, scale, offset, donor)
            return
        if placed.scale is not None:
            self._put(placed.scale, scale / placed.scale.ratio.reshape(-1), donor)
        if placed.offset is not None:
            self._put(placed.offset, offset / placed.offset.ratio.reshape(-1), donor)

    def _take_bias(self, placed: Placed, offset: Array) -> bool:
        """Give what the donor adds to the layer's own bias, which does not show in the probe's."""
        traced, unit = placed.kernel, placed.unit
        if traced is None or len(traced.found) != 1:
            return False
        kernel = self._probe.slots[traced.found[0]]
        owned = [slot for slot in self._probe.faint if slot.layer == kernel.layer]
        if not owned or ("depthwise" in kernel.role and owned[0].before.size != len(offset)):
            return False
        channels = _channels(unit, kernel, traced, len(offset))
        if channels is None or owned[0].before.size != len(offset):
            return False
        held = np.empty(len(offset), np.float64)
        held[channels] = offset
        self._store(self._probe.slots.index(owned[0]), np.arange(len(held)), held, unit)
        return True

    def _normalise(self, placed: Placed, scale: Array, offset: Array, donor: Unit) -> None:
        normaliser, traced = placed.normaliser, placed.offset
        assert normaliser is not None and traced is not None
        elements = traced.elements.reshape(-1)
        if len(elements) != normaliser.mean.before.size:
            raise OtherNetwork(
                f"the layer `{printable(normaliser.layer, 80)}` shifts another dimension than the"
                " channels, together with the bias before it"
            )
        turned = [np.empty(len(elements), np.float32) for _ in range(2)]
        for held, values in zip(turned, (scale, offset), strict=True):
            held[elements] = values
        before = self._normalised.get(normaliser.layer)
        if before is not None and not all(
            np.allclose(a, b, rtol=_SAME, atol=_SAME)
            for a, b in zip(before[1:], turned, strict=True)
        ):
            raise OtherNetwork(
                f"the layer `{printable(normaliser.layer, 80)}` would have to normalise in two ways"
                f" ({donor.title})"
            )
        self._normalised[normaliser.layer] = (normaliser, turned[0], turned[1])

    def _put(self, traced: Traced, values: Array, donor: Unit) -> None:
        slots, elements = traced.slots.reshape(-1), traced.elements.reshape(-1)
        flat = values.reshape(-1)
        for index in traced.found:
            mine = slots == index
            self._store(index, elements[mine], flat[mine], donor)

    def _store(self, index: int, elements: Array, values: Array, donor: Unit) -> None:
        slot = self._probe.slots[index]
        held = self._values.setdefault(index, np.full(slot.before.size, np.nan))
        there = held[elements]
        known = ~np.isnan(there)
        if not np.allclose(there[known], values[known], rtol=_SAME, atol=_SAME):
            raise OtherNetwork(
                f"the {slot.title} is used more than once, and the .tflite has other weights"
                f" in {donor.title}"
            )
        held[elements] = values


def _channels(unit: Unit, kernel: Slot, traced: Traced, count: int) -> Array | None:
    """For each output of a unit which element of its layer's bias it is given."""
    elements = np.moveaxis(traced.elements, unit.output_axis, -1)
    places = elements.reshape(-1, elements.shape[-1])[0]
    sizes = kernel.shape
    # The last dimension, or the last two of a depthwise kernel; the last but one of a transposed.
    for inner in (1, int(sizes[-1]) if unit.kind == "transposed" else 0):
        if inner:
            found: Array = places // inner % count
            if len(np.unique(found)) == count:
                return found
    return None
