"""Which operators and versions LiteRT implements, by asking its resolver.

A model whose table of operators names one version is enough: LiteRT looks up every entry of
the table before it looks at anything else.
"""

from __future__ import annotations

from ai_edge_litert.interpreter import Interpreter, OpResolverType

from probe.cases import READABLE, attempt, dequantized
from probe.tflm import Trial, array, tidy
from probe.worker import Log, Outcome, try_all
from tflint.model.builder import ModelBuilder
from tflint.model.schema import BUILTIN_OPERATORS
from tflint.model.tables import CUSTOM
from tflint.model.writer import write_model

# XNNPACK would be asked as well by default, and says nothing about LiteRT's own kernels.
KERNELS = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
# FULLY_CONNECTED has come furthest so far, to version 14.
VERSIONS = range(1, 21)


def ask(item: tuple[str, int], log: Log) -> Outcome:
    """Whether the resolver finds an operator in a version; called in a child process."""
    name, version = item
    model = ModelBuilder()
    model.output(model.input((1, 4)))
    model.operator_code(name, version)
    try:
        Interpreter(model_content=write_model(model.build()), experimental_op_resolver_type=KERNELS)
    except ValueError as error:
        return Outcome(accepted=False, says=str(error))
    return Outcome(accepted=True)


# What `BuiltinOpResolver` adds in tensorflow/lite/core/kernels/register.cc.
CUSTOM_OPERATORS = (
    "AudioSpectrogram",
    "Mfcc",
    "NumericVerify",
    "TFLite_Detection_PostProcess",
)


def ask_custom(name: str, log: Log) -> Outcome:
    """Whether a custom operator is resolved; its kernel may well crash on so little a model."""
    model = ModelBuilder()
    x, y = model.input((1, 4)), model.tensor((1, 4))
    model.operator(name, [x], [y])
    model.output(y)
    try:
        Interpreter(model_content=write_model(model.build())).allocate_tensors()
    except (RuntimeError, ValueError) as error:
        return Outcome(accepted="unresolved custom op" not in str(error), says=str(error))
    return Outcome(accepted=True)


def custom_operators() -> list[str]:
    """Those of `CUSTOM_OPERATORS` that the resolver finds, whatever the kernel says next."""
    outcomes = try_all(CUSTOM_OPERATORS, ask_custom)
    pairs = zip(CUSTOM_OPERATORS, outcomes, strict=True)
    return [name for name, outcome in pairs if outcome.accepted or outcome.crashed]


def operators() -> dict[str, dict[str, list[int]]]:
    """The first and the last version of each operator, and those missing in between."""
    names = [name for code, name in enumerate(BUILTIN_OPERATORS) if code != CUSTOM]
    pairs = [(name, version) for name in names for version in VERSIONS]
    found: dict[str, list[int]] = {}
    for (name, version), outcome in zip(pairs, try_all(pairs, ask), strict=True):
        if outcome.accepted:
            found.setdefault(name, []).append(version)
        elif "Didn't find op for builtin opcode" not in outcome.says:
            raise RuntimeError(f"{name} version {version}: {outcome.says}")
    table: dict[str, dict[str, list[int]]] = {}
    for name, versions in found.items():
        first, last = versions[0], versions[-1]
        if last == VERSIONS[-1]:
            raise RuntimeError(f"{name} has more versions than were asked for")
        table[name] = {"versions": [first, last]}
        gaps = sorted(set(range(first, last)) - set(versions))
        if gaps:
            table[name]["gaps"] = gaps
    return table


def run(item: Trial, log: Log) -> Outcome:
    """Build, run and read one model of one operator; called in a child process."""
    built = attempt(item.operator, item.case, item.signature, item.variant, item.reals)
    try:
        interpreter = Interpreter(model_content=built.model, experimental_op_resolver_type=KERNELS)
        interpreter.allocate_tensors()
        for feed, detail in zip(built.feeds, interpreter.get_input_details(), strict=True):
            interpreter.set_tensor(detail["index"], array(feed))
        interpreter.invoke()
        details = interpreter.get_output_details()
        raw = [interpreter.get_tensor(detail["index"]).ravel().tolist() for detail in details]
    except (RuntimeError, ValueError) as error:
        return Outcome(accepted=False, says=tidy(str(error)))
    results = None
    if all(type in READABLE for type, _ in built.outputs):
        results = tuple(
            tuple(dequantized(stored, scale))
            for stored, (_, scale) in zip(raw, built.outputs, strict=True)
        )
    return Outcome(accepted=True, results=results, reals=built.reals, outputs=built.outputs)
