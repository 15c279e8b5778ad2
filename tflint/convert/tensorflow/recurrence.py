"""Recurrent layers of a network put into forms for which TFLite has builtin operators.

    LSTM of tanh and sigmoid -> UNIDIRECTIONAL_SEQUENCE_LSTM; with REVERSE_V2 for the way back
    anything else            -> for integers and with few steps unrolled: the operators of a step,
                                once for each step; otherwise the loop that it is
    anything with a mask     -> the loop that it is, which skips steps at run time

A loop (WHILE) is small and TFLM runs it in floats, but there are no integers for it: tflint's
quantiser knows one subgraph, TensorFlow's crashes. There are none of 16 bits for the LSTM either.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tflint.convert.request import Rebuilt
from tflint.convert.tensorflow.rebuild import (
    Call,
    CannotRebuild,
    Graph,
    Rebuilding,
    Slot,
    calls_of,
    flatten,
    kind_of,
)
from tflint.convert.tensorflow.recurrent_layers import (
    folding_class,
    layer_class,
    repeating_class,
)

# A step of a GRU of 8 units takes 1.3 KB of flash and 2.7 KB of RAM on TFLM in int8
# (docs/recurrent-networks.md), most of it for its thirteen operators and their tensors, whatever
# the units: 64 steps take more than 170 KB of RAM.
MOST_STEPS = 64

FUSED = "fused LSTM"
UNROLLED = "unrolled recurrence"
REPEATED = "PACK in place of TILE"
FOLDED = "steps as a batch"
# More copies than these are better had by TILE, where there is a kernel for it.
_MOST_COPIES = 256
_RECURRENT = frozenset(
    ("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "GRU", "LSTM", "RNN", "SimpleRNN")
)


@dataclass(frozen=True, slots=True)
class BuiltinRecurrence:
    """A network whose recurrent layers were put into other forms, and which layers those are.

    `notes` are what a user has to know: layers that stay loops with the reason, and what the
    operators ask of the firmware.
    """

    model: Any
    rebuilt: tuple[Rebuilt, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Report:
    quantize: str | None
    most_steps: int
    fused: list[str] = field(default_factory=list)
    unrolled: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    folded: list[str] = field(default_factory=list)
    forgetful: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def parts(self) -> tuple[Rebuilt, ...]:
        """What was put into which form, each layer once."""
        found = (
            (FUSED, self.fused),
            (UNROLLED, self.unrolled),
            (REPEATED, self.repeated),
            (FOLDED, self.folded),
        )
        return tuple(Rebuilt(what, tuple(dict.fromkeys(names))) for what, names in found if names)


def builtin_recurrence(
    model: Any, keras: Any, quantize: str | None = None, most_steps: int = MOST_STEPS
) -> BuiltinRecurrence:
    """The same function with recurrent layers in builtin operators; the same model where none are.

    `keras` is the module the model belongs to, `quantize` what is to be made of the result
    (`int8`, `int16x8`; None for floats), `most_steps` the most that are unrolled for that. Raises
    `CannotRebuild` where the network is code rather than a graph of layers.
    """
    concerned = (is_recurrent, _is_repeat, _is_distributed)
    if not any(concerns(layer) for layer in _layers(model) for concerns in concerned):
        return BuiltinRecurrence(model)
    graph = calls_of(model, keras)
    again, report = Rebuilding(graph), _Report(quantize, most_steps)
    tensors = {slot: again.input(slot) for slot in graph.inputs}
    used = {*graph.outputs, *(slot for call in graph.calls for slot in call.inputs)}
    for call in graph.calls:
        given = [tensors[slot] for slot in call.inputs]
        made = None
        if is_recurrent(call.layer):
            made = _replaced(call, graph, again, given, used, report)
        elif _is_repeat(call.layer):
            made = _repeated(call, again, given, report)
        elif _is_distributed(call.layer):
            made = _folded(call, again, given, report)
        if made is None:
            made = again.same(call, given)
        tensors.update(zip(call.outputs, made, strict=True))
    parts = report.parts()
    if not parts:
        return BuiltinRecurrence(model, notes=tuple(report.notes))
    rebuilt = again.model(
        [tensors[slot] for slot in graph.inputs], [tensors[slot] for slot in graph.outputs]
    )
    return BuiltinRecurrence(rebuilt, parts, (*report.notes, *_upkeep(report)))


def is_recurrent(layer: Any) -> bool:
    """Whether a layer of Keras runs a cell over steps, one way or both."""
    if kind_of(layer) == "Bidirectional":
        return kind_of(layer.forward_layer) in _RECURRENT
    return kind_of(layer) in _RECURRENT


def _is_repeat(layer: Any) -> bool:
    return kind_of(layer) == "RepeatVector" and layer.n <= _MOST_COPIES


def _repeated(
    call: Call, again: Rebuilding, given: list[Any], report: _Report
) -> tuple[Any, ...] | None:
    form = repeating_class(again.keras)
    instead = again.variant(call.layer, "PACK", lambda free: form(call.layer.n, free))
    report.repeated.append(call.name)
    return again.replaced(call, instead, given)


def _is_distributed(layer: Any) -> bool:
    """Whether Keras 3 makes operators of a layer for each step; tf-keras does not."""
    return kind_of(layer) == "TimeDistributed" and type(layer).__module__.startswith("keras.")


def _folded(
    call: Call, again: Rebuilding, given: list[Any], report: _Report
) -> tuple[Any, ...] | None:
    """What a layer makes of all steps at once; None where they may depend on each other."""
    arguments = {key: value for key, value in call.kwargs.items() if value}
    inner, shape = call.layer.layer, given[0].shape
    is_plain = len(call.args) == len(call.inputs) == len(call.outputs) == 1 and not arguments
    if not is_plain or getattr(given[0], "_keras_mask", None) is not None:
        return None
    if None in shape[1:] or getattr(inner, "stateful", False) or is_recurrent(inner):
        return None
    form = folding_class(again.keras)
    instead = again.variant(call.layer, "folded", lambda free: form(inner, free))
    report.folded.append(call.name)
    return again.called(instead, call.args, {}, call.inputs, given)


def _layers(model: Any) -> list[Any]:
    """All layers of a model, those of nested models too."""
    if hasattr(model, "_flatten_layers"):
        return list(model._flatten_layers(include_self=False))
    return []


def _replaced(
    call: Call,
    graph: Graph,
    again: Rebuilding,
    given: list[Any],
    used: set[int],
    report: _Report,
) -> tuple[Any, ...] | None:
    """What the layer in another form makes of its inputs; None where it has to stay a loop."""
    layer, name = call.layer, call.name
    found = _arguments(call, graph.keras)
    why = found if isinstance(found, str) else _why_loop(layer, given)
    if isinstance(found, str) or why is not None:
        report.notes.append(f"`{name}` stays a loop: {why}")
        return None
    inputs, states = found
    unfused = _why_not_fused(layer, graph.keras, bool(states), call, used)
    if unfused is None and report.quantize == "int16x8":
        unfused = "which has no int16x8 quantiser"
    if unfused is not None:
        why = _why_not_unrolled(layer, graph.specs[inputs.index].shape[1], report)
        if why is not None:
            if why:
                report.notes.append(
                    f"`{name}` stays a loop: it is no fused LSTM ({unfused}); {why}"
                )
            return None
    form = layer_class(graph.keras)
    is_fused = unfused is None
    instead = again.variant(layer, is_fused, lambda free: form(layer, is_fused, free))
    kwargs = {"initial_state": list(states)} if states else {}
    made = again.called(instead, (inputs,), kwargs, call.inputs, given)
    if len(made) != len(call.outputs):
        raise CannotRebuild(f"{layer.name} gives {len(call.outputs)} tensors, now {len(made)}")
    (report.fused if is_fused else report.unrolled).append(name)
    if not is_fused and _is_refused_as_loop(layer):
        report.refused.append(name)
    if is_fused and not getattr(layer, "stateful", False):
        report.forgetful.append(name)
    return made


def _arguments(call: Call, keras: Any) -> tuple[Slot, tuple[Slot, ...]] | str:
    """The slot of the sequence and those of the first states; or why they are not all there is."""
    args, kwargs = list(call.args), {k: v for k, v in call.kwargs.items() if v is not None}
    if kwargs.pop("training", None):
        return "it is called with training=True"
    if "mask" in kwargs:
        return "it is called with a mask"
    states = kwargs.pop("initial_state", None)
    first = args.pop(0) if args else kwargs.pop("sequences", kwargs.pop("inputs", None))
    if isinstance(first, (list, tuple)):  # tf-keras hands states on in the same list.
        first, *more = first
        states = more or states
    if args and states is None:
        states = args.pop(0)
    if any(each is not None for each in args) or kwargs:
        return "it takes more than a sequence and its first state"
    slots = [] if states is None else flatten(states, keras)
    if not isinstance(first, Slot) or not all(isinstance(slot, Slot) for slot in slots):
        return "its first state is no tensor of the network"
    if (first.index, *(slot.index for slot in slots)) != call.inputs:
        return "it takes more than a sequence and its first state"
    return first, tuple(slots)


def _why_not_unrolled(layer: Any, steps: int | None, report: _Report) -> str | None:
    """Why a layer stays a loop, empty where that is best; None where it is to be unrolled."""
    if report.quantize not in ("int8", "int16x8") and not _is_refused_as_loop(layer):
        return ""
    if layer.stateful:
        return "its state goes on from one input to the next"
    if steps is None:
        return "its number of steps is unknown, so that they cannot be unrolled"
    if steps > report.most_steps:
        return f"its {steps:,} steps are too many to unroll (at most {report.most_steps})"
    return None


def _is_refused_as_loop(layer: Any) -> bool:
    """Whether TFLM does not even run the loop in floats.

    For maps it cuts steps out of five dimensions, for tf-keras' GRU that resets before there is a
    SPLIT_V of unknown sizes in it.
    """
    for each in _ways(layer):
        for cell in _cells(each):
            is_legacy = type(cell).__module__.startswith("tf_keras.")
            if kind_of(cell) == "GRUCell" and is_legacy and not cell.reset_after:
                return True
        if kind_of(each) in ("ConvLSTM2D", "ConvLSTM3D"):
            return True
    return False


def _why_loop(layer: Any, given: list[Any]) -> str | None:
    """Why a layer can take neither form."""
    if any(getattr(tensor, "_keras_mask", None) is not None for tensor in given):
        return "its input is masked, and which steps count is only known at run time"
    for each in _ways(layer):
        if getattr(each, "time_major", False):
            return "time_major=True"
        if each.compute_dtype != "float32":
            return f"it computes in {each.compute_dtype}"
    return None


def _ways(layer: Any) -> list[Any]:
    return (
        [layer.forward_layer, layer.backward_layer]
        if kind_of(layer) == "Bidirectional"
        else [layer]
    )


def _why_not_fused(
    layer: Any, keras: Any, has_states: bool, call: Call, used: set[int]
) -> str | None:
    """Why UNIDIRECTIONAL_SEQUENCE_LSTM does not compute what a layer does; None where it does."""
    cells = [cell for each in _ways(layer) for cell in _cells(each)]
    for cell in cells:
        if (why := _why_other_cell(cell, keras)) is not None:
            return why
    if has_states:
        return "its first state is given, the operator's is zero"
    # The states are the last outputs, those of the cell every second one from the end.
    hidden = call.outputs[-1 : -2 * len(cells) : -2] if layer.return_state else ()
    if hidden and (len(cells) > len(_ways(layer)) or used.intersection(hidden)):
        return "the state of its cell is used, which the operator gives to nobody"
    return None


def _why_other_cell(cell: Any, keras: Any) -> str | None:
    if kind_of(cell) != "LSTMCell":
        return f"its cell is a {type(cell).__name__}"
    if cell.activation is not keras.activations.tanh:
        return f"its activation is {_name(cell.activation)}, not tanh"
    if cell.recurrent_activation is not keras.activations.sigmoid:
        return f"its recurrent activation is {_name(cell.recurrent_activation)}, not sigmoid"
    return None


def _cells(layer: Any) -> list[Any]:
    """One cell, or those that are stacked on one another."""
    if kind_of(layer.cell) == "StackedRNNCells":
        return list(layer.cell.cells)
    return [layer.cell]


def _name(activation: Any) -> str:
    return str(getattr(activation, "__name__", type(activation).__name__))


def _upkeep(report: _Report) -> list[str]:
    notes = []
    if report.refused:
        why = "unrolled, as TFLM refuses the loop that the converter makes of it"
        notes.append(f"{why}: {_listed(report.refused)}")
    looping = [name for name in report.unrolled if name not in report.refused]
    if looping:
        notes.append(
            f"unrolled for {report.quantize}: {_listed(looping)}; in floats (--quantize none) less "
            "flash and RAM are needed, as nothing is unrolled, and TFLM runs that too"
        )
    if not report.forgetful:
        return notes
    return [
        *notes,
        "UNIDIRECTIONAL_SEQUENCE_LSTM keeps its state from one Invoke() to the next: call "
        "Reset() of TFLM's interpreter (reset_all_variables() in LiteRT) before each sequence "
        f"({_listed(report.forgetful)})",
    ]


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in dict.fromkeys(names))
