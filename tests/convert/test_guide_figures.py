"""What `docs/guide.md` states of networks comes out again where TensorFlow is installed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from guide.networks import INT8
from guide.page import FACTS
from tests.conftest import ROOT
from tests.tensorflow_runs import run_with_tensorflow

_SCRIPT = """
import json, sys

asked = json.load(sys.stdin)
sys.path[:0] = asked["paths"]
from guide.converting import measured, stay_in_this_process

stay_in_this_process()
print(json.dumps({name: measured(name) for name in asked["names"]}))
"""
# What a converter of the same version decides, whatever weights were drawn.
_KEYS = ("weights", "macs", "arena", "operators", "refusal")


@pytest.mark.slow
@pytest.mark.parametrize("names", [["stride", "norm after"]])
def test_the_figures_come_out_again(names: list[str]) -> None:
    known: dict[str, Any] = json.loads(FACTS.read_text(encoding="utf-8"))["networks"]
    folders = ("", "scripts", "rules", "reference_models", "mcu_runtime")
    paths = [str(ROOT / folder) for folder in folders]
    found = run_with_tensorflow(_SCRIPT, {"paths": paths, "names": names})

    for name in names:
        forms = known[name].keys() - {"parameters"}
        assert INT8 in forms
        for form in forms:
            row = found[name][form]
            assert {key: row[key] for key in _KEYS} == {
                key: known[name][form][key] for key in _KEYS
            }
