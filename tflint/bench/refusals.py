"""Why LiteRT does not run a model, in one line that says what to do."""

from __future__ import annotations

import re

from tflint.analysis.quantization_problems import equal_quantization
from tflint.bench.options import Kernels
from tflint.errors import HostFailed, ModelRefused
from tflint.execution.process import Ended
from tflint.model.tables import Model
from tflint.printable import counted, printable

_MOST = 300
_SHOWN = 5
_FLEX = "Flex"
# Where a sentence ends without a space before the next.
_BOUNDARY = re.compile(
    r"(?<=[.!])(?=[A-Z]|quantized_dimension|Tensor )|(?<=\S)(?=Node number)"
    r"|(?<=delegate)(?=unsupported|failed)"
)
_FLEX_WORDS = (
    "Select TensorFlow op",
    "Regular TensorFlow ops are not supported",
    "unresolved custom op: Flex",
)


def refusal_of(model: Model, text: str, kernels: Kernels | None = None) -> ModelRefused:
    """What LiteRT says of the model, or, where that is long, what it comes to. `kernels` are
    those that it was to run on.
    """
    flex = _custom(model, is_flex=True)
    if flex and any(words in text for words in _FLEX_WORDS):
        return ModelRefused(
            f"it needs the Flex delegate, which LiteRT does not have here: {_listed(flex)}"
        )
    unresolved = re.search(r"unresolved custom op: ?(\S+)", text)
    if unresolved:
        custom = _custom(model, is_flex=False) or [unresolved[1].rstrip(".")]
        return ModelRefused(
            f"LiteRT has no kernel for its {counted(len(custom), 'custom operator')}:"
            f" {_listed(custom)}"
        )
    lacking = re.search(r"find op for builtin opcode '(\w+)' version '(\d+)'", text)
    if lacking:
        others = ""
        if kernels is not None and kernels is not Kernels.XNNPACK:
            others = f": `--kernels {Kernels.XNNPACK.value}` has more"
        which = "" if kernels is None else f" among the {kernels.value} ones"
        return ModelRefused(
            f"LiteRT has no kernel for {lacking[1]} in version {lacking[2]}{which}{others}"
        )
    reason = printable(_first_words(text), _MOST)
    if "quantiz" in text and _is_repairable(model):
        reason += " (`tflint fix` repairs that)"
    elif kernels is Kernels.XNNPACK and "XNNP" in text.upper():
        reason += f" (`--kernels {Kernels.BUILTIN.value}` does without XNNPACK)"
    return ModelRefused(f"LiteRT does not run it: {reason}")


def failure_of(ended: Ended, doing: str = "") -> HostFailed:
    """What ended a worker, and `doing` what: words that follow a comma."""
    fault = ended.fault or "it ended early"
    said = "" if ended.is_time_out else printable(_last_words(ended.log), _MOST)
    return HostFailed(f"LiteRT failed{doing and f' {doing}'}: {fault}{said and f' ({said})'}")


def _custom(model: Model, *, is_flex: bool) -> list[str]:
    """The names of custom operators, those of TensorFlow or the others, in the file's order."""
    names = [code.custom_code for code in model.operator_codes if code.custom_code]
    return list(dict.fromkeys(name for name in names if name.startswith(_FLEX) == is_flex))


def _listed(names: list[str]) -> str:
    shown = [printable(name, 60) for name in names[:_SHOWN]]
    left = len(names) - len(shown)
    return ", ".join(shown) + (f" and {left:,} more" if left else "")


def _is_repairable(model: Model) -> bool:
    return any(
        equal_quantization(tensor) is not None
        for graph in model.subgraphs
        for tensor in graph.tensors
    )


def _first_words(text: str) -> str:
    """Without what is said again: LiteRT says the same of each tensor, and runs it together."""
    lines = [" ".join(line.split()) for line in text.splitlines()]
    joined = "; ".join(dict.fromkeys(line for line in lines if line))
    sentences = _BOUNDARY.split(joined)
    kinds: dict[str, str] = {}
    for sentence in sentences:
        kinds.setdefault(re.sub(r"\d+", "#", sentence), sentence)
    return " ".join(sentence.strip() for sentence in kinds.values())


def _last_words(log: str) -> str:
    """The last line of what a worker printed that is no mere report."""
    lines = [" ".join(line.split()) for line in log.splitlines()]
    told = [
        line for line in lines if line and not line.startswith(("INFO:", "Fatal Python", "File "))
    ]
    return told[-1] if told else ""
