"""What a model's file alone tells, before anything runs."""

from __future__ import annotations

import dataclasses

from tflint.bench.arenas import budget_notes, memory_of, runtimes_of
from tflint.bench.inventory import notes_of, operators_of, tensors_of, weights_of
from tflint.bench.quantization import quantization_of
from tflint.errors import MalformedModel
from tflint.lint.context import LintedModel
from tflint.lint.memory_report import breakage
from tflint.model.garbage import uncollected
from tflint.model.tables import Model
from tflint.report.bench_result import BenchedModel
from tflint.target.target import Target


@uncollected()
def with_static_figures(row: BenchedModel, model: Model, target: Target) -> BenchedModel:
    """The row with weights, tensors, operators, and what each runtime takes of the target.

    Raises `MalformedModel` where the graph is broken, and for a file without one.
    """
    if not model.subgraphs:
        raise MalformedModel("it has no subgraph")
    context = LintedModel(target, model)
    if not context.is_sound:
        raise MalformedModel(f"its graph is broken: {breakage(context)}")
    quantization = quantization_of(context.graphs)
    runtimes = runtimes_of(model, target)
    return dataclasses.replace(
        row,
        quantization=quantization.name,
        weights=weights_of(context),
        tensors=tensors_of(context),
        operators=operators_of(context),
        macs=context.macs,
        runtimes=runtimes,
        memory=memory_of(model, target, row.path),
        notes=(
            *row.notes,
            *quantization.notes,
            *notes_of(context),
            *budget_notes(runtimes, target),
        ),
    )
