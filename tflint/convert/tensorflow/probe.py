"""Where a network's variables end up in what TensorFlow's converter makes of it.

The variables are given values that occur once each, the network is converted, and the values are
looked for among the constants of the result. So nothing is assumed of how the converter turns,
splits, joins or folds them: it is seen.

Values are told by their mantissas, which neither signs nor powers of two change. Normalisations
are made to multiply by two and four (so that they are taken neither for nothing nor for one
number) and to shift by values of their own; where a network has some, the biases of its layers
are so small that a sum with a shift is the shift: what is folded into a bias is known then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

# What normalisations multiply by in a probe, in turn.
_PROBE_SCALES = (2.0, 4.0)
_MANTISSA_BITS = 23
_MANTISSAS = 1 << _MANTISSA_BITS
_EXPONENT = -4
# The exponent of biases that are to vanish in sums, beside the others'.
_FAINT = -40
# How many units in the last place a constant may be off what it was made from.
_MOST_OFF = 8
# What a whole constant may be off a multiple of the variable it was made from.
_ROUNDING = 4e-6
# Of one element: by what it may have been multiplied besides.
_MOST_DOUBLINGS = 2


@dataclass(slots=True, eq=False)
class Slot:
    """A variable: the layer it belongs to, what it is called there, and what it held."""

    variable: Any
    layer: str
    role: str
    shape: tuple[int, ...]
    before: Array
    # What it holds in the probe; None where its values are not told apart.
    values: Array | None = None

    @property
    def title(self) -> str:
        """How messages call it."""
        return f"`{self.role}` of the layer `{self.layer}`"


@dataclass(slots=True, eq=False)
class Normaliser:
    """A layer that multiplies by a value a channel and adds one, by its statistics."""

    layer: str
    gamma: Slot | None
    beta: Slot | None
    mean: Slot
    variance: Slot
    epsilon: float
    finish: Callable[[], None] | None = None

    @property
    def probe_scale(self) -> Array:
        """What it multiplies by in a probe, (channels,)."""
        count = self.mean.before.size
        return np.resize(np.asarray(_PROBE_SCALES, np.float32), count)

    @property
    def slots(self) -> tuple[Slot, ...]:
        """Its variables."""
        parts = (self.gamma, self.beta, self.mean, self.variance)
        return tuple(slot for slot in parts if slot is not None)

    @property
    def shift(self) -> Slot:
        """What tells its channels apart."""
        return self.mean if self.beta is None else self.beta

    def kept(self) -> tuple[Array, Array]:
        """The scale and offset of what its variables held, (channels,)."""
        deviation = np.sqrt(self.variance.before.astype(np.float64).reshape(-1) + self.epsilon)
        scale = 1 / np.maximum(deviation, np.finfo(np.float32).tiny)
        if self.gamma is not None:
            scale = scale * self.gamma.before.reshape(-1)
        offset = -self.mean.before.astype(np.float64).reshape(-1) * scale
        if self.beta is not None:
            offset = offset + self.beta.before.reshape(-1)
        return scale, offset

    def set(self, scale: Array, offset: Array) -> None:
        """Let it compute x * scale + offset, both (channels,) in the order of its variables.

        Raises `ValueError` where its variables cannot: a scale that is not positive without gamma.
        """
        one = _variance_for(np.ones(1), self.epsilon)
        if self.gamma is not None:
            assign(self.gamma, scale)
            assign(self.variance, np.full(scale.shape, one[0]))
        else:
            if not (scale > 0).all():
                raise ValueError(f"the layer `{self.layer}` cannot multiply by zero or less")
            variance = 1 / np.square(scale.astype(np.float64)) - self.epsilon
            if not (variance >= 0).all():
                raise ValueError(f"the layer `{self.layer}` cannot multiply by so much")
            assign(self.variance, variance)
        if self.beta is not None:
            assign(self.beta, offset)
            assign(self.mean, np.zeros(scale.shape))
        else:
            assign(self.mean, -offset.astype(np.float64) / scale)
        if self.finish is not None:
            self.finish()


@dataclass(frozen=True, slots=True)
class Traced:
    """What the elements of a constant were made from.

    `slots` and `elements`, of the constant's shape, say which variable and which of its elements,
    -1 for what came from none. The constant is `ratio`, of its shape too, times that.
    """

    slots: Array
    elements: Array
    ratio: Array

    @property
    def found(self) -> tuple[int, ...]:
        """The variables."""
        return tuple(int(slot) for slot in np.unique(self.slots) if slot >= 0)


class TooLarge(Exception):
    """There are more weights than values to tell them apart."""


@dataclass(slots=True)
class Probe:
    """A network whose variables hold telling values."""

    slots: list[Slot]
    normalisers: list[Normaliser]
    faint: list[Slot]
    # Normalisations whose shift is in a constant of the probe.
    seen: set[str] = field(default_factory=set)
    _mantissas: Array = field(default_factory=lambda: np.zeros(0, np.int64))
    _slots: Array = field(default_factory=lambda: np.zeros(0, np.int64))
    _elements: Array = field(default_factory=lambda: np.zeros(0, np.int64))
    _off: int = 0

    @property
    def is_copied(self) -> bool:
        """Whether layers compute constants from variables, which a traced function keeps."""
        return any(each.finish is not None for each in self.normalisers)

    def trace(self, constant: Array) -> Traced | None:
        """What a constant was made from; None where no variable is found."""
        by_element = self._by_elements(constant)
        return by_element if by_element is not None else self._by_rank(constant)

    def _by_elements(self, constant: Array) -> Traced | None:
        flat = np.ascontiguousarray(constant, np.float32).reshape(-1)
        if not len(self._mantissas) or not len(flat):
            return None
        wanted = _mantissas(flat)
        places = np.searchsorted(self._mantissas, wanted)
        nearest = np.clip(places, 0, len(self._mantissas) - 1)
        before = np.clip(places - 1, 0, len(self._mantissas) - 1)
        is_before = np.abs(self._mantissas[before] - wanted) < np.abs(
            self._mantissas[nearest] - wanted
        )
        nearest = np.where(is_before, before, nearest)
        is_known = np.abs(self._mantissas[nearest] - wanted) <= self._off
        is_known &= flat != 0
        if not is_known.any() or not (is_known | (flat == 0)).all():
            return None
        slots = np.where(is_known, self._slots[nearest], -1)
        elements = np.where(is_known, self._elements[nearest], -1)
        values = np.ones(len(flat))
        for index in np.unique(slots[is_known]):
            held = self.slots[index].values
            assert held is not None
            mine = slots == index
            values[mine] = held.reshape(-1)[elements[mine]]
        ratios = flat / values
        first = ratios[is_known][0]
        doublings = np.log2(np.abs(ratios[is_known] / first))
        if not np.allclose(doublings, np.rint(doublings), rtol=0, atol=_ROUNDING):
            return None
        if len(flat) == 1 and not _is_plain(float(first)):
            return None
        shape = constant.shape
        ratios = np.where(is_known, ratios, 1.0)
        return Traced(slots.reshape(shape), elements.reshape(shape), ratios.reshape(shape))

    def _by_rank(self, constant: Array) -> Traced | None:
        """A whole variable times any one number: their elements have the same order by size."""
        flat = np.abs(np.ascontiguousarray(constant, np.float64).reshape(-1))
        if len(flat) < 2 or not flat.all():
            return None
        order = np.argsort(flat)
        ranked = flat[order]
        for index, slot in enumerate(self.slots):
            if slot.values is None or slot.values.size != len(flat):
                continue
            mine = np.argsort(slot.values.reshape(-1))
            ratios = ranked / slot.values.reshape(-1)[mine]
            if np.allclose(ratios, ratios[0], rtol=_ROUNDING, atol=0):
                elements = np.empty(len(flat), np.int64)
                elements[order] = mine
                sign = np.sign(constant.reshape(-1)[0])
                slots = np.full(constant.shape, index)
                ratio = np.full(constant.shape, sign * ratios[0])
                return Traced(slots, elements.reshape(constant.shape), ratio)
        return None

    def normaliser_of(self, traced: Traced) -> Normaliser | None:
        """The normalisation whose shift a constant is."""
        if len(traced.found) != 1:
            return None
        slot = self.slots[traced.found[0]]
        return next((each for each in self.normalisers if each.shift is slot), None)

    def restore(self) -> None:
        """Put back what the variables held."""
        for slot in self.slots:
            assign(slot, slot.before)
        for each in self.normalisers:
            if each.finish is not None:
                each.finish()


def start_probe(model: Any, seed: int = 0) -> Probe:
    """Give a Keras model's variables telling values. Raises `TooLarge`."""
    slots, normalisers = _variables(model)
    quiet = {id(slot) for each in normalisers for slot in each.slots if slot is not each.shift}
    faint = _biases(slots) if normalisers else []
    small = {id(slot) for slot in faint}
    telling = [slot for slot in slots if id(slot) not in quiet]
    total = sum(slot.before.size for slot in telling)
    if total >= _MANTISSAS:
        raise TooLarge
    spacing = _MANTISSAS // (total + 1)
    random = np.random.default_rng(seed)
    # Not on a lattice, where sums of some would be others.
    mantissas = random.permutation(total).astype(np.int64) * spacing
    mantissas += spacing // 4 + random.integers(0, max(spacing // 2, 1), total)
    values = np.ldexp(1 + mantissas / _MANTISSAS, _EXPONENT).astype(np.float32)
    places = {id(slot): index for index, slot in enumerate(slots)}
    of_slot, of_element = np.zeros(total, np.int64), np.zeros(total, np.int64)
    start = 0
    for slot in telling:
        end = start + slot.before.size
        some = values[start:end].reshape(slot.shape)
        slot.values = np.ldexp(some, _FAINT) if id(slot) in small else some
        of_slot[start:end] = places[id(slot)]
        of_element[start:end] = np.arange(end - start)
        assign(slot, slot.values)
        start = end
    for each in normalisers:
        scale = each.probe_scale
        if each.gamma is not None:
            assign(each.gamma, scale)
            scale = np.ones_like(scale)
        assign(each.variance, _variance_for(scale, each.epsilon))
        if each.beta is not None:
            assign(each.mean, np.zeros(each.mean.shape))
        if each.finish is not None:
            each.finish()
    order = np.argsort(mantissas)
    return Probe(
        slots,
        normalisers,
        faint,
        _mantissas=mantissas[order],
        _slots=of_slot[order],
        _elements=of_element[order],
        _off=min(spacing // 4, _MOST_OFF),
    )


def assign(slot: Slot, values: Array) -> None:
    """Set a variable, in its own type."""
    slot.variable.assign(np.asarray(values).reshape(slot.shape).astype(slot.before.dtype))


def _mantissas(values: Array) -> Array:
    bits = values.view(np.uint32) & np.uint32(_MANTISSAS - 1)
    wide: Array = bits.astype(np.int64)
    return wide


def _is_plain(ratio: float) -> bool:
    """Whether a single value is a variable, doubled by normalisations at most."""
    doublings = np.log2(abs(ratio))
    return bool(
        abs(doublings - np.rint(doublings)) < _ROUNDING and abs(doublings) <= _MOST_DOUBLINGS
    )


def _variance_for(scale: Array, epsilon: float) -> Array:
    """The variance by which a normalisation multiplies by `scale`, its epsilon reckoned with."""
    variance: Array = 1 / np.square(scale.astype(np.float64)) - epsilon
    return variance


def layers_of(model: Any) -> Iterator[Any]:
    """Every layer of a Keras model, nested ones too, outer ones first."""
    seen: set[int] = set()
    found: Sequence[Any] = list(model._flatten_layers(include_self=True, recursive=True))
    for layer in found:
        if id(layer) not in seen:
            seen.add(id(layer))
            yield layer


def _variables(model: Any) -> tuple[list[Slot], list[Normaliser]]:
    """The variables that hold reals, each once, and the normalisations among the layers."""
    known: dict[int, Slot] = {}
    normalisers = []
    for layer in reversed(list(layers_of(model))):
        roles = {id(value): name for name, value in _attributes(layer)}
        for variable in layer.weights:
            if id(variable) in known:
                continue
            array = np.asarray(variable)
            if array.dtype.kind != "f":
                continue
            role = roles.get(id(variable)) or str(variable.name).split("/")[-1].split(":")[0]
            known[id(variable)] = Slot(variable, layer.name, role, array.shape, array)
        found = _normaliser(layer, known)
        if found is not None:
            normalisers.append(found)
    return list(known.values()), normalisers


def _attributes(layer: Any) -> Iterator[tuple[str, Any]]:
    for name, value in list(vars(layer).items()):
        yield name.lstrip("_"), value


def _normaliser(layer: Any, known: dict[int, Slot]) -> Normaliser | None:
    """Whether a layer is BatchNormalization or an adapted Normalization, by its variables."""
    names = ("moving_mean", "moving_variance"), ("adapt_mean", "adapt_variance")
    for mean, variance in names:
        found = (
            known.get(id(getattr(layer, mean, None))),
            known.get(id(getattr(layer, variance, None))),
        )
        if found[0] is not None and found[1] is not None:
            gamma = known.get(id(getattr(layer, "gamma", None)))
            beta = known.get(id(getattr(layer, "beta", None)))
            epsilon = float(getattr(layer, "epsilon", 0.0))
            # Of an adapted one the statistics are copied into constants.
            finish = getattr(layer, "finalize_state", None)
            return Normaliser(layer.name, gamma, beta, found[0], found[1], epsilon, finish)
    return None


def _biases(slots: Sequence[Slot]) -> list[Slot]:
    """The variables that layers add to what their kernels give: not those within recurrences."""
    found = []
    for slot in slots:
        beside = [each for each in slots if each.layer == slot.layer and each is not slot]
        is_recurrent = any("recurrent" in each.role for each in beside)
        if len(slot.shape) == 1 and not is_recurrent:
            if any(len(each.shape) > 1 for each in beside):
                found.append(slot)
    return found
