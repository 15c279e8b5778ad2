"""What becomes of a channels_first Keras layer in the TFLite converter, as it was measured.

Read from `channels_first.json`, which `scripts/measure_channels_first.py` writes.
"""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TypedDict, cast

from tflint.keras.network import Call, Dim, Layer, Shape
from tflint.keras.values import UNKNOWN, Unknown

FIRST = "channels_first"
_LAST = "channels_last"
_HOMES = {"keras": 3, "tf_keras": 2}


@dataclass(frozen=True, slots=True)
class Verdict:
    """In which Keras versions the conversion raises, latest first; `all_of_them`: in each.

    `says` is what the converter prints.
    """

    raising: tuple[int, ...]
    all_of_them: bool
    says: str


class _Outcome(TypedDict, total=False):
    outcome: str
    says: str
    operators: list[str]


def verdict(kind: str, versions: tuple[int, ...], batch: Dim) -> Verdict:
    """Where a layer of this kind, channels_first, makes the conversion raise.

    Only what converts when it is channels_last counts: what fails in both formats is not the
    format's fault. Of a batch that is not known, it has to raise with any.
    """
    batches = ["batch open"] if batch is None else ["batch 1"]
    if isinstance(batch, Unknown):
        batches = ["batch 1", "batch open"]
    table = _table().get(kind, {})
    raising, says = [], ""
    for version in versions:
        said = [table.get((version, each), "") for each in batches]
        if all(said):
            raising.append(version)
            says = says or said[0]
    return Verdict(tuple(raising[::-1]), bool(raising) and len(raising) == len(versions), says)


def conversion(layer: Layer, call: Call | None, keras: tuple[int, ...] | None) -> Verdict:
    """The verdict on a layer, as far as its batch and the Keras version are known."""
    versions = (2, 3) if not keras else (3,) if keras[0] >= 3 else (2,)
    shape: Shape = call.inputs[0].shape if call is not None and call.inputs else UNKNOWN
    return verdict(layer.kind, versions, UNKNOWN if shape is UNKNOWN or not shape else shape[0])


def describe(found: Verdict) -> str:
    """What the converter does, in words."""
    if not found.raising:
        return "the converter adds TRANSPOSE operators where a chain of such layers begins and ends"
    which = "" if found.all_of_them else f"under Keras {found.raising[0]} "
    return f"{which}the conversion raises ({found.says}; TensorFlow {_facts()[0]})"


@cache
def _table() -> Mapping[str, Mapping[tuple[int, str], str]]:
    """What the converter says, by layer, Keras version and batch, where it always raises."""
    return _facts()[1]


@cache
def _facts() -> tuple[str, Mapping[str, Mapping[tuple[int, str], str]]]:
    path = importlib.resources.files("tflint_rules.layout") / "channels_first.json"
    facts = json.loads(path.read_text(encoding="utf-8"))
    says: dict[str, dict[tuple[int, str], str]] = {}
    converts: set[tuple[str, int, str]] = set()
    for case in facts["cases"]:
        kind = cast(str, case["layer"])
        for home, version in _HOMES.items():
            for batch in ("batch 1", "batch open"):
                first = cast(_Outcome, case[home].get(f"{FIRST}, {batch}", {}))
                last = cast(_Outcome, case[home].get(f"{_LAST}, {batch}", {}))
                # Keras refuses to build it with some arguments; some need another repair.
                if last.get("outcome") != "converts" or first.get("outcome") == "not built":
                    continue
                if first.get("outcome") == "converts":
                    converts.add((kind, version, batch))
                says.setdefault(kind, {}).setdefault((version, batch), first.get("says", ""))
    for kind, version, batch in converts:
        says[kind].pop((version, batch), None)
    return cast(str, facts["versions"]["tensorflow"]), says
