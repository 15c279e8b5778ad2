"""TFL604."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.analysis.affine import Affine
from tflint.analysis.affine_folding import Fold, affine_folds
from tflint.analysis.constant_ranges import ConstantRanges
from tflint.analysis.dataflow import Dataflow
from tflint.analysis.fusion import LINEAR
from tflint.analysis.stored_constants import stored
from tflint.finding import Finding, Fix, FixSafety, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.graph import Node
from tflint.model.schema import ActivationFunctionType, AddOptions, MulOptions, Padding
from tflint.model.tables import Model
from tflint.printable import counted, size_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule
from tflint_rules.reconversion import FROM_FLOATS
from tflint_rules.wording import operator, operators

# Under this, as in front of a dense layer, the operators cost little but themselves.
_SMALL = 1024
NONE = ActivationFunctionType.NONE
_UNSAFE = Fix(FixSafety.UNSAFE, "tflint fix {path} --unsafe")


def _affine(model: ModelBuilder, x: int, *, channels: int = 1, add: bool = True) -> int:
    for name, options in (("MUL", MulOptions()), ("ADD", AddOptions()))[: 1 + add]:
        y = model.tensor(model.shape(x))
        model.operator(name, [x, model.constant((channels,))], [y], options)
        x = y
    return x


def _behind(activation: ActivationFunctionType = NONE) -> Model:
    """Batch normalisation behind a convolution."""
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 16, 16, 1)), 8, 3, activation=activation)
    model.output(model.unary("RELU", _affine(model, x, channels=8)))
    return model.build()


def _before(padding: Padding = Padding.VALID, *, add: bool = True, dense: bool = False) -> Model:
    """Scaling (and shifting) of the input in front of the first layer."""
    model = ModelBuilder()
    x = _affine(model, model.input((1, 16, 16, 3)), channels=3, add=add)
    y = model.fully_connected(model.flatten(x), 4) if dense else None
    model.output(model.conv_2d(x, 8, 3, padding=padding) if y is None else y)
    return model.build()


def _whole_map() -> Model:
    """A constant for each element is no factor of a convolution."""
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 6, 6, 1)), 8, 3, activation=NONE)
    y = model.tensor((1, 4, 4, 8))
    model.operator("MUL", [x, model.constant((1, 4, 4, 8))], [y], MulOptions())
    model.output(y)
    return model.build()


class UnfusedAffine(Rule):
    """A map is scaled or shifted by constants that the weights next to it could hold.

    ## What it does
    Finds MUL, ADD, SUB and DIV by one number, or by one for each channel, directly behind a
    convolution or dense layer without an activation, or in front of one, past pools and
    reshapes. A summand in front of a convolution counts only where no padding mixes with it.
    Less than 1 KiB of maps is for information. Batch normalisation behind an activation or a
    pool is TFL111.

    ## Why it matters on a device
    Each of these operators reads the whole map and writes it to a second place. The same
    numbers folded into weights and bias cost nothing at run time.

    ## Repair
    Multiply the weights of each channel by its factor and add the summand to the bias. The
    converter does so for a BatchNormalization that follows a layer without an activation,
    and a scaling of the input can go into the code that prepares it. Results differ by
    rounding.
    """

    meta = Metadata("TFL604", "unfused-affine", Severity.WARNING, fix=FixSafety.UNSAFE)
    examples = (
        Bad("Batch normalisation behind a convolution", _behind, says="MUL #1 and ADD #2"),
        Bad("Normalised input", _before, says="in front of CONV_2D #2"),
        Bad(
            "Scaled input in front of a padded convolution",
            lambda: _before(Padding.SAME, add=False),
            says="MUL #0",
        ),
        Bad("Normalised input of a dense layer", lambda: _before(dense=True), says="FULLY"),
        Good("Behind an activation: TFL111", lambda: _behind(ActivationFunctionType.RELU)),
        Good("A summand that padding would not have", lambda: _before(Padding.SAME)),
        Good("One constant for each element", _whole_map),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        ranges = ConstantRanges()
        for graph in context.graphs:
            dataflow = Dataflow(graph)
            for fold in affine_folds(graph, dataflow, ranges):
                yield self._finding(fold, dataflow)

    def _finding(self, fold: Fold, dataflow: Dataflow) -> Finding:
        run, taker = fold.run, fold.layer
        where = "behind" if fold.is_behind else "in front of"
        count = len(run.nodes)
        names = " and ".join(map(operator, run.nodes)) if count < 4 else operators(run.nodes)
        at = operator(taker)
        size = sum(node.outputs[0].bytes for node in run.nodes)
        written = size_text(size)
        parts = _parts(run, taker, where)
        freed = sum(c.bytes for c in map(stored, run.constants) if c and dataflow.reads(c) == 1)
        constants = f" and {size_text(freed)} of constants" if freed else ""
        per = "one constant for each channel" if run.per_channel else "a constant"
        first = "" if fold.is_repairable else "before the weights are quantised, "
        s = "s" if count == 1 else ""
        verbs = [f"scale{s}"] * run.multiplies + [f"shift{s}"] * run.adds
        return self.finding(
            f"{names} {' and '.join(verbs)} a map {where} {at} by {per}, which its {parts} could "
            f"hold: {written} written for it at each inference",
            node=run.nodes[0],
            severity=Severity.INFO if size < _SMALL else None,
            help=f"{first}fold into the {parts} of {at}: saves {counted(count, 'operator')}, "
            f"{written} of maps{constants}; results differ by rounding",
            fix=_UNSAFE if fold.is_repairable else FROM_FLOATS,
        )


def _parts(run: Affine, taker: Node, where: str) -> str:
    """What of the operator next to a run changes when it takes the run over."""
    if not run.multiplies:
        return "bias"
    scales_bias = where == "behind" and taker.input(LINEAR[taker.name][1]) is not None
    return "weights and bias" if run.adds or scales_bias else "weights"
