"""Affine runs that the weights and bias of the layer next to them can take over."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from tflint.analysis.affine import Affine, affine_runs
from tflint.analysis.batch_norm import LeftNorm, left_norms
from tflint.analysis.constant_ranges import ConstantRanges
from tflint.analysis.dataflow import Dataflow
from tflint.analysis.foldable_weights import can_hold, is_fixed
from tflint.analysis.fusion import LINEAR, fused_activation, linear_weights
from tflint.analysis.operator_kinds import RESHAPES
from tflint.analysis.quantization_match import same_quantization
from tflint.analysis.stored_constants import stored
from tflint.model.graph import Graph, Node, Value
from tflint.model.schema import ActivationFunctionType, Padding, TensorType

NONE = ActivationFunctionType.NONE
# The weights' dimension that counts input channels, of the operators that can take over what
# comes before them.
INPUT_CHANNELS = {"CONV_2D": 3, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 1}
# Pools that come to the same before an affine map and behind it; of a maximum only where the
# order of numbers stays.
_AVERAGE, _MAXIMUM = "AVERAGE_POOL_2D", "MAX_POOL_2D"
# Activations, and operators, that give as many times more for that many times more.
_HOMOGENEOUS = frozenset((NONE, ActivationFunctionType.RELU))
_LETS_FACTORS_PASS = RESHAPES | frozenset((_AVERAGE, _MAXIMUM, "L2_POOL_2D", "LEAKY_RELU", "RELU"))
# Factors and summands stay far from where float32 ends.
_GREATEST = 1e30


@dataclass(frozen=True, slots=True)
class Fold:
    """An affine run, and the linear operator that can take it over, behind which it stands or
    (`is_behind` is false) in front of which.

    `is_repairable` says that the weights as they are stored can hold what comes out: those of
    8 bits have one scale for each output channel at most. With `is_past_activation` there are
    activations between the layer and the run behind it, which stay.
    """

    run: Affine
    layer: Node
    is_behind: bool
    is_repairable: bool
    is_past_activation: bool = False


def affine_folds(graph: Graph, dataflow: Dataflow, ranges: ConstantRanges) -> Iterator[Fold]:
    """The affine runs that layers next to them can take over, in execution order.

    Reshapes may stand between the two, and in front of a layer pools. What is left of batch
    normalisation behind an activation or a pool is not in it: see `norm_folds`.
    """
    runs = affine_runs(graph, dataflow)
    if not runs:
        return
    left = {norm.mul.index for norm in left_norms(graph)}
    for run in runs:
        if run.nodes[0].index in left:
            continue
        if not _is_known(run, dataflow, ranges):
            continue
        taker = _producer(run, dataflow)
        is_behind = taker is not None
        if taker is None:
            taker = _consumer(run, dataflow, ranges)
        if taker is not None:
            yield Fold(run, taker, is_behind, can_hold(run, taker, dataflow, is_behind=is_behind))


def norm_folds(
    graph: Graph, dataflow: Dataflow, ranges: ConstantRanges
) -> Iterator[tuple[LeftNorm, Fold | None]]:
    """The batch normalisations that could not fold, with the layers that can take them over.

    These stand behind them, past pools and reshapes perhaps. Where padding forbids that, the layer
    in front can take the factors, if none is negative: a RELU and pools let them pass. None where
    there is neither.
    """
    norms = list(left_norms(graph))
    runs = affine_runs(graph, dataflow) if norms else []
    within = {node.index: run for run in runs for node in run.nodes}
    for norm in norms:
        run = within.get(norm.mul.index)
        if run is None or not norm.is_per_channel or within.get(norm.add.index) is not run:
            yield norm, None
            continue
        known = _is_known(run, dataflow, ranges)
        taker = _consumer(run, dataflow, ranges) if known else None
        if taker is not None and can_hold(run, taker, dataflow, is_behind=False):
            yield norm, Fold(run, taker, is_behind=False, is_repairable=True)
        else:
            yield norm, _factors_back(run, dataflow, ranges) if known else None


def _factors_back(run: Affine, dataflow: Dataflow, ranges: ConstantRanges) -> Fold | None:
    """The first operator of a run, and the layer behind whose activation its factors can go."""
    first = run.nodes[0]
    factors = dataclasses.replace(
        run,
        nodes=run.nodes[:1],
        output=first.outputs[0],
        constants=run.constants[:1],
        adds=False,
    )
    if first.name != "MUL" or run.input.type is not TensorType.FLOAT32:
        return None
    if not _is_rising(factors, ranges):
        return None
    value, reader = run.input, first
    while dataflow.sole_reader(value) is reader and value.shape[-1:] == run.input.shape[-1:]:
        maker = dataflow.maker(value)
        if maker is None or (fused_activation(maker) or NONE) not in _HOMOGENEOUS:
            return None
        found = _own_weights(maker, dataflow)
        if found is not None:
            if found[1] != value.shape[-1]:
                return None
            if not can_hold(factors, maker, dataflow, is_behind=True):
                return None
            return Fold(factors, maker, True, True, is_past_activation=True)
        x = maker.input(0)
        if maker.name not in _LETS_FACTORS_PASS or x is None or x.type is not value.type:
            return None
        value, reader = x, maker
    return None


def _is_known(run: Affine, dataflow: Dataflow, ranges: ConstantRanges) -> bool:
    """Whether factor and summand are numbers that nothing changes."""
    factor, summand = 1.0, 0.0
    for node, constant in zip(run.nodes, run.constants, strict=True):
        behind = stored(constant)
        if behind is None or not all(is_fixed(value, dataflow) for value in (behind, constant)):
            return False
        found = ranges.of(behind)
        if found is None:
            return False
        if node.name in ("MUL", "DIV"):
            by = found.magnitude
            if node.name == "DIV":
                if not found.nearest:
                    return False
                by = 1 / found.nearest
            factor, summand = factor * by, summand * by
        else:
            summand += found.magnitude
    return factor < _GREATEST and summand < _GREATEST


def _producer(run: Affine, dataflow: Dataflow) -> Node | None:
    """The linear operator before a run, if its weights and bias can take the run over."""
    value: Value = run.input
    channels: int | None = value.shape[-1] if run.per_channel else None
    reader = run.nodes[0]
    while dataflow.sole_reader(value) is reader:
        maker = dataflow.maker(value)
        if maker is None:
            return None
        if channels is not None and (not value.shape or value.shape[-1] != channels):
            return None
        if maker.name not in RESHAPES:
            found = _own_weights(maker, dataflow)
            if found is None or fused_activation(maker) != NONE or value.type != run.output.type:
                return None
            return maker if channels is None or found[1] == channels else None
        x = maker.inputs[0] if maker.inputs else None
        if x is None or not same_quantization(x, value):
            return None
        value, reader = x, maker
    return None


def _consumer(run: Affine, dataflow: Dataflow, ranges: ConstantRanges) -> Node | None:
    """The linear operator behind a run, if its weights and bias can take the run over."""
    value = run.output
    reader = dataflow.sole_reader(value)
    if run.activation != NONE or not dataflow.is_stable(run.input):
        return None
    while reader is not None and len(reader.outputs) == 1:
        passes = reader.name in RESHAPES or _pool_commutes(reader, run, ranges)
        y = reader.outputs[0]
        if not passes or reader.input(0) is not value or not same_quantization(value, y):
            break
        value = y
        reader = dataflow.sole_reader(value)
    if reader is None or reader.name not in INPUT_CHANNELS:
        return None
    if reader.input(0) is not value or value.type != run.output.type:
        return None
    found = _own_weights(reader, dataflow)
    axis = INPUT_CHANNELS[reader.name]
    if found is None or len(found[0].shape) <= axis:
        return None
    if run.adds and reader.name != "FULLY_CONNECTED":
        kernel = found[0].shape[1:3]
        padded = getattr(reader.options, "padding", None) != Padding.VALID
        if padded and kernel != (1, 1):
            return None
    if not run.per_channel:
        return reader
    return reader if _keeps_channels(run.output, value, found[0].shape[axis], reader) else None


def _own_weights(node: Node, dataflow: Dataflow) -> tuple[Value, int] | None:
    """The stored weights that only this linear operator reads, and its output channels."""
    found = linear_weights(node)
    if found is None or dataflow.reads(found[0]) != 1 or found[0].is_output:
        return None
    read = node.input(LINEAR[node.name][0])
    if read is None or dataflow.reads(read) != 1 or read.is_output:
        return None
    return found if is_fixed(found[0], dataflow) and is_fixed(read, dataflow) else None


def _pool_commutes(pool: Node, run: Affine, ranges: ConstantRanges) -> bool:
    """Whether a pool gives the same of what a run makes as the run of what the pool makes."""
    if pool.name not in (_AVERAGE, _MAXIMUM) or fused_activation(pool) != NONE:
        return False
    x, y = pool.input(0), pool.outputs[0]
    channels = run.output.shape[-1] if run.per_channel else 1
    if x is None or not x.shape or x.shape[-1:] != y.shape[-1:] or channels < 1:
        return False
    if x.shape[-1] % channels:
        return False
    return pool.name == _AVERAGE or _is_rising(run, ranges)


def _is_rising(run: Affine, ranges: ConstantRanges) -> bool:
    """Whether no factor is negative."""
    for node, constant in zip(run.nodes, run.constants, strict=True):
        if node.name == "SUB" and node.inputs[0] is constant:
            return False
        if node.name in ("MUL", "DIV"):
            behind = stored(constant)
            found = None if behind is None else ranges.of(behind)
            if found is None or found.low < 0:
                return False
    return True


def _keeps_channels(made: Value, read: Value, depth: int, reader: Node) -> bool:
    """Whether each weight of the reader still meets one channel of what was made.

    A dense layer may read the channels of a flattened map: its rows are then whole pixels.
    """
    channels = made.shape[-1]
    if reader.name == "FULLY_CONNECTED":
        return channels > 0 and depth % channels == 0
    if not read.shape or read.shape[-1] != channels:
        return False
    if reader.name == "DEPTHWISE_CONV_2D":
        return channels > 0 and depth % channels == 0
    return depth == channels
