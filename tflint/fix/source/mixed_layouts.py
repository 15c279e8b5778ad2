"""TFL102: layers that disagree on the layout all become channels_last."""

from __future__ import annotations

from tflint.finding import FixSafety
from tflint.fix.source.channels_first import proof, relayout
from tflint.fix.source.source_fix import Request, SourceFix
from tflint.source.edits import Plan, obstructed
from tflint.source.syntax import place


def _plan(request: Request) -> Plan:
    for layer in request.keras.layers:
        if layer.kind == "Concatenate" and place(layer.locate("axis")) == place(
            request.finding.location
        ):
            axis = layer.value("axis")
            if "axis" in layer.arguments and axis not in (-1, 1):
                return obstructed("that axis may be meant", request.finding.location)
    return relayout(request)


FIX = SourceFix("TFL102", FixSafety.UNSAFE, _plan, proof)
