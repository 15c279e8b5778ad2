"""What the rules say will become of the sources of their examples, and what really does."""

from __future__ import annotations

from textwrap import dedent

import pytest

from tests.rules.test_converter_rules import HEAD, SOURCES, actual
from tests.tensorflow_runs import run_with_tensorflow
from tflint.lint.registry import all_rules, find_rule
from tflint.lint.runner import check_example
from tflint.rule import Example
from tflint.target.target import find_target

JUDGING = ("TFL105", "TFL106", "TFL107", "TFL108", "TFL115", "TFL116")

# Runs each source in a folder with samples, and tells what its conversions gave: the types of the
# inputs of its convolutions or dense layers, and all operators; or the exception.
SCRIPT = """\
import json, os, sys, tempfile
import numpy as np, tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema

TYPES = {v: k for k, v in vars(schema.TensorType).items() if isinstance(v, int)}
OPERATORS = {v: k for k, v in vars(schema.BuiltinOperator).items() if isinstance(v, int)}
found = []

def describe(data):
    model = schema.ModelT.InitFromPackedBuf(data, 0)
    graph = model.subgraphs[0]
    names, kind = [], None
    for operator in graph.operators:
        code = model.operatorCodes[operator.opcodeIndex]
        name = OPERATORS[max(code.builtinCode, code.deprecatedBuiltinCode)]
        names.append((code.customCode or b"").decode() or name)
        types = [TYPES[graph.tensors[i].type] for i in operator.inputs if i >= 0]
        if types and types[0] == "FLOAT16":
            kind = "FLOAT16"
        # Small constants stay float32 in hybrid models.
        if name in ("CONV_2D", "FULLY_CONNECTED") and kind in (None, "FLOAT32 FLOAT32"):
            kind = " ".join(types[:2])
    return {"kind": kind, "operators": names}

os.chdir(tempfile.mkdtemp())
digits = np.random.default_rng(0).integers(0, 256, (8, 28, 28)), None
tf.keras.datasets.mnist.load_data = lambda: (digits, digits)
np.save("samples.npy", np.random.default_rng(0).random((4, 32, 32, 3), np.float32))
for source in json.load(sys.stdin):
    results = []

    class Converter:
        # The real one, whose results are looked at.
        def __init__(self, real):
            self.__dict__["real"] = real
        def __getattr__(self, name):
            return getattr(self.real, name)
        def __setattr__(self, name, value):
            setattr(self.real, name, value)
        def convert(self):
            line = sys._getframe(1).f_lineno
            try:
                data = self.real.convert()
            except Exception as error:
                results.append({"error": f"{type(error).__name__}: {error}", "line": line})
                raise
            results.append({**describe(data), "line": line})
            return data

    real = tf.lite.TFLiteConverter
    class Constructors:
        from_keras_model = staticmethod(lambda model: Converter(real.from_keras_model(model)))
    tf.lite.TFLiteConverter = Constructors
    try:
        exec(compile(source, "example", "exec"), {"__name__": "__main__"})
    except Exception as error:
        if not results:
            results.append({"error": f"outside: {type(error).__name__}: {error}"})
    finally:
        tf.lite.TFLiteConverter = real
    found.append(results)
print()
print(json.dumps(found))
"""


def sources() -> dict[str, str]:
    """The examples of all rules that convert a network which they build."""
    found = {}
    for rule in all_rules():
        for example in rule.examples:
            text = _text(example)
            if text is not None and "TFLiteConverter.from_keras_model(" in text:
                found[f"{rule.meta.code} {example.title}"] = text
    return found


def _text(example: Example) -> str | None:
    built = example.build()
    return built if isinstance(built, str) else None


def predicted(source: str) -> str:
    """What the rules say will become of a source: the types of its layers, or that it raises."""
    rules = [rule for code in JUDGING if (rule := find_rule(code)) is not None]
    found = check_example(source, rules, find_target("tflm")).findings
    codes = {finding.code for finding in found}
    if any("raise" in finding.message for finding in found):
        return "raises"
    if "TFL108" in codes:
        return "FLOAT16"
    if "TFL106" in codes:
        return "FLOAT32 INT8"
    if "TFL105" in codes:
        return "FLOAT32 FLOAT32"
    return "INT8 INT8 at the edges too" if "TFL107" not in codes else "INT8 INT8"


def test_examples_become_what_the_rules_say() -> None:
    texts = sources()
    assert len(texts) > 30
    results = run_with_tensorflow(SCRIPT, list(texts.values()))

    wrong = []
    for (name, text), result in zip(texts.items(), results, strict=True):
        last = result[-1]
        kind = "raises" if "error" in last else last["kind"]
        if kind == "INT8 INT8" and "QUANTIZE" not in last["operators"][0]:
            kind += " at the edges too"
        says, flex = predicted(text), _flex(text)
        # What becomes Flex operators has types of its own.
        if flex != any(one.startswith("Flex") for one in last.get("operators", ())):
            wrong.append((name, "Flex operators" if flex else "no Flex operators", last))
        elif not flex and says != kind:
            wrong.append((name, says, last))
    assert wrong == []


def _flex(source: str) -> bool:
    """Whether Flex operators are sure to come, as the rule on SELECT_TF_OPS says."""
    rule = find_rule("TFL103")
    assert rule is not None
    found = check_example(source, [rule], find_target("tflm")).findings
    return any(finding.severity.value == "error" for finding in found)


# Those of the other tests' sources that run by themselves.
RUNNING = (
    "straight to a file",
    "in one expression",
    "several conversions of one converter",
    "operator sets overwritten before the conversion",
    "operator sets of a constant",
    "a loop over kinds",
    "settings in a function that gets the converter",
    "a function that forgets the data",
    "settings in a class",
    "a dictionary of settings",
    "in a try",
    "integer edges without data",
    "integer edges without anything",
    "int16 edges of an int8 model",
    "float16 with data",
    "a network of which nothing is large enough",
    "misspelt settings",
    "a loop that configures with data",
    "a generator instead of a function",
    "data in an object, and in partial",
)


def test_every_conversion_of_a_source_becomes_what_its_findings_say() -> None:
    texts = {name: HEAD + dedent(SOURCES[name]) for name in RUNNING}
    results = run_with_tensorflow(SCRIPT, list(texts.values()))

    wrong = []
    for (name, text), conversions in zip(texts.items(), results, strict=True):
        found = actual(text)
        codes = {code for _, code, _ in found}
        said = {(line, code) for line, code, _ in found if code in ("TFL105", "TFL106")}
        for conversion in conversions:
            at, kind = conversion["line"], conversion.get("kind")
            if kind == "FLOAT32 FLOAT32":
                agrees = bool({(at, "TFL105"), (at, "TFL106")} & said)
            elif kind == "FLOAT32 INT8":
                agrees = (at, "TFL106", "error") in found
            elif kind == "FLOAT16":
                agrees = "TFL108" in codes
            elif kind == "INT8 INT8":
                is_reported = "TFL107" in codes
                has_edges = conversion["operators"][0] == "QUANTIZE"
                agrees = is_reported if has_edges else (at, "TFL107", "warning") not in found
            else:
                agrees = any(severity == "error" for _, _, severity in found)
            if not agrees:
                wrong.append((name, conversion, found))
            said -= {(at, "TFL105"), (at, "TFL106")}
        if said:
            wrong.append((name, said, conversions))
    assert wrong == []


@pytest.mark.parametrize("name", ["TFL105", "TFL106", "TFL107", "TFL108"])
def test_there_are_examples_of_each_rule(name: str) -> None:
    assert any(key.startswith(name) for key in sources())
