"""TFL209."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tflint.finding import Finding, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.cost import macs
from tflint.model.graph import Graph, Node, called_subgraphs
from tflint.model.schema import (
    AddOptions,
    IfOptions,
    LessOptions,
    TensorType,
    WhileOptions,
)
from tflint.model.tables import Model
from tflint.printable import counted, size_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule

# What TFLM keeps for each tensor and operator of a subgraph, and for the subgraph, in bytes on a
# Cortex-M: TfLiteEvalTensor, NodeAndRegistration, SubgraphAllocations; tflite-micro
# 90b983c2b3f1480642e040bbd2ddb37b998f3424.
_TENSOR, _OPERATOR, _SUBGRAPH = 12, 32, 8


def _while(body: int = 2, cond: int = 1) -> Model:
    """Counts to ten."""
    model = ModelBuilder()
    condition, step = model.subgraph("condition"), model.subgraph("body")
    for graph in (model, condition, step):
        graph.input((1, 64))
    smaller = condition.tensor((1,), TensorType.BOOL)
    limit = condition.constant((1,), values=(10.0,))
    condition.operator("LESS", [0, limit], [smaller], LessOptions())
    condition.output(smaller)
    more = step.tensor((1, 64))
    step.operator("ADD", [0, step.constant((1,), values=(1.0,))], [more], AddOptions())
    step.output(more)
    y = model.tensor((1, 64))
    options = WhileOptions(cond_subgraph_index=cond, body_subgraph_index=body)
    model.operator("WHILE", [0], [y], options)
    model.output(y)
    return model.build()


def _if(then: int, otherwise: int) -> Model:
    model = ModelBuilder()
    for name in ("then", "else"):
        branch = model.subgraph(name)
        branch.output(branch.unary("RELU", branch.input((1, 64))))
    flag, x, y = model.input((1,), TensorType.BOOL), model.input((1, 64)), model.tensor((1, 64))
    options = IfOptions(then_subgraph_index=then, else_subgraph_index=otherwise)
    model.operator("IF", [flag, x], [y], options)
    model.output(y)
    return model.build()


def _straight() -> Model:
    model = ModelBuilder()
    model.output(model.unary("RELU", model.input((1, 64))))
    return model.build()


class ControlFlow(Rule):
    """The model branches or loops: subgraphs that are all in the arena at the same time.

    ## What it does
    For every IF, WHILE, CALL and CALL_ONCE: the operators and tensors of the subgraphs that it
    runs, what of them stays in the arena, and for a loop the bytes that are copied each time
    round. Says so when a subgraph comes back to itself. A CALL_ONCE, which sets a streaming
    model's variables when it starts, is for information.

    ## Why it matters on a device
    TFLM plans the tensors of all subgraphs into one arena, those of branches that are never
    taken included, and copies inputs and outputs between them. The number of rounds, and with
    it the time, is not in the file. TFLM keeps one set of tensors for each subgraph: one that
    calls itself overwrites what the outer call still needs.

    ## Repair
    Converters make loops of recurrent layers: unroll them (`unroll=True`) when they are short;
    an LSTM converted under `TF_USE_LEGACY_KERAS=1` becomes one fused operator. A choice that
    the device can make is better made there, with two models.
    """

    meta = Metadata("TFL209", "control-flow", Severity.WARNING, may_refuse=True)
    examples = (
        Bad("A loop", _while, says="copies 768 B each time round"),
        Bad("A branch", lambda: _if(1, 2), says="2 subgraphs of 2 operators"),
        Bad("A loop that is its own body", lambda: _while(body=0), says="comes back to itself"),
        Bad(
            "A loop that is its own condition",
            lambda: _while(cond=0),
            says="never ends",
            severity=Severity.ERROR,
        ),
        Good("No control flow", _straight),
        Good("Not on a microcontroller", _while, target="litert"),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        if not context.runtime.is_mcu:
            return
        costs: dict[int, _Cost] = {}
        looping: frozenset[int] | None = None
        for node in context.nodes:
            called = list(dict.fromkeys(called_subgraphs(node.options)))
            if not called or context.runtime.kernel(node.name) is None:
                continue
            if looping is None:
                looping = _looping(context.graphs)
            for index in called:
                if index not in costs:
                    costs[index] = _cost(context.graphs[index])
            endless = _is_endless(node)
            circle = _ENDLESS if endless else _CIRCLE if looping & set(called) else ""
            cost = _sum(costs[index] for index in called)
            kept = _TENSOR * cost.tensors + _OPERATOR * cost.operators + _SUBGRAPH * len(called)
            severity = Severity.WARNING
            if node.name == "CALL_ONCE":
                # It runs at start-up, and variables of a streaming model cannot do without.
                severity = Severity.INFO
            yield self.finding(
                f"{node.name} runs {counted(len(called), 'subgraph')} of "
                f"{counted(cost.operators, 'operator')}, with {size_text(cost.planned)} of tensors "
                f"in the same arena{_round(node, costs)}{_work(cost.macs)}"
                f"{circle}",
                node=node,
                severity=Severity.ERROR if endless else severity,
                help=f"{_HELP.get(node.name, 'run them apart')}: saves the {size_text(kept)} "
                f"that {context.runtime.title} keeps for these subgraphs, and their tensors",
            )


_ENDLESS = "; its condition holds the loop itself, so it never ends"
_CIRCLE = "; one of them comes back to itself, which overwrites tensors that are still needed"
_HELP = {
    "WHILE": "unroll the loop, or use a fused recurrent operator",
    "IF": "choose on the device, between two models",
    "CALL": "convert with its subgraph inlined",
    "CALL_ONCE": "a model without state between inferences, the state held by the application and "
    "passed in and out, needs none of this",
}


@dataclass(frozen=True, slots=True)
class _Cost:
    """What a subgraph comes to: operators, tensors, bytes of activations, MACs of one run."""

    operators: int = 0
    tensors: int = 0
    planned: int = 0
    macs: int = 0
    inputs: int = 0
    outputs: int = 0


def _cost(graph: Graph) -> _Cost:
    return _Cost(
        operators=len(graph.nodes),
        tensors=len(graph.values),
        planned=sum(value.bytes for value in graph.values if not value.is_constant),
        macs=sum(macs(node) for node in graph.nodes),
        inputs=sum(value.bytes for value in graph.inputs),
        outputs=sum(value.bytes for value in graph.outputs),
    )


def _sum(costs: Iterable[_Cost]) -> _Cost:
    listed = list(costs)
    return _Cost(
        operators=sum(cost.operators for cost in listed),
        tensors=sum(cost.tensors for cost in listed),
        planned=sum(cost.planned for cost in listed),
        macs=sum(cost.macs for cost in listed),
    )


def _round(node: Node, costs: dict[int, _Cost]) -> str:
    """What a loop copies: into the body and out of it, and into the condition.

    Source: WhileEval in tensorflow/lite/micro/kernels/while.cc.
    """
    if not isinstance(node.options, WhileOptions):
        return ""
    body = costs[node.options.body_subgraph_index]
    condition = costs[node.options.cond_subgraph_index]
    copied = body.inputs + body.outputs + condition.inputs
    return f", and copies {size_text(copied)} each time round"


def _is_endless(node: Node) -> bool:
    """Whether a loop's condition holds the loop itself: TFLM runs until its stack is full."""
    options = node.options
    return isinstance(options, WhileOptions) and options.cond_subgraph_index == node.subgraph


def _work(count: int) -> str:
    return f"; {count:,} MACs a run, which the model's count leaves out" if count else ""


def _looping(graphs: Sequence[Graph]) -> frozenset[int]:
    """The subgraphs from which calls lead back to where they have been.

    What remains when those that call nothing, or only such, are taken away one by one.
    """
    calls = [
        {i for node in graph.nodes for i in called_subgraphs(node.options)} for graph in graphs
    ]
    callers: list[list[int]] = [[] for _ in graphs]
    for caller, called in enumerate(calls):
        for index in called:
            callers[index].append(caller)
    left = [len(called) for called in calls]
    ending = [index for index, count in enumerate(left) if not count]
    remaining = set(range(len(graphs))) - set(ending)
    while ending:
        for caller in callers[ending.pop()]:
            left[caller] -= 1
            if not left[caller]:
                remaining.discard(caller)
                ending.append(caller)
    return frozenset(remaining)
