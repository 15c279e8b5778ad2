"""The table of ways out is held against TensorFlow: each first form needs more than builtins, each
way converts to builtins alone and computes the same.
"""

from __future__ import annotations

import base64
import functools
import re
from fnmatch import fnmatchcase

import pytest

from tests.tensorflow_runs import run_with_tensorflow
from tflint.convert.builtin_ways import Example, Way, ways
from tflint.model.graph import graphs
from tflint.model.reader import parse_model
from tflint.target.runtime import load_runtime

_SCRIPT = """
import base64, json, sys
import numpy as np, tensorflow as tf

def converted(function, spec, select):
    owner = tf.Module()
    owner.f = tf.function(function, autograph=False)
    concrete = owner.f.get_concrete_function(spec)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], owner)
    if select:
        converter.target_spec.supported_ops = [
            tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
        converter.allow_custom_ops = True
    return converter.convert()

found = []
for case in json.load(sys.stdin):
    x = np.random.default_rng(7).uniform(case["low"], case["high"], case["shape"]).astype("f")
    spec = tf.TensorSpec(case["shape"], tf.float32)
    def after(x):
        names = {"tf": tf, "np": np, "x": x}
        exec(case["setup"], names)
        exec(case["code"], names)
        return eval(case["after"], names)
    def before(x):
        return eval(case["before"], {"tf": tf, "np": np, "x": x})
    one = {}
    try:
        one["before"] = base64.b64encode(converted(before, spec, True)).decode()
        data = converted(after, spec, False)
        one["after"] = base64.b64encode(data).decode()
        interpreter = tf.lite.Interpreter(model_content=data)
        interpreter.allocate_tensors()
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x)
        interpreter.invoke()
        got = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
        try:
            wanted = np.asarray(before(tf.constant(x)))
        except tf.errors.NotFoundError:  # no kernel for channels_first, but for XLA
            wanted = np.asarray(tf.function(before, jit_compile=True)(tf.constant(x)))
        one["shapes"] = [list(wanted.shape), list(got.shape)]
        one["error"] = float(np.abs(got - wanted).max()) if got.shape == wanted.shape else None
        one["size"] = float(np.abs(wanted).max())
    except Exception as error:
        one["failed"] = f"{type(error).__name__}: {error}"[:1500]
    found.append(one)
print(json.dumps(found))
"""
_EXAMPLES = [(way, example) for way in ways() for example in way.examples]
_IDS = [re.sub(r"[^\w.]+", "-", example.before)[:60] for _, example in _EXAMPLES]


@functools.cache
def _runs() -> list[dict]:  # type: ignore[type-arg]
    cases = [
        {
            "before": example.before,
            "after": example.after,
            "setup": example.setup,
            "code": way.code,
            "shape": example.shape,
            "low": example.low,
            "high": example.high,
        }
        for way, example in _EXAMPLES
    ]
    return run_with_tensorflow(_SCRIPT, cases, timeout=900)  # type: ignore[no-any-return]


def _operators(encoded: str) -> set[str]:
    model = parse_model(base64.b64decode(encoded))
    return {node.name for graph in graphs(model) for node in graph.nodes}


@pytest.mark.slow
@pytest.mark.parametrize(("way", "example"), _EXAMPLES, ids=_IDS)
def test_a_way_needs_builtins_alone_and_computes_the_same(way: Way, example: Example) -> None:
    run = _runs()[_EXAMPLES.index((way, example))]
    assert "failed" not in run, run.get("failed")
    runtime = load_runtime("tflm")
    # What is no builtin, and builtins that TFLM has no kernel for.
    needed = {
        name.removeprefix("Flex")
        for name in _operators(run["before"])
        if runtime.kernel(name) is None
    }
    assert any(fnmatchcase(name, pattern) for name in needed for pattern in way.operators), needed
    used = _operators(run["after"])
    assert not [name for name in used if name != name.upper()], used
    assert run["error"] is not None, run["shapes"]
    assert run["error"] <= example.tolerance * max(run["size"], 1.0)
    if example.is_tflm:
        assert not [name for name in used if runtime.kernel(name) is None]
