"""The data file: each message is known by its example, told from the others, and real."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from tflint.lint.explain import MAX_TEXT, explain, rules_for_error
from tflint.lint.registry import all_rules
from tflint.lint.runtime_messages import RuntimeMessage, occurrences, pattern, runtime_messages
from tflint.report.explanation import MessageAnswer

every_message = pytest.mark.parametrize(
    "message", runtime_messages(), ids=lambda message: message.name
)
EXAMPLES = [
    pytest.param(message, example, id=f"{message.name}-{number}")
    for message in runtime_messages()
    for number, example in enumerate(message.example)
]
# What a generic entry leaves to rules.
LEFT_TO_RULES = {"Node number 0 (FlexConv2D) failed to prepare."}


@every_message
def test_an_entry_is_complete(message: RuntimeMessage) -> None:
    assert message.by in ("TFLM", "LiteRT", "converter", "Keras", "linker")
    assert message.source
    assert message.cause.endswith(".")
    assert message.repair.endswith(".") or message.name == "operator-not-registered"
    assert set(message.rules) <= {rule.meta.code for rule in all_rules()}
    assert len(message.example) == len(message.says) + len(message.said)


@every_message
def test_each_wording_has_its_example(message: RuntimeMessage) -> None:
    for wording, example in zip((*message.says, *message.said), message.example, strict=True):
        assert pattern(wording).search(example), wording


@pytest.mark.parametrize(("message", "example"), EXAMPLES)
def test_an_example_is_of_one_entry(message: RuntimeMessage, example: str) -> None:
    assert [found.message.name for found in occurrences(example)] == [message.name]


@pytest.mark.parametrize(("message", "example"), EXAMPLES)
def test_an_example_is_explained(message: RuntimeMessage, example: str) -> None:
    answers = [answer for answer in explain(example) if isinstance(answer, MessageAnswer)]

    assert answers
    if example not in LEFT_TO_RULES:
        assert message.name in [answer.name for answer in answers]
    for answer in answers:
        assert answer.cause
        assert answer.repair
        assert not re.search(r"\{\w+(:\w+)?\}", answer.cause + answer.repair)


@pytest.mark.parametrize(("message", "example"), EXAMPLES)
def test_a_message_is_found_in_a_log_that_is_broken_anywhere(
    message: RuntimeMessage, example: str
) -> None:
    if example in LEFT_TO_RULES:
        return
    log = f"boot ok\n\x1b[31m{example}\x1b[0m\nreset\n"
    broken = "I (312) app: " + example.replace(" ", "\n  ")

    assert message.name in [found.message.name for found in occurrences(log)]
    if "{...}" not in "".join((*message.says, *message.said)) and "condition" not in message.name:
        assert message.name in [found.message.name for found in occurrences(broken)]


@every_message
def test_the_runtimes_do_print_it(message: RuntimeMessage) -> None:
    """The wording of today is in the binaries of the versions that the facts are of."""
    package = {"TFLM": "tflite_micro", "LiteRT": "ai_edge_litert"}.get(message.by)
    if package is None or not message.says:
        return
    try:
        module = __import__(package)
    except ImportError:
        pytest.skip(f"needs {package}")
    folder = Path(next(iter(module.__path__)))
    image = b"\0".join(
        path.read_bytes()
        for path in sorted(folder.rglob("*.so"))
        if path.name in ("_runtime.so", "libpywrap_litert_common.so")
    )
    for wording in message.says:
        literal = re.sub(
            r"\\\{(?:\\\.){3}\\\}|\\\{\w+(?::\w+)?\\\}", r"[^\\0]{1,60}?", re.escape(wording)
        )
        assert re.search(literal.encode(), image), wording


def hostile_texts() -> list[str]:
    """Texts that make careless expressions slow, each of the length that is still read."""
    pieces = [example for message in runtime_messages() for example in message.example]
    starts = [example[: len(example) // 2] for example in pieces]
    texts = ["a" * MAX_TEXT, " " * MAX_TEXT, "a.cc" * MAX_TEXT, "a/" * MAX_TEXT, "!= " * MAX_TEXT]
    texts += ["x.cc:1 " * MAX_TEXT, "x.cc:1 a" * MAX_TEXT, "a.cc:1 " + "scale" * MAX_TEXT]
    texts += [
        "IsConstantTensor(" * MAX_TEXT,
        "NumDimensions(" * MAX_TEXT,
        "Non-constant " * MAX_TEXT,
    ]
    texts += ["type X (1) " * MAX_TEXT, "only supports a, " * MAX_TEXT, "Flex" * MAX_TEXT]
    texts += ["".join(pieces) * 20, "".join(starts) * 20, "\n".join(pieces) * 20]
    texts += [start * MAX_TEXT for start in starts]
    return [text[:MAX_TEXT] for text in texts]


def test_no_text_takes_long() -> None:
    rules_for_error("warm-up")
    slowest = 0.0
    for text in hostile_texts():
        start = time.process_time()
        rules_for_error(text)
        slowest = max(slowest, time.process_time() - start)

    # A hundredth of that is usual; what backtracks takes minutes.
    assert slowest < 5
