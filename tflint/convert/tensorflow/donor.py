"""Trained weights out of a .tflite file, into the Keras network that its source builds.

The network is converted with telling values in its variables (`probe`), which shows the operators
that it becomes and what each of their constants is made from. The same operators of the donor hold
the trained values; where they stand for several variables at once (a convolution and the batch
normalisation that was folded into it), the first gets the product and the others do nothing.

Which operator is which is told by kind and size, in order. What is left open (the order in which
a map was flattened, the order of dimensions of the input) is tried; the network then has to answer
like the donor.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tflint.convert.float_form import float_form
from tflint.convert.tensorflow.donor_answers import Agreement, Donor, Runner, agreement
from tflint.convert.tensorflow.loaded import Loaded
from tflint.convert.tensorflow.own_weights import are_rounded
from tflint.convert.tensorflow.pairing import (
    OtherNetwork,
    Placed,
    RowOrder,
    by_shapes,
    interchanged,
    paired,
    row_orders,
)
from tflint.convert.tensorflow.probe import Probe, TooLarge, start_probe
from tflint.convert.tensorflow.transfer import Transfer
from tflint.convert.unit import Unit
from tflint.convert.weighted_units import units
from tflint.execution.frames import Array
from tflint.model.reader import parse_model
from tflint.model.tables import Model
from tflint.printable import counted


class NotEqual(Exception):
    """The network takes the weights, and answers otherwise than the .tflite all the same."""


@dataclass(frozen=True, slots=True)
class Adopted:
    """What became of the weights. `is_own` where those that the source has itself are kept.

    `donor` and `found` tell what the .tflite itself answers, in the network's own terms.
    """

    is_own: bool
    notes: tuple[str, ...]
    donor: Donor
    found: Agreement

    def answers(self, samples: Sequence[Array]) -> tuple[Array, ...]:
        """What the .tflite answers to samples of the network's inputs, in float32.

        They are (samples, *shape of the output). Raises `CannotTake` where nothing runs it.
        """
        return self.donor.answers(samples, self.found)


def adopt(loaded: Loaded, donor: bytes, convert: Callable[[Loaded], bytes | None]) -> Adopted:
    """Give a network the weights of a .tflite file, however that stores them.

    `convert` makes a float .tflite of a network, in whatever way there is, None where there is
    none. Weights of the network's own stay where the donor's are the same but for rounding. Raises
    `OtherNetwork`, `NotEqual`, `CannotTake`, `NoFloatForm`, and what reading and running the donor
    raises (`UnreadableModel`, `ModelRefused`, `HostFailed`); the network then has what it had.
    """
    network = Runner(loaded)
    reference = Donor.read(donor, network)
    own = max(
        (agreement(network, reference, order) for order in reference.input_orders),
        key=lambda found: found.snr_db,
    )
    if own.is_equal:
        said = f"the source's own weights are the .tflite's: {own.text}"
        return Adopted(True, (said,), reference, own)
    try:
        if loaded.is_graph:
            raise OtherNetwork(
                "a SavedModel without layers takes no other weights, and its own are not the"
                f" .tflite's: {own.text}"
            )
        return _from_probe(network, reference, convert)
    except (OtherNetwork, NotEqual):
        if own.is_near:
            said = f"the source's own weights are used: {own.text}"
            return Adopted(True, (said,), reference, own)
        raise


def _from_probe(
    network: Runner, reference: Donor, convert: Callable[[Loaded], bytes | None]
) -> Adopted:
    try:
        probe = start_probe(network.loaded.model)
    except TooLarge:
        raise OtherNetwork("the network has too many weights to be carried over") from None
    try:
        data = convert(network.loaded)
        if data is None:
            raise OtherNetwork("what the source builds cannot be converted")
        probed = float_form(parse_model(data), reference.target)
        carried = _carried(network, probe, probed, reference)
    except BaseException:
        probe.restore()
        raise
    if are_rounded(probe, carried.pairs, reference.rounding):
        probe.restore()
        said = "the source's own weights are used: the .tflite has the same ones, rounded"
        return Adopted(True, (said,), reference, carried.found)
    total = sum(slot.before.size for slot in probe.slots)
    said = f"{counted(total, 'weight')} carried over from the .tflite: {carried.found.text}"
    return Adopted(False, (said, *carried.notes), reference, carried.found)


# Which unit is which, and how those of the donor number what was flattened.
_Way = tuple[list[tuple[Placed, Unit]], RowOrder]
_MOST_INTERCHANGES = 48


@dataclass(frozen=True, slots=True)
class _Carried:
    """A transfer that was made: which units were which, and how the network answers now."""

    pairs: list[tuple[Placed, Unit]]
    found: Agreement
    notes: tuple[str, ...]


def _carried(network: Runner, probe: Probe, probed: Model, reference: Donor) -> _Carried:
    """Give the network the donor's weights, in the first way in which it answers like it."""
    problem: OtherNetwork | None = None
    best: _Carried | None = None
    for way in _ways(probe, probed, reference):
        try:
            if isinstance(way, OtherNetwork):
                raise way
            pairs, rows = way
            transfer = Transfer(probe)
            for placed, unit in pairs:
                transfer.take(placed, unit, rows)
            notes = transfer.finish()
        except OtherNetwork as error:
            problem = problem or error
            continue
        if probe.is_copied:
            network.renew()
        for order in reference.input_orders:
            found = agreement(network, reference, order)
            if best is None or found.snr_db > best.found.snr_db:
                best = _Carried(pairs, found, notes)
            if found.is_equal:
                return best
    if best is None:
        raise problem or OtherNetwork("no weights were found in it")
    raise NotEqual(
        "what the source builds takes the weights of the .tflite, but answers otherwise: "
        f"{'; '.join((best.found.text, *best.notes))}"
    )


def _ways(probe: Probe, probed: Model, reference: Donor) -> Iterator[_Way | OtherNetwork]:
    """The ways in which the donor's units can be the probe's, the likeliest first, or what stands
    in the way of one.
    """
    for by_outputs, is_changed in ((True, False), (False, False), (True, True)):
        wanted = [Placed(unit, probe) for unit in units(probed, by_outputs=by_outputs)]
        given = units(reference.model, by_outputs=by_outputs)
        others = itertools.islice(interchanged(given), _MOST_INTERCHANGES)
        for each in others if is_changed else (given,):
            try:
                pairs = list(paired(wanted, each))
            except OtherNetwork as error:
                yield error
                break
            for rows in (by_shapes,) if is_changed else row_orders(pairs):
                yield pairs, rows
