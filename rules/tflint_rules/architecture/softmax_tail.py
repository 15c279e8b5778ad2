"""TFL309."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.analysis import softmax_tails
from tflint.analysis.dataflow import Dataflow
from tflint.analysis.softmax_tails import logits_onward, softmax_tail
from tflint.finding import Finding, Fix, FixSafety, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.schema import ArgMaxOptions, TensorType
from tflint.model.tables import Model
from tflint.printable import size_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule
from tflint_rules.freed_code import freed_code
from tflint_rules.wording import operator


def _classifier(*, softmax: bool = True, logits_too: bool = False, classes: int = 10) -> Model:
    model = ModelBuilder()
    x = model.fully_connected(model.input((1, 32), TensorType.INT8), units=classes)
    if logits_too:
        model.output(x)
    model.output(model.softmax(x) if softmax else x)
    return model.build()


def _best() -> Model:
    model = ModelBuilder()
    x = model.softmax(model.fully_connected(model.input((1, 32)), units=10))
    y = model.tensor((1,), TensorType.INT64)
    axis = model.constant((), TensorType.INT32, (1,))
    model.operator("ARG_MAX", [x, axis], [y], ArgMaxOptions(output_type=TensorType.INT64))
    model.output(y)
    return model.build()


def _attention() -> Model:
    """Softmax in the middle of a network decides more than the order."""
    model = ModelBuilder()
    x = model.softmax(model.fully_connected(model.input((1, 32)), units=10))
    model.output(model.fully_connected(x, units=4))
    return model.build()


class SoftmaxTail(Rule):
    """The model ends in a SOFTMAX, which does not change which class is the largest.

    ## What it does
    Finds SOFTMAX over logits that nothing else reads, where the probabilities go to an
    output of the model or into ARG_MAX over the same classes. For microcontrollers only.

    ## Why it matters on a device
    A device that takes the best class finds it in the logits. The exponentials cost a few
    hundred instructions a class, little beside a convolution, but the kernel is up to 10 KB
    of code. In int8, probabilities are steps of 1/256: two logits that differ may come out as
    two zeros, or as two 255/256.

    ## Repair
    End the network in the dense layer (train with `from_logits=True`) and take the largest
    logit; `tflint fix --unsafe` takes the SOFTMAX out of the model. An application that holds
    a confidence against a threshold needs the probability, or the softmax of the few values
    that it looks at.
    """

    meta = Metadata("TFL309", "softmax-tail", Severity.INFO, fix=FixSafety.UNSAFE)
    examples = (
        Bad("Probabilities as the output", _classifier, says="10 exponentials"),
        Bad("The best of probabilities", _best, says="ARG_MAX #2"),
        Good("Logits as the output", lambda: _classifier(softmax=False)),
        Good("The logits are an output too", lambda: _classifier(logits_too=True)),
        Good("In the middle of a network", _attention),
        Good("On a phone", _classifier, target="litert"),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        if not context.runtime.is_mcu:
            return
        softmaxes = [node for node in context.nodes if node.name == "SOFTMAX"]
        dataflows: dict[int, Dataflow] = {}
        for node in softmaxes:
            tail = softmax_tail(node)
            if tail is None:
                continue
            place, y = node.subgraph, node.outputs[0]
            if place not in dataflows:
                dataflows[place] = Dataflow(context.graphs[place])
            repaired = logits_onward(tail, dataflows[place]) is not None
            code = ""
            # A kernel that another operator needs stays.
            if len(softmaxes) == 1:
                freed = freed_code(context.nodes, softmaxes, context.runtime.name)
                code = f" and about {size_text(freed)} of kernel code" if freed else ""
            yield self.finding(
                f"SOFTMAX {_purpose(tail)}: {y.elements:,} exponentials and {size_text(y.bytes)} "
                "that do not change which class is the largest",
                node=node,
                help=f"take the largest of the logits instead: that saves an operator, "
                f"{y.elements:,} exponentials{code}",
                fix=Fix(FixSafety.UNSAFE, "tflint fix {path} --unsafe") if repaired else None,
            )


def _purpose(tail: softmax_tails.SoftmaxTail) -> str:
    return "ends the model" if tail.arg_max is None else f"only feeds {operator(tail.arg_max)}"
