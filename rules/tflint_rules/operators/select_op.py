"""TFL201."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tflint.analysis.dataflow import Dataflow
from tflint.finding import Finding, Fix, FixSafety, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.flex import AttributeValue, FlexOperator, flex_operator, is_flex
from tflint.model.tables import Model
from tflint.printable import printable
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule
from tflint_rules.example_models import flex_conv, flex_options
from tflint_rules.reconversion import FROM_SOURCE

if TYPE_CHECKING:
    from tflint.analysis.flex.plan import Plan

# TensorFlow operators that the converter normally turns into this builtin.
_BUILTINS = {
    "Add": "ADD",
    "AddV2": "ADD",
    "AvgPool": "AVERAGE_POOL_2D",
    "BatchMatMulV2": "BATCH_MATMUL",
    "BiasAdd": "ADD",
    "Concat": "CONCATENATION",
    "ConcatV2": "CONCATENATION",
    "Conv2D": "CONV_2D",
    "Conv2DBackpropInput": "TRANSPOSE_CONV",
    "Conv3D": "CONV_3D",
    "DepthwiseConv2dNative": "DEPTHWISE_CONV_2D",
    "FusedBatchNormV3": "MUL and ADD",
    "MatMul": "FULLY_CONNECTED",
    "MaxPool": "MAX_POOL_2D",
    "Mean": "MEAN",
    "Mul": "MUL",
    "Pad": "PAD",
    "Relu": "RELU",
    "Relu6": "RELU6",
    "Reshape": "RESHAPE",
    "Sigmoid": "LOGISTIC",
    "Softmax": "SOFTMAX",
    "StridedSlice": "STRIDED_SLICE",
    "Sub": "SUB",
    "Sum": "SUM",
    "Tanh": "TANH",
    "Transpose": "TRANSPOSE",
}
# Attributes worth showing, in this order; the others say little about the cause.
_TELLING = ("data_format", "padding", "strides", "dilations", "ksize", "explicit_paddings", "T")


def _tensor_list() -> Model:
    model = ModelBuilder()
    x, y = model.input((1, 4)), model.tensor((1, 4))
    options = flex_options("TensorListReserve", {})
    model.operator("FlexTensorListReserve", [x], [y], custom_options=options)
    model.output(y)
    return model.build()


def _builtin() -> Model:
    model = ModelBuilder()
    model.output(model.conv_2d(model.input((1, 32, 32, 1)), filters=8, kernel=3))
    return model.build()


class SelectOp(Rule):
    """A TensorFlow operator was left in the model (`Flex*`, "Select TF ops").

    ## What it does
    Names every operator that the converter kept as TensorFlow's, with the attributes that
    it was kept with, and says why that happened where it can be told.

    ## Why it matters on a device
    Flex operators run in TensorFlow itself, linked into the program as the Flex delegate:
    tens of megabytes, for phones and servers. TFLM has nothing of the kind and fails with
    "Failed to get registration from op code CUSTOM".

    ## Repair
    `tflint fix --unsafe` puts builtins in the place of operators that equal some, with their
    weights rearranged; what was channels_first is turned at the edges. For the others: change
    the layer so that the converter finds a builtin, drop `SELECT_TF_OPS` so that it says so,
    and convert again.
    """

    meta = Metadata(
        "TFL201",
        "select-op",
        Severity.ERROR,
        fix=FixSafety.UNSAFE,
        runtime_errors=(
            r"Failed to get registration from op code CUSTOM",
            r"Regular TensorFlow ops are not supported by this interpreter",
            r"Select TensorFlow op\(s\), included in the given model, is\(are\) not supported",
            r"\bFlex[A-Z]\w+",
        ),
    )
    examples = (
        Bad("channels_first", lambda: flex_conv("NCHW"), says="data_format=NCHW"),
        Bad("A recurrent layer of unknown batch", _tensor_list, says="TensorListReserve"),
        Bad("LiteRT needs a delegate for it", _tensor_list, says="Flex delegate", target="litert"),
        Good("A convolution with a builtin", _builtin),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        nodes = [node for node in context.nodes if is_flex(node)]
        if not nodes:
            return
        # Few models have any: the others are checked without it.
        from tflint.analysis.flex.table import equal_builtins, passed_on, with_sources

        sources = [passed_on(graph, Dataflow(graph)) for graph in context.graphs]
        for node in nodes:
            operator = flex_operator(node)
            what = f"{printable(node.name, 60)} is TensorFlow's {_described(operator)}"
            if context.runtime.is_mcu:
                needs = (
                    f"{context.runtime.title} cannot run TensorFlow operators "
                    '("Failed to get registration from op code CUSTOM")'
                )
            else:
                needs = "it needs the Flex delegate linked in, tens of megabytes"
            plan = equal_builtins(with_sources(node, sources[node.subgraph]))
            yield self.finding(
                f"{what}; {needs}",
                node=node,
                help=_cause(operator) if plan is None else _repair(plan),
                fix=_rebuilt(operator)
                if plan is None
                else Fix(FixSafety.UNSAFE, "tflint fix {path} --unsafe"),
            )


def _described(operator: FlexOperator) -> str:
    shown = [
        f"{name}={_value(operator.attributes[name])}"
        for name in _TELLING
        if operator.attributes.get(name) not in (None, ())
    ]
    layer = f" of `{printable(operator.node_name, 60)}`" if operator.node_name else ""
    return printable(operator.name, 60) + (f" ({', '.join(shown)})" if shown else "") + layer


def _value(value: AttributeValue) -> str:
    if isinstance(value, tuple):
        return "[" + ",".join(_value(item) for item in value[:8]) + "]"
    return printable(str(value), 40)


def _repair(plan: Plan) -> str:
    """What the operator becomes."""
    names = list(dict.fromkeys(step.name for step in plan.steps))
    if not names:
        return "it passes on what it is given: `tflint fix --unsafe` takes it out"
    listed = " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
    turned = " with the channels last" if plan.is_turned else ""
    return f"it equals the builtin {listed}{turned}: `tflint fix --unsafe` puts that in its place"


def _rebuilt(operator: FlexOperator) -> Fix | None:
    """The way to have the layer built anew, of the kinds that have another form."""
    is_known = _is_channels_first(operator) or operator.name.startswith("TensorList")
    return FROM_SOURCE if is_known else None


def _is_channels_first(operator: FlexOperator) -> bool:
    data_format = operator.attributes.get("data_format")
    return isinstance(data_format, str) and data_format.startswith("NC")


def _cause(operator: FlexOperator) -> str:
    """Why the converter kept the operator, and what to do about it."""
    if _is_channels_first(operator):
        return (
            "the layer is channels_first, TFLite's kernels are channels_last: build it with "
            'data_format="channels_last" and convert again'
        )
    if operator.name.startswith("TensorList"):
        return (
            "a recurrent layer kept its loop's list: give the model a fixed batch size and drop "
            "`_experimental_lower_tensor_list_ops = False`"
        )
    builtin = _BUILTINS.get(operator.name)
    if builtin is not None:
        return (
            f"TFLite has {builtin} for this, but not with these attributes or types: change the "
            f"layer, then convert again without SELECT_TF_OPS"
        )
    return (
        f"TFLite has no builtin for {printable(operator.name, 60)}: express it with operators "
        f"that have one, or compute it outside the model"
    )
