"""Which operator of a donor is which of the probe's, and how it numbers what it reads."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflint.convert.tensorflow.probe import Probe, Traced
from tflint.convert.unit import VECTOR, Key, Unit
from tflint.printable import printable

Array = NDArray[Any]
# For each element of a map of the first unit its number in that of the second, None as it is.
RowOrder = Callable[[Unit, Unit], Array | None]

_MOST_NAMED = 4
# Of units of the same size: four have 24 orders.
_MOST_INTERCHANGED = 4
# Of sums of the probe's weights, by which a number that was added counts.
_LEFT = 1e-4


class OtherNetwork(Exception):
    """The .tflite is of another network than the source builds; the message says where."""


class Placed:
    """A unit of the probe, and the variables that its parts were made from.

    `shift` is what the converter has folded into the offset: a number that was added to the input
    of the kernel, which its sums carry on; `factor` the variable that kernel and offset were
    multiplied by, channel by channel.
    """

    def __init__(self, unit: Unit, probe: Probe) -> None:
        self.unit = unit
        self.shift = 0.0
        self.factor: int | None = None
        self.offset = None if unit.offset is None else probe.trace(unit.offset)
        whole = unit.whole
        if self.offset is None and whole is not None and unit.offset is not None:
            self.offset, self.shift = _shifted(unit.offset, sums(unit), probe)
        self.normaliser = None if self.offset is None else probe.normaliser_of(self.offset)
        if self.normaliser is not None:
            probe.seen.add(self.normaliser.layer)
        self.kernel: Traced | None = None
        if whole is not None:
            if self.normaliser is not None and self.offset is not None:
                # What the kernel is besides what the normalisation does to it.
                whole = whole / _along(unit, self.normalised(self.normaliser.probe_scale))
            self.kernel = probe.trace(whole)
            if self.kernel is None:
                self._divide(whole, probe)
        self.scale: Traced | None = None
        if unit.kernel is None and unit.scale is not None:
            self.scale = probe.trace(unit.scale)
        parts = (self.kernel, self.offset, self.scale)
        found = [index for part in parts if part is not None for index in part.found]
        self.layers = tuple(dict.fromkeys(probe.slots[index].layer for index in found))

    def _divide(self, whole: Array, probe: Probe) -> None:
        """Look for a variable that the kernel was multiplied by."""
        channels = whole.shape[self.unit.output_axis]
        for index, slot in enumerate(probe.slots):
            if slot.values is None or slot.values.shape != (channels,):
                continue
            self.kernel = probe.trace(whole / _along(self.unit, slot.values))
            if self.kernel is not None:
                self.factor = index
                if self.offset is None and self.unit.offset is not None:
                    self.offset = probe.trace(self.unit.offset / slot.values)
                return

    def normalised(self, values: Array) -> Array:
        """Values of the normalisation's channels, in the order of the unit's."""
        assert self.offset is not None
        ordered: Array = values[self.offset.elements.reshape(-1)]
        return ordered

    def only(self, part: str) -> Placed:
        """A vector's scale or its offset alone."""
        found = copy.copy(self)
        setattr(found, "offset" if part == "scale" else "scale", None)
        return found

    @property
    def has_variables(self) -> bool:
        """Whether weights are to be had from the donor's."""
        return any(part is not None for part in (self.kernel, self.offset, self.scale))


def sums(unit: Unit) -> Array:
    """For each channel the sum of the weights that lead to it: what a one everywhere gives."""
    whole = unit.whole
    assert whole is not None
    channels = np.moveaxis(whole, unit.output_axis, -1)
    total: Array = channels.reshape(-1, channels.shape[-1]).sum(axis=0, dtype=np.float64)
    return total


def _along(unit: Unit, values: Array) -> Array:
    """Values of the channels of a unit, shaped to be multiplied with its kernel."""
    assert unit.kernel is not None
    along = [1] * unit.kernel.ndim
    along[unit.output_axis] = -1
    return values.reshape(along)


def _shifted(offset: Array, summed: Array, probe: Probe) -> tuple[Traced | None, float]:
    """An offset as a variable's values and so much of the sums; no variable where all is that."""
    if len(offset) != len(summed):
        return None, 0.0
    candidates: list[tuple[int, Array]] = [(-1, np.zeros(len(offset)))]
    for index, slot in enumerate(probe.slots):
        if slot.values is not None and slot.values.shape == offset.shape:
            candidates.append((index, slot.values.astype(np.float64)))
    for normaliser in probe.normalisers:
        values = normaliser.mean.values
        if values is not None and values.size == len(offset):
            product = -values.reshape(-1).astype(np.float64) * normaliser.probe_scale
            candidates.append((probe.slots.index(normaliser.mean), product))
    for index, values in candidates:
        parts = (offset - values) / summed
        part = float(np.median(parts))
        # Differences of rounded numbers: what is left of them is less exact than they are.
        if not np.allclose(offset - part * summed, values, rtol=0, atol=_LEFT * abs(part)):
            continue
        if index < 0:
            return None, part
        ones = np.ones(len(offset))
        return Traced(np.full(len(offset), index), np.arange(len(offset)), ones), part
    return None, 0.0


def paired(wanted: Sequence[Placed], given: Sequence[Unit]) -> Iterator[tuple[Placed, Unit]]:
    """Each unit of the probe that has variables, and the donor's of the same kind and size."""
    mine: dict[Key, list[Placed]] = {}
    for placed in wanted:
        mine.setdefault(placed.unit.key, []).append(placed)
    theirs: dict[Key, list[Unit]] = {}
    for unit in given:
        theirs.setdefault(unit.key, []).append(unit)
    faults = []
    for key, all_placed in mine.items():
        needed = [placed for placed in all_placed if placed.has_variables]
        if not needed:
            continue
        there = theirs.get(key, [])
        found = _one_by_one(all_placed, needed, there)
        if found is None and key[0] == VECTOR:
            if not there and all(placed.normaliser is not None for placed in needed):
                # Folded into the layers behind them, which `tflint fix --unsafe` does.
                continue
            found = _part_by_part(needed, there)
        if found is None:
            faults.append(_fault(key, needed, len(there)))
        else:
            yield from found
    missing = [units[0].title for key, units in theirs.items() if key not in mine]
    if faults:
        text = "; ".join(faults[:_MOST_NAMED])
        if missing:
            text += f"; it has {', '.join(missing[:_MOST_NAMED])} instead"
        raise OtherNetwork(text)


def interchanged(given: Sequence[Unit]) -> Iterator[list[Unit]]:
    """The units with a few of the same size in another order.

    Which of them comes first is up to the order of operands, where what they make is multiplied,
    say, as in attention.
    """
    places: dict[Key, list[int]] = {}
    for place, unit in enumerate(given):
        places.setdefault(unit.key, []).append(place)
    for same in places.values():
        if not 2 <= len(same) <= _MOST_INTERCHANGED:
            continue
        for order in itertools.islice(itertools.permutations(same), 1, None):
            changed = list(given)
            for place, other in zip(same, order, strict=True):
                changed[place] = given[other]
            yield changed


def _one_by_one(
    every: Sequence[Placed], needed: Sequence[Placed], there: Sequence[Unit]
) -> list[tuple[Placed, Unit]] | None:
    """In order, with those that have no variables or without them; None where there are others."""
    for mine in (every, needed):
        pairs = [each for each in zip(mine, there, strict=False) if each[0].has_variables]
        if len(mine) == len(there) and all(_has_parts(*each) for each in pairs):
            return pairs
    return None


def _has_parts(placed: Placed, unit: Unit) -> bool:
    """Whether a vector multiplies and adds as the other does."""
    if unit.kernel is not None or placed.normaliser is not None:
        return True
    is_scaled, is_shifted = _parts(unit)
    return (placed.scale is None or is_scaled) and (placed.offset is None or is_shifted)


def _part_by_part(
    needed: Sequence[Placed], there: Sequence[Unit]
) -> list[tuple[Placed, Unit]] | None:
    """What multiplies in order, and what adds: one operator may do both where two do elsewhere."""
    if any(placed.normaliser is not None for placed in needed):
        return None
    found = []
    for place, part in enumerate(("scale", "offset")):
        mine = [placed for placed in needed if getattr(placed, part) is not None]
        theirs = [unit for unit in there if _parts(unit)[place]]
        if len(mine) != len(theirs):
            return None
        found += [(placed.only(part), unit) for placed, unit in zip(mine, theirs, strict=True)]
    return found


def _parts(unit: Unit) -> tuple[bool, bool]:
    """Whether a vector multiplies, by more than a sign, and whether it adds."""
    is_scaled = unit.scale is not None and not (np.abs(unit.scale) == 1).all()
    return is_scaled, unit.offset is not None


def _fault(key: Key, needed: Sequence[Placed], there: int) -> str:
    kind, shape = key
    sizes = "x".join(map(str, shape)) or "one value"
    layers = ", ".join(f"`{printable(name, 60)}`" for name in _layers(needed)[:_MOST_NAMED])
    has = f"has {there:,} of {len(needed):,} of these" if there else "has none"
    return f"{layers} of the source: {kind} {sizes}, the .tflite {has}"


def _layers(needed: Sequence[Placed]) -> list[str]:
    """The layers that units have variables of."""
    return list(dict.fromkeys(name for placed in needed for name in placed.layers))


def row_orders(pairs: Sequence[tuple[Placed, Unit]]) -> Iterator[RowOrder]:
    """The ways in which the donor may have numbered the elements of maps that were flattened."""
    yield by_shapes
    if any(len(placed.unit.flattened or ()) > 1 for placed, _ in pairs):
        yield lambda mine, theirs: _turned(mine.flattened, is_first=True)
        yield lambda mine, theirs: _turned(mine.flattened, is_first=False)
        yield lambda mine, theirs: None


def by_shapes(mine: Unit, theirs: Unit) -> Array | None:
    """For each element of mine its number in theirs, where the shapes of the maps say it."""
    ours, others = mine.flattened, theirs.flattened
    if ours is None or others is None or ours == others or len(ours) != len(others):
        return None
    for is_first in (True, False):
        found = _turned(ours, is_first=is_first)
        moved = (*ours[1:], ours[0]) if is_first else (ours[-1], *ours[:-1])
        if moved == others:
            return found
    return None


def _turned(shape: tuple[int, ...] | None, *, is_first: bool) -> Array | None:
    """For each element of a map of this shape its number once the channels are moved.

    They are the first dimension (`is_first`) and go last, or the other way round.
    """
    if shape is None or len(shape) < 2:
        return None
    moved = (*shape[1:], shape[0]) if is_first else (shape[-1], *shape[:-1])
    numbers = np.arange(int(np.prod(shape))).reshape(moved)
    return np.moveaxis(numbers, -1 if is_first else 0, 0 if is_first else -1).reshape(-1)
