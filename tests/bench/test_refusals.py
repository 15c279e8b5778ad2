"""What LiteRT says, in one line that people can act on."""

from __future__ import annotations

import pytest

from tflint.bench.options import Kernels
from tflint.bench.refusals import failure_of, refusal_of
from tflint.execution.process import Ended
from tflint.model.builder import ModelBuilder
from tflint.model.schema import TensorType
from tflint.model.tables import Model

FLEX = "Select TensorFlow op(s), included in the given model, is(are) not supported"
REGULAR = "Regular TensorFlow ops are not supported by this interpreter."
DIMENSION = "quantized_dimension must be in range [0, 1). Was 3."
INVALID = "Tensor {} has invalid quantization parameters."


def with_operators(*names: str) -> Model:
    model = ModelBuilder()
    x = model.input((1, 4))
    for name in names:
        y = model.tensor((1, 4), TensorType.FLOAT32)
        model.operator(name, (x,), (y,))
        x = y
    model.output(x)
    return model.build()


@pytest.mark.parametrize("said", [FLEX, REGULAR, "Encountered unresolved custom op: FlexReal.\n"])
def test_flex_operators_are_named(said: str) -> None:
    model = with_operators("FlexReal", "ABS", "Mine", "FlexFFT", "FlexReal")

    assert str(refusal_of(model, said)) == (
        "it needs the Flex delegate, which LiteRT does not have here: FlexReal, FlexFFT"
    )


def test_of_many_operators_some_are_named() -> None:
    model = with_operators(*(f"Flex{number}" for number in range(7)))

    assert str(refusal_of(model, FLEX)).endswith("Flex0, Flex1, Flex2, Flex3, Flex4 and 2 more")


def test_custom_operators_are_named() -> None:
    said = "Encountered unresolved custom op: Mine.\nSee instructions: https://..."

    assert "for its 1 custom operator: Mine" in str(refusal_of(with_operators("Mine"), said))
    assert "for its 1 custom operator: Mine" in str(refusal_of(with_operators("ABS"), said))


def test_names_from_files_are_shown_as_plain_text() -> None:
    text = str(refusal_of(with_operators("Flex\x1b[2J\n\u202e" + "x" * 500), FLEX))

    assert text.isprintable()
    assert len(text) < 200


@pytest.mark.parametrize(
    ("kernels", "ending"),
    [
        (None, "ELU in version 1"),
        (Kernels.XNNPACK, "among the xnnpack ones"),
        (Kernels.REFERENCE, "among the reference ones: `--kernels xnnpack` has more"),
    ],
)
def test_kernels_that_are_not_there_are_named(kernels: Kernels | None, ending: str) -> None:
    said = "Didn't find op for builtin opcode 'ELU' version '1'. An older version...\n"

    assert str(refusal_of(with_operators("ELU"), said, kernels)).endswith(ending)


def test_what_is_said_of_each_tensor_is_told_once() -> None:
    """LiteRT runs its sentences together."""
    said = "".join(DIMENSION + INVALID.format(place) for place in range(40))

    assert str(refusal_of(with_operators("ABS"), said)) == (
        f"LiteRT does not run it: {DIMENSION} {INVALID.format(0)}"
    )


def test_what_only_the_delegate_refuses_is_told_with_what_helps() -> None:
    said = "unsupported type of tensor 5 in XNNPACK delegatefailed to create XNNPACK Value"
    model = with_operators("ABS")

    assert str(refusal_of(model, said, Kernels.XNNPACK)) == (
        "LiteRT does not run it: unsupported type of tensor 5 in XNNPACK delegate failed to create"
        " XNNPACK Value (`--kernels builtin` does without XNNPACK)"
    )
    assert "--kernels" not in str(refusal_of(model, said, Kernels.BUILTIN))


def test_anything_else_is_told_on_one_line() -> None:
    said = (
        "a.cc:12 x != y (3 != 4)\n\n  a.cc:12 x != y (3 != 4)\nNode number 2 (CONV_2D) failed\x07"
    )

    assert str(refusal_of(with_operators("ABS"), said)) == (
        "LiteRT does not run it: a.cc:12 x != y (3 != 4); Node number 2 (CONV_2D) failed\\x07"
    )
    assert len(str(refusal_of(with_operators("ABS"), "word " * 10_000))) < 400


def test_what_ended_a_worker_is_told_with_its_last_words() -> None:
    log = "INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\nkernel: no way\n\n"

    assert str(failure_of(Ended((), "it crashed (SIGSEGV)", log), "in the runs")) == (
        "LiteRT failed in the runs: it crashed (SIGSEGV) (kernel: no way)"
    )
    assert str(failure_of(Ended((), None, log[:50]))) == "LiteRT failed: it ended early"
    assert str(failure_of(Ended((), "it was ended after 2 seconds", log, is_time_out=True))) == (
        "LiteRT failed: it was ended after 2 seconds"
    )
