"""The bytes of a small sound model, for examples of files that are not."""

from __future__ import annotations

from tflint.model.builder import ModelBuilder


def sound_file() -> bytes:
    """A model of one RELU, written."""
    # The writer brings NumPy along, which `tflint check` does without.
    from tflint.model.writer import write_model

    model = ModelBuilder()
    model.output(model.unary("RELU", model.input((1, 4))))
    return write_model(model.build())
