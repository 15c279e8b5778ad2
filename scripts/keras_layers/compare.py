"""What Keras says of cases, and what tflint says, side by side."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_layers.cases import Case
from tflint.keras.building import apply
from tflint.keras.network import Call, Layer, Shape, Tensor
from tflint.keras.signatures import canonical, canonical_arguments
from tflint.keras.values import Argument, Unknown, Value


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One version's answer to a case that is not tflint's.

    `what`: `refused` (tflint says a fault, Keras builds: the worst), `missed` (the other way
    round), `shape`, `weights`, or `unknown` (tflint does not know, where it could).
    """

    what: str
    version: int
    case: Case
    keras: str
    tflint: str


def ask(python: str, version: int, cases: Sequence[Case]) -> tuple[dict[str, Any], ...]:
    """Let a Python with Keras answer: the versions first, then an answer a case."""
    script = Path(__file__).with_name("worker.py")
    done = subprocess.run(
        [python, str(script), str(version)],
        input="".join(json.dumps(case) + "\n" for case in cases),
        capture_output=True,
        text=True,
        check=False,
        env=dict(os.environ, PYTHONPATH=""),
    )
    lines = done.stdout.splitlines()
    if len(lines) != len(cases) + 1:
        raise RuntimeError(f"{len(lines)} answers to {len(cases)} cases: {done.stderr[-2000:]}")
    return tuple(map(json.loads, lines))


def value(given: Any) -> Value:
    """An argument of a case as the interpreter gives it."""
    if isinstance(given, list):
        return tuple(map(value, given))
    if isinstance(given, dict) and "kind" in given:
        return layer(given)
    if isinstance(given, dict) and "layers" in given:
        return tuple(map(layer, given["layers"]))
    return given  # type: ignore[no-any-return]


def layer(case: Case) -> Layer:
    """The layer of a case."""
    kind = case["kind"]
    given = {name: Argument(value(item)) for name, item in case["arguments"].items()}
    return Layer(canonical(kind), f"keras.layers.{kind}", canonical_arguments(kind, given))


def tflint_says(case: Case) -> Call:
    """What tflint makes of a case."""
    return apply(layer(case), [Tensor(tuple(shape)) for shape in case["inputs"]])


def disagreements(
    cases: Iterable[Case], answers: Mapping[int, Sequence[dict[str, Any]]]
) -> Iterator[Disagreement]:
    """Where tflint and a version of Keras differ; `answers` by version."""
    for number, case in enumerate(cases):
        said = tflint_says(case)
        told = {version: each[number] for version, each in answers.items()}
        built = {version: answer for version, answer in told.items() if "shapes" in answer}
        for version, answer in told.items():
            refuses = said.fault is not None and version in said.fault_versions
            if "error" in answer and not refuses:
                yield Disagreement("missed", version, case, answer["error"], _told(said))
            if "shapes" in answer and refuses:
                yield Disagreement("refused", version, case, str(answer), str(said.fault))
        if said.fault is not None:
            built = {v: each for v, each in built.items() if v not in said.fault_versions}
        for version, answer in built.items():
            what = _verdict(said, answer)
            if what in ("shape", "weights"):
                yield Disagreement(what, version, case, str(answer), _told(said))
        if (
            said.fault is None
            and built
            and len({json.dumps([a["shapes"], _sizes(a)]) for a in built.values()}) == 1
        ):
            version, answer = next(iter(built.items()))
            if _verdict(said, answer) == "unknown":
                yield Disagreement("unknown", version, case, str(answer), _told(said))


def _told(said: Call) -> str:
    variables = "?" if isinstance(said.variables, Unknown) else [v.shape for v in said.variables]
    return f"{said.output_shapes} {variables} {said.fault or ''}"


def _sizes(answer: dict[str, Any]) -> list[Any]:
    return sorted([shape, trains] for _, shape, trains in answer["variables"])


def _verdict(said: Call, answer: dict[str, Any]) -> str:
    """`shape`, `weights`, `unknown` or `agrees`."""
    shapes = [tuple(shape) for shape in answer["shapes"]]
    verdicts = [agrees(*pair) for pair in zip(said.output_shapes, shapes, strict=False)]
    if len(shapes) != len(said.output_shapes):
        verdicts.append("unknown" if said.output_shapes == (Unknown.UNKNOWN,) else "shape")
    if "shape" in verdicts:
        return "shape"
    if isinstance(said.variables, Unknown):
        return "unknown"
    known = (
        sorted([list(each.shape), each.is_trainable] for each in said.variables)
        if not any(isinstance(size, Unknown) for each in said.variables for size in each.shape)
        else None
    )
    if known is not None and known != _sizes(answer):
        return "weights"
    return "unknown" if known is None or "unknown" in verdicts else "agrees"


def agrees(said: Shape, built: tuple[int | None, ...]) -> str:
    """`agrees`, `unknown` or `shape`."""
    if isinstance(said, Unknown):
        return "unknown"
    if len(said) != len(built):
        return "shape"
    pairs = list(zip(said, built, strict=True))
    if any(not isinstance(one, Unknown) and one != other for one, other in pairs):
        return "shape"
    return "unknown" if any(isinstance(one, Unknown) for one, _ in pairs) else "agrees"
