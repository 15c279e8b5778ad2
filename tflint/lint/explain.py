"""What a user pastes, explained: a rule, an operator, or what a runtime printed."""

from __future__ import annotations

import functools
import importlib.resources
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tflint.errors import UnknownName
from tflint.lint.registry import all_rules, find_rule
from tflint.lint.runtime_messages import Occurrence, occurrences
from tflint.model.schema import BUILTIN_OPERATORS
from tflint.printable import printable
from tflint.report.explanation import (
    Answer,
    MessageAnswer,
    OperatorAnswer,
    RuleAnswer,
    sections,
)
from tflint.rule import Rule
from tflint.target.runtime import RUNTIMES, load_runtime

# A pasted log is searched no further: the patterns are cheap, but not on megabytes.
MAX_TEXT = 20_000
# Answers to one text; a log repeats itself.
MAX_ANSWERS = 20
_SHOWN_TEXT = 300
_SHOWN_OPERATORS = 6
_TYPES_RULE = "TFL205"
_NOT_REGISTERED = "operator-not-registered"


@dataclass(frozen=True, slots=True)
class _RuleMatch:
    """A part of the text by which a rule's cause is known; `operators` are known to print it."""

    rule: type[Rule]
    start: int
    end: int
    operators: tuple[str, ...] = ()


def explain(text: str) -> Sequence[Answer]:
    """The answers to a text, in its order; raises `UnknownName` when nothing in it is known."""
    text = text[:MAX_TEXT].strip()
    rule = find_rule(text)
    if rule is not None:
        return [RuleAnswer(rule)]
    operator = find_operator(text)
    if operator is not None:
        return [OperatorAnswer(operator, register_call(operator))]
    answers = list(_message_answers(text))
    if answers:
        return answers[:MAX_ANSWERS]
    known = [n for r in all_rules() for n in (r.meta.code, r.meta.name)] + list(BUILTIN_OPERATORS)
    shown = printable(text, 60)
    hint = "give a rule, an operator, or the line that the runtime printed"
    raise UnknownName("rule, operator or error", shown, known, hint)


def find_operator(text: str) -> str | None:
    """The builtin operator that is meant: `CONV_2D`, `conv2d`, `Conv2D`."""
    wanted = text.replace("_", "").replace(" ", "").upper()
    for name in BUILTIN_OPERATORS:
        if name.replace("_", "") == wanted:
            return name
    return None


@functools.cache
def _resolver_calls() -> dict[str, str]:
    path = importlib.resources.files("tflint_mcu_runtime") / "facts" / "tflm-resolver.json"
    calls: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))["builtin"]
    return calls


def register_call(operator: str) -> str | None:
    """The call by which a `MicroMutableOpResolver` gets the kernel: `AddConv2D()`."""
    call = _resolver_calls().get(operator)
    return None if call is None else f"{call}()"


def _message_answers(text: str) -> Iterator[MessageAnswer]:
    """Each message once, in the order of the text.

    What a rule recognises is left to the entry of the same words that names the rule; a
    generic entry is left out where a rule that it does not name knows better.
    """
    by_rules = _with_refusals(text, list(_rule_matches(text)))
    found: list[tuple[int, str, MessageAnswer]] = []
    explained: set[tuple[str, int]] = set()
    for occurrence in occurrences(text):
        message = occurrence.message
        same = [m for m in by_rules if m.start < occurrence.end and m.end > occurrence.start]
        if message.generic and any(m.rule.meta.code not in message.rules for m in same):
            continue
        explained |= {
            (m.rule.meta.code, m.start) for m in same if m.rule.meta.code in message.rules
        }
        found.append((occurrence.start, "", _by_message(text, occurrence)))
    for match in by_rules:
        code = match.rule.meta.code
        if (code, match.start) not in explained:
            found.append((match.start, code, _by_rule(text, match)))
    seen = set()
    for _, code, answer in sorted(found, key=lambda entry: entry[:2]):
        key = code or (answer.name, answer.cause)
        if key not in seen:
            seen.add(key)
            yield answer


def rules_for_error(text: str) -> set[type[Rule]]:
    """The rules that say before what a runtime says in this text."""
    return {rule for answer in _message_answers(text[:MAX_TEXT]) for rule in answer.rules}


def _rule_matches(text: str) -> Iterator[_RuleMatch]:
    for rule in all_rules():
        for pattern in rule.meta.runtime_errors:
            for match in re.finditer(pattern, text):
                yield _RuleMatch(rule, *match.span())


def _with_refusals(text: str, matches: list[_RuleMatch]) -> list[_RuleMatch]:
    """The matches, and what kernels are known to print when they refuse types.

    Where another rule knows the message, that is the better answer.
    """
    rule = find_rule(_TYPES_RULE)
    for message, operators in _known_refusals().items() if rule is not None else ():
        start = text.find(message)
        end = start + len(message)
        same = [m for m in matches if start >= 0 and m.start < end and m.end > start]
        if rule is not None and start >= 0 and all(m.rule is rule for m in same):
            matches = [m for m in matches if m not in same]
            matches.append(_RuleMatch(rule, start, end, operators))
    return matches


@functools.cache
def _known_refusals() -> dict[str, tuple[str, ...]]:
    """The operators whose kernels print a message."""
    found: dict[str, dict[str, None]] = {}
    for name in RUNTIMES:
        for kernel in load_runtime(name).kernels.values():
            for message in kernel.says.values():
                found.setdefault(message, {})[kernel.name] = None
    return {message: tuple(operators) for message, operators in found.items()}


def _by_rule(text: str, match: _RuleMatch) -> MessageAnswer:
    meta = match.rule.meta
    cause, repair = sections(match.rule)
    if match.operators:
        more = len(match.operators) - _SHOWN_OPERATORS
        named = ", ".join(match.operators[:_SHOWN_OPERATORS]) + (
            f", {more} more" if more > 0 else ""
        )
        cause += f" The message is known from the kernel of {named}."
    operator = match.operators[0] if len(match.operators) == 1 else None
    line = _line(text, match.start, match.end)
    return MessageAnswer(meta.name, line, "", "", cause, repair, (match.rule,), operator)


def _by_message(text: str, occurrence: Occurrence) -> MessageAnswer:
    message = occurrence.message
    words = {name: printable(word, 120) for name, word in occurrence.words.items()}
    safe = Occurrence(message, occurrence.start, occurrence.end, words)
    cause, repair = safe.filled_in(message.cause), safe.filled_in(message.repair)
    rules = [rule for rule in map(find_rule, message.rules) if rule is not None]
    operator = words.get(message.subject)
    if message.name == _NOT_REGISTERED and operator is not None:
        version = words.get("version", "")
        more, repair = _registration(operator, version)
        cause = f"{cause} {more}".strip()
        rules = [rule for rule in rules if version or rule.meta.code != "TFL206"]
    elif operator in BUILTIN_OPERATORS:
        repair += f" `tflint explain {operator}` lists what its kernels take."
    line = _line(text, occurrence.start, occurrence.end)
    return MessageAnswer(
        message.name, line, message.by, message.source, cause, repair, tuple(rules), operator
    )


def _registration(operator: str, version: str) -> tuple[str, str]:
    """Why a runtime may not have found an operator, and what to do in each case."""
    if operator not in BUILTIN_OPERATORS:
        return "It is no builtin operator of the schema.", "Check the file with `tflint check`."
    tflm, litert = load_runtime("tflm"), load_runtime("litert")
    call = register_call(operator)
    if tflm.kernel(operator) is not None and call is not None:
        cause = (
            "TFLM has one: on a device, the application's MicroMutableOpResolver does not add it. "
            "That is the usual cause, and not in the model."
        )
        repair = (
            f"Call `{call}` on the resolver before the interpreter is made, and make N in "
            "`MicroMutableOpResolver<N>` one larger. If the library on the device is older than "
            f"the operator's kernel, update it ({tflm.title} is known here as of {tflm.date})."
        )
    else:
        cause = f"TFLM has none: on a microcontroller the model cannot run (as of {tflm.date})."
        rule = find_rule("TFL203")
        repair = sections(rule)[1] if rule is not None else ""
    kernel = litert.kernel(operator)
    if kernel is None:
        return f"{cause} LiteRT has none either.", repair
    if version.isdigit() and kernel.versions is not None:
        first, last = kernel.versions
        if int(version) > last:
            cause += f" LiteRT stops at version {last} of it (as of {litert.date})."
            repair += " For LiteRT: convert with an older converter, or update the runtime."
        else:
            cause += f" LiteRT has versions {first} to {last}: one that prints this is older."
            repair += " For LiteRT: update it."
    return cause, repair


def _line(text: str, start: int, end: int) -> str:
    """The line of the text with the message in it; on one line where it was broken."""
    start = text.rfind("\n", 0, start) + 1
    end = text.find("\n", end)
    return printable(" ".join(text[start : end if end >= 0 else None].split()), _SHOWN_TEXT)
