"""Record what TensorFlow's converter makes of the corpus, without any part of tflint.

    python -m tests.convert.record_conversions [NAME]...

writes `recorded_conversions.json`: for each variant (or those that begin with a NAME) the least
that its operators need, those of the result, what the converter said, and whether TFLM runs it.
Needs TensorFlow, tf-keras, `tflite` and tflite-micro; two processes side by side, as the converter
and TFLM may abort.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.convert.corpus import RECORDED, build, call, inputs_of, variant, variants

_OPERATOR = re.compile(r"\btf\.([A-Z]\w*)")
_TFLM = """
import sys
import numpy as np
from tflite_micro.python.tflite_micro import runtime
data = open(sys.argv[1], "rb").read()
interpreter = runtime.Interpreter.from_bytes(data, arena_size=1 << 24)
i = 0
while True:
    try:
        detail = interpreter.get_input_details(i)
    except IndexError:
        break
    interpreter.set_input(np.zeros(detail["shape"], detail["dtype"]), i)
    i += 1
interpreter.invoke()
print("ran")
"""


def record(name: str) -> dict[str, Any]:
    """What becomes of one variant."""
    import tensorflow as tf

    model, network = build(name), variant(name).network
    inputs = [
        tf.TensorSpec((1, *each.shape), each.dtype, f"input_{i}")
        for i, each in enumerate(inputs_of(model, network))
    ]
    ops = tf.lite.OpsSet
    error, needed = "", ()
    try:
        function = tf.function(lambda *values: call(model, values)).get_concrete_function(*inputs)
    except Exception as fault:
        return {"support": "cannot", "error": _line(fault)}
    for support, allowed in (
        ("builtin", [ops.TFLITE_BUILTINS]),
        ("select", [ops.TFLITE_BUILTINS, ops.SELECT_TF_OPS]),
        ("custom", [ops.TFLITE_BUILTINS, ops.SELECT_TF_OPS]),
    ):
        # With its model, variables of Keras 3 stay variables; without, no LSTM of Keras 2 is fused.
        owner = model
        if variant(name).keras == "keras":
            owner = tf.Module()
            owner.held = list(function.variables)
        converter = tf.lite.TFLiteConverter.from_concrete_functions([function], owner)
        converter.target_spec.supported_ops = allowed
        converter.allow_custom_ops = support == "custom"
        try:
            data = converter.convert()
        except Exception as fault:
            error = error or _line(fault)
            needed = needed or tuple(sorted(set(_OPERATOR.findall(str(fault)))))
            continue
        found = _operators(data)
        others = sorted({each.removeprefix("Flex") for each in found if not each.isupper()})
        return {
            "support": support,
            "operators": sorted({each for each in found if each.isupper()}),
            "needed": others,
            "error": error,
            "is_tflm": support == "builtin" and _runs(data),
        }
    return {"support": "cannot", "error": error, "needed": list(needed)}


def _line(fault: Exception) -> str:
    lines = [line.strip() for line in str(fault).splitlines() if line.strip()]
    text = re.sub(r"(?:/[\w.+-]+)+/", "", lines[0] if lines else "")
    return f"{type(fault).__name__}: {text}"[:200]


def _operators(data: bytes) -> list[str]:
    import tflite

    names = {v: k for k, v in vars(tflite.BuiltinOperator).items() if isinstance(v, int)}
    model = tflite.Model.GetRootAsModel(data, 0)
    found = []
    for i in range(model.OperatorCodesLength()):
        code = model.OperatorCodes(i)
        builtin = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        custom = code.CustomCode()
        found.append(custom.decode() if custom else names[builtin])
    return found


def _runs(data: bytes) -> bool:
    import tempfile

    with tempfile.NamedTemporaryFile(suffix=".tflite") as file:
        file.write(data)
        file.flush()
        done = subprocess.run(
            [sys.executable, "-c", _TFLM, file.name], capture_output=True, check=False, timeout=120
        )
    return done.returncode == 0 and b"ran" in done.stdout


def _chunk(names: list[str]) -> dict[str, dict[str, Any]]:
    """Record in a process of its own; what takes it down is recorded as such."""
    found: dict[str, dict[str, Any]] = {}
    while names:
        done = subprocess.run(
            [sys.executable, "-m", "tests.convert.record_conversions", "--here", *names],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            check=False,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""},
        )
        answers = [
            json.loads(line[7:]) for line in done.stdout.splitlines() if line[:7] == "RECORD "
        ]
        found.update(answers)
        print(f"{len(answers)} of {len(names)}", file=sys.stderr)
        names = names[len(answers) :]
        if names and done.returncode:
            found[names[0]] = {"support": "cannot", "error": f"crashed ({done.returncode})"}
            names = names[1:]
    return found


def main(arguments: list[str]) -> None:
    """Record everything, or the variants that are named."""
    if arguments[:1] == ["--here"]:
        for name in arguments[1:]:
            try:
                answer = record(name)
            except Exception as fault:
                answer = {"support": "unbuilt", "error": _line(fault)}
            print("RECORD " + json.dumps([name, answer]), flush=True)
        return
    known = {each.id for each in variants()}
    names = sorted(each for each in known if not arguments or any(map(each.startswith, arguments)))
    chunks = [names[i : i + 25] for i in range(0, len(names), 25)]
    found: dict[str, dict[str, Any]] = {}
    if arguments and RECORDED.exists():
        found.update(json.loads(RECORDED.read_text("utf-8"))["variants"])
    with ThreadPoolExecutor(2) as pool:
        for part in pool.map(_chunk, chunks):
            found.update(part)
    import importlib.metadata

    versions = {
        name: importlib.metadata.version(name) for name in ("tensorflow", "keras", "tf-keras")
    }
    lines = ",\n".join(
        f"{json.dumps(name)}: {json.dumps(found[name])}" for name in sorted(found) if name in known
    )
    RECORDED.write_text(
        f'{{"versions": {json.dumps(versions)},\n"variants": {{\n{lines}\n}}}}\n', "utf-8"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
