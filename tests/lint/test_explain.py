"""What comes back for what people paste."""

from __future__ import annotations

import json

import pytest

from tests.report.test_hostile_names import NAMES, hidden
from tflint.errors import UnknownName
from tflint.lint.explain import MAX_ANSWERS, explain, find_operator, register_call
from tflint.model.schema import BUILTIN_OPERATORS
from tflint.report.explanation import MessageAnswer, OperatorAnswer, RuleAnswer, render, render_json
from tflint.report.style import plain
from tflint.target.runtime import load_runtime


def messages(text: str) -> list[MessageAnswer]:
    answers = explain(text)
    assert all(isinstance(answer, MessageAnswer) for answer in answers)
    return [answer for answer in answers if isinstance(answer, MessageAnswer)]


def said(text: str) -> tuple[str, list[str], str, str]:
    """Of the one answer: its name, its rules, cause and repair."""
    (answer,) = messages(text)
    return answer.name, [r.meta.code for r in answer.rules], answer.cause, answer.repair


def test_an_operator_without_a_kernel_on_microcontrollers() -> None:
    name, rules, cause, repair = said("Didn't find op for builtin opcode 'WHERE' version '1'")

    assert (name, rules) == ("operator-not-registered", ["TFL203", "TFL206"])
    assert "the operator WHERE" in cause
    assert "TFLM has none" in cause
    assert "Express the layer with operators that have a kernel" in repair


def test_an_operator_that_only_was_not_registered() -> None:
    name, rules, cause, repair = said("Didn't find op for builtin opcode 'SOFTMAX'")

    assert (name, rules) == ("operator-not-registered", ["TFL203"])
    assert "TFLM has one" in cause
    assert "MicroMutableOpResolver does not add it" in cause
    assert "`AddSoftmax()`" in repair


def test_an_operator_that_is_newer_than_the_runtime() -> None:
    text = (
        "Didn't find op for builtin opcode 'FULLY_CONNECTED' version '99'. An older version of "
        "this builtin might be supported. Are you using an old TFLite binary with a newer model?"
    )
    _, rules, cause, repair = said(text)
    kernel = load_runtime("litert").kernel("FULLY_CONNECTED")

    assert kernel is not None
    assert kernel.versions is not None
    assert rules == ["TFL203", "TFL206"]
    assert f"stops at version {kernel.versions[1]}" in cause
    assert "`AddFullyConnected()`" in repair


@pytest.mark.parametrize(
    ("text", "name", "cause", "repair"),
    [
        (
            "Failed to resize buffer. Requested: 115200, available 41816, missing: 73384",
            "arena-too-small-for-activations",
            "take 115200 bytes",
            "`kTensorArenaSize`",
        ),
        (
            "Failed to allocate tail memory. Requested: 2088, available 1552, missing: 536",
            "arena-too-small",
            "of 2088 bytes, 1552 are left",
            "536 bytes more are not enough",
        ),
        ("AllocateTensors() failed", "allocate-tensors-failed", "prints the cause before", "log"),
        (
            "Model provided is schema version 0 not equal to supported version 3.",
            "schema-version",
            "they are not the model",
            "alignas(16)",
        ),
        (
            "Node RESHAPE (number 4) failed to invoke with status 1",
            "node-failed",
            "The kernel of RESHAPE, number 4",
            "`tflint explain RESHAPE`",
        ),
        ("Tensor arena overflow", "arena-overflow", "arena is too small", "multiple of 16"),
        ("Graph inputs size mismatch", "wrong-input-shape", "the shape of", "get_input_details"),
        (
            "Some ops are not supported by the native TFLite runtime, you can enable TF kernels "
            "fallback using TF Select. See instructions: https://www.tensorflow.org/lite/guide",
            "select-tf-ops-needed",
            "no builtin operator",
            "Do not follow the advice",
        ),
        (
            "error: 'tf.Conv2D' op is neither a custom op nor a flex op",
            "select-tf-ops-needed",
            "channels_first",
            "channels_last",
        ),
        (
            "ValueError: The inference_input_type and inference_output_type must be tf.float32.",
            "representative-dataset-missing",
            "calibrate",
            "converter.representative_dataset",
        ),
        (
            "representative_dataset is required",
            "representative-dataset-missing",
            "calibrate",
            "converter.representative_dataset",
        ),
        (
            "Quantization not yet supported for op: 'TOPK_V2'.",
            "quantization-not-supported",
            "for TOPK_V2 the quantiser",
            "`tflint explain TOPK_V2`",
        ),
        (
            "ValueError: Unrecognized keyword arguments: ['batch_shape']",
            "keras-version",
            "saved by the other Keras",
            "tf-keras",
        ),
        (
            "ld: region `RAM' overflowed by 14816 bytes",
            "does-not-fit-the-chip",
            "tensor arena",
            "`const`",
        ),
        (
            "Encountered unresolved custom op: MyWindow.",
            "custom-operator-not-registered",
            "custom operator MyWindow",
            'AddCustom("MyWindow"',
        ),
        (
            "tensorflow/lite/micro/kernels/pooling_common.cc:88 input->params.scale == "
            "output->params.scale was not true.",
            "scales-differ",
            "demands that input->params.scale is output->params.scale",
            "Convert anew",
        ),
    ],
)
def test_the_answer_has_the_figures_and_names_of_the_message(
    text: str, name: str, cause: str, repair: str
) -> None:
    found = said(text)

    assert found[0] == name
    assert cause in found[2]
    assert repair in found[3]


def test_a_log_is_answered_in_its_order_each_message_once() -> None:
    log = """
    Arena at 0x20001000
    tensorflow/lite/micro/kernels/conv_common.cc Hybrid models are not supported on TFLite Micro.
    Node CONV_2D (number 0) failed to prepare with status 1
    AllocateTensors() failed
    Rebooting...
    tensorflow/lite/micro/kernels/conv_common.cc Hybrid models are not supported on TFLite Micro.
    Node CONV_2D (number 0) failed to prepare with status 1
    AllocateTensors() failed
    """

    assert [answer.name for answer in messages(log)] == [
        "hybrid-kernel",
        "node-failed",
        "allocate-tensors-failed",
    ]


def test_two_operators_are_two_answers() -> None:
    log = "\n".join(f"Didn't find op for builtin opcode '{name}'" for name in ("ADD", "MUL", "ADD"))

    assert [answer.operator for answer in messages(log)] == ["ADD", "MUL"]


def test_a_long_log_has_few_answers() -> None:
    log = "\n".join(f"Node ADD (number {i}) failed to prepare with status 1" for i in range(300))

    assert len(messages(log)) == MAX_ANSWERS


def test_a_flex_operator_is_left_to_its_rule() -> None:
    log = (
        "Regular TensorFlow ops are not supported by this interpreter. Make sure you apply/link "
        "the Flex delegate before inference.Node number 0 (FlexConv2D) failed to prepare."
    )

    assert [answer.name for answer in messages(log)] == ["select-op"]


def test_a_refusal_names_the_operators_that_it_is_known_from() -> None:
    _, rules, cause, _ = said("Type 'INT16' is not supported by FLOOR_DIV.")

    assert rules == ["TFL205"]
    assert "known from the kernel of FLOOR_DIV" in cause


@pytest.mark.parametrize(
    "text",
    [
        # Of types that the probes did not try.
        "Type 'BOOL' is not supported by pack.",
        "Current data type BOOL is not supported.",
        "Input tensor type BOOL (6) not supported.",
        "Type BOOL currently not supported.",
        "Quantized type BOOL not currently supported.",
        "Type BOOL (6) is not supported by Maximum/Minimum.",
        "Params of type 'BOOL' are not supported by gather_nd.",
        "ELU only supports float32 and int8 currently, got BOOL.",
    ],
)
def test_refused_types_are_known_by_their_form(text: str) -> None:
    assert said(text)[1] == ["TFL205"]


def test_every_refusal_that_was_probed_is_explained() -> None:
    for runtime in ("tflm", "tflm-cmsis-nn"):
        for kernel in load_runtime(runtime).kernels.values():
            for message in kernel.says.values():
                assert messages(message)


def test_every_kernel_of_tflm_can_be_registered() -> None:
    kernels = set(load_runtime("tflm").kernels)

    assert {name for name in BUILTIN_OPERATORS if register_call(name)} == kernels
    assert register_call("CONV_2D") == "AddConv2D()"
    assert register_call("WHERE") is None


@pytest.mark.parametrize("text", ["CONV_2D", "conv2d", " Conv 2D "])
def test_an_operator(text: str) -> None:
    (answer,) = explain(text)

    assert isinstance(answer, OperatorAnswer)
    assert find_operator(answer.name) == "CONV_2D"
    assert "registered with AddConv2D()" in plain(render([answer]))


@pytest.mark.parametrize("text", ["hello there", "", "{0}", "1"])
def test_what_is_not_known_says_what_could_be(text: str) -> None:
    with pytest.raises(UnknownName, match="rule, operator or error"):
        explain(text)


def test_json_of_a_rule_has_its_repair() -> None:
    answers = explain("TFL204")
    (match,) = json.loads(render_json(answers))["matches"]

    assert isinstance(answers[0], RuleAnswer)
    assert (match["kind"], match["rules"]) == ("rule", ["TFL204"])
    assert "calibration set" in match["repair"]
    assert not match["cause"].startswith("##")


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_what_is_pasted_cannot_act_on_the_terminal(name: str) -> None:
    log = f"Encountered unresolved custom op: {name}.\n"
    log += f"Node {name} (number 0) failed to prepare with status 1\nAllocateTensors() failed"
    text = plain(render(explain(log)))

    assert hidden(text) == set()
    assert max(map(len, text.splitlines())) <= 100
    assert render_json(explain(log)).isascii()
