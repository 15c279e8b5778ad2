"""What becomes of a channels_first Keras layer in the TFLite converter, as it was measured.

Read from `channels_first.json`, which `scripts/measure_channels_first.py` writes.
"""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import NamedTuple, TypedDict, cast

from tflint.keras.network import Call, Dim, Layer, Shape
from tflint.keras.values import UNKNOWN, Unknown
from tflint_rules.keras.connections import vanishes

FIRST = "channels_first"
_LAST = "channels_last"
_HOMES = {"keras": 3, "tf_keras": 2}


@dataclass(frozen=True, slots=True)
class Verdict:
    """In which Keras versions the conversion raises, latest first; `all_of_them`: in each.

    `says` is what the converter prints. `is_turned`: where it does not raise, the layer alone gets
    TRANSPOSE operators.
    """

    raising: tuple[int, ...]
    all_of_them: bool
    says: str
    is_turned: bool


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
    table = _facts().says.get(kind, {})
    raising, says = [], ""
    for version in versions:
        said = [table.get((version, each), "") for each in batches]
        if all(said):
            raising.append(version)
            says = says or said[0]
    everywhere = bool(raising) and len(raising) == len(versions)
    return Verdict(tuple(raising[::-1]), everywhere, says, kind not in _facts().unturned)


def conversion(layer: Layer, call: Call | None, keras: tuple[int, ...] | None) -> Verdict:
    """The verdict on a layer, as far as its batch and the Keras version are known."""
    versions = (2, 3) if not keras else (3,) if keras[0] >= 3 else (2,)
    shape: Shape = call.inputs[0].shape if call is not None and call.inputs else UNKNOWN
    batch = UNKNOWN if shape is UNKNOWN or not shape else shape[0]
    found = verdict(layer.kind, versions, batch)
    return replace(found, is_turned=False) if vanishes(layer) else found


def describe(found: Verdict) -> str:
    """What the converter does, in words."""
    if not found.raising and not found.is_turned:
        return "alone it converts as it is; convolutions and windows around it do not"
    if not found.raising:
        return "the converter adds TRANSPOSE operators where a chain of such layers begins and ends"
    which = "" if found.all_of_them else f"under Keras {found.raising[0]} "
    return f"{which}the conversion raises ({found.says}; TensorFlow {_facts().tensorflow})"


class _Facts(NamedTuple):
    """What the converter says by layer, Keras version and batch, where it always raises.

    `unturned` are the layers that it converts without a TRANSPOSE.
    """

    tensorflow: str
    says: Mapping[str, Mapping[tuple[int, str], str]]
    unturned: frozenset[str]


@cache
def _facts() -> _Facts:
    path = importlib.resources.files("tflint_rules.layout") / "channels_first.json"
    facts = json.loads(path.read_text(encoding="utf-8"))
    says: dict[str, dict[tuple[int, str], str]] = {}
    converts: set[tuple[str, int, str]] = set()
    turned: set[str] = set()
    for case in facts["cases"]:
        kind = cast(str, case["layer"])
        for home, version in _HOMES.items():
            for batch in ("batch 1", "batch open"):
                first = cast(_Outcome, case[home].get(f"{FIRST}, {batch}", {}))
                last = cast(_Outcome, case[home].get(f"{_LAST}, {batch}", {}))
                # What fails in both formats, or cannot be built, is not for the format's sake.
                if last.get("outcome") != "converts" or first.get("outcome") == "not built":
                    continue
                if first.get("outcome") == "converts":
                    converts.add((kind, version, batch))
                    if "TRANSPOSE" in first.get("operators", ()):
                        turned.add(kind)
                said = first.get("says", "").removeprefix("ConverterError: ")
                says.setdefault(kind, {}).setdefault((version, batch), said)
    for kind, version, batch in converts:
        says[kind].pop((version, batch), None)
    unturned = frozenset(kind for kind, _, _ in converts if kind not in turned)
    return _Facts(facts["versions"]["tensorflow"], says, unturned)
