"""The same function in a form that converts better, held equal to the original.

What does not come out equal is dropped: the original is converted then, and a note says why.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tflint.convert.request import Port, Rebuilt, Request
from tflint.convert.tensorflow.loaded import CannotLoad, Loaded
from tflint.convert.tensorflow.order import Order


@dataclass(frozen=True, slots=True)
class Rebuilding:
    """What is converted in the place of the original.

    `inputs` and `outputs` are the original's, with `order` where a dimension has moved.
    `source_refusal` says why the network of a repaired source was not taken, `weights` are the
    file of weights for it, where the original's came from one.
    """

    loaded: Loaded
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    rebuilt: tuple[Rebuilt, ...] = ()
    notes: tuple[str, ...] = ()
    source_refusal: str | None = None
    weights: bytes | None = None


def unchanged(loaded: Loaded, inputs: tuple[Port, ...], outputs: tuple[Port, ...]) -> Rebuilding:
    """The original as it is."""
    return Rebuilding(loaded, inputs, outputs)


def rebuild(subject: Rebuilding, wanted: Request) -> Rebuilding:
    """The network rebuilt, as far as that comes out equal."""
    if subject.loaded.is_graph:
        return subject
    found = _relayout(subject, wanted.keeps_layout)
    if wanted.repaired_source is not None:
        again = _built_by(wanted.repaired_source, found, subject.loaded, wanted)
        if isinstance(again, str):
            found = dataclasses.replace(found, source_refusal=again)
        elif wanted.origin.weights is not None:
            found = dataclasses.replace(found, weights=_weights_file(again))
    return _with_builtin_recurrence(_with_plain_lookups(found), wanted.quantize)


def _relayout(subject: Rebuilding, keeps_layout: bool) -> Rebuilding:
    from tflint.convert.tensorflow.calls import CannotRebuild, Spec, around
    from tflint.convert.tensorflow.relayout import channels_last

    loaded = subject.loaded
    given = [Spec(port.shape, port.dtype, port.name) for port in subject.inputs]
    try:
        loaded = dataclasses.replace(loaded, model=around(loaded.model, loaded.keras, given))
        made = channels_last(loaded.model, loaded.keras, keeps_layout=keeps_layout)
    except CannotRebuild as error:
        return _noted(subject, f"the layout is left as it is: {error}")
    if not made.rebuilt:
        return subject
    reason = _unlike(loaded, made.model, made.inputs, made.outputs)
    if reason is not None:
        return _noted(subject, f"the layout is left as it is: {reason}")
    return dataclasses.replace(
        subject,
        loaded=_in_place(subject, made.model),
        inputs=_ordered(subject.inputs, made.inputs),
        outputs=_ordered(subject.outputs, made.outputs),
        rebuilt=(*subject.rebuilt, *made.rebuilt),
        notes=(*subject.notes, *made.notes),
    )


def _with_plain_lookups(subject: Rebuilding) -> Rebuilding:
    from tflint.convert.tensorflow.lookups import plain_lookups
    from tflint.convert.tensorflow.rebuild import CannotRebuild

    loaded = subject.loaded
    try:
        made = plain_lookups(loaded.model, loaded.keras)
    except CannotRebuild as error:
        return _noted(subject, f"embeddings are left as they are: {error}")
    if not made.rebuilt:
        return subject
    reason = _unlike(loaded, made.model)
    if reason is not None:
        return _noted(subject, f"embeddings are left as they are: {reason}")
    return dataclasses.replace(
        subject,
        loaded=_in_place(subject, made.model),
        rebuilt=(*subject.rebuilt, *made.rebuilt),
        notes=(*subject.notes, *made.notes),
    )


def _with_builtin_recurrence(subject: Rebuilding, quantize: str | None) -> Rebuilding:
    from tflint.convert.tensorflow.rebuild import CannotRebuild
    from tflint.convert.tensorflow.recurrence import builtin_recurrence

    loaded = subject.loaded
    try:
        made = builtin_recurrence(loaded.model, loaded.keras, quantize)
    except CannotRebuild as error:
        return _noted(subject, f"recurrent layers are left as they are: {error}")
    if not made.rebuilt:
        return _noted(subject, *made.notes)
    reason = _unlike(loaded, made.model)
    if reason is not None:
        return _noted(subject, f"recurrent layers are left as they are: {reason}")
    return dataclasses.replace(
        subject,
        loaded=_in_place(subject, made.model),
        rebuilt=(*subject.rebuilt, *made.rebuilt),
        notes=(*subject.notes, *made.notes),
    )


def _built_by(text: str, rebuilt: Rebuilding, original: Loaded, wanted: Request) -> Any | str:
    """The model that the repaired source builds, with the trained weights; why it is not taken
    where it does not build the rebuilt network.
    """
    from tflint.convert.tensorflow.carrying import carried
    from tflint.convert.tensorflow.user_code import load_factory, start_over

    try:
        start_over()
        # Its weights are the rebuilt network's, not those of the file.
        again = load_factory(dataclasses.replace(wanted.origin, weights=None), text)
    except CannotLoad as error:
        return f"repaired, it does not run: {error}"
    orders = [port.order for port in rebuilt.inputs], [port.order for port in rebuilt.outputs]
    reason = None
    for _ in carried(rebuilt.loaded.model, again.model, original.keras):
        reason = _unlike(original, again.model, *orders)
        if reason is None:
            return again.model
    if reason is None:
        return "repaired, it builds a network with other weights"
    return f"repaired, it builds another network: {reason}"


def _weights_file(model: Any) -> bytes | None:
    """What Keras saves of a model's weights; None where it does not."""
    with tempfile.TemporaryDirectory(prefix="tflint-") as folder:
        path = Path(folder) / "carried.weights.h5"
        try:
            model.save_weights(str(path))
            return path.read_bytes()
        except Exception:  # Whatever a layer of the user's raises.
            return None


def _unlike(
    original: Loaded,
    model: Any,
    inputs: Sequence[Order | None] = (),
    outputs: Sequence[Order | None] = (),
) -> str | None:
    """Why a network is not equal to the original; None where it is."""
    from tflint.convert.tensorflow.equivalence import TOLERANCE, CannotRun, difference

    try:
        off = difference(original.model, model, original.keras, inputs, outputs)
    except CannotRun as error:
        return f"the networks cannot be compared: {error}"
    if off <= TOLERANCE:
        return None
    return f"the rebuilt network differs by {100 * off:.3g} % of the range of an output"


def _ordered(ports: tuple[Port, ...], orders: Sequence[Order | None]) -> tuple[Port, ...]:
    return tuple(
        dataclasses.replace(port, order=order) for port, order in zip(ports, orders, strict=True)
    )


def _in_place(subject: Rebuilding, model: Any) -> Loaded:
    """A model in the place of the one before, with the original's names of inputs and outputs."""
    taken = tuple(port.name for port in subject.inputs)
    given = tuple(port.name for port in subject.outputs)
    return dataclasses.replace(subject.loaded, model=model, names=(taken, given))


def _noted(subject: Rebuilding, *notes: str) -> Rebuilding:
    return dataclasses.replace(subject, notes=(*subject.notes, *notes))
