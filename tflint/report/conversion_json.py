"""What the converter made of a network, as objects of the documents of `convert` and `fix`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tflint.report.convert_result import Conversion, OperatorDiagnosis, PortReport


def conversion_fields(conversion: Conversion) -> dict[str, Any]:
    """The fields that a file has beside those of its command."""
    return {
        "framework": conversion.framework,
        "quantize": conversion.quantize,
        "batch": conversion.batch,
        "converted": conversion.is_done,
        "refusal": conversion.refusal or None,
        "attempts": [
            {"allowed": attempt.allowed, "error": attempt.error} for attempt in conversion.attempts
        ],
        "operators": [_operator(operator) for operator in conversion.operators],
        "rebuilt": [
            {"what": part.what, "layers": list(part.layers)} for part in conversion.rebuilt
        ],
        "inputs": _ports(conversion.inputs),
        "outputs": _ports(conversion.outputs),
    }


def _operator(operator: OperatorDiagnosis) -> dict[str, Any]:
    return {
        "name": operator.name,
        "support": operator.support,
        "count": operator.count,
        "layer": operator.layer,
        "layer_class": operator.layer_class,
        "path": operator.path,
        "line": operator.line,
        "cost": operator.cost,
        "way": operator.way,
    }


def _ports(ports: Sequence[PortReport]) -> list[dict[str, Any]]:
    return [
        {
            "name": port.name,
            "shape": list(port.shape_now),
            "dtype": port.dtype,
            "order": None if port.order is None else list(port.order),
        }
        for port in ports
    ]


def interface_changes(conversion: Conversion) -> list[dict[str, Any]]:
    """The inputs and outputs whose dimensions have another order than in the original."""
    return [
        {
            "kind": kind,
            "name": port.name,
            "before": list(port.shape),
            "after": list(port.shape_now),
            "order": list(port.order),
        }
        for kind, ports in (("input", conversion.inputs), ("output", conversion.outputs))
        for port in ports
        if port.order is not None and port.is_turned
    ]
